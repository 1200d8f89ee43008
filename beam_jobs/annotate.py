"""Job 3: ask the model all that is missing, clip by clip, and keep each clip's answers at once.

ledger/segment ──► clips with missing answers ──► model ──► ledger/annotate/…
"""

from __future__ import annotations

import dataclasses
import datetime
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

import apache_beam as beam

from af3core.errors import ModelError
from af3core.model.engines import EngineSettings, load_engine
from af3core.model.limits import BASE_TRAINED_SAMPLES
from af3core.model.request import Answer, Request, Sound, ask
from af3core.retrieval.examples import Example, with_examples
from af3core.storage.address import open_store
from af3core.tasks.task import Task
from beam_jobs.answer_records import Result, annotated_clip
from beam_jobs.answering import model_turn
from beam_jobs.asking import Ask, ClipWork, all_asks, missing_asks
from beam_jobs.clip_sounds import ClipObject, Span, clip_sounds
from beam_jobs.examples import ShownExample, shown_examples
from beam_jobs.job import Job, Outcome, job_main
from beam_jobs.ledger import Ledger
from beam_jobs.manifests import manifests, recordings
from beam_jobs.progress import Work, shown
from beam_jobs.running import count, run_pipeline, spread
from beam_jobs.settings import NightSettings
from schemas import layout
from schemas.identity import shard_of
from schemas.reports import MeasuredRate


def build(pipeline: beam.Pipeline, settings: NightSettings) -> beam.PCollection[str]:
    """The pipeline; gives the ids of the clips that it asked about."""
    clips = pipeline | "Nights" >> beam.Create([settings]) | "Missing" >> beam.FlatMap(missing_work)
    asked = beam.Map(ask_clip, settings)
    if settings.accelerator:
        # workers of their own: listing needs no GPU
        asked = asked.with_resource_hints(accelerator=settings.accelerator)
    return spread(clips) | "Ask" >> asked


def missing_work(settings: NightSettings) -> Iterator[ClipWork]:
    """Clips of the interval, each once, with what is missing; of a job's part only its clips."""
    ledger = Ledger(open_store(settings.out))
    tasks = settings.task_hashes()
    for batch in recordings(manifests(ledger, settings)):
        ids = [recording.recording_id for recording in batch]
        segmented = ledger.segmented(ids, settings.segmentation_hash)
        for recording, cut, known in zip(batch, segmented, ledger.annotated(ids), strict=True):
            for clip in cut.clips if cut else ():
                asks = missing_asks(clip, tasks, known.get(clip.clip_id, ()))
                if asks and in_part(clip.clip_id, settings.part):
                    yield ClipWork(clip, recording.uri, recording.corpus, recording.date, asks)


def in_part(clip_id: str, part: layout.Part) -> bool:
    """Parts are disjoint, together whole, and the same on every day."""
    number, count = part
    return shard_of(clip_id, count) == number


def ask_clip(item: ClipWork, settings: NightSettings) -> str:
    """Ask the model all that a clip misses and store its answers.

    The model's batches hold one clip's questions, so that an answer is the same, to the last
    digit, however often the night was interrupted. A question that fails becomes a failure
    beside the answers. Two runs on one clip take turns, and the second finds it answered. What is
    answered with examples stays so when nearer ones are published.
    """
    ledger = Ledger(open_store(settings.out))
    tasks = settings.task_hashes()
    with ledger.store.claim(layout.claim_key("annotate", item.clip.clip_id)):
        known = ledger.annotated_clip(item.clip.recording_id, item.clip.clip_id)
        asks = missing_asks(item.clip, tasks, known)
        if asks:
            _ask_and_store(dataclasses.replace(item, asks=asks), tasks, ledger, settings)
    return item.clip.clip_id


def _ask_and_store(
    item: ClipWork, tasks: Mapping[str, Task], ledger: Ledger, settings: NightSettings
) -> None:
    spans = [(asked.start_ms, asked.end_ms) for asked in item.asks]
    clip = ClipObject(item.clip.clip_uri, item.clip.start_ms)
    with model_turn:
        load_engine(settings.engine)  # its time is not the model's
        begun = time.monotonic()
        sounds = clip_sounds(clip, spans, ledger.store)
        shown = shown_examples(item, sounds, tasks, settings)
        results = _ask(item, sounds, shown, tasks, settings)
        model_ms = round(1000 * (time.monotonic() - begun))
    answered = list(zip(item.asks, results, strict=True))
    ledger.put_annotated(annotated_clip(item, answered, tasks, settings, model_ms, shown))
    count("clips_asked")
    count("model_ms", model_ms)
    count("asked_ms", asked_ms(item, tasks))
    count("answers_made", sum(isinstance(result, Answer) for result in results))
    count("failures", sum(isinstance(result, ModelError) for result in results))


def asked_ms(item: ClipWork, tasks: Mapping[str, Task]) -> int:
    """A clip's length by the share of its questions that is asked: the measure of model work."""
    return item.clip.duration_ms * len(item.asks) // len(all_asks(item.clip, tasks))


def _ask(
    item: ClipWork,
    sounds: Mapping[Span, Sound | ModelError],
    shown: Mapping[Ask, Sequence[ShownExample]],
    tasks: Mapping[str, Task],
    settings: NightSettings,
) -> list[Result]:
    """One result per question; audio that cannot be read fails its questions alone."""
    engine = load_engine(settings.engine)
    results: dict[int, Result] = {}
    requests, positions = [], []
    for position, asked in enumerate(item.asks):
        sound = sounds[asked.start_ms, asked.end_ms]
        if isinstance(sound, ModelError):
            results[position] = sound
            continue
        task = tasks[asked.task_hash]
        positions.append(position)
        examples = [each.example for each in shown.get(asked, ())]
        requests.append(request_of(sound, task, settings.engine, examples))
    results.update(zip(positions, engine.answer(requests), strict=True))
    return [results[position] for position in range(len(item.asks))]


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


def run(settings: NightSettings, beam_arguments: Sequence[str] = ()) -> Outcome:
    """Ask what is missing; no pipeline is started where nothing is."""
    waiting = list(missing_work(settings))
    if not waiting:
        return Outcome({"answers_made": 0}, ["all clips are annotated already"])
    with shown("annotate", _work(waiting, settings)):
        # where another run was faster there is nothing left to count
        counters = {"answers_made": 0} | run_pipeline(build, settings, beam_arguments)
    if counters.get("model_ms"):
        _keep_rate(counters, settings)
    return Outcome.of_counters(counters)


def _work(waiting: list[ClipWork], settings: NightSettings) -> Work:
    """For the progress: a clip is done when there is one more object of its answers."""
    ledger = Ledger(open_store(settings.out))
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


def _keep_rate(counters: Mapping[str, int], settings: NightSettings) -> None:
    """For the next plan: what this corpus's tasks cost with this model, on these machines."""
    now = datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")
    rate = MeasuredRate(counters["asked_ms"], counters["model_ms"], settings.run_id, now)
    Ledger(open_store(settings.out)).put_rate(settings.corpus, rate)


JOB = Job("annotate", "ask the model all that is missing", run)


def main(arguments: list[str] | None = None) -> int:
    """`python -m beam_jobs.annotate`."""
    return job_main(JOB, arguments)


if __name__ == "__main__":
    # by its real name, so that workers find the functions
    from beam_jobs.annotate import main as named

    raise SystemExit(named())
