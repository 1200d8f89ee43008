"""Search over what the tables say: full text and meaning in one index, rebuilt from the tables."""
