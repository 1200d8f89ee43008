"""Who speaks at a time, of turns."""

from __future__ import annotations

import time

import pytest

from af3core.speakers.speaker_at import SpeakerTimes, TimedSpeaker

TURNS = (
    TimedSpeaker(0, 1000, "anna"),
    TimedSpeaker(900, 2000, "ben"),
    TimedSpeaker(3000, 3400, "anna"),
    TimedSpeaker(3200, 9000, "ben"),
)


@pytest.mark.parametrize(
    ("start_ms", "end_ms", "speaker"),
    [
        (100, 400, "anna"),
        (850, 1100, "ben"),
        (900, 1000, "anna"),  # both say as much: who began
        (0, 9000, "ben"),
        (2100, 2290, "ben"),
        (2750, 2900, "anna"),
        (2400, 2600, ""),
        (9200, 9400, "ben"),
        (9301, 9400, ""),
    ],
)
def test_a_word_is_of_whoever_speaks_longest_in_it(
    start_ms: int, end_ms: int, speaker: str
) -> None:
    assert SpeakerTimes(TURNS).at(start_ms, end_ms) == speaker


def test_nobody_speaks_without_turns() -> None:
    assert SpeakerTimes().at(0, 1000) == ""


def test_the_words_of_twelve_hours_take_no_time() -> None:
    spoken = SpeakerTimes(
        [TimedSpeaker(n * 2000, n * 2000 + 1900, "ab"[n % 2]) for n in range(21_600)]
    )
    begun = time.process_time()
    assert {spoken.at(n * 2000, n * 2000 + 400) for n in range(21_600)} == {"a", "b"}
    assert time.process_time() - begun < 5
