"""Recordings that are withdrawn: hidden at once, then removed from all that is kept."""
