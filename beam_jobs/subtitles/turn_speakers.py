"""Who says the words of a recording, by the turns of its speakers and the names of their voices."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from af3core.speakers.speaker_at import SpeakerTimes, TimedSpeaker
from af3core.storage.store import Store
from beam_jobs.framework.corrected_rows import has_corrected_value
from beam_jobs.framework.table_snapshot import take_snapshot
from schemas.tables.speaker_tables import SPEAKERS

Row = dict[str, Any]
_NAMES = ("speaker", "name")


@dataclass(frozen=True)
class TurnSpeakers:
    """The turns of one recording, each with what its speaker is called.

    Attributes:
        turns: by channel, those of all channels among them; None has all.
        unparted: those of all channels.
    """

    turns: Mapping[int | None, SpeakerTimes]
    unparted: SpeakerTimes = field(default_factory=SpeakerTimes)

    @classmethod
    def of(cls, turns: Sequence[Row], names: Mapping[str, str]) -> TurnSpeakers:
        """Of a recording's rows of `speaker_turns`. A voice without a name is `speaker` with its
        number; where a recording has one voice alone, and no name for it, it is called nothing.
        """
        called = {
            row["voice"]: names.get(row["speaker"] or "") or f"speaker {row['voice']}"
            for row in turns
        }
        is_named = any(row["speaker"] in names or _corrected_name(row) for row in turns)
        if len(called) == 1 and not is_named:
            return cls({})
        ordered = sorted(turns, key=lambda row: (row["start_ms"], row["voice"]))
        timed = [
            (row["channel"], TimedSpeaker(row["start_ms"], row["end_ms"], _called(row, called)))
            for row in ordered
        ]
        by_channel = {
            channel: SpeakerTimes([turn for own, turn in timed if own in (channel, None)])
            for channel in {own for own, _ in timed}
        }
        unparted = by_channel.get(None, SpeakerTimes())
        return cls({**by_channel, None: SpeakerTimes([turn for _, turn in timed])}, unparted)

    def at(self, start_ms: int, end_ms: int, channel: int | None) -> str:
        """What the speaker at a time is called, in a channel if it was heard by itself; empty where
        nobody speaks.
        """
        return self.turns.get(channel, self.unparted).at(start_ms, end_ms)


def _called(turn: Row, called: Mapping[int, str]) -> str:
    return _corrected_name(turn) or called[turn["voice"]]


def _corrected_name(turn: Row) -> str:
    """The name that a person gave the speaker of a turn; empty where nobody did."""
    return turn["name"] or "" if has_corrected_value(turn) else ""


def names_of_speakers(store: Store, corpus: str = "") -> dict[str, str]:
    """The names that voices were given, by identity: of a corpus, or of all."""
    snapshot = take_snapshot(store, [SPEAKERS.name], corpus)
    rows = (row for key in snapshot.stamps for row in snapshot.columns(key, _NAMES).to_pylist())
    return {row["speaker"]: row["name"] for row in rows if row["name"]}
