"""Where a recording's seconds went: each is annotated, or skipped for one reason. Pure."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Iterable
from typing import NamedTuple

from af3core.audio.skip_reasons import CUT_REASONS

_HEARD = ("annotated", "partial")


class Spent(NamedTuple):
    """A segment's time, its status, and why it was skipped, else empty."""

    start_ms: int
    end_ms: int
    status: str
    reason: str
    channel: int | None = None


def account(spans: Iterable[Spent]) -> tuple[int, Counter[str]]:
    """Milliseconds with answers, and those without by reason.

    Where channels were cut each by itself, a second counts once: as annotated where any channel is,
    else for what kept a channel from being asked, and as silence only where all are silent. Time
    that no segment covers is in neither.
    """
    all_spans = list(spans)
    if all(span.channel is None for span in all_spans):
        return _sums(all_spans)
    edges = sorted({edge for span in all_spans for edge in (span.start_ms, span.end_ms)})
    starting: dict[int, list[Spent]] = {}
    for span in all_spans:
        starting.setdefault(span.start_ms, []).append(span)
    open_spans: list[Spent] = []
    moments = []
    for start, end in itertools.pairwise(edges):
        open_spans = [s for s in open_spans if s.end_ms > start] + starting.get(start, [])
        if open_spans:
            counted = min(open_spans, key=_rank)
            moments.append(counted._replace(start_ms=start, end_ms=end))
    return _sums(moments)


def _rank(span: Spent) -> tuple[int, str]:
    """What a moment counts as, of what its channels are: lowest first."""
    if span.status in _HEARD:
        return 0, ""
    return (2 if span.reason in CUT_REASONS else 1), span.reason


def _sums(spans: Iterable[Spent]) -> tuple[int, Counter[str]]:
    annotated_ms, skipped = 0, Counter[str]()
    for span in spans:
        if span.status in _HEARD:
            annotated_ms += span.end_ms - span.start_ms
        else:
            skipped[span.reason] += span.end_ms - span.start_ms
    return annotated_ms, skipped
