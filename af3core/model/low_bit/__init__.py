"""Weights of fewer bits than they are computed in."""
