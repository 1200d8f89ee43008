"""What `af3 correct` takes."""

from __future__ import annotations

from dataclasses import dataclass

from schemas.options.option import OptionGroup, option

MAX_NAME = 200


def person_name(value: str) -> str | None:
    """The rule of a person's name."""
    is_name = value.strip() == value and value.isprintable() and 0 < len(value) <= MAX_NAME
    return None if is_name else f"a name on one line, of 1 to {MAX_NAME} characters"


@dataclass(frozen=True, kw_only=True)
class Correcting(OptionGroup):
    """Corrections."""

    file: str = option(
        "", "corrections, a row each: .csv or .jsonl, local or gs://", "FILE", positional=True
    )
    corpus: str = option("default", "name of the corpus (default: {default})", "NAME")
    by: str | None = option(
        None, "who corrects; kept with each correction", "NAME", rule=person_name
    )
    reason: str = option("", "why, for rows without a reason of their own", "TEXT")
    dry_run: bool = option(False, "check all rows, keep nothing")
    list: bool = option(False, "print all corrections, and what became of each")
    decisions: bool = option(False, "print those that need a person's decision")
    undo: tuple[str, ...] = option((), "undo a correction, a batch or an undo; repeatable", "ID")
    undo_by: str | None = option(
        None, "undo all that this person corrected", "NAME", rule=person_name
    )
    settle: tuple[str, ...] = option(
        (), "this correction holds, against those that differ from it; repeatable", "ID"
    )
    publish: bool = option(
        False, "only bring the table up to date, as after --out was out of reach"
    )
