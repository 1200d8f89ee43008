"""What of a recording's events is heard in one stretch of it."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable

from af3core.skills.evidence import HeardEvent

HEARD_MS = 700
"""So much of an event that the stretch cuts is enough to be heard as what it is."""
UNHEARD_MS = 60
"""So little of it is not heard: events are timed to some 20 ms."""

Span = tuple[int, int]


def events_in_span(
    stretch: Span, events: Iterable[HeardEvent], unknown: Iterable[Span]
) -> tuple[tuple[HeardEvent, ...], bool]:
    """The events of a stretch, cut to it, and whether they are all that is heard in it.

    Not all is known where something unnamed is heard, or where the stretch leaves so little of an
    event that some hear it and some do not. Measures of an event that was cut are left out.

    Args:
        stretch: start and end in milliseconds of the recording.
        events: of the recording, in any order.
        unknown: where something is heard that has no name.
    """
    heard, complete = [], True
    for event in sorted(events, key=lambda e: (e.start_ms, e.end_ms)):
        start_ms, end_ms = max(event.start_ms, stretch[0]), min(event.end_ms, stretch[1])
        inside_ms = end_ms - start_ms
        if inside_ms < UNHEARD_MS:
            continue
        if event.duration_ms - inside_ms <= UNHEARD_MS:
            heard.append(dataclasses.replace(event, start_ms=start_ms, end_ms=end_ms))
        elif inside_ms >= HEARD_MS:
            heard.append(HeardEvent(event.kind, event.label, start_ms, end_ms))
        else:
            complete = False
    for start_ms, end_ms in unknown:
        if min(end_ms, stretch[1]) - max(start_ms, stretch[0]) >= UNHEARD_MS:
            complete = False
    return tuple(heard), complete
