"""Text spoken as it is written: pieces, voices, a driver between threads, sound files."""
