"""What is derived from a night: events, embeddings, pairs, summaries, talk, exports."""
