"""What a corpus was asked, beyond the tasks of one run: a choice of tasks chooses what is asked,
not what is published.

annotate ──► manifests/tasks/corpus=C.json ──► audit, publish
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence

from af3core.errors import ConfigurationError
from af3core.tasks.task import Task
from beam_jobs.framework.ledger import Ledger
from beam_jobs.framework.recorded_plan import fields_of, task_of
from beam_jobs.framework.settings import JobSettings
from schemas.records import AnnotatedClip, CorpusTasks, KnownTask


def note_asked(known: CorpusTasks, tasks: Sequence[Task], now: str) -> CorpusTasks:
    """The corpus's tasks after a run has asked some; what was dropped is published again. Pure."""
    held = {task_of(entry.task): entry for entry in known.tasks}
    fresh = {task: KnownTask(fields_of(task), now, now) for task in tasks if task not in held}
    again = {
        task: dataclasses.replace(held[task], last_asked=now, is_dropped=False)
        for task in tasks
        if task in held
    }
    return CorpusTasks(tuple((held | again | fresh).values()))


def drop_task(known: CorpusTasks, name: str) -> CorpusTasks:
    """The corpus's tasks without one, by its name in the tables. Pure.

    Raises:
        ConfigurationError: the corpus was not asked such a task.
    """
    names = sorted({str(entry.task["task_id"]) for entry in known.tasks})
    if name not in names:
        raise ConfigurationError(
            f"--drop-task {name}: this corpus was not asked it; it was asked"
            f" {', '.join(names) or 'none since 0.2.0'}"
        )
    return CorpusTasks(
        tuple(
            dataclasses.replace(entry, is_dropped=True) if entry.task["task_id"] == name else entry
            for entry in known.tasks
        )
    )


def earlier_tasks(ledger: Ledger, settings: JobSettings) -> dict[str, Task]:
    """The corpus's tasks that this run does not ask, by their identity under its model.

    Of two that share a name the one that was asked last; a name that the run asks is the run's.
    """
    named = {task.task_id for task in settings.tasks}
    found: dict[str, Task] = {}
    known = ledger.corpus_tasks(settings.corpus).tasks
    for entry in sorted(known, key=lambda entry: entry.last_asked):
        task = task_of(entry.task)
        if task.task_id not in named and not entry.is_dropped:
            found[task.task_id] = task
    return {task.task_hash(settings.engine.identity): task for task in found.values()}


def answered_tasks(
    earlier: Mapping[str, Task], annotated: Mapping[str, Sequence[AnnotatedClip]]
) -> dict[str, Task]:
    """Those of earlier tasks that a recording has an answer or a failure of. Pure."""
    entries = [entry for found in annotated.values() for entry in found]
    held = {answer.task_hash for entry in entries for answer in entry.annotations}
    held |= {failure.task_hash for entry in entries for failure in entry.failures}
    return {task_hash: task for task_hash, task in earlier.items() if task_hash in held}
