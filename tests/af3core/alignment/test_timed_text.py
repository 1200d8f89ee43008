"""Times of a transcript's words as readers take them."""

from __future__ import annotations

from typing import Any

from af3core.alignment.timed_text import TimedTextWord, WordTimes, timed_text

TRANSCRIPT = {"text": "Good evening.", "start_ms": 1000, "end_ms": 3000}


def row(start_char: int, word: str, start_ms: int, **more: Any) -> dict[str, Any]:
    known: dict[str, Any] = {
        "word": word,
        "start_char": start_char,
        "end_char": start_char + len(word),
    }
    times = {"start_ms": start_ms, "end_ms": start_ms + 300, "confidence": 0.9, "flags": []}
    known["speaker"] = None
    return known | times | more


WORDS = [row(0, "Good", 1200), row(5, "evening.", 1500, confidence=0.2, flags=["low_alignment"])]
ESTIMATED = [
    TimedTextWord(0, 4, 1000, 1727, True, False),
    TimedTextWord(5, 13, 1727, 3000, True, False),
]


def test_found_words_have_their_times() -> None:
    assert timed_text(TRANSCRIPT, WORDS, []) == [
        TimedTextWord(0, 4, 1200, 1500, False, False),
        TimedTextWord(5, 13, 1500, 1800, False, True),
    ]


def test_without_words_times_are_estimated() -> None:
    assert timed_text(TRANSCRIPT, [], []) == ESTIMATED
    [good, evening] = timed_text(TRANSCRIPT, [], [(0, 1400), (2200, 9000)])
    assert (good.start_ms, good.end_ms, evening.start_ms) == (1000, 2236, 2236)


def test_words_of_another_text_count_as_none() -> None:
    assert timed_text(TRANSCRIPT, [row(0, "Bad", 1200)], []) == ESTIMATED


MENDED = [row(n * 5, word, 1000 + 300 * n) for n, word in enumerate(("the", "a", "strom", "came"))]


def mended(text: str) -> list[tuple[str, int, int, bool]]:
    """The words of a text in the place of "the a strom came", each with its time."""
    transcript = {"text": text, "start_ms": 1000, "end_ms": 3000}
    return [
        (text[w.start_char : w.end_char], w.start_ms, w.end_ms, w.is_estimated)
        for w in timed_text(transcript, MENDED, [])
    ]


def test_words_that_still_stand_in_a_mended_text_keep_their_times() -> None:
    assert mended("The a storm came.") == [
        ("The", 1000, 1300, False),
        ("a", 1300, 1600, False),
        ("storm", 1600, 1900, True),
        ("came.", 1900, 2200, False),
    ]


def test_a_word_that_was_put_in_lies_between_its_neighbours() -> None:
    assert mended("the a strom came over me") == [
        ("the", 1000, 1300, False),
        ("a", 1300, 1600, False),
        ("strom", 1600, 1900, False),
        ("came", 1900, 2200, False),
        ("over", 2200, 2733, True),
        ("me", 2733, 3000, True),
    ]
    assert mended("the a big strom came")[2] == ("big", 1600, 1600, True)


def test_words_that_were_taken_out_leave_the_others_where_they_are() -> None:
    assert mended("a strom came") == [
        ("a", 1300, 1600, False),
        ("strom", 1600, 1900, False),
        ("came", 1900, 2200, False),
    ]
    assert all(is_estimated for *_, is_estimated in mended("nothing at all"))


def test_words_of_a_text_that_goes_on_since_count_as_none() -> None:
    """As when an answer was cut off, and was given whole since."""
    assert timed_text(TRANSCRIPT, [row(0, "Good", 1200)], []) == ESTIMATED


def test_a_first_word_of_the_transcript_before_is_not_among_them() -> None:
    assert timed_text(TRANSCRIPT, WORDS[1:], []) == [TimedTextWord(5, 13, 1500, 1800, False, True)]


def test_a_text_too_long_for_its_time_is_estimated() -> None:
    words = [row(0, "Good", 1000, flags=["text_too_long"], confidence=0.0)]
    assert timed_text(TRANSCRIPT, words, []) == ESTIMATED


def test_a_text_without_words_has_no_times() -> None:
    assert timed_text({"text": "…", "start_ms": 0, "end_ms": 9}, [], []) == []


def test_a_text_of_one_word_that_the_one_before_wrote_too_has_none() -> None:
    def said(segment: str, start_ms: int, text: str) -> dict[str, Any]:
        place = {"task_id": "transcript", "clip_id": "c", "segment_id": segment, "text": text}
        return place | {"start_ms": start_ms, "end_ms": start_ms + 1000}

    of_first = said("first", 0, "") | {"position": 1}
    words = [
        of_first | row(0, "the", 500) | {"position": 0},
        of_first | row(4, "storm", 800, flags=["doubled_at_cut"]),
    ]
    times = WordTimes(words, [])
    assert [word.start_ms for word in times.of(said("first", 0, "the storm"))] == [500, 800]
    assert times.of(said("second", 1000, "Storm.")) == []
    assert len(times.of(said("second", 1000, "Storms."))) == 1
    assert len(times.of(said("second", 1000, "storm over"))) == 2
    assert len(WordTimes(words[:1], []).of(said("second", 1000, "Storm."))) == 1
