"""What is held of a corpus is removed once it is older than its rule says."""
