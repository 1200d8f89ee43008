"""Who looked and who changed: a log that names each change of its own."""
