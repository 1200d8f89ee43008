"""What the archive page shows: recordings, corpora, places, answers."""
