"""Job 3: ask the model all that is missing, clip by clip, and keep each clip's answers at once.

ledger/segment ──► clips with missing answers ──► model ──► ledger/annotate/…
"""

from __future__ import annotations

import dataclasses
import datetime
import functools
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

import apache_beam as beam

from af3core.embedding.few_shot import Example, with_examples
from af3core.errors import ModelError
from af3core.model.audio_limits import BASE_TRAINED_SAMPLES
from af3core.model.engines.engine_registry import EngineSettings, load_engine, model_turn
from af3core.model.request import Request, Sound, ask
from af3core.tasks.task import Task
from beam_jobs.framework.claimed_work import Claim, do_claimed, wait_for_claim
from beam_jobs.framework.clip_audio import ClipObject, Span, clip_sounds
from beam_jobs.framework.failures import given_up
from beam_jobs.framework.job import Outcome
from beam_jobs.framework.ledger import Ledger
from beam_jobs.framework.manifests import manifests, recordings
from beam_jobs.framework.pipeline import count, listed_once, run_pipeline
from beam_jobs.framework.progress import Work, show_progress
from beam_jobs.framework.settings import JobSettings
from beam_jobs.framework.waiting import count_waiting, machine_faults_wait
from beam_jobs.night.answer_records import Result, annotated_clip
from beam_jobs.night.few_shot_examples import ShownExample, shown_examples
from beam_jobs.night.known_tasks import note_asked
from beam_jobs.night.pending_questions import (
    ClipWork,
    PendingQuestion,
    all_questions,
    pending_questions,
)
from schemas import layout
from schemas.identity import shard_of
from schemas.options.night import Accelerator
from schemas.reports import MeasuredRate

STAGE = "annotate"


def build(
    pipeline: beam.Pipeline, settings: JobSettings, listed: Sequence[ClipWork] | None = None
) -> beam.PCollection[str]:
    """The pipeline, over what is listed or to be listed; gives the ids of the clips."""
    clips = listed_once(pipeline, listed, settings, missing_work)
    accelerator = settings[Accelerator].accelerator
    # workers of their own: listing needs no GPU
    hints = {"accelerator": accelerator} if accelerator else {}
    return do_claimed(clips, "Ask", ask_clip, settings, hints=hints)


def missing_work(settings: JobSettings) -> Iterator[ClipWork]:
    """Clips of the interval, each once, with what is missing; of a job's part only its clips."""
    ledger = Ledger(settings.store)
    tasks = settings.task_hashes()
    retries = ledger.retries(STAGE)
    for batch in recordings(manifests(ledger, settings)):
        ids = [recording.recording_id for recording in batch]
        segmented = ledger.segmented(ids, settings.segmentation_hash)
        for recording, cut, known in zip(batch, segmented, ledger.annotated(ids), strict=True):
            for clip in cut.clips if cut else ():
                retry = retries.get(recording.recording_id, 0)
                questions = pending_questions(clip, tasks, known.get(clip.clip_id, ()), retry)
                if questions and in_part(clip.clip_id, settings.part):
                    yield ClipWork(clip, recording.uri, recording.corpus, recording.date, questions)


def in_part(clip_id: str, part: layout.Part) -> bool:
    """Parts are disjoint, together whole, and the same on every day."""
    number, count = part
    return shard_of(clip_id, count) == number


def ask_clip(item: ClipWork, settings: JobSettings, claim: Claim = wait_for_claim) -> str:
    """Ask the model all that a clip misses and store its answers.

    The model's batches hold one clip's questions, so that an answer is the same, to the last
    digit, however often the night was interrupted. A question that fails becomes a failure
    beside the answers; what a machine is to blame for leaves the clip waiting. Two runs on one clip
    take turns, and the second finds it answered. What is answered with examples stays so when
    nearer ones are published.
    """
    tasks = settings.task_hashes()
    retry = item.questions[0].retry
    with machine_faults_wait(STAGE):
        ledger = Ledger(settings.store)
        with claim(ledger.store, layout.claim_key(STAGE, item.clip.clip_id)):
            known = ledger.annotated_clip(item.clip.recording_id, item.clip.clip_id)
            questions = pending_questions(item.clip, tasks, known, retry)
            if questions:
                left = dataclasses.replace(item, questions=questions)
                _ask_and_store(left, tasks, ledger, settings)
    return item.clip.clip_id


