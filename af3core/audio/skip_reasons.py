"""Why a segment is not annotated: nothing is heard in it, or it is too short."""

from __future__ import annotations

SHORTEST_SEGMENT_MS = 100
"""Below it there is no word and hardly an audio token (AF3 makes none below 30 ms)."""


SILENCE, TOO_SHORT = "silence", "too_short"
CUT_REASONS = frozenset((SILENCE, TOO_SHORT))
"""The reasons that cutting gives; others come of the model's work."""


def skip_reason(is_silent: bool, duration_ms: int) -> str:
    """The reason as the tables have it; empty where the segment is annotated."""
    if is_silent:
        return SILENCE
    return TOO_SHORT if duration_ms < SHORTEST_SEGMENT_MS else ""
