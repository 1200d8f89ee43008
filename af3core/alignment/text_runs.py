"""Transcripts that are aligned together: those between whose segments no pause was near.

Such a cut may go through a word, which then begins in one segment and ends in the next, and may be
written by both sides. Their sound is heard as one, and a word that both sides wrote is one word.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from af3core.alignment.text_words import TextWord, is_unspaced, words_of_text
from af3core.longform.word_forms import is_same_word

LONGEST_RUN_MS = 90_000
"""Speech without any pause for longer is cut where its segments are."""


@dataclass(frozen=True)
class WrittenText:
    """A transcript: of which task and segment, and when it was heard in the recording.

    `language` is its ISO 639 code where that is all but certain.
    """

    task_id: str
    segment_id: str
    start_ms: int
    end_ms: int
    text: str
    starts_in_speech: bool = False
    language: str | None = None


@dataclass(frozen=True)
class RunWord:
    """A word of a run: of which text, and the how many-th there, from 0.

    `is_doubled` where the text behind it begins with the same word, which is this one.
    """

    text: WrittenText
    position: int
    word: TextWord
    is_doubled: bool = False


def runs_of(
    texts: Sequence[WrittenText], longest_ms: int = LONGEST_RUN_MS
) -> list[list[WrittenText]]:
    """Texts of one clip, those of one task that follow each other in speech together."""
    runs: list[list[WrittenText]] = []
    for text in sorted(texts, key=lambda t: (t.task_id, not t.segment_id, t.start_ms, t.end_ms)):
        before = runs[-1][-1] if runs else None
        goes_on = (
            before is not None
            and text.starts_in_speech
            and bool(text.segment_id and before.segment_id)
            and before.task_id == text.task_id
            and before.end_ms == text.start_ms
            and text.end_ms - runs[-1][0].start_ms <= longest_ms
        )
        if goes_on:
            runs[-1].append(text)
        else:
            runs.append([text])
    return runs


def words_of_run(run: Sequence[WrittenText]) -> list[RunWord]:
    """All words in order; what two neighbours wrote of one word is the first one's.

    A sign of a script without spaces is no word: the same one on both sides (谢|谢) was said twice.
    """
    words: list[RunWord] = []
    for text in run:
        found = [RunWord(text, at, word) for at, word in enumerate(words_of_text(text.text))]
        if found and words and _is_doubled(words[-1].word, found[0].word):
            words[-1], found = replace(words[-1], is_doubled=True), found[1:]
        words += found
    return words


def _is_doubled(last: TextWord, first: TextWord) -> bool:
    return not is_unspaced(first.normal) and is_same_word(last.text, first.text)
