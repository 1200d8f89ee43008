"""Scripted conversations that the audio model answers."""
