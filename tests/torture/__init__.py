"""Nights under random trouble: killed and stopped processes, a full disk, a lost source."""
