"""What is still to be asked of a clip. Pure functions."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from af3core.tasks.task import Task
from beam_jobs.ledger import given_up
from schemas.records import AnnotatedClip, Clip, Failure


@dataclass(frozen=True)
class Ask:
    """One task over one segment, or over a whole clip (`segment_id` is then empty)."""

    task_hash: str
    segment_id: str
    start_ms: int
    end_ms: int
    speech_ms: int
    earlier_attempts: int = 0


@dataclass(frozen=True)
class ClipWork:
    """A clip with what is to be asked of it; `uri` is the recording's, for failures."""

    clip: Clip
    uri: str
    corpus: str
    date: str
    asks: tuple[Ask, ...]


def all_asks(clip: Clip, tasks: Mapping[str, Task]) -> list[Ask]:
    """Every task over every unit of a clip that is not skipped."""
    heard = [segment for segment in clip.segments if not segment.skip_reason]
    asks = []
    for task_hash, task in tasks.items():
        if task.unit == "segment":
            asks += [Ask(task_hash, s.segment_id, s.start_ms, s.end_ms, s.speech_ms) for s in heard]
        elif heard:
            speech_ms = sum(segment.speech_ms for segment in heard)
            asks.append(Ask(task_hash, "", clip.start_ms, clip.end_ms, speech_ms))
    return asks


def missing_asks(
    clip: Clip, tasks: Mapping[str, Task], known: Sequence[AnnotatedClip]
) -> tuple[Ask, ...]:
    """What has no answer yet and is not given up on."""
    answered = {(a.segment_id, a.task_hash) for entry in known for a in entry.annotations}
    failures: dict[tuple[str, str], list[Failure]] = {}
    for entry in known:
        for failure in entry.failures:
            failures.setdefault((failure.segment_id, failure.task_hash), []).append(failure)
    missing = []
    for ask in all_asks(clip, tasks):
        key = (ask.segment_id, ask.task_hash)
        earlier = failures.get(key, [])
        if key in answered or given_up(earlier):
            continue
        attempts = max((failure.attempts for failure in earlier), default=0)
        missing.append(dataclasses.replace(ask, earlier_attempts=attempts))
    return tuple(missing)
