"""Words that a model writes where nobody speaks."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from af3core.audio.clip_file import as_pcm
from af3core.audio.voice_activity import FRAME_MS, SpeechDetector
from af3core.evaluation.item import Item
from af3core.evaluation.made_sounds import make_sound
from af3core.evaluation.score import Score
from af3core.tasks.looping import is_looping
from af3core.tasks.transcripts import read_transcript

_SPEECH = 0.5
"""silero-vad's own threshold, as segments are cut by."""


def score_nothing(items: Sequence[Item], predictions: Sequence[str]) -> list[Score]:
    """Right where the transcript is empty, or where an archive's row of it would be flagged.

    Rows are flagged whose text loops, and whose text stands where the detector hears no speech at
    all. The part `empty` is 1 where nothing was written.
    """
    return [_score(item, text) for item, text in zip(items, predictions, strict=True)]


def _score(item: Item, prediction: str) -> Score:
    text = read_transcript(prediction, hears_speech=False)
    is_flagged = bool(text) and (is_looping(text) or not _speech_ms(item))
    return Score(float(not text or is_flagged), read_as=text, parts={"empty": float(not text)})


def _speech_ms(item: Item) -> int:
    detector = SpeechDetector()
    samples = as_pcm(make_sound(item.sounds[0].made))
    heard = np.concatenate([detector.feed(samples), detector.finish()])
    return int((heard >= _SPEECH).sum()) * FRAME_MS
