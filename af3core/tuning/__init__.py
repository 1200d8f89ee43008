"""Checkpoints continued by LoRA on answers that people confirmed or corrected."""
