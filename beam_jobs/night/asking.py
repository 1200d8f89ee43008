"""How a clip's questions are put to the model: one clip at a time, or many clips at once.

claim, room ──► read ──► decode ──► prompts ──► model, with what other clips ask ──► results
      a thread for each clip (`framework.room`)      the engine's own thread
"""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable, Iterable, Mapping, Sequence

from af3core.errors import ModelError
from af3core.model.engines.engine_registry import load_engine, model_turn
from af3core.model.request import Request, Sound
from af3core.tasks.task import Task
from beam_jobs.framework.clip_audio import ClipObject, Span, clip_sounds
from beam_jobs.framework.ledger import Ledger
from beam_jobs.framework.room import Need, Room, decoding, fit_engine
from beam_jobs.framework.settings import JobSettings
from beam_jobs.framework.shared_time import SharedTime
from beam_jobs.night.admission import need_of
from beam_jobs.night.answer_records import Result
from beam_jobs.night.few_shot_examples import ShownExamples, shown_examples
from beam_jobs.night.pending_questions import ClipWork, PendingQuestion, all_questions
from beam_jobs.night.shown_example import ShownExample
from beam_jobs.night.task_request import request_of
from schemas.options.night import Cutting

_model_time = SharedTime()


@dataclasses.dataclass(frozen=True)
class Asked:
    """What came of a clip's questions.

    Attributes:
        results: in the order of the questions.
        shown: the examples that stood before a question.
        model_ms: of the model's time.
    """

    results: Sequence[Result]
    shown: Mapping[PendingQuestion, Sequence[ShownExample]]
    model_ms: int


def crosses_clips(settings: JobSettings) -> bool:
    """Whether many clips are asked at once here."""
    return settings.engine.crosses_callers


def room_for(item: ClipWork, tasks: Mapping[str, Task], settings: JobSettings) -> Room | None:
    """What a clip needs where it is asked about beside others, whichever of its questions are left;
    None where it is asked about alone.
    """
    if not crosses_clips(settings):
        return None
    return Room(_need(all_questions(item.clip, tasks), tasks, settings))


def _need(
    questions: Iterable[PendingQuestion], tasks: Mapping[str, Task], settings: JobSettings
) -> Need:
    return need_of(questions, tasks, round(1000 * settings[Cutting].max_segment_s))


def ask_questions(
    item: ClipWork,
    weight: int,
    tasks: Mapping[str, Task],
    ledger: Ledger,
    settings: JobSettings,
    room: Room | None,
) -> Asked:
    """Read a clip and ask its questions.

    Args:
        item: the clip with its questions.
        weight: its share of the model's work, beside other clips'.
        tasks: by their identity.
        ledger: whose store holds the clip.
        settings: of the job.
        room: held for it, where it is asked about beside others.
    """
    if room is None:
        return _ask_alone(item, tasks, ledger, settings)
    return _ask_beside_others(item, weight, tasks, ledger, settings, room)


def _ask_alone(
    item: ClipWork, tasks: Mapping[str, Task], ledger: Ledger, settings: JobSettings
) -> Asked:
    """In the model's turn, so that its batches hold this clip alone."""
    clip, spans = _object_and_spans(item)
    with model_turn:
        engine = load_engine(settings.engine)  # its time is not the model's
        begun = time.monotonic()
        sounds = clip_sounds(clip, spans, ledger.store)
        shown = shown_examples(item, sounds, tasks, settings)
        results = _ask(item, sounds, shown, tasks, settings, engine.answer)
        return Asked(results, shown.of, round(1000 * (time.monotonic() - begun)))


def _ask_beside_others(
    item: ClipWork,
    weight: int,
    tasks: Mapping[str, Task],
    ledger: Ledger,
    settings: JobSettings,
    room: Room,
) -> Asked:
    """Read and decode while others are asked, then ask beside them."""
    clip, spans = _object_and_spans(item)
    room.fit(_need(item.questions, tasks, settings))
    sounds = clip_sounds(clip, spans, ledger.store, decoding)
    engine = load_engine(settings.engine)  # the first clips are read meanwhile
    fit_engine(engine.batch_tokens)
    shown = shown_examples(item, sounds, tasks, settings, room)
    with _model_time.measured(max(weight, 1)) as share:
        results = _ask(item, sounds, shown, tasks, settings, engine.answer_beside)
    room.fit(Need(0, 0))  # the next one is read while these are stored
    return Asked(results, shown.of, round(1000 * share.seconds))


def _object_and_spans(item: ClipWork) -> tuple[ClipObject, list[Span]]:
    spans = [(asked.start_ms, asked.end_ms) for asked in item.questions]
    return ClipObject(item.clip.clip_uri, item.clip.start_ms), spans


def _ask(
    item: ClipWork,
    sounds: Mapping[Span, Sound | ModelError],
    shown: ShownExamples,
    tasks: Mapping[str, Task],
    settings: JobSettings,
    answer: Callable[[Sequence[Request]], Sequence[Result]],
) -> list[Result]:
    """One result per question; audio that cannot be read fails its questions alone."""
    results: dict[int, Result] = {}
    requests, positions = [], []
    for position, asked in enumerate(item.questions):
        sound = sounds[asked.start_ms, asked.end_ms]
        if isinstance(sound, ModelError):
            results[position] = sound
        elif asked in shown.waiting:
            results[position] = shown.waiting[asked]
        else:
            positions.append(position)
            examples = [each.example for each in shown.of.get(asked, ())]
            requests.append(request_of(sound, tasks[asked.task_hash], settings.engine, examples))
    results.update(zip(positions, answer(requests), strict=True))
    return [results[position] for position in range(len(item.questions))]
