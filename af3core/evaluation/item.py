"""One question of a benchmark, and what is wrong with it."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class SoundFile:
    """Where a sound lies: an object below the benchmark's data, a part of it, or a table's cell.

    Attributes:
        key: of the object, below the data.
        start_s, end_s: the part that is meant; `end_s` None is the end.
        row: of a Parquet object whose column `column` holds audio files as bytes, or as the
            structs {bytes, path} of Hugging Face's datasets.
        made: how a sound is made that is no file; the key is then empty.
    """

    key: str
    start_s: float = 0.0
    end_s: float | None = None
    row: int | None = None
    column: str = ""
    made: str = ""


@dataclass(frozen=True)
class Item:
    """One question.

    Attributes:
        item_id: unique in its benchmark.
        sounds: in the order in which the question speaks of them; `<sound-1>` is the first.
        question: as published, without options.
        options: in their published order; empty where the question is open.
        answers: all that are right; the first is shown. Empty where the publisher keeps them.
        groups: what results are also given by, such as ("task", "sound").
        context: what a judge is shown besides, such as the recording's description.
    """

    item_id: str
    sounds: tuple[SoundFile, ...]
    question: str
    options: tuple[str, ...] = ()
    answers: tuple[str, ...] = ()
    groups: tuple[tuple[str, str], ...] = ()
    context: str = ""


@dataclass(frozen=True)
class Fault:
    """Why an item cannot be scored well; it stays in the denominator.

    Attributes:
        item_id: of the item, or the row's number where it has none.
        what: for people, with the remedy where there is one.
    """

    item_id: str
    what: str


@dataclass(frozen=True)
class Listing:
    """A benchmark's items, in their published order, and their faults."""

    items: tuple[Item, ...]
    faults: tuple[Fault, ...] = field(default=())
