"""What is still to be asked of a clip. Pure functions."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from af3core.tasks.task import Task
from beam_jobs.framework.failures import given_up
from schemas.records import AnnotatedClip, Clip, Failure

STAGE = "annotate"


@dataclass(frozen=True)
class PendingQuestion:
    """One task over one segment, or over a whole clip (`segment_id` is then empty).

    `last_failure` is that of the latest attempt, `retry` the request under which it is asked.
    """

    task_hash: str
    segment_id: str
    start_ms: int
    end_ms: int
    speech_ms: int
    last_failure: Failure | None = None
    retry: int = 0


@dataclass(frozen=True)
class ClipWork:
    """A clip with what is to be asked of it.

    Attributes:
        uri: the recording's, for failures.
        original: where the clip's object was cut of another recording, that recording's clip.
        equals: other recordings' clips of the same object with open questions; what this one is
            answered, they are.
    """

    clip: Clip
    uri: str
    corpus: str
    date: str
    questions: tuple[PendingQuestion, ...]
    original: Clip | None = None
    equals: tuple[ClipWork, ...] = ()

    @property
    def name(self) -> str:
        """The same for all clips of one object: that of the clip which it was cut as."""
        return (self.original or self.clip).clip_id


def all_questions(clip: Clip, tasks: Mapping[str, Task]) -> list[PendingQuestion]:
    """Every task over every unit of a clip that is not skipped."""
    heard = [segment for segment in clip.segments if not segment.skip_reason]
    questions = []
    for task_hash, task in tasks.items():
        if task.unit == "segment":
            questions += [
                PendingQuestion(task_hash, s.segment_id, s.start_ms, s.end_ms, s.speech_ms)
                for s in heard
            ]
        elif heard:
            speech_ms = sum(segment.speech_ms for segment in heard)
            questions.append(PendingQuestion(task_hash, "", clip.start_ms, clip.end_ms, speech_ms))
    return questions


def pending_questions(
    clip: Clip, tasks: Mapping[str, Task], known: Sequence[AnnotatedClip], retry: int = 0
) -> tuple[PendingQuestion, ...]:
    """What has no answer yet and is not given up on.

    `retry` is the number of the last request to try the recording's failed questions again: what
    failed before it counts no more.
    """
    answered = {(a.segment_id, a.task_hash) for entry in known for a in entry.annotations}
    failures: dict[tuple[str, str], list[Failure]] = {}
    for entry in known:
        for failure in entry.failures:
            if failure.retry < retry:
                continue
            failures.setdefault((failure.segment_id, failure.task_hash), []).append(failure)
    missing = []
    for question in all_questions(clip, tasks):
        key = (question.segment_id, question.task_hash)
        earlier = failures.get(key, [])
        if key in answered or given_up(earlier):
            continue
        last = max(earlier, key=lambda failure: failure.attempts, default=None)
        missing.append(dataclasses.replace(question, last_failure=last, retry=retry))
    return tuple(missing)
