"""AF3 in torch: log-mel, encoder, decoder, attention, KV cache."""
