"""The knowledge: audio in, questions asked, typed rows out. Knows no storage and no Beam."""

__version__ = "0.1.0"
