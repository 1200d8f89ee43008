"""Which models passed the gate: figures by benchmark, and what each was held against."""

from __future__ import annotations

from dataclasses import dataclass

from schemas.record_format import Record

ACCEPTED_VERSION = 1


@dataclass(frozen=True)
class ModelIdentity(Record):
    """What decides a model's answers besides what it is asked.

    `model` is its name, for people: a copy under another name is the same model.
    """

    model: str
    weights_revision: str
    engine: str
    dtype: str

    def is_same(self, other: ModelIdentity) -> bool:
        """The same weights, run the same way."""
        return (self.weights_revision, self.engine, self.dtype) == (
            other.weights_revision,
            other.engine,
            other.dtype,
        )

    def __str__(self) -> str:
        # of a pair each
        revision = "+".join(each[:12] for each in self.weights_revision.split("+"))
        return f"{self.model} ({revision}, engine {self.engine}, {self.dtype})"


@dataclass(frozen=True)
class AcceptedFigure(Record):
    """One benchmark's figure of an accepted model.

    Attributes:
        figure: in the metric's own scale, such as per cent.
        evaluation_id: the rows that it sums up.
        judge: the model that judged; empty where none did.
        against, against_figure: the accepted model that it was held against, and its figure; empty
            and None where it is the first of its benchmark.
    """

    benchmark: str
    metric: str
    figure: float
    evaluation_id: str
    prompt_form: str
    judge: str
    items: int
    items_hash: str
    against: str = ""
    against_figure: float | None = None


@dataclass(frozen=True)
class AcceptedModel(Record):
    """A model that passed: what it is, by which figures, when, and in which run."""

    identity: ModelIdentity
    figures: tuple[AcceptedFigure, ...]
    max_drop: float
    run_id: str
    accepted_at: str


@dataclass(frozen=True)
class AcceptedModels(Record):
    """All of them, the last one last."""

    models: tuple[AcceptedModel, ...] = ()
    version: int = ACCEPTED_VERSION
