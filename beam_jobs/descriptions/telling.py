"""What is said of a recording: name, day and length, its summary, its chapters. Pure.

Names, titles and summaries come from an archive and from models; they are made plain here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from beam_jobs.descriptions.plain import plain, sentence
from beam_jobs.descriptions.times import (
    day_in_words,
    length_in_words,
    number_in_words,
    time_in_words,
)

TELLING_VERSION = 1
"""Counts up whenever the same rows would be told in other words."""


@dataclass(frozen=True)
class ToldChapter:
    """A chapter of the tables."""

    start_ms: int
    title: str
    summary: str


def told(
    uri: str, date: str, duration_ms: int, summary: str, chapters: Sequence[ToldChapter]
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
    whole = sentence(summary)
    sentences = [
        f"This is {called}, {length_in_words(duration_ms)} long.",
        whole or "What is heard in it is not known.",
    ]
    if chapters:
        many = number_in_words(len(chapters))
        sentences.append(f"It has {many} {'chapter' if len(chapters) == 1 else 'chapters'}.")
    told_before = whole != "" and len(chapters) == 1
    sentences += [_chapter(chapter, told_before) for chapter in chapters]
    return " ".join(sentences)


def _chapter(chapter: ToldChapter, told_before: bool) -> str:
    summary = "" if told_before else chapter.summary
    texts = dict.fromkeys((sentence(chapter.title), sentence(summary)))
    said = " ".join(filter(None, texts)) or "No more is known."
    return f"From {time_in_words(chapter.start_ms)}: {said}"


def _name(uri: str) -> str:
    """`gs://archive/2026/harbour_news.wav` as `harbour news`."""
    file_name = uri.rstrip("/").rpartition("/")[2]
    stem = file_name.rpartition(".")[0] or file_name
    words = plain(stem.translate(str.maketrans("_-.", "   ")))
    return words if any(sign.isalnum() for sign in words) else ""
