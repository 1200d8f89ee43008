"""A comparison as Markdown, and as a page of its own."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from af3core.evaluation.comparison import Comparison, Pair, Row
from af3core.evaluation.statistics import Interval

if TYPE_CHECKING:
    from jinja2 import Environment

_PACKAGE = "af3core.evaluation"
_MARKDOWN = re.compile(r"([\\`*_{}\[\]<>|~&])")

NOTE = (
    "Intervals are 95 % and take items as independent. Official: by the publisher's script as it"
    " stands, where it can be followed; that is what is set against the reported number. Faulty"
    " items and those without a prediction stay in the figure. Word errors are better where they"
    " are lower. Within: the interval holds the reported number. Words on nothing: how often the"
    " model writes words where nobody speaks (af3 evaluate nothing)."
)
_HEAD = (
    "benchmark",
    "items of",
    "model",
    "revision",
    "engine",
    "prompt",
    "n",
    "faulty",
    "failed",
    "figure",
    "95 % interval",
    "official script",
    "its 95 % interval",
    "reported",
    "difference",
    "reported where",
    "words on nothing, %",
)
_PAIRS_HEAD = (
    "benchmark",
    "first",
    "second",
    "n",
    "difference",
    "95 % interval",
    "p",
    "test",
    "difference by the official script",
    "its p",
)


@dataclass(frozen=True)
class Section:
    """A table of texts, not escaped."""

    title: str
    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


def sections(comparison: Comparison) -> tuple[Section, ...]:
    """The tables in their order: figures, pairs, groups; empty ones are left out.

    Groups that a number was reported for stand among the figures, the others apart, as there may
    be many.
    """
    first = [row for row in comparison.rows if not row.group or row.paper is not None]
    others = [row for row in comparison.rows if row.group and row.paper is None]
    made = (
        Section("Figures", _HEAD, tuple(map(cells, first))),
        Section("In pairs", _PAIRS_HEAD, tuple(map(pair_cells, comparison.pairs))),
        Section("By group", _HEAD, tuple(map(cells, others))),
    )
    return tuple(section for section in made if section.rows)


def as_markdown(comparison: Comparison) -> str:
    """Tables; texts of data are escaped, so that none makes markup or another column."""
    lines = ["# Evaluations", ""]
    for section in sections(comparison):
        lines += [f"## {section.title}", "", *_table(section), ""]
    return "\n".join([*lines, NOTE, ""])


def as_html(comparison: Comparison) -> str:
    """A page of its own, without scripts; texts of data are escaped."""
    template = _environment().get_template("comparison.html")
    return template.render(sections=sections(comparison), note=NOTE)


def cells(row: Row) -> tuple[str, ...]:
    """A row's texts, in the order of the table's head, not escaped."""
    difference = _number(row.difference, signed=True)
    return (
        row.benchmark,
        row.group or "all",
        row.model,
        row.weights_revision,
        row.engine,
        row.prompt_form,
        f"{row.items:,}",
        f"{row.faults:,}",
        f"{row.errors:,}",
        _number(row.figure),
        _interval(row.interval),
        f"{_number(row.official)} ({row.official_rate})"
        if row.official_rate
        else _number(row.official),
        _interval(row.official_interval),
        _number(row.paper),
        f"{difference} (within)" if row.is_within else difference,
        row.paper_source,
        _number(row.invented),
    )


def pair_cells(pair: Pair) -> tuple[str, ...]:
    """A pair's texts, in the order of the table's head, not escaped."""
    if pair.test is None:
        names = (pair.benchmark, pair.first, pair.second)
        return (*names, "0", "", "", "", "no items in common", "", "")
    test, official = pair.test, pair.official_test
    difference = _number(test.difference, signed=True)
    return (
        pair.benchmark,
        pair.first,
        pair.second,
        f"{test.items:,}",
        f"{difference} ({pair.better} is better)" if pair.better else difference,
        _interval(test.interval),
        f"{test.p_value:.3g}",
        test.method,
        _number(official.difference, signed=True) if official else "",
        f"{official.p_value:.3g}" if official else "",
    )


def _table(section: Section) -> Iterator[str]:
    yield f"| {' | '.join(section.head)} |"
    yield f"|{'---|' * len(section.head)}"
    for row in section.rows:
        yield f"| {' | '.join(map(_escape, row))} |"


def _escape(text: str) -> str:
    return _MARKDOWN.sub(r"\\\1", " ".join(text.split()))


def _number(value: float | None, signed: bool = False) -> str:
    if value is None:
        return ""
    return f"{value:+.2f}" if signed else f"{value:.2f}"


def _interval(interval: Interval | None) -> str:
    return f"{interval.low:.2f} to {interval.high:.2f}" if interval else ""


@functools.cache
def _environment() -> Environment:
    from jinja2 import Environment, PackageLoader, StrictUndefined

    return Environment(
        loader=PackageLoader(_PACKAGE, "."),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
