"""Checkpoints: found by name, folder, hub id or bucket, and loaded."""
