"""The archive page as a server: who may ask, ranges of bytes, refusals."""
