"""Events as a listener tells them: what follows itself is one thing, until something else comes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from af3core.skills.evidence import HeardEvent, SegmentEvidence
from af3core.skills.pair import Evidence


@dataclass(frozen=True)
class Run:
    """Events of one label without another between them."""

    label: str
    events: tuple[HeardEvent, ...]

    @property
    def start_ms(self) -> int:
        return self.events[0].start_ms

    @property
    def end_ms(self) -> int:
        return self.events[-1].end_ms


def runs_of(evidence: SegmentEvidence) -> list[Run]:
    """The runs of a segment, in order."""
    runs: list[Run] = []
    for event in evidence.events:
        if runs and runs[-1].label == event.label:
            runs[-1] = Run(event.label, (*runs[-1].events, event))
        else:
            runs.append(Run(event.label, (event,)))
    return runs


def single_run_labels(runs: Sequence[Run]) -> set[str]:
    """Labels of which there is one run: only these can be pointed at by name."""
    counts = Counter(run.label for run in runs)
    return {label for label, count in counts.items() if count == 1}


def event_evidence(events: Sequence[HeardEvent]) -> tuple[Evidence, ...]:
    """The events that a pair rests on."""
    return tuple(Evidence("event", event.label, event.start_ms, event.end_ms) for event in events)
