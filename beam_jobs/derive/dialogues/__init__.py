"""Conversations about several sounds, for training."""
