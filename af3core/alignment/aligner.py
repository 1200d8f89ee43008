"""What an aligner is: sound and words in, a place for each word out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from af3core.alignment.text_words import TextWord
from af3core.model.request import Waveform

Method = Literal["interpolation", "pocketsphinx", "ctc", "attention"]


@dataclass(frozen=True)
class Placed:
    """Where a word was found, from the start of the sound; `confidence` is 0 to 1."""

    start_ms: int
    end_ms: int
    confidence: float


class Aligner(Protocol):
    """Finds the words of a known text in a sound.

    Attributes:
        method: how it does so.
        name: as the tables call it.
        revision: of its weights or its package: what decides its times.
        languages: that it knows, by ISO 639; None where nobody says.
        longest_ms: of a sound in which it finds words; None where any will do.
    """

    @property
    def method(self) -> Method: ...

    @property
    def name(self) -> str: ...

    @property
    def revision(self) -> str: ...

    @property
    def languages(self) -> frozenset[str] | None: ...

    @property
    def longest_ms(self) -> int | None: ...

    def unknown_characters(self, word: TextWord) -> str:
        """The characters of a word that it has no sound for; empty where it knows the word."""

    def place(self, samples: Waveform, words: Sequence[TextWord]) -> list[Placed | None]:
        """A place for each word, in order and without overlap; None where it found none.

        A word with unknown characters gets none; the sound of it is passed over.

        Args:
            samples: 16 kHz mono.
            words: all that is said in it, in order.
        """
