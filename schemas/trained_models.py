"""Which models were trained on which recordings: what a withdrawal lists.

A record is created once, before the checkpoint is where `--model` finds it.
"""

from __future__ import annotations

from dataclasses import dataclass

from schemas.record_format import Record


@dataclass(frozen=True)
class TrainedOn(Record):
    """A recording that a model was trained on, or judged by (`is_held_out`).

    Attributes:
        recording_id, content_sha256: of the recording's bytes.
        answers: of it that were reviewed, and taught or asked.
    """

    recording_id: str
    content_sha256: str
    answers: int
    is_held_out: bool


@dataclass(frozen=True)
class TrainedModel(Record):
    """A checkpoint that `af3 tune` wrote.

    Attributes:
        model: its name, of the folder.
        weights_revision: by which tables and accepted models name it.
        address: where it was written; it may have been moved or copied since.
        source_model, source_revision: the checkpoint that it goes on from.
        corpus: whose answers were taught.
        trained_at: when, UTC, by the clock of the machine.
    """

    model: str
    weights_revision: str
    address: str
    source_model: str
    source_revision: str
    corpus: str
    run_id: str
    trained_at: str
    recordings: tuple[TrainedOn, ...]
