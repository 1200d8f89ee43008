"""The engines by name: ours, transformers' own, and a server that speaks OpenAI's protocol."""
