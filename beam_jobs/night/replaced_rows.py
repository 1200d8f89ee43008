"""What publishing replaced by the work of another cutting, model or prompt, and how it is said."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from beam_jobs.night.rows import Row
from schemas.tables.night_tables import ANSWER_TABLES

SEGMENTS = "segments"
"""What a new cutting replaces, beside the answers of tasks."""
_HASH_DIGITS = 12


@dataclass(frozen=True)
class Replaced:
    """Rows that were published, in whose place stand rows of other work.

    Attributes:
        what: the task, or `segments`.
        before, after: what made the rows, as far as it differs: model and revision of its weights,
            cutting, prompt.
        recordings, rows: how many were replaced.
    """

    what: str
    before: str
    after: str
    recordings: int
    rows: int


class _Made(NamedTuple):
    """What a row was made by."""

    model: str
    cutting: str
    prompt: str


def replaced_rows(
    new: Mapping[str, Sequence[Row]], held: Mapping[str, Sequence[Row]]
) -> tuple[Replaced, ...]:
    """The replaced rows of a shard's published tables, by task. Pure.

    A recording or a task that is published no longer, or not yet, has replaced nothing.
    """
    before, after = _made_by(held), _made_by(new)
    rows: dict[tuple[str, str, str], int] = defaultdict(int)
    recordings: dict[tuple[str, str, str], set[str]] = defaultdict(set)
    for (what, recording), counts in before.items():
        now = sorted(after.get((what, recording), ()))
        for made, count in counts.items():
            if now and made not in now:
                key = (what, *_differences(made, now[-1]))
                rows[key] += count
                recordings[key].add(recording)
    return tuple(
        Replaced(*key, recordings=len(recordings[key]), rows=rows[key]) for key in sorted(rows)
    )


def add_up(replaced: Iterable[Replaced]) -> tuple[Replaced, ...]:
    """The replaced rows of several shards, or of several attempts of one run. Pure."""
    sums: dict[tuple[str, str, str], tuple[int, int]] = {}
    for each in replaced:
        key = (each.what, each.before, each.after)
        recordings, rows = sums.get(key, (0, 0))
        sums[key] = recordings + each.recordings, rows + each.rows
    return tuple(Replaced(*key, *counts) for key, counts in sorted(sums.items()))


def replaced_of(run: Mapping[str, Any]) -> tuple[Replaced, ...]:
    """What a row of the table `runs` says; nothing where an earlier release wrote it."""
    return tuple(Replaced(**each) for each in run["replaced"] or ())


def replaced_texts(replaced: Iterable[Replaced]) -> list[str]:
    """A line for people each."""
    return [
        f"{each.what}: {each.rows} rows of {each.recordings}"
        f" recording{'' if each.recordings == 1 else 's'} of {each.before}, now of {each.after}"
        for each in replaced
    ]


def _made_by(tables: Mapping[str, Sequence[Row]]) -> dict[tuple[str, str], dict[_Made, int]]:
    """How many rows of a task and a recording each work has made."""
    cuttings = {
        row["recording_id"]: row["segmentation_hash"] for row in tables.get("recordings", ())
    }
    found: dict[tuple[str, str], dict[_Made, int]] = defaultdict(lambda: defaultdict(int))
    for row in tables.get(SEGMENTS, ()):
        found[SEGMENTS, row["recording_id"]][_Made("", row["segmentation_hash"], "")] += 1
    for row in _answers(tables):
        model = f"{row['model']} at {row['weights_revision'][:_HASH_DIGITS]}"
        made = _Made(model, cuttings.get(row["recording_id"], ""), row["prompt_id"])
        found[row["task_id"], row["recording_id"]][made] += 1
    return found


def _answers(tables: Mapping[str, Sequence[Row]]) -> Iterator[Row]:
    for table in ANSWER_TABLES:
        yield from tables.get(table, ())


def _differences(before: _Made, after: _Made) -> tuple[str, str]:
    """Both, without what they share."""
    texts = []
    for made, other in ((before, after), (after, before)):
        parts = [made.model] if made.model != other.model else []
        if made.cutting != other.cutting:
            parts.append(f"cutting {made.cutting[:_HASH_DIGITS]}")
        if made.prompt != other.prompt:
            parts.append(f"prompt {made.prompt[:_HASH_DIGITS]}")
        texts.append(", ".join(parts))
    return texts[0], texts[1]
