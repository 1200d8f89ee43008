"""The examples of a question: the nearest segments that were annotated before, as they are
published.

tables/embeddings ──► nearest of other recordings ──► their captions, their answers to the question,
                                                      and their sounds where the task asks for them
"""

from __future__ import annotations

import functools
from collections.abc import Iterator, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field
from typing import cast

from af3core.embedding.few_shot import Example
from af3core.embedding.neighbours import Neighbourhood, unit_vector
from af3core.errors import ModelError
from af3core.loaded_once import LoadedOnce
from af3core.model.engines.engine_registry import load_engine
from af3core.model.request import RequestRefuser, Sound, SoundEmbedder, Vector
from af3core.storage.address import open_store
from af3core.storage.store import Store
from af3core.tasks.task import Kind, Task
from beam_jobs.derive.embed_job import audio_model
from beam_jobs.derive.embedding_neighbours import published_neighbourhood
from beam_jobs.framework.clip_audio import Span
from beam_jobs.framework.room import Room, decoding, sound_bytes
from beam_jobs.framework.settings import JobSettings
from beam_jobs.framework.table_snapshot import take_snapshot
from beam_jobs.night.few_shot_sounds import SegmentSounds, as_many_as_fit, with_sounds
from beam_jobs.night.pending_questions import ClipWork, PendingQuestion
from beam_jobs.night.shown_example import ShownExample
from beam_jobs.night.task_request import request_of

MAX_SEGMENTS = 100_000
"""Among so many, the newest days first, the nearest are sought: 800 hours, whose vectors of AF3
(1,280 numbers) take 0.5 GB of a worker, and a search 50 ms of one core. Older days would rarely be
nearer."""

_TABLES: dict[Kind, str] = {
    "caption": "captions",
    "transcript": "transcripts",
    "question": "answers",
}


@dataclass(frozen=True)
class ShownExamples:
    """What stands before a clip's questions.

    Attributes:
        of: the examples of each question that has any.
        waiting: questions that wait for a machine's sake: their sound, or an example, cannot be
            heard now.
    """

    of: Mapping[PendingQuestion, tuple[ShownExample, ...]] = field(default_factory=dict)
    waiting: Mapping[PendingQuestion, ModelError] = field(default_factory=dict)


def shown_examples(
    item: ClipWork,
    sounds: Mapping[Span, Sound | ModelError],
    tasks: Mapping[str, Task],
    settings: JobSettings,
    room: Room | None = None,
) -> ShownExamples:
    """The examples of each question that wants them and has any.

    They are those that were published when this run first looked: what it answers itself is not
    among them, so that no answer depends on which clip was asked before. Their sounds take of the
    clip's room, where it is asked about beside others.
    """
    wanting = [question for question in item.questions if tasks[question.task_hash].examples]
    if not wanting:
        return ShownExamples()
    model = audio_model(settings.engine)
    published = load_published(settings.out, settings.corpus, model, settings.run_id)
    if not published.neighbourhood.segments:
        return ShownExamples()
    heard = _sound_vectors(wanting, sounds, settings)
    shown: dict[PendingQuestion, tuple[ShownExample, ...]] = {}
    waiting: dict[PendingQuestion, ModelError] = {}
    for question in wanting:
        vector = heard.get((question.start_ms, question.end_ms))
        if isinstance(vector, ModelError):
            waiting[question] = vector
        elif vector is not None:
            found = published.examples(vector, tasks[question.task_hash], item.clip.recording_id)
            shown[question] = tuple(found)
    found_any = {question: examples for question, examples in shown.items() if examples}
    with_sound = _heard(found_any, sounds, published.sounds, tasks, settings, room)
    return ShownExamples(with_sound.of, waiting | dict(with_sound.waiting))


def _heard(
    shown: Mapping[PendingQuestion, tuple[ShownExample, ...]],
    sounds: Mapping[Span, Sound | ModelError],
    published: SegmentSounds,
    tasks: Mapping[str, Task],
    settings: JobSettings,
    room: Room | None,
) -> ShownExamples:
    """The examples, with their sounds where the task asks for them and the model takes them."""
    wanting = [q for q in shown if tasks[q.task_hash].examples_form == "sounds"]
    found = {each.neighbour.segment for question in wanting for each in shown[question]}
    segments = sorted(found, key=lambda segment: segment.segment_id)
    if room is not None:
        asked_ms = sum(end_ms - start_ms for start_ms, end_ms in sounds)
        room.fit_sounds(sound_bytes(asked_ms + published.length_ms(segments)))
    read = published.read(segments, nullcontext() if room is None else decoding)
    engine = cast(RequestRefuser, load_engine(settings.engine))
    examples, waiting = dict(shown), {}
    for question in wanting:
        task, asked = tasks[question.task_hash], sounds[question.start_ms, question.end_ms]
        heard = with_sounds(shown[question], read)
        if isinstance(heard, ModelError):
            waiting[question] = heard
            del examples[question]
        elif isinstance(asked, Sound):
            examples[question] = as_many_as_fit(
                heard, functools.partial(_is_taken, engine, asked, task, settings)
            )
    return ShownExamples(examples, waiting)


