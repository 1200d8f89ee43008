"""The words of a recording as subtitles show them, from the rows of its tables.

All that is transcribed is shown: subtitles have no holes. What a flag doubts is marked as such. An
answer that says of speech that there is none is no transcript. Who speaks is what the table of
words says, else the turns of speakers, else which channel.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from types import MappingProxyType
from typing import Any

from af3core.alignment.text_words import normalised
from af3core.alignment.timed_text import TimedTextWord, WordTimes
from af3core.longform.passages import transcripts_of
from af3core.model.weights.languages import LIKELY
from af3core.subtitles.cue import SpokenWord
from beam_jobs.subtitles.turn_speakers import TurnSpeakers

Row = dict[str, Any]

_SAYS_NOTHING = "speech_without_transcript"
_NOT_IN_DOUBT = frozenset(("no_speech",))


def words_of_recording(
    segments: Sequence[Row],
    transcripts: Sequence[Row],
    words: Sequence[Row],
    events: Sequence[Row],
    turns: Sequence[Row] = (),
    *,
    names: Mapping[str, str] = MappingProxyType({}),
) -> list[SpokenWord]:
    """The words of each transcript together, in the order of their first ones.

    Where speech is known to be in a transcript's own clip its words are estimated to be there.

    Args:
        names: of voices, by identity.
    """
    speakers = TurnSpeakers.of(turns, names)
    times = WordTimes(words, events)
    shown = []
    for row in _chosen(segments, transcripts):
        if timed := times.of(row):
            shown.append((timed[0].start_ms, list(_spoken(row, timed, speakers))))
    shown.sort(key=lambda each: each[0])
    return [word for _, of_text in shown for word in of_text]


def language_of(transcripts: Sequence[Row]) -> str:
    """The ISO 639 code of the language of most letters; empty where none is sure."""
    letters: Counter[str] = Counter()
    for row in transcripts:
        is_sure = (row["language_probability"] or 0) >= LIKELY
        letters[row["language"] if is_sure else ""] += len(row["text"])
    return max(letters, key=lambda code: (letters[code], code), default="")


def _chosen(segments: Sequence[Row], transcripts: Sequence[Row]) -> Iterator[Row]:
    """The rows of the transcripts that stand for each stretch, of each channel."""
    for channel in dict.fromkeys(row["channel"] for row in transcripts):
        mine = [row for row in transcripts if row["channel"] == channel]
        of_channel = [row for row in segments if row["channel"] == channel]
        for chosen in transcripts_of(of_channel, mine):
            wanted = (chosen.segment_id, chosen.start_ms, chosen.end_ms, chosen.text)
            same = (
                row
                for row in sorted(mine, key=lambda row: (bool(row["flags"]), row["task_id"]))
                if (row["segment_id"], row["start_ms"], row["end_ms"], row["text"]) == wanted
            )
            row = next(same)
            if _SAYS_NOTHING not in row["flags"]:
                yield row


def _spoken(
    row: Row, timed: Sequence[TimedTextWord], speakers: TurnSpeakers
) -> Iterator[SpokenWord]:
    text: str = row["text"]
    in_doubt = bool(set(row["flags"]) - _NOT_IN_DOUBT)
    channel = "" if row["channel"] is None else f"channel {row['channel'] + 1}"
    cuts = [*(word.start_char for word in timed), len(text)]
    if not normalised(text[: cuts[0]]):  # marks before the first word: « and — stand alone
        cuts[0] = 0
    for place, (word, (start, end)) in enumerate(zip(timed, pairwise(cuts), strict=True)):
        shown = " ".join(text[start:end].split())
        after_space = not place or text[word.start_char - 1].isspace()
        doubtful = in_doubt or word.is_doubtful
        speaker = word.speaker or speakers.at(word.start_ms, word.end_ms, row["channel"])
        for number, part in enumerate(shown.split(" ")):
            yield SpokenWord(
                part,
                word.start_ms,
                word.end_ms,
                after_space or bool(number),
                doubtful,
                speaker or channel,
                word.is_estimated,
            )
