"""Questions on the archive page, by voice or in writing."""
