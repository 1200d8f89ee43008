"""Aligners by name: the embedded ones, or a CTC checkpoint by folder or hub id."""

from __future__ import annotations

import functools
from dataclasses import dataclass

from af3core.alignment.aligner import Aligner
from af3core.alignment.ctc_checkpoint import find_ctc_checkpoint
from af3core.alignment.pocketsphinx_aligner import PocketsphinxAligner
from af3core.alignment.romanisation import romaniser_version
from af3core.errors import ConfigurationError
from af3core.installation import require_extra
from schemas.options.derive import INTERPOLATION, POCKETSPHINX


@dataclass(frozen=True)
class AlignerIdentity:
    """What decides an aligner's times, and what the tables call it."""

    name: str
    revision: str


@functools.lru_cache(maxsize=2)
def aligner_identity(name: str) -> AlignerIdentity:
    """Which aligner a name means, without loading its weights.

    Raises:
        ConfigurationError: there is none, or a package is missing.
    """
    if name == INTERPOLATION:
        return AlignerIdentity(INTERPOLATION, "")
    if name == POCKETSPHINX:
        return AlignerIdentity(POCKETSPHINX, PocketsphinxAligner().revision)
    found, romanised_by = find_ctc_checkpoint(name), romaniser_version()
    revision = f"{found.revision} uroman {romanised_by}" if romanised_by else found.revision
    return AlignerIdentity(found.name, revision)


@functools.lru_cache(maxsize=1)
def load_aligner(name: str) -> Aligner | None:
    """The aligner of this name, loaded once per process; None is plain interpolation.

    Raises:
        ConfigurationError: there is none, it is not whole, or a package is missing.
    """
    if name == INTERPOLATION:
        return None
    if name == POCKETSPHINX:
        return PocketsphinxAligner()
    require_extra("model", f"--aligner {name}")
    try:
        import torch

        from af3core.alignment.ctc_aligner import CtcAligner
    except ImportError as error:
        raise ConfigurationError(f"--aligner {name}: a package is missing ({error})") from error
    device = "cuda" if torch.cuda.is_available() else "cpu"
    return CtcAligner(find_ctc_checkpoint(name), device)
