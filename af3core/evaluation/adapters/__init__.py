"""One adapter a benchmark: its published files as items, its prompt, its metric."""