def _ask_and_store(
    item: ClipWork, tasks: Mapping[str, Task], ledger: Ledger, settings: JobSettings
) -> None:
    spans = [(asked.start_ms, asked.end_ms) for asked in item.questions]
    clip = ClipObject(item.clip.clip_uri, item.clip.start_ms)
    with model_turn:
        load_engine(settings.engine)  # its time is not the model's
        begun = time.monotonic()
        sounds = clip_sounds(clip, spans, ledger.store)
        shown = shown_examples(item, sounds, tasks, settings)
        results = _ask(item, sounds, shown, tasks, settings)
        model_ms = round(1000 * (time.monotonic() - begun))
    answered = list(zip(item.questions, results, strict=True))
    kept = annotated_clip(item, answered, tasks, settings, model_ms, shown)
    if kept.annotations or kept.failures:
        ledger.put_annotated(kept)
    count("clips_asked")
    count("model_ms", model_ms)
    count("asked_ms", asked_ms(item, tasks))
    count("answers_made", len(kept.annotations))
    count("failures", len(kept.failures))
    errors = [result for result in results if isinstance(result, ModelError)]
    if len(errors) > sum(given_up([failure]) for failure in kept.failures):
        count_waiting(STAGE, errors[0])


def asked_ms(item: ClipWork, tasks: Mapping[str, Task]) -> int:
    """A clip's length by the share of its questions that is asked: the measure of model work."""
    return item.clip.duration_ms * len(item.questions) // len(all_questions(item.clip, tasks))


def _ask(
    item: ClipWork,
    sounds: Mapping[Span, Sound | ModelError],
    shown: Mapping[PendingQuestion, Sequence[ShownExample]],
    tasks: Mapping[str, Task],
    settings: JobSettings,
) -> list[Result]:
    """One result per question; audio that cannot be read fails its questions alone."""
    engine = load_engine(settings.engine)
    results: dict[int, Result] = {}
    requests, positions = [], []
    for position, asked in enumerate(item.questions):
        sound = sounds[asked.start_ms, asked.end_ms]
        if isinstance(sound, ModelError):
            results[position] = sound
            continue
        task = tasks[asked.task_hash]
        positions.append(position)
        examples = [each.example for each in shown.get(asked, ())]
        requests.append(request_of(sound, task, settings.engine, examples))
    results.update(zip(positions, engine.answer(requests), strict=True))
    return [results[position] for position in range(len(item.questions))]


def request_of(
    sound: Sound, task: Task, engine: EngineSettings, examples: Sequence[Example] = ()
) -> Request:
    """A task's question about a sound; to think, or to hear long sounds, the checkpoint's think
    weights if it has them.
    """
    wanted = task.thinking or len(sound.samples) > BASE_TRAINED_SAMPLES
    thinks = wanted and engine.name == "af3" and engine.checkpoint.has_think
    return ask(
        sound,
        with_examples(task.prompt_text, task.prompt, examples),
        task.max_new_tokens,
        task.repetition_penalty,
        weights="think" if thinks else "base",
    )


def run(settings: JobSettings, beam_arguments: Sequence[str] = ()) -> Outcome:
    """Ask what is missing; no pipeline is started where nothing is."""
    now = datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")
    Ledger(settings.store).change_corpus_tasks(
        settings.corpus, lambda known: note_asked(known, settings.tasks, now)
    )
    waiting = list(missing_work(settings))
    if not waiting:
        return Outcome({"answers_made": 0}, ["all clips are annotated already"])
    try:
        if settings.engine.endpoint:
            load_engine(settings.engine)
    except ModelError as away:  # or each clip would wait for it
        count_waiting(STAGE, away, len(waiting))
        return Outcome({"answers_made": 0}, [], {type(away).__name__: len(waiting)})
    part = functools.partial(build, listed=waiting)
    with show_progress("annotate", _work(waiting, settings)):
        # where another run was faster there is nothing left to count
        counters = {"answers_made": 0} | run_pipeline(part, settings, beam_arguments)
    if counters.get("model_ms"):
        _keep_rate(counters, settings)
    return Outcome.of_counters(counters)


def _work(waiting: list[ClipWork], settings: JobSettings) -> Work:
    """For the progress: a clip is done when there is one more object of its answers."""
    ledger = Ledger(settings.store)
    tasks = settings.task_hashes()
    lengths_ms = {work.clip.clip_id: asked_ms(work, tasks) for work in waiting}
    of_recording: dict[str, set[str]] = {}
    for work in waiting:
        of_recording.setdefault(work.clip.recording_id, set()).add(work.clip.clip_id)

    def answers_by_clip() -> Counter[str]:
        found = ledger.annotated_keys([r for r, clips in of_recording.items() if clips])
        return Counter(layout.clip_of_annotated_key(key) for keys in found for key in keys)

    known = answers_by_clip()

    def done_ms() -> int:
        done = {clip for clip, count in answers_by_clip().items() if count > known[clip]}
        for clips in of_recording.values():
            clips -= done
        left = (clip for clips in of_recording.values() for clip in clips)
        return sum(lengths_ms.values()) - sum(lengths_ms[clip] for clip in left)

    return Work(sum(lengths_ms.values()), done_ms)


def _keep_rate(counters: Mapping[str, int], settings: JobSettings) -> None:
    """For the next plan: what this corpus's tasks cost with this model, on these machines."""
    now = datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")
    rate = MeasuredRate(counters["asked_ms"], counters["model_ms"], settings.run_id, now)
    Ledger(settings.store).put_rate(settings.corpus, rate)
