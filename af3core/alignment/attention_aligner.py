"""The model's own attention: where in the sound it looks while it writes each word.

The text is given to the model as its answer to the question for a transcript, in one pass; chosen
heads of the decoder then say where each token was heard. Which heads follow speech is found by
calibration, for each checkpoint.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence

import numpy as np

from af3core.alignment.align import speech_in
from af3core.alignment.aligner import Method, Placed
from af3core.alignment.attention_calibration import AttentionCalibration
from af3core.alignment.text_words import TextWord
from af3core.alignment.word_attention import (
    Matrix,
    attention_of_words,
    place_words,
    tokens_of_words,
    written,
)
from af3core.errors import ModelError
from af3core.model.audio_limits import WINDOW_S
from af3core.model.engines.engine_registry import model_turn
from af3core.model.forced_answer import AnswerForcer
from af3core.model.request import Request, Sound, Waveform, ask
from af3core.tasks.task import default_tasks
from schemas.options.derive import ATTENTION


class AttentionAligner:
    """A model that is loaded, with the heads that were chosen for it.

    Args:
        engine: ours.
        calibration: of its checkpoint.
    """

    method: Method = "attention"
    languages = None
    longest_ms = WINDOW_S * 1000
    """One window of the encoder: heads are chosen on such stretches, and a segment is no longer.
    nano, which was taught on them, finds nothing in a minute."""

    def __init__(self, engine: AnswerForcer, calibration: AttentionCalibration) -> None:
        self._engine, self._heads = engine, calibration.head_numbers
        self.name, self.revision = attention_identity(calibration)

    def unknown_characters(self, word: TextWord) -> str:
        """None: the model writes bytes."""
        return ""

    def place(self, samples: Waveform, words: Sequence[TextWord]) -> list[Placed | None]:
        given = written(words)
        try:
            with model_turn:
                answer = self._engine.force(transcript_request(samples), given.text, self._heads)
        except ModelError as error:
            if not error.permanent:
                raise
            return [None] * len(words)  # a sound or a text that the model does not take
        tokens = tokens_of_words(given.spans, answer.offsets)
        attention = attention_of_words(answer.attention, tokens)
        places = place_words(attention, speech_in(samples), samples)
        if places is None:
            return [None] * len(words)
        return [
            Placed(start, end, _confidence(answer.logprobs, own)) if own else None
            for (start, end), own in zip(places, tokens, strict=True)
        ]


def attention_identity(calibration: AttentionCalibration) -> tuple[str, str]:
    """Name and revision of the aligner that a calibration makes of its model."""
    return f"{ATTENTION}:{calibration.model}", f"{calibration.revision}/{calibration.heads_hash}"


@functools.cache
def _prompt() -> str:
    """The built-in question for a transcript."""
    return next(task.prompt for task in default_tasks() if task.kind == "transcript")


def transcript_request(samples: Waveform) -> Request:
    """The question whose answer a text is taken to be."""
    return ask(Sound(samples), _prompt(), max_new_tokens=1)


def _confidence(logprobs: Matrix, tokens: Sequence[int]) -> float:
    """How likely the model holds a word to be: the geometric mean over its tokens."""
    return float(np.exp(logprobs[list(tokens)].mean()))
