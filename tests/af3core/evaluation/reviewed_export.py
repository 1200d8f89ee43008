"""A small export of reviewed answers, as `af3 export --reviewed-only` writes it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.af3core.evaluation.files import json_file
from tests.af3core.evaluation.sounds import sound

Record = dict[str, Any]
OPTIONS = ["a man", "a woman"]
_CHOICE = (
    "Who is speaking? Choose the correct option from the following options:\n(A) a man\n(B) a woman"
)
_REVIEW = {"kind": "text", "sampled": True, "options": [], "language": "en"}


def transcript(number: int, **review: Any) -> Record:
    known = _REVIEW | {"source": "transcripts", "answer": f"the storm is loud {number}"}
    return _record(f"t{number}", "transcript", "Transcribe the input speech.", known | review)


def choice(number: int, **review: Any) -> Record:
    known = _REVIEW | {"source": "answers", "kind": "choice", "options": OPTIONS}
    known |= {"answer": "a woman", "language": ""}
    return _record(f"c{number}", "speaker", _CHOICE, known | review)


def _record(name: str, skill: str, question: str, review: Record) -> Record:
    turns = [("human", f"<sound>\n{question}"), ("gpt", review["answer"])]
    return {
        "id": name,
        "skill": skill,
        "sound": "sounds/one.flac",
        "duration": 0.5,
        "conversations": [{"from": who, "value": text} for who, text in turns],
        "review": review,
    }


def write_reviewed(folder: Path, records: list[Record] | None = None, split: str = "train") -> None:
    """Records in one list, twenty of both kinds where none are given, and their one sound."""
    found = records or [make(number) for make in (transcript, choice) for number in range(20)]
    json_file(folder / f"{split}-00000.json", found)
    sound(folder / "sounds/one.flac")
