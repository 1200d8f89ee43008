"""Aligners by name: the embedded ones, the audio model, or a CTC checkpoint by folder or hub id."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import cast

from af3core.alignment.aligner import Aligner
from af3core.alignment.attention_aligner import AttentionAligner, attention_identity
from af3core.alignment.attention_calibration import find_calibration
from af3core.alignment.ctc_checkpoint import find_ctc_checkpoint
from af3core.alignment.pocketsphinx_aligner import PocketsphinxAligner
from af3core.alignment.romanisation import romaniser_version
from af3core.errors import ConfigurationError
from af3core.installation import require_extra
from af3core.model.engines.engine_registry import EngineSettings, load_engine
from af3core.model.forced_answer import AnswerForcer
from schemas.options.derive import ATTENTION, INTERPOLATION, POCKETSPHINX


@dataclass(frozen=True)
class AlignerIdentity:
    """What decides an aligner's times, and what the tables call it."""

    name: str
    revision: str


def aligner_identity(name: str, audio_model: EngineSettings | None = None) -> AlignerIdentity:
    """Which aligner a name means, without loading its weights.

    Args:
        name: of the option.
        audio_model: of `attention`.

    Raises:
        ConfigurationError: there is none, it has no calibration, or a package is missing.
    """
    if name == ATTENTION:
        return AlignerIdentity(
            *attention_identity(find_calibration(of_our_engine(audio_model).checkpoint))
        )
    return _identity(name)


def of_our_engine(audio_model: EngineSettings | None) -> EngineSettings:
    """The audio model of `attention`.

    Raises:
        ConfigurationError: another engine is to run it.
    """
    if audio_model is None or audio_model.name != "af3":
        named = f"--engine {audio_model.name}" if audio_model else "no audio model"
        raise ConfigurationError(
            f"--aligner {ATTENTION}: {named} gives no attention; leave --engine at af3"
        )
    return audio_model


@functools.lru_cache(maxsize=2)
def _identity(name: str) -> AlignerIdentity:
    if name == INTERPOLATION:
        return AlignerIdentity(INTERPOLATION, "")
    if name == POCKETSPHINX:
        return AlignerIdentity(POCKETSPHINX, PocketsphinxAligner().revision)
    found, romanised_by = find_ctc_checkpoint(name), romaniser_version()
    revision = f"{found.revision} uroman {romanised_by}" if romanised_by else found.revision
    return AlignerIdentity(found.name, revision)


def forcing_engine(audio_model: EngineSettings | None) -> AnswerForcer:
    """The engine that hears a text as its answer, loaded once per process.

    Raises:
        ConfigurationError: another engine is to run it, or it cannot be loaded.
    """
    engine: object = load_engine(of_our_engine(audio_model))
    return cast("AnswerForcer", engine)


def load_aligner(name: str, audio_model: EngineSettings | None = None) -> Aligner | None:
    """The aligner of this name, loaded once per process; None is plain interpolation.

    Args:
        name: of the option.
        audio_model: of `attention`.

    Raises:
        ConfigurationError: there is none, it has no calibration, it is not whole, or a package is
            missing.
    """
    if name == ATTENTION:
        engine = forcing_engine(audio_model)
        return AttentionAligner(engine, find_calibration(of_our_engine(audio_model).checkpoint))
    return _load(name)


@functools.lru_cache(maxsize=1)
def _load(name: str) -> Aligner | None:
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
