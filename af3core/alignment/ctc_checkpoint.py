"""Where a CTC model's files are, and which they are: a folder, or a hub id."""

from __future__ import annotations

from af3core.model.weights.named_checkpoint import NamedCheckpoint as CtcCheckpoint
from af3core.model.weights.named_checkpoint import find_named_checkpoint
from schemas.options.derive import INTERPOLATION, POCKETSPHINX

__all__ = ["CtcCheckpoint", "find_ctc_checkpoint"]


def find_ctc_checkpoint(name: str) -> CtcCheckpoint:
    """A model's files on this machine; those of a hub id are fetched once into its cache.

    Raises:
        ConfigurationError: there is no such model, or it cannot be fetched.
    """
    return find_named_checkpoint(
        "--aligner", name, (POCKETSPHINX, INTERPOLATION), "facebook/wav2vec2-base-960h"
    )
