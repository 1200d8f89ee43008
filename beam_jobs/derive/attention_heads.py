"""`af3 align --calibrate`: which heads of the audio model follow speech, before they are used."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count
from pathlib import Path
from random import Random

from af3core.alignment.aligner_registry import forcing_engine, of_our_engine
from af3core.alignment.attention_calibration import AttentionCalibration, keep_calibration
from af3core.alignment.head_choice import choose_heads
from af3core.alignment.known_speech import KnownSpeech, SpokenWord, stretches
from af3core.alignment.labelled_folder import labelled_speech
from af3core.errors import ConfigurationError
from af3core.messages import tell
from af3core.model.engines.engine_registry import EngineSettings, model_turn
from schemas.options.derive import ATTENTION, ESPEAK, Aligning

SCENES = 90
"""Of made speech: some 15 minutes."""


def calibrate(aligning: Aligning, audio_model: EngineSettings | None) -> AttentionCalibration:
    """Choose the heads of the audio model, and keep them beside it.

    Raises:
        ConfigurationError: the aligner is another one, the speech is not fit, or no head follows
            it.
    """
    if aligning.aligner != ATTENTION or aligning.calibrate is None:
        raise ConfigurationError(
            f"--calibrate chooses heads of --aligner {ATTENTION}; name that, or leave it out"
        )
    model = of_our_engine(audio_model)
    engine = forcing_engine(model)
    name = aligning.calibrate
    known = list(spoken_here(SCENES)) if name == ESPEAK else list(labelled_speech(Path(name)))
    seconds = sum(len(each.samples) for each in known) / 16_000
    tell(f"choosing heads of {model.checkpoint.name} on {seconds / 60:.0f} minutes of {name}")
    with model_turn:
        found = choose_heads(engine, model.checkpoint, known, name, tell)
    place = keep_calibration(found, model.checkpoint)
    held = found.held_out
    tell(
        f"{len(found.heads)} heads chosen: starts of {held.words} held-out words are off by"
        f" {held.median_ms:.0f} ms (median) and {held.p95_ms:.0f} ms (95 %), by plain interpolation"
        f" {held.estimated_median_ms:.0f} and {held.estimated_p95_ms:.0f} ms; kept in {place}"
    )
    return found


def spoken_here(scenes: int) -> Iterator[KnownSpeech]:
    """Scenes with speech of espeak-ng's voices, sounds and music among it, always the same."""
    from af3core.nano.scenes import Cast, make_scene

    made = 0
    for number in count():
        if made == scenes:
            return
        audio, scene = make_scene(Random(f"attention heads {number}"), Cast(held_out_words=True))
        words = [
            SpokenWord(start, end, text)
            for event in scene.events
            if event.kind == "speech"
            for text, start, end in zip(
                event.what.split(),
                event.word_starts_ms,
                (*event.word_starts_ms[1:], event.end_ms),
                strict=True,
            )
        ]
        if words:
            made += 1
            yield from stretches(f"scene {number}", audio, words, longest_ms=30_000)
