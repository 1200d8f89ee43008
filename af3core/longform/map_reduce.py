"""Chapters and summary of a recording: texts too long for one prompt are summarised in parts.

passages ──► groups that fit a prompt ──► a summary each ──► … ──► chapter ──► … ──► recording

Wherever the language model's words cannot be trusted, the most central passages stand in.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from af3core.errors import ModelError
from af3core.longform.chapters import chapter_starts
from af3core.longform.extractive import Embed, extract_summary, extract_title
from af3core.longform.long_audio_prompts import (
    SUMMARY_TOKENS,
    TitledSummary,
    clock,
    doubt_flag,
    evidence_line,
    pack_lines,
    read_summary,
    summary_prompt,
)
from af3core.longform.passages import Evidence, Passage
from af3core.model.language_model import Ask, write_texts
from af3core.model.request import Answer

Vectors = npt.NDArray[np.float32]

_CHAPTER_PASSAGES, _RECORDING_PASSAGES = 2, 4
"""Passages that an extracted summary is made of."""


@dataclass(frozen=True)
class Chapter:
    """A part of a recording. `flags` say what to doubt; `extractive`: no model wrote it."""

    start_ms: int
    end_ms: int
    title: str
    summary: str
    segment_count: int
    flags: tuple[str, ...]


@dataclass(frozen=True)
class RecordingSummary:
    """A whole recording in words."""

    summary: str
    chapters: tuple[Chapter, ...]
    flags: tuple[str, ...]


@dataclass(frozen=True)
class _Part:
    """A chapter's passages with their vectors."""

    start_ms: int
    end_ms: int
    passages: tuple[Passage, ...]
    vectors: Vectors


def summarise_recording(
    evidence: Evidence, vectors: Vectors, clip_vectors: Vectors, ask: Ask, embed: Embed
) -> RecordingSummary:
    """Chapters with titles and summaries, then the summary of them all.

    Args:
        vectors: `[segments, dimensions]` of the segments' texts, zero where there is none.
        clip_vectors: the same of the clips.
        embed: gives single words their vectors, for titles.

    Raises:
        ModelError: the language model did not answer at all.
    """
    parts = _parts(evidence, vectors, clip_vectors)
    lines = [[evidence_line(passage) for passage in part.passages] for part in parts]
    written = summarise_texts(lines, ["a part of a recording"] * len(parts), ask)
    everything = [part.passages for part in parts]
    chapters = tuple(
        _chapter(part, words, shown, everything, embed)
        for part, words, shown in zip(parts, written, lines, strict=True)
    )
    told = [
        f"[{clock(c.start_ms)} to {clock(c.end_ms)}] {c.title}: {c.summary}"
        for c in chapters
        if c.summary
    ]
    [whole] = summarise_texts([told], ["a recording, chapter by chapter,"], ask)
    summary, flags = _check_summary(whole.summary, told)
    if "extractive" in flags:
        passages = tuple(itertools.chain.from_iterable(everything))
        together = np.concatenate([part.vectors for part in parts])
        summary = extract_summary(passages, together, _RECORDING_PASSAGES)
    return RecordingSummary(summary, chapters, flags)


def summarise_texts(
    texts: Sequence[Sequence[str]], whats: Sequence[str], ask: Ask
) -> list[TitledSummary]:
    """Title and summary of each text, level by level; all prompts of a level are asked at once."""
    waiting = [list(lines) for lines in texts]
    found: list[TitledSummary | None] = [
        None if lines else TitledSummary("", "") for lines in waiting
    ]
    while any(words is None for words in found):
        numbers = [n for n, words in enumerate(found) if words is None]
        groups = {n: pack_lines(waiting[n]) for n in numbers}
        asked = [(n, group) for n in numbers for group in groups[n]]
        answers = _write_summaries(
            [
                summary_prompt(
                    group, whats[n] if len(groups[n]) == 1 else f"a stretch of {whats[n]}"
                )
                for n, group in asked
            ],
            ask,
        )
        for n in numbers:
            mine = [
                (group, words) for (m, group), words in zip(asked, answers, strict=True) if m == n
            ]
            if len(mine) == 1:
                found[n] = mine[0][1]
            else:
                waiting[n] = [_shorten_group(group, words) for group, words in mine]
    return [words for words in found if words is not None]


def _shorten_group(group: Sequence[str], words: TitledSummary) -> str:
    """A group's summary, or its first, middle and last lines where it cannot be trusted."""
    if not doubt_flag(words.summary, group):
        return words.summary
    lines = dict.fromkeys((group[0], group[len(group) // 2], group[-1]))
    return " ".join(line[:400] for line in lines)


def _write_summaries(prompts: Sequence[str], ask: Ask) -> list[TitledSummary]:
    answers = write_texts(ask, prompts, SUMMARY_TOKENS)
    for answer in answers:
        if isinstance(answer, ModelError):
            raise answer
    return [read_summary(answer.text) for answer in answers if isinstance(answer, Answer)]


def _parts(evidence: Evidence, vectors: Vectors, clip_vectors: Vectors) -> list[_Part]:
    """The recording cut into chapters; a clip's passage belongs where its middle lies."""
    starts = chapter_starts(evidence.segments, vectors, evidence.duration_ms)
    passages = (*evidence.segments, *evidence.clips)
    together = np.concatenate([vectors, clip_vectors])
    parts = []
    for start, end in itertools.pairwise([*starts, evidence.duration_ms]):
        places = [
            n
            for n, passage in enumerate(passages)
            if passage.text and start <= (passage.start_ms + passage.end_ms) // 2 < end
        ]
        places.sort(key=lambda n: (passages[n].start_ms, n))
        inside = tuple(passages[n] for n in places)
        parts.append(_Part(start, end, inside, together[places]))
    return parts


def _chapter(
    part: _Part,
    words: TitledSummary,
    shown: Sequence[str],
    everything: Sequence[Sequence[Passage]],
    embed: Embed,
) -> Chapter:
    title, summary = words.title, words.summary
    flags = _check_summary(summary, shown)[1] or _check_summary(title, shown)[1]
    if not part.passages:
        title, summary, flags = "", "", ("no_evidence",)
    elif flags:
        title = extract_title(part.passages, everything, part.vectors.mean(axis=0), embed)
        summary = extract_summary(part.passages, part.vectors, _CHAPTER_PASSAGES)
    segments = sum(bool(passage.segment_id) for passage in part.passages)
    return Chapter(part.start_ms, part.end_ms, title, summary, segments, flags)


def _check_summary(text: str, shown: Sequence[str]) -> tuple[str, tuple[str, ...]]:
    """The text with its flags; `extractive` where it must be replaced."""
    if not shown:
        return "", ("no_evidence",)
    reason = doubt_flag(text, shown)
    return text, ("extractive", reason) if reason else ()
