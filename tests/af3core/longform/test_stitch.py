"""Transcripts become one text: no word lost, none twice, every character with its time."""

from __future__ import annotations

import itertools
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from af3core.longform.passages import Transcript, transcripts_of
from af3core.longform.stitch import Stitched, TextSpan, stitch


def told(*pieces: tuple[str, bool]) -> Stitched:
    return stitch(
        [
            Transcript(f"s{n}", 1000 * n, 1000 * n + 1000, text, in_speech)
            for n, (text, in_speech) in enumerate(pieces)
        ]
    )


def test_each_stretch_knows_its_characters() -> None:
    stitched = told(("good evening", False), ("", False), ("the storm", False))
    assert stitched == Stitched(
        "good evening the storm",
        (TextSpan("s0", 0, 1000, 0, 12), TextSpan("s2", 2000, 3000, 13, 22)),
    )


def test_a_word_on_both_sides_is_doubled_only_where_the_cut_lies_inside_speech() -> None:
    assert told(("he said no", False), ("no never", False)).text == "he said no no never"
    assert told(("he said no,", False), ("No never", True)).text == "he said no, never"
    assert told(("he said no", False), ("no", True), ("no never", True)).text == "he said no never"


def test_a_fragment_is_no_doubling() -> None:
    assert told(("a thou", False), ("thousand men", True)).text == "a thou thousand men"


def test_a_stretch_that_is_missing_between_them_doubles_nothing() -> None:
    pieces = [Transcript("a", 0, 1000, "no"), Transcript("c", 2000, 3000, "no", True)]
    assert stitch(pieces).text == "no no"


_TEXTS = st.lists(st.sampled_from(["no", "No.", "yes", "rain", "-"]), max_size=4).map(" ".join)


@given(st.lists(st.tuples(_TEXTS, st.booleans()), max_size=12))
def test_words_are_neither_lost_nor_doubled(pieces: list[tuple[str, bool]]) -> None:
    stitched = told(*pieces)
    spoken = [text.split() for text, _ in pieces]
    left = stitched.text.split()
    kept = {span.segment_id: stitched.text[span.start_char : span.end_char] for span in
            stitched.spans}  # fmt: skip
    assert " ".join(kept.values()) == stitched.text
    assert all(a.end_char < b.start_char for a, b in itertools.pairwise(stitched.spans))
    dropped = 0
    for number, words in enumerate(spoken):
        here = kept.get(f"s{number}", "").split()
        missing = words[: len(words) - len(here)]
        assert words[len(missing) :] == here
        assert not missing or (len(missing) == 1 and pieces[number][1])
        dropped += len(missing)
    assert len(left) == sum(map(len, spoken)) - dropped


def row(clip: str, segment: str, start_ms: int, text: str, **more: Any) -> dict[str, Any]:
    known = {"task_id": "transcript", "flags": [], "skip_reason": "", "starts_in_speech": False}
    ids = {"clip_id": clip, "segment_id": segment}
    times = {"start_ms": start_ms, "end_ms": start_ms + 10}
    return known | ids | times | {"text": text} | more


SEGMENTS = [row("A", "a0", 0, ""), row("A", "a1", 10, "", starts_in_speech=True),
            row("B", "b0", 20, "", starts_in_speech=True),
            row("B", "b1", 30, "", skip_reason="silence")]  # fmt: skip


def chosen(*transcripts: dict[str, Any]) -> list[tuple[str, str]]:
    return [(w.segment_id, w.text) for w in transcripts_of(SEGMENTS, transcripts)]


def test_of_clip_and_segments_only_one_is_used() -> None:
    whole = row("A", "", 0, "whole clip", end_ms=20)
    first, second = row("A", "a0", 0, "first"), row("A", "a1", 10, "second")
    other = row("B", "b0", 20, "other")
    assert chosen(whole, other, second, first) == [
        ("a0", "first"),
        ("a1", "second"),
        ("b0", "other"),
    ]
    assert chosen(whole, first, other) == [("", "whole clip"), ("b0", "other")]
    assert chosen(first, other) == [("a0", "first"), ("b0", "other")]


def test_of_several_tasks_the_first_without_a_flag_is_used() -> None:
    flagged = row("B", "b0", 20, "loops loops", task_id="a", flags=["looping_text"])
    assert chosen(flagged, row("B", "b0", 20, "good", task_id="b")) == [("b0", "good")]
    assert chosen(flagged) == [("b0", "loops loops")]


def test_a_whole_clip_begins_in_speech_where_its_first_segment_does() -> None:
    [written] = transcripts_of(SEGMENTS, [row("B", "", 20, "whole", end_ms=40)])
    assert written == Transcript("", 20, 40, "whole", starts_in_speech=True)
