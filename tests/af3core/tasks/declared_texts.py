"""Texts of language in 36 scripts, by which limits are judged that others have set."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import NamedTuple

_TABLE = Path(__file__).parents[2] / "data/declaration.tsv"


class Declared(NamedTuple):
    """The beginning of a translation of the Universal Declaration of Human Rights.

    `letters_to_english` is how many letters all of it has, against the English one.
    """

    script: str
    code: str
    language: str
    letters_to_english: float
    text: str


def declared_texts() -> list[Declared]:
    """All of them; none is in a language by which a limit of its script was set."""
    with _TABLE.open(encoding="utf-8", newline="") as file:
        return [
            Declared(
                row["script"],
                row["code"],
                row["language"],
                float(row["letters_to_english"]),
                row["text"],
            )
            for row in csv.DictReader(file, delimiter="\t")
        ]
