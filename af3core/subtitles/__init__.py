"""Subtitles: timed words as lines that can be read, in the forms that players take."""
