"""Spoken descriptions: what is said of a recording, and how it becomes a sound."""
