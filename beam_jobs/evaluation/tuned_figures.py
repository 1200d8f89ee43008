"""What a training changed: held-out answers before and after, by the measures of the gate."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from af3core.errors import ModelError
from af3core.evaluation.benchmark import Benchmark
from af3core.evaluation.benchmark_registry import benchmark_named
from af3core.evaluation.item import Item
from af3core.evaluation.score import Score, figure
from af3core.evaluation.statistics import paired_test
from af3core.model.request import Answer, Decoding, Request, Sound, Turn

TRANSCRIPTS, CHOICES = "reviewed-transcripts", "reviewed-choices"
_SHOWN = 3
"""Examples of a task."""
_DIGITS = 2

Predictions = Mapping[str, str]
"""What a model said, by item; an item that it could not answer has an empty text."""


@dataclass(frozen=True)
class TaskChange:
    """A task's held-out answers before and after.

    Attributes:
        benchmark: by whose measure; empty where none fits, as of captions.
        before, after: in per cent.
        low, high: of the difference, a 95 % interval.
        examples: what is true, and what was said before and after, of answers that changed.
    """

    task_id: str
    benchmark: str
    items: int
    changed: int
    before: float | None
    after: float | None
    low: float | None
    high: float | None
    p_value: float | None
    examples: tuple[tuple[str, str, str], ...]


def request_of(item: Item, sound: Sound) -> Request:
    """An item as the benchmark asks it."""
    benchmark = benchmark_of(item)
    most_tokens = benchmark.max_new_tokens if benchmark else 128
    return Request((sound,), (Turn("user", item.question),), Decoding(most_tokens))


def said(answers: Sequence[Answer | ModelError]) -> list[str]:
    """The texts of answers."""
    return [answer.text.strip() if isinstance(answer, Answer) else "" for answer in answers]


def benchmark_of(item: Item) -> Benchmark | None:
    """By whose measure an item is scored; None where a text has no one right form."""
    groups = dict(item.groups)
    if item.options:
        return benchmark_named(CHOICES)
    return benchmark_named(TRANSCRIPTS) if groups["source"] == "transcripts" else None


def changes(
    items: Sequence[Item], before: Predictions, after: Predictions
) -> tuple[TaskChange, ...]:
    """What changed, task by task. Pure."""
    by_task: dict[str, list[Item]] = {}
    for item in items:
        by_task.setdefault(dict(item.groups)["task"], []).append(item)
    return tuple(_change(task, by_task[task], before, after) for task in sorted(by_task))


def _change(
    task: str, items: Sequence[Item], before: Predictions, after: Predictions
) -> TaskChange:
    benchmark = benchmark_of(items[0])
    moved = [item for item in items if before[item.item_id] != after[item.item_id]]
    examples = tuple(
        (item.answers[0], before[item.item_id], after[item.item_id]) for item in moved[:_SHOWN]
    )
    name = benchmark.name if benchmark else ""
    unmeasured = TaskChange(
        task, name, len(items), len(moved), None, None, None, None, None, examples
    )
    if benchmark is None:
        return unmeasured
    scale = benchmark.metric.scale
    first, second = _scores(benchmark, items, before), _scores(benchmark, items, after)
    test = paired_test(first, second, scale)
    if test is None:
        return unmeasured
    return TaskChange(
        task_id=task,
        benchmark=name,
        items=len(items),
        changed=len(moved),
        before=_figure(first, scale),
        after=_figure(second, scale),
        low=round(test.interval.low, _DIGITS),
        high=round(test.interval.high, _DIGITS),
        p_value=round(test.p_value, 4),
        examples=examples,
    )


def _scores(
    benchmark: Benchmark, items: Sequence[Item], predictions: Predictions
) -> dict[str, Score]:
    if benchmark.metric.scorer is None:
        raise TypeError(f"{benchmark.name} has no scorer")
    found = benchmark.metric.scorer(items, [predictions[item.item_id] for item in items])
    return {item.item_id: score for item, score in zip(items, found, strict=True)}


def _figure(scores: Mapping[str, Score], scale: float) -> float:
    return round(figure(list(scores.values()), scale) or 0.0, _DIGITS)


def held_out_interval(change: TaskChange) -> str:
    """How far the difference may lie from what was found, for people."""
    return f"{change.low:+g} to {change.high:+g}, 95 %"


def change_lines(found: Sequence[TaskChange]) -> Iterator[str]:
    """For people: figures by task, and examples."""
    for each in found:
        counts = f"{each.items} held-out answers, {each.changed} changed"
        if each.before is None or each.after is None:
            yield f"{each.task_id}: {counts}; not measured, as its answers have no one right form"
        else:
            what = "% of words wrong" if each.benchmark == TRANSCRIPTS else "% right"
            yield (
                f"{each.task_id}: {each.before:g} {what} before, {each.after:g} after"
                f" ({held_out_interval(each)}); {counts}"
            )
        for truth, before, after in each.examples:
            yield f"  {truth!r}: said {before!r}, now {after!r}"
