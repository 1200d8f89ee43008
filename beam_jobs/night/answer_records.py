"""What the ledger keeps of a clip's answers. Pure but for the time of day."""

from __future__ import annotations

import datetime
from collections.abc import Mapping, Sequence

from af3core.errors import ModelError
from af3core.model.request import Answer
from af3core.tasks.answers import read_answer
from af3core.tasks.language import identify_language
from af3core.tasks.task import Task
from beam_jobs.framework.failures import charge, failure_of
from beam_jobs.framework.settings import JobSettings
from beam_jobs.night.pending_questions import ClipWork, PendingQuestion
from beam_jobs.night.shown_example import ShownExample
from schemas.records import AnnotatedClip, Annotation, Failure

Result = Answer | ModelError


def annotated_clip(
    item: ClipWork,
    answered: Sequence[tuple[PendingQuestion, Result]],
    tasks: Mapping[str, Task],
    settings: JobSettings,
    model_ms: int,
    shown: Mapping[PendingQuestion, Sequence[ShownExample]],
) -> AnnotatedClip:
    """The clip's answers and failures, in the order of its questions; `shown` are the examples
    that stood before a question. What failed for a machine's sake is left out: it waits.
    """
    now = datetime.datetime.now(datetime.UTC).isoformat(timespec="milliseconds")
    return AnnotatedClip(
        clip_id=item.clip.clip_id,
        recording_id=item.clip.recording_id,
        model=settings.checkpoint.name,
        weights_revision=settings.checkpoint.revision,
        engine=settings.engine.label,
        run_id=settings.run_id,
        generated_at=now,
        model_ms=model_ms,
        annotations=tuple(
            _annotation(ask, result, tasks[ask.task_hash], shown.get(ask, ()))
            for ask, result in answered
            if isinstance(result, Answer)
        ),
        failures=tuple(
            _failure(item, ask, result, tasks[ask.task_hash], settings)
            for ask, result in answered
            if isinstance(result, ModelError) and not result.is_machine_fault
        ),
    )


def _annotation(
    ask: PendingQuestion, answer: Answer, task: Task, shown: Sequence[ShownExample]
) -> Annotation:
    read = read_answer(task, answer.text, ask.speech_ms)
    spoken = identify_language(read.text) if task.kind == "transcript" else None
    return Annotation(
        task_id=task.task_id,
        task_hash=ask.task_hash,
        kind=task.kind,
        prompt_id=task.prompt_id,
        segment_id=ask.segment_id,
        start_ms=ask.start_ms,
        end_ms=ask.end_ms,
        raw_text=answer.text,
        text=read.text,
        thinking=read.thinking,
        choice=read.choice,
        mean_logprob=answer.mean_logprob,
        token_count=answer.token_count,
        finish_reason=answer.finish_reason,
        examples=tuple(example.record for example in shown),
        language=spoken.code if spoken else None,
        language_probability=spoken.probability if spoken else 0.0,
    )


def _failure(
    item: ClipWork, ask: PendingQuestion, error: ModelError, task: Task, settings: JobSettings
) -> Failure:
    return failure_of(
        "annotate",
        item,
        error,
        charge(ask.last_failure, error, settings.run_id, ask.retry),
        settings.run_id,
        recording_id=item.clip.recording_id,
        clip_id=item.clip.clip_id,
        segment_id=ask.segment_id,
        task_id=task.task_id,
        task_hash=ask.task_hash,
        start_ms=ask.start_ms,
        end_ms=ask.end_ms,
    )
