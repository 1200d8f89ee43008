"""The embedded model: AF3's architecture in small, trained on a synthetic world.

Heavy imports stay in the modules that train and evaluate; this one only says where it lies.
"""

from __future__ import annotations

from pathlib import Path


def checkpoint_path() -> Path:
    """The folder of the embedded checkpoint, in transformers' format."""
    return Path(__file__).with_name("checkpoint")
