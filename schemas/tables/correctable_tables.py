"""The tables whose rows people correct, and what of them."""

from __future__ import annotations

from dataclasses import dataclass

from schemas.correction_records import FLAG_KINDS, TIMES, CorrectionKind
from schemas.tables.columns import Table
from schemas.tables.derived_tables import CHAPTERS, EVENTS
from schemas.tables.night_tables import ANSWER_TABLES, BY_NAME
from schemas.tables.speaker_tables import SPEAKER_TURNS
from schemas.tables.word_tables import WORDS

_VERDICTS: tuple[CorrectionKind, ...] = ("wrong", "right")


@dataclass(frozen=True)
class Correctable:
    """A table whose rows can be corrected.

    Attributes:
        kinds: of corrections of its rows.
        key: columns that tell its rows of one recording apart, numbers before long texts.
        value: column with what a row says, which old_value holds; of a turn the voice's identity.
        is_by_value: a correction is only of a row that says what old_value is, as of a word.
    """

    table: Table
    kinds: tuple[CorrectionKind, ...]
    key: tuple[str, ...]
    value: str
    is_by_value: bool = False

    @property
    def name(self) -> str:
        return self.table.name

    def has(self, column: str) -> bool:
        """Whether its rows have a column."""
        return any(each.name == column for each in self.table.columns)

    @property
    def has_times(self) -> bool:
        """Whether a person can give its rows other times."""
        return TIMES in self.kinds

    @property
    def has_flags(self) -> bool:
        """Whether a person can set and lift flags of its rows."""
        return FLAG_KINDS[0] in self.kinds


_NAMED: tuple[CorrectionKind, ...] = ("name", TIMES, *_VERDICTS, *FLAG_KINDS)
_ANSWERED: tuple[CorrectionKind, ...] = ("text", "empty", "choice", *_VERDICTS, *FLAG_KINDS)
_IN_CLIP = ("start_ms", "end_ms", "clip_id")
_ANSWER_KEY = (*_IN_CLIP, "task_id", "task_hash")

CORRECTABLE_TABLES: tuple[Correctable, ...] = (
    *(Correctable(BY_NAME[name], _ANSWERED, _ANSWER_KEY, "text") for name in ANSWER_TABLES),
    Correctable(EVENTS, _NAMED, (*_IN_CLIP, "event_id"), "label"),
    Correctable(WORDS, (TIMES,), (*_IN_CLIP, "task_id", "position"), "word", True),
    Correctable(SPEAKER_TURNS, ("name",), ("start_ms", "end_ms", "voice"), "speaker"),
    Correctable(CHAPTERS, _NAMED, ("chapter",), "title"),
)
CORRECTABLE: dict[str, Correctable] = {each.name: each for each in CORRECTABLE_TABLES}
"""By name."""


def sources_of(kind: str) -> tuple[str, ...]:
    """The tables that a correction of a kind is of where it names none. Pure.

    A verdict or a flag is then of an answer; of other rows it names their table.
    """
    answers = tuple(each for each in ANSWER_TABLES if kind in CORRECTABLE[each].kinds)
    return answers or tuple(each.name for each in CORRECTABLE_TABLES if kind in each.kinds)
