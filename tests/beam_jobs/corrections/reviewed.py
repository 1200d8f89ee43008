"""Answers of two recordings, and what people said of some of them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from beam_jobs.corrections.adding import add_corrections
from beam_jobs.corrections.quality_sample import SAMPLE_REASON
from tests.beam_jobs.search.said import FIRST, place, publish, put

STORM, RAIN = "a" * 24, "b" * 24
SAID = {
    STORM: ["the strom is loud", "calm seas", "and rain", "nothing at all"],
    RAIN: ["the rain is loud", "in the morning"],
}
MODEL = {"model": "nano", "weights_revision": "w1", "engine": "af3", "task_hash": "h"}
OPTIONS = ["calm", "wild"]


def answered(out: Path, seen: str = "A storm.", **model: str) -> Path:
    """Transcripts of each half minute, and an answer with options; a caption where it is seen."""
    made = MODEL | model
    publish(out, FIRST, SAID, seen=seen)
    for table in ("transcripts", "captions"):
        put(out, FIRST, table, [row | made for row in _rows(table, seen)])
    moods = [
        place(STORM, number) | made | {"task_id": "mood", "text": f"({letter}) {choice}"}
        | {"choice": choice, "options": OPTIONS, "question": "How is it?"}
        for number, (letter, choice) in enumerate([("A", "calm"), ("B", "wild"), ("A", "calm")])
    ]  # fmt: skip
    put(out, FIRST, "answers", moods)
    return out


def _rows(table: str, seen: str) -> list[dict[str, Any]]:
    of_task = {"task_id": table[:-1], "prompt_id": table}
    return [
        place(recording, number) | of_task | {"text": text if table == "transcripts" else seen}
        | ({"language": "en"} if table == "transcripts" else {})
        for recording, texts in SAID.items()
        for number, text in enumerate(texts)
        if table == "transcripts" or (seen and recording == STORM)
    ]  # fmt: skip


def said(recording: str, number: int, task: str, kind: str = "text", value: str = "") -> Any:
    at = {"start_ms": 30_000 * number, "end_ms": 30_000 * (number + 1), "task_id": task}
    return {"recording": recording, "kind": kind, "new_value": value} | at


def review(out: Path, *rows: Any, is_sampled: bool = True, by: str = "Ada") -> None:
    reason = SAMPLE_REASON if is_sampled else ""
    assert add_corrections(str(out), rows, by=by, reason=reason).kept == len(rows)