def _is_taken(
    engine: RequestRefuser,
    asked: Sound,
    task: Task,
    settings: JobSettings,
    shown: Sequence[ShownExample],
) -> bool:
    request = request_of(asked, task, settings.engine, [each.example for each in shown])
    return engine.refusal(request) is None


def _sound_vectors(
    questions: Sequence[PendingQuestion],
    sounds: Mapping[Span, Sound | ModelError],
    settings: JobSettings,
) -> dict[Span, Vector | ModelError]:
    """Of each sound its vector, or the machine's trouble for which there is none now. What cannot
    be heard is left out: its questions fail with their own reason.
    """
    spans = dict.fromkeys((question.start_ms, question.end_ms) for question in questions)
    readable = {span: sound for span in spans if isinstance(sound := sounds[span], Sound)}
    engine = cast(SoundEmbedder, load_engine(settings.engine))
    vectors = engine.embed(list(readable.values()))
    return {
        span: vector if isinstance(vector, ModelError) else unit_vector(vector)
        for span, vector in zip(readable, vectors, strict=True)
        if not isinstance(vector, ModelError) or vector.is_machine_fault
    }


@dataclass(frozen=True)
class PublishedExamples:
    """What of a corpus was published when it was loaded, and answers that are read when wanted."""

    store: Store
    corpus: str
    neighbourhood: Neighbourhood
    sounds: SegmentSounds
    _answers: LoadedOnce[[str, Kind, str], dict[str, str]] = field(
        init=False, repr=False, compare=False
    )

    def __post_init__(self) -> None:
        # whichever of the clips that are asked beside each other comes first
        object.__setattr__(self, "_answers", LoadedOnce(self._found_answers))

    def examples(self, vector: Vector, task: Task, recording_id: str) -> Iterator[ShownExample]:
        """The nearest segments of other recordings, with their answers to the task's prompt."""
        for neighbour in self.neighbourhood.nearest(vector, task.examples, recording_id):
            segment = neighbour.segment
            answer = self._answers_of(segment.date, task).get(segment.segment_id, "")
            told = "" if answer == segment.caption else answer
            yield ShownExample(neighbour, Example(segment.caption, told))

    def _answers_of(self, date: str, task: Task) -> dict[str, str]:
        """A day's unflagged answers to the prompt, by segment; read once."""
        return self._answers(date, task.kind, task.prompt_id)

    def _found_answers(self, date: str, kind: Kind, prompt_id: str) -> dict[str, str]:
        table = _TABLES[kind]
        columns = ["segment_id", "prompt_id", "task_hash", "flags", "examples", "text"]
        columns += ["choice"] if kind == "question" else []
        snapshot = take_snapshot(self.store, [table], self.corpus, date, date)
        rows = [
            row
            for shard in snapshot.stamps
            for row in snapshot.columns(shard, columns).to_pylist()
            if row["prompt_id"] == prompt_id and not row["flags"]
        ]
        found: dict[str, str] = {}
        # answers that stand on examples themselves come last
        for row in sorted(rows, key=lambda row: (bool(row["examples"]), row["task_hash"])):
            found.setdefault(row["segment_id"], row.get("choice") or row["text"])
        return found


def load_published(out: str, corpus: str, model: str, run_id: str) -> PublishedExamples:
    """The corpus's unflagged captions with the vectors of this audio model; loaded once per process
    and run, whichever thread asks first.
    """
    return _published(out, corpus, model, run_id)


def _load_published(out: str, corpus: str, model: str, _run_id: str) -> PublishedExamples:
    store = open_store(out)
    found = published_neighbourhood(store, corpus, "audio", model, MAX_SEGMENTS)
    return PublishedExamples(store, corpus, found, SegmentSounds(store, corpus))


_published = LoadedOnce(_load_published, most=1)
