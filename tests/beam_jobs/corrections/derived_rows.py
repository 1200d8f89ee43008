"""Small tables of events, words, turns and chapters of one recording, and places of their rows."""

from __future__ import annotations

from pathlib import Path

from tests.beam_jobs.search.said import FIRST, put

DOG = {"start_ms": 1000, "end_ms": 2000, "old_value": "a dog"}
STORM = {"start_ms": 400, "end_ms": 900, "source": "words"}
TURN = {"start_ms": 0, "end_ms": 1000, "source": "speaker_turns"}
CHAPTER = {"start_ms": 0, "end_ms": 60_000, "source": "chapters"}


def put_derived(out: Path, recording: str, label: str = "a dog", shift_ms: int = 0) -> None:
    """Two events at the same time, three words, two turns (the first of a named voice), chapters.

    Args:
        label: of the first event.
        shift_ms: of all words, as another aligner gives them.
    """
    of = {"recording_id": recording, "clip_id": f"{recording}-clip"}
    heard = of | {"start_ms": 1000, "end_ms": 2000, "kind": "sound"}
    events = [
        heard | {"label": label, "event_id": "e1"},
        heard | {"label": "rain", "event_id": "e2"},
    ]
    put(out, FIRST, "events", events)
    said = of | {"segment_id": f"{recording}-0", "task_id": "transcript"}
    spans = {"a": (0, 400), "storm": (400, 900), "is": (1200, 1400)}
    words = [
        said | {"word": word, "position": n, "start_ms": s + shift_ms, "end_ms": e + shift_ms}
        for n, (word, (s, e)) in enumerate(spans.items())
    ]
    put(out, FIRST, "words", words)
    turns = [
        {"voice": 1, "speaker": "anna", "start_ms": 0, "end_ms": 1000},
        {"voice": 2, "speaker": None, "start_ms": 1100, "end_ms": 1180},
    ]
    of_turn = {"recording_id": recording, "is_overlap": False}
    put(out, FIRST, "speaker_turns", [of_turn | turn for turn in turns])
    put(out, FIRST, "speakers", [{"speaker": "anna", "name": "Anna Berg"}])
    chapters = [
        {"chapter": 1, "start_ms": 0, "end_ms": 60_000, "title": "Port"},
        {"chapter": 2, "start_ms": 60_000, "end_ms": 90_000, "title": "Rain"},
    ]
    put(out, FIRST, "chapters", [{"recording_id": recording} | each for each in chapters])
