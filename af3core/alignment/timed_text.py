"""A transcript's words with their times, from the table of words; estimated where it has none."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import SequenceMatcher
from typing import Any

from af3core.alignment.align import DOUBLED_AT_CUT, LOW_ALIGNMENT, TEXT_TOO_LONG
from af3core.alignment.interpolation import Stretch, interpolate, within
from af3core.alignment.text_words import TextWord, normalised, words_of_text
from af3core.longform.word_forms import is_same_word

Row = Mapping[str, Any]
_SPEECH = "speech"
_KEPT_SHARE, _LENGTH_SHARE = 1 / 2, 2 / 3
"""A text is another one as it was mended where so much of both is the same, and the shorter has so
much of the words of the longer: one that was cut off and goes on since is another text."""


@dataclass(frozen=True)
class TimedTextWord:
    """A word of a text: its code points, its time in the recording, and what is known of that.

    `speaker` is who says it; empty where speakers are not known. `confidence` is the aligner's;
    None where the time is estimated.
    """

    start_char: int
    end_char: int
    start_ms: int
    end_ms: int
    is_estimated: bool
    is_doubtful: bool
    speaker: str = ""
    confidence: float | None = field(default=None, compare=False)


class WordTimes:
    """The words of transcripts with their times, of the recordings of one corpus and day.

    Args:
        words: rows of the table of words, in any order.
        events: rows of the table of events; estimated words lie in the speech among them, of their
            own clip.
    """

    def __init__(self, words: Iterable[Row], events: Iterable[Row]) -> None:
        self._words: dict[tuple[str, str, str], list[Row]] = {}
        self._of_clips: dict[tuple[str, str], list[Row]] = {}
        for row in sorted(words, key=lambda row: row["position"]):
            self._words.setdefault(_text_of(row), []).append(row)
            self._of_clips.setdefault((row["task_id"], row["clip_id"]), []).append(row)
        self._speech: dict[str, list[Stretch]] = {}
        for event in sorted(events, key=lambda event: event["start_ms"]):
            if event["kind"] == _SPEECH:
                stretch = (event["start_ms"], event["end_ms"])
                self._speech.setdefault(event["clip_id"], []).append(stretch)

    def of(self, transcript: Row) -> list[TimedTextWord]:
        """The words of a row of transcripts, as `timed_text` gives them."""
        words = self._words.get(_text_of(transcript), [])
        if not words and self._is_of_the_text_before(transcript):
            return []
        return timed_text(transcript, words, self._speech.get(transcript["clip_id"], []))

    def _is_of_the_text_before(self, transcript: Row) -> bool:
        """Whether a text is one word alone, which the transcript before wrote too."""
        of_clip = self._of_clips.get((transcript["task_id"], transcript["clip_id"]), ())
        before = [row for row in of_clip if row["start_ms"] < transcript["end_ms"]]
        found = words_of_text(transcript["text"]) if before else []
        if len(found) != 1:
            return False
        last = max(before, key=lambda row: (row["start_ms"], row["position"]))
        return DOUBLED_AT_CUT in last["flags"] and is_same_word(last["word"], found[0].text)


def _text_of(row: Row) -> tuple[str, str, str]:
    """Which transcript a row is of: a clip's channel has clips of its own."""
    return row["task_id"], row["clip_id"], row["segment_id"]


def timed_text(
    transcript: Row, words: Sequence[Row], speech: Sequence[Stretch]
) -> list[TimedTextWord]:
    """The words of a transcript in order, each with its time.

    A word that the transcript before wrote too is that one's, and is not among them. Where a text
    was mended since its words were timed, the words that still stand keep their times; those in
    their places have estimated ones, between their neighbours. Words of a text that is another one
    count as none.

    Args:
        transcript: a row of the table.
        words: rows of the table of words, of this transcript, in the order of positions.
        speech: where speech is known to be, in order; empty where nothing is known.
    """
    text: str = transcript["text"]
    found = words_of_text(text)
    if words and not any(TEXT_TOO_LONG in row["flags"] for row in words):
        if _are_of(words, found):
            return [_timed(row, row["start_char"], row["end_char"]) for row in words]
        if mended := _of_mended_text(transcript, words, found):
            return mended
    if not found:
        return []
    stretches = within(speech, transcript["start_ms"], transcript["end_ms"])
    places = interpolate([len(word.normal) for word in found], stretches)
    return [
        TimedTextWord(word.start_char, word.end_char, start, end, True, False)
        for word, (start, end) in zip(found, places, strict=True)
    ]


def _timed(row: Row, start_char: int, end_char: int) -> TimedTextWord:
    """A word with the time of its row."""
    return TimedTextWord(
        start_char,
        end_char,
        row["start_ms"],
        row["end_ms"],
        row["confidence"] is None,
        LOW_ALIGNMENT in row["flags"],
        row["speaker"] or "",
        row["confidence"],
    )


def _are_of(words: Sequence[Row], found: Sequence[TextWord]) -> bool:
    """Whether rows are all the words of a text; the first may be that of the text before."""
    rows = [(row["start_char"], row["end_char"], row["word"]) for row in words]
    wanted = [(word.start_char, word.end_char, word.text) for word in found]
    return bool(rows) and rows in (wanted, wanted[1:])


def _of_mended_text(
    transcript: Row, words: Sequence[Row], found: Sequence[TextWord]
) -> list[TimedTextWord]:
    """The words of a text by the times of those that it had before; none where it is another."""
    before = [normalised(row["word"]) for row in words]
    if min(len(before), len(found)) < _LENGTH_SHARE * max(len(before), len(found)):
        return []
    match = SequenceMatcher(None, before, [word.normal for word in found], autojunk=False)
    if match.ratio() < _KEPT_SHARE:
        return []
    timed: list[TimedTextWord] = []
    for what, first, last, start, end in match.get_opcodes():
        if what == "equal":
            rows = zip(words[first:last], found[start:end], strict=True)
            timed += [_timed(row, word.start_char, word.end_char) for row, word in rows]
            continue
        # what stands in the place of words has their time; what was put in, that between two
        begin_ms = words[first - 1]["end_ms"] if first else transcript["start_ms"]
        until_ms = words[last]["start_ms"] if last < len(words) else transcript["end_ms"]
        if first < last:
            begin_ms, until_ms = words[first]["start_ms"], words[last - 1]["end_ms"]
        timed += _between(found[start:end], begin_ms, until_ms)
    return timed


def _between(found: Sequence[TextWord], start_ms: int, end_ms: int) -> Iterator[TimedTextWord]:
    """Words with estimated times, within a stretch."""
    stretch = (start_ms, max(start_ms, end_ms))
    places = interpolate([len(word.normal) for word in found], [stretch])
    for word, (start, end) in zip(found, places, strict=True):
        yield TimedTextWord(word.start_char, word.end_char, start, end, True, False)
