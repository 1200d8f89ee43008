"""Who speaks when, on made recordings: what `python -m tests.benchmarks.speakers` measures."""
