"""What subtitles are made from, and what they are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class SpokenWord:
    """A word to be shown.

    Attributes:
        text: with its marks; it holds no space.
        start_ms, end_ms: when it is spoken.
        after_space: a space stands before it, as between words of most scripts.
        is_doubtful: there is reason to doubt that it is said there.
        speaker: who says it; empty where speakers are not known.
        is_estimated: its time is; nothing found it in the sound.
        is_bound: it goes on a phrase of a script without spaces.
    """

    text: str
    start_ms: int
    end_ms: int
    after_space: bool = True
    is_doubtful: bool = False
    speaker: str = ""
    is_estimated: bool = False
    is_bound: bool = False


@dataclass(frozen=True)
class Cue:
    """One or two lines, shown from one time to another; `words` are those of the lines."""

    start_ms: int
    end_ms: int
    lines: tuple[str, ...]
    is_doubtful: bool = False
    speaker: str = ""
    words: tuple[SpokenWord, ...] = ()

    @property
    def is_estimated(self) -> bool:
        """No word of it was found in the sound."""
        return bool(self.words) and all(word.is_estimated for word in self.words)


def joined(words: Sequence[SpokenWord]) -> str:
    """The words as one text."""
    text = "".join(f" {word.text}" if word.after_space else word.text for word in words)
    return text.removeprefix(" ") if words and words[0].after_space else text
