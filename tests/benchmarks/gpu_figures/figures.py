"""Figures as they are measured: each is written at once, rows in order of worth, within a limit."""

from __future__ import annotations

import json
import os
import signal
import threading
import time
import traceback
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from types import FrameType
from typing import Any

NOT_MEASURED = "not measured"
_GRACE_S = 5.0
"""A call into C that does not come back is left so long after the limit."""
FAILED, SHORT_OF_TIME = 1, 3
"""Exit codes: a row failed; a row was not measured for want of time."""


class OutOfTime(BaseException):
    """The limit came in the middle of a row. No `Exception`: engines keep those for one answer."""


@dataclass(frozen=True)
class Figure:
    """One line of the table."""

    row: str
    name: str
    value: str
    note: str = ""


@dataclass(frozen=True)
class Row:
    """What is measured together.

    Attributes:
        name: unique.
        needs_s: about; it is not begun with less time left.
        measure: gives the figures, as they come.
    """

    name: str
    needs_s: float
    measure: Callable[[Any], Iterator[Figure]]


@dataclass
class Sheet:
    """Where figures go: to stdout, as lines of JSON into a file, and as a table in Markdown.

    Args:
        folder: is made; each figure is on the disk before the next is measured.
        name: of the files.
    """

    folder: Path
    name: str
    figures: list[Figure] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        for path in (self.lines, self.table):
            path.unlink(missing_ok=True)

    @property
    def lines(self) -> Path:
        return self.folder / f"{self.name}.jsonl"

    @property
    def table(self) -> Path:
        return self.folder / f"{self.name}.md"

    def write(self, figure: Figure) -> None:
        """Add one."""
        self.figures.append(figure)
        print(f"  {figure.name:<52} {figure.value:>20}  {figure.note}", flush=True)
        with self.lines.open("a") as file:
            file.write(json.dumps(asdict(figure)) + "\n")
        with self.table.open("a") as file:
            if len(self.figures) == 1:
                file.write("| | | |\n|---|---|---|\n")
            file.write(f"| {figure.name} | {figure.value} | {figure.note} |\n")


def measure_rows(
    rows: Sequence[Row], context: Any, sheet: Sheet, limit_s: float, begun: float
) -> int:
    """Measure rows in their order until all are done or the time is up.

    Args:
        rows: the most worth first.
        context: what each is given.
        sheet: where figures go.
        limit_s: of all, from `begun` on (of `time.monotonic`).

    Returns:
        The exit code: 0 where every row was measured.
    """
    left, codes = list(rows), {0}
    hard = threading.Timer(limit_s + _GRACE_S, _give_up, [left, sheet])
    hard.daemon = True
    hard.start()
    try:
        while left:
            row = left[0]
            rest_s = limit_s - (time.monotonic() - begun)
            if rest_s < row.needs_s:
                _say_unmeasured(row, sheet, f"needs {row.needs_s:.0f} s, {max(rest_s, 0):.0f} left")
                codes.add(SHORT_OF_TIME)
            else:
                codes.add(_measure(row, context, sheet, rest_s))
            left.pop(0)
    finally:
        hard.cancel()
    return worst(codes)


def worst(codes: Iterable[int]) -> int:
    """Of exit codes: a failure, a want of time, neither."""
    found = set(codes)
    return FAILED if FAILED in found else max(found)


def _measure(row: Row, context: Any, sheet: Sheet, rest_s: float) -> int:
    print(row.name, flush=True)
    try:
        with _ended_after(rest_s):
            for figure in row.measure(context):
                sheet.write(figure)
    except OutOfTime:
        _say_unmeasured(row, sheet, "the time was up in the middle")
        return SHORT_OF_TIME
    except Exception as error:
        traceback.print_exc()
        said = (str(error).splitlines() or [""])[0][:160]
        sheet.write(Figure(row.name, row.name, "failed", f"{type(error).__name__}: {said}"))
        return FAILED
    return 0


def _say_unmeasured(row: Row, sheet: Sheet, why: str) -> None:
    sheet.write(Figure(row.name, row.name, NOT_MEASURED, why))


def _give_up(left: list[Row], sheet: Sheet) -> None:
    for row in left:
        _say_unmeasured(row, sheet, "the time was up")
    os._exit(SHORT_OF_TIME)


@contextmanager
def _ended_after(seconds: float) -> Iterator[None]:
    def end(_signal: int, _frame: FrameType | None) -> None:
        raise OutOfTime

    before = signal.signal(signal.SIGALRM, end)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
