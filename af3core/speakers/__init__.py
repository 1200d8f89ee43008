"""Who speaks when: vectors of voices, turns of one recording, identities across recordings."""

DIARIZATION_VERSION = 1
"""Counts up where the same sound and encoder would give other vectors, turns or identities: another
segmentation network, rule or limit."""
