"""What of a recording's events a stretch holds, and whether that is all."""

from __future__ import annotations

from af3core.skills.events_in_span import events_in_span
from af3core.skills.evidence import HeardEvent

BELL = HeardEvent("sound", "a bell", 1000, 3000, loudness_lufs=-20.0)
RAIN = HeardEvent("sound", "rain", 5000, 9000, loudness_lufs=-24.0)


def test_events_within_keep_their_measures() -> None:
    assert events_in_span((0, 10_000), [RAIN, BELL], []) == ((BELL, RAIN), True)


def test_an_event_that_is_cut_keeps_its_name_and_loses_its_measures() -> None:
    heard, complete = events_in_span((0, 6000), [BELL, RAIN], [])
    assert heard == (BELL, HeardEvent("sound", "rain", 5000, 6000))
    assert complete


def test_a_scrap_of_an_event_leaves_the_stretch_in_doubt() -> None:
    assert events_in_span((0, 5300), [BELL, RAIN], []) == ((BELL,), False)


def test_a_few_milliseconds_over_the_edge_are_no_scrap() -> None:
    assert events_in_span((0, 5040), [BELL, RAIN], []) == ((BELL,), True)
    nearly = events_in_span((1040, 4000), [BELL], [])
    assert nearly == ((HeardEvent("sound", "a bell", 1040, 3000, loudness_lufs=-20.0),), True)


def test_what_has_no_name_leaves_the_stretch_in_doubt() -> None:
    assert events_in_span((0, 4000), [BELL], [(3500, 3700)]) == ((BELL,), False)
    assert events_in_span((0, 4000), [BELL], [(4000, 4700)]) == ((BELL,), True)
