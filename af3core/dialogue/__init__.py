"""Conversations about several sounds, after AF-Chat: chosen, made, checked; scripted ones too."""
