"""What a clip takes of memory and model while it is asked about. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from af3core.audio import SAMPLES_PER_MS
from af3core.model.audio_limits import audio_tokens
from af3core.model.streaming.fair_queue import words_tokens
from af3core.tasks.task import Task
from beam_jobs.framework.clip_audio import Span
from beam_jobs.framework.room import Need, sound_bytes
from beam_jobs.night.pending_questions import PendingQuestion


def need_of(
    questions: Iterable[PendingQuestion], tasks: Mapping[str, Task], longest_segment_ms: int
) -> Need:
    """What questions about a clip take; of examples that are heard, no more than this. Pure.

    Args:
        tasks: by their identity.
        longest_segment_ms: of the archive, for examples.
    """
    spans: set[Span] = set()
    examples_ms, tokens = 0, 0
    for question in questions:
        task = tasks[question.task_hash]
        spans.add((question.start_ms, question.end_ms))
        tokens += words_tokens(task.prompt_text) + task.max_new_tokens
        if task.examples_form == "sounds":
            examples_ms += task.examples * longest_segment_ms
    lengths_ms = [end_ms - start_ms for start_ms, end_ms in spans]
    tokens += sum(audio_tokens(length_ms * SAMPLES_PER_MS) for length_ms in lengths_ms)
    tokens += audio_tokens(examples_ms * SAMPLES_PER_MS)
    return Need(sound_bytes(sum(lengths_ms) + examples_ms), tokens)
