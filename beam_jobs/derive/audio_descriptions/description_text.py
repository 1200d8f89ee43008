"""What is said of a recording: name, day and length, its summary, its chapters. Pure.

Names, titles and summaries come from an archive and from models; they are made words alone here, so
that nothing in them can steer a voice.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

from beam_jobs.derive.audio_descriptions.spoken_dates import (
    day_in_words,
    length_in_words,
    number_in_words,
    time_in_words,
)

DESCRIPTION_TEXT_VERSION = 1
"""Counts up whenever the same rows would give other words."""
_MARKS = frozenset("<>[]{}|\\^~*_`#")
"""Signs of SSML, of phonemes in brackets, of special tokens, and of Markdown."""

_CLOSING = "\"'”’)"


@dataclass(frozen=True)
class DescribedChapter:
    """A chapter of the tables."""

    start_ms: int
    title: str
    summary: str


def description_text(
    uri: str, date: str, duration_ms: int, summary: str, chapters: Sequence[DescribedChapter]
) -> str:
    """The text of a description, sentences of plain words on one line.

    Args:
        uri: the recording's object; its last part without the ending is the name that is said.
        date: archive day, YYYY-MM-DD.
        duration_ms: of the recording.
        summary: of the whole; where nothing is known, that is said.
        chapters: in order. One alone is the whole, and named by its title where that has a summary.
    """
    name, day = _name(uri), day_in_words(date)
    called = f"{name}, a recording of {day}" if name else f"a recording of {day}"
    whole = _sentence(summary)
    sentences = [
        f"This is {called}, {length_in_words(duration_ms)} long.",
        whole or "What is heard in it is not known.",
    ]
    if chapters:
        many = number_in_words(len(chapters))
        sentences.append(f"It has {many} {'chapter' if len(chapters) == 1 else 'chapters'}.")
    said_before = whole != "" and len(chapters) == 1
    sentences += [_chapter(chapter, said_before) for chapter in chapters]
    return " ".join(sentences)


def _chapter(chapter: DescribedChapter, said_before: bool) -> str:
    summary = "" if said_before else chapter.summary
    texts = dict.fromkeys((_sentence(chapter.title), _sentence(summary)))
    said = " ".join(filter(None, texts)) or "No more is known."
    return f"From {time_in_words(chapter.start_ms)}: {said}"


def _name(uri: str) -> str:
    """`gs://archive/2026/harbour_news.wav` as `harbour news`."""
    file_name = uri.rstrip("/").rpartition("/")[2]
    stem = file_name.rpartition(".")[0] or file_name
    words = plain_text(stem.translate(str.maketrans("_-.", "   ")))
    return words if any(sign.isalnum() for sign in words) else ""


def plain_text(text: str) -> str:
    """The text on one line, without control signs and signs of markup.

    What stood between such signs stays and is read out as words.
    """
    return " ".join("".join(map(_as_word, text)).split())


def _sentence(text: str) -> str:
    """Plain, beginning with a capital and ending with a stop; empty where nothing can be said."""
    said = plain_text(text)
    if not any(sign.isalnum() for sign in said):
        return ""
    said = said[0].upper() + said[1:]
    ends = said.rstrip(_CLOSING).endswith((".", "!", "?", "…", "。"))
    return said if ends else f"{said.rstrip(' ,;:')}."


def _as_word(sign: str) -> str:
    if sign == "&":
        return " and "
    category = unicodedata.category(sign)
    if category == "Cf":  # a soft hyphen or a joiner stands within a word
        return ""
    return " " if sign in _MARKS or category.startswith("C") else sign
