"""The archive page: search, recordings, corpora and SQL in a browser, read-only over the tables."""
