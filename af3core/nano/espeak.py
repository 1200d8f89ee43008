"""espeak-ng's utterances for training data: samples, and when each word and each phone begins."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from af3core.speech.espeak_library import WORD, speak_text


@dataclass
class Utterance:
    """`samples` at `rate_hz`, and `(position, sample)` of words, `(name, sample)` of phones.

    A word's position counts the text's characters from 0. Words that are spoken as one ("in the")
    have one position, that of the first.
    """

    rate_hz: int
    samples: npt.NDArray[np.int16]
    words: list[tuple[int, int]] = field(default_factory=list)
    phones: list[tuple[str, int]] = field(default_factory=list)


def synthesise(voice: str, text: str, words_per_minute: int, pitch: int) -> Utterance:
    """Speak a text.

    Raises:
        ValueError: espeak-ng has no such voice.
    """
    spoken = speak_text(voice, text, words_per_minute, pitch)
    utterance = Utterance(spoken.rate_hz, spoken.samples)
    for event in spoken.events:
        if event.kind == WORD:
            utterance.words.append((event.position - 1, event.sample))
        else:
            utterance.phones.append((event.name.decode(), event.sample))
    return utterance
