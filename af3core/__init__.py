"""The knowledge: audio in, questions asked, typed rows out; objects by key. Knows no Beam."""

__version__ = "0.2.0"
