"""What people say of the model's rows: records that are only ever added, a batch an object.

A correction names its place by content and time, not by a row: rows change with each cutting.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal, get_args

from schemas.record_format import Record

CorrectionKind = Literal[
    "text", "empty", "choice", "wrong", "right", "flag_set", "flag_lifted", "name", "times"
]
CORRECTION_KINDS: tuple[CorrectionKind, ...] = get_args(CorrectionKind)
"""What this release takes and shows. A batch of a newer release may hold others: they are kept."""
VALUE_KINDS: tuple[CorrectionKind, ...] = ("text", "empty", "choice", "name")
"""Those that say what is true in the place of what the model gave."""
TIMES: CorrectionKind = "times"
LASTING_KINDS: tuple[CorrectionKind, ...] = (*VALUE_KINDS, TIMES)
"""Those that hold for the sound, whatever the model writes later. All others speak of the one text
that they were said of."""
FLAG_KINDS: tuple[CorrectionKind, ...] = ("flag_set", "flag_lifted")
JUDGED_WRONG = "judged_wrong"
"""Flag, where corrected rows are read, of an answer that a person said is wrong."""


@dataclass(frozen=True)
class Correction(Record):
    """What a person says of one row: an answer, an event, a word, a turn or a chapter.

    Attributes:
        kind: one of `CORRECTION_KINDS`.
        recording_id, content_sha256: of the recording's bytes.
        date: archive day of the recording when it was corrected.
        source: table of the row.
        task_id, start_ms, end_ms, channel: its place; None is of all that was heard.
        old_value: what the row had said and the person read: text (of `choice` the option), label
            of an event, word, title of a chapter, identity of a turn's voice.
        new_value: text, option, name, times as `12000-13500` (ms), or name of a flag; else empty.
        sound_sha256: of the recording's sound, by which it is found under other tags; or empty.
    """

    correction_id: str
    kind: str
    recording_id: str
    content_sha256: str
    date: str
    source: str
    task_id: str
    start_ms: int
    end_ms: int
    channel: int | None
    old_value: str
    new_value: str
    reason: str = ""
    sound_sha256: str = ""

    @property
    def aspect(self) -> str:
        """What of a row it speaks of: of two with the same aspect one is shown.

        A kind that this release does not know is of no aspect that it shows.
        """
        if self.kind in FLAG_KINDS:
            return f"flag:{self.new_value}"
        if self.kind == TIMES:
            return "times"
        return "value" if self.kind in CORRECTION_KINDS else f"kind:{self.kind}"

    @property
    def new_times_ms(self) -> tuple[int, int] | None:
        """Start and end that it says; None where it says none."""
        return times_ms(self.new_value) if self.kind == TIMES else None

    @property
    def place(self) -> tuple[str, str, str, int, int, int | None]:
        """Where it belongs, without what it says."""
        return (
            self.recording_id,
            self.source,
            self.task_id,
            self.start_ms,
            self.end_ms,
            self.channel,
        )

    @property
    def place_and_aspect(self) -> tuple[object, ...]:
        """Of what it is: a person's later correction of the same takes its place."""
        return (*self.place, self.aspect)


@dataclass(frozen=True)
class Undo(Record):
    """That a correction, or an undo, no longer counts; it can be undone itself."""

    undo_id: str
    undoes: str


@dataclass(frozen=True)
class Review(Record):
    """The queue in which a person met the answers of a batch.

    Attributes:
        queue: its name; `sample` is one drawn at random, of which rates can be measured.
        seed: that a sample was drawn by; None of all other queues.
    """

    queue: str
    seed: int | None = None


@dataclass(frozen=True)
class Settlement(Record):
    """That a correction holds, against those that differ from it until then, and of what its row
    says by then; undone as an undo is.

    Attributes:
        holds: identifier of the correction.
        settled_value: what its row says at the time.
    """

    settlement_id: str
    holds: str
    settled_value: str


@dataclass(frozen=True)
class CorrectionBatch(Record):
    """One object: what one person said at once.

    Attributes:
        made_by: who, as they name themselves.
        made_at: when, UTC, by the clock of the storage: one clock for all who write.
        reason: of the whole batch; a correction may have one of its own.
        review: the queue that it was made in; None where it was made outside of one.
    """

    batch_id: str
    corpus: str
    made_by: str
    made_at: str
    reason: str
    corrections: tuple[Correction, ...] = ()
    undone: tuple[Undo, ...] = ()
    settled: tuple[Settlement, ...] = ()
    review: Review | None = None


@dataclass(frozen=True)
class Draft(Record):
    """A text that a person has begun to write in the place of an answer.

    Attributes:
        read: identifier of the latest correction that the person had read; empty where none was.
        saved_at: UTC, by the clock of the server.
    """

    source: str
    task_id: str
    start_ms: int
    end_ms: int
    channel: int | None
    text: str
    read: str
    saved_at: str


@dataclass(frozen=True)
class Drafts(Record):
    """One object: what a person has begun to write of a recording, and has not saved."""

    person: str
    recording_id: str
    drafts: tuple[Draft, ...] = ()


def times_ms(value: str) -> tuple[int, int] | None:
    """Start and end of times that are written as `12000-13500`; None where they are none. Pure."""
    found = re.fullmatch(r"([0-9]{1,18})-([0-9]{1,18})", value)
    if found is None or int(found[2]) < int(found[1]):
        return None
    return int(found[1]), int(found[2])
