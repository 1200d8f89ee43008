"""Sounds with known facts, for tests."""

from __future__ import annotations

from af3core.dialogue.chosen_sounds import HeardSound, KnownAnswer

WHO = "Who is speaking?"
HEARD = "What sounds can be heard in the audio?"


def sound(
    name: str,
    seconds: float = 10.0,
    lufs: float | None = -23.0,
    who: str = "a man",
    caption: str = "",
    transcript: str = "",
) -> HeardSound:
    """A segment of a recording of its own."""
    return HeardSound(
        segment_id=f"segment {name}",
        recording_id=f"recording {name}",
        clip_uri=f"clips/{name}.flac",
        clip_start_ms=0,
        start_ms=0,
        end_ms=round(1000 * seconds),
        caption=caption or f"A bell, then {name}.",
        transcript=transcript,
        loudness_lufs=lufs,
        answers=(KnownAnswer(WHO, who, True), KnownAnswer(HEARD, "a bell", False)),
    )
