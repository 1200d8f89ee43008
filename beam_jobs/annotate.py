"""Job 3: ask the model all that is missing, clip by clip, and keep each clip's answers at once.

ledger/segment ──► clips with missing answers ──► model ──► ledger/annotate/…
"""

from __future__ import annotations

import dataclasses
import datetime
import time
from collections.abc import Iterator, Mapping, Sequence

import apache_beam as beam

from af3core.audio.clip_file import read_span
from af3core.errors import ModelError
from af3core.model.engines import EngineSettings, load_engine
from af3core.model.isolation import as_model_error
from af3core.model.request import Answer, Request, Sound, ask
from af3core.tasks.answers import read_answer
from af3core.tasks.flags import answer_flags
from af3core.tasks.task import Task
from beam_jobs.asking import Ask, ClipWork, all_asks, missing_asks
from beam_jobs.job import Job, Outcome, job_main
from beam_jobs.ledger import Ledger
from beam_jobs.manifests import manifests
from beam_jobs.progress import Piece, shown
from beam_jobs.running import count, run_pipeline, spread
from beam_jobs.settings import NightSettings
from beam_jobs.storage import open_store
from schemas import layout
from schemas.records import AnnotatedClip, Annotation, Failure
from schemas.reports import MeasuredRate

Result = Answer | ModelError


def build(pipeline: beam.Pipeline, settings: NightSettings) -> beam.PCollection[str]:
    """The pipeline; gives the ids of the clips that it asked about."""
    clips = pipeline | "Nights" >> beam.Create([settings]) | "Missing" >> beam.FlatMap(missing_work)
    return spread(clips) | "Ask" >> beam.Map(ask_clip, settings)


def missing_work(settings: NightSettings) -> Iterator[ClipWork]:
    """Clips of the interval, each once, with what is missing."""
    ledger = Ledger(open_store(settings.out))
    tasks = settings.task_hashes()
    seen: set[str] = set()
    for manifest in manifests(ledger, settings):
        for recording in manifest.recordings:
            if recording.recording_id in seen:
                continue
            seen.add(recording.recording_id)
            segmented = ledger.segmented(recording.recording_id, settings.segmentation_hash)
            for clip in segmented.clips if segmented else ():
                asks = missing_asks(clip, tasks, ledger.annotated(clip.clip_id))
                if asks:
                    yield ClipWork(clip, recording.uri, recording.corpus, recording.date, asks)


def ask_clip(item: ClipWork, settings: NightSettings) -> str:
    """Ask the model all that a clip misses and store its answers.

    The model's batches hold one clip's questions, so that an answer is the same, to the last
    digit, however often the night was interrupted. A question that fails becomes a failure
    beside the answers. Two runs on one clip take turns, and the second finds it answered.
    """
    ledger = Ledger(open_store(settings.out))
    tasks = settings.task_hashes()
    with ledger.store.claim(layout.claim_key("annotate", item.clip.clip_id)):
        asks = missing_asks(item.clip, tasks, ledger.annotated(item.clip.clip_id))
        if asks:
            _ask_and_store(dataclasses.replace(item, asks=asks), tasks, ledger, settings)
    return item.clip.clip_id


def _ask_and_store(
    item: ClipWork, tasks: Mapping[str, Task], ledger: Ledger, settings: NightSettings
) -> None:
    load_engine(settings.engine)  # its time is not the model's
    begun = time.monotonic()
    results = _ask(item, tasks, ledger, settings)
    answered = list(zip(item.asks, results, strict=True))
    model_ms = round(1000 * (time.monotonic() - begun))
    ledger.put_annotated(_annotated(item, answered, tasks, settings, model_ms))
    count("clips_asked")
    count("model_ms", model_ms)
    count("asked_ms", asked_ms(item, tasks))
    count("answers_made", sum(isinstance(result, Answer) for result in results))
    count("failures", sum(isinstance(result, ModelError) for result in results))


def asked_ms(item: ClipWork, tasks: Mapping[str, Task]) -> int:
    """A clip's length by the share of its questions that is asked: the measure of model work."""
    return item.clip.duration_ms * len(item.asks) // len(all_asks(item.clip, tasks))


def _ask(
    item: ClipWork, tasks: Mapping[str, Task], ledger: Ledger, settings: NightSettings
) -> list[Result]:
    """One result per question; audio that cannot be read fails its questions alone."""
    engine = load_engine(settings.engine)
    spans: dict[tuple[int, int], Sound | ModelError] = {}
    results: dict[int, Result] = {}
    requests, positions = [], []
    for position, asked in enumerate(item.asks):
        span = (asked.start_ms, asked.end_ms)
        if span not in spans:
            spans[span] = _read(ledger, item, asked)
        sound = spans[span]
        if isinstance(sound, ModelError):
            results[position] = sound
            continue
        task = tasks[asked.task_hash]
        positions.append(position)
        requests.append(request_of(sound, task, settings.engine))
    results.update(zip(positions, engine.answer(requests), strict=True))
    return [results[position] for position in range(len(item.asks))]


def request_of(sound: Sound, task: Task, engine: EngineSettings) -> Request:
    """A task's question about a sound; to think, the checkpoint's think weights if it has them."""
    thinks = task.thinking and engine.name == "af3" and engine.checkpoint.has_think
    return ask(
        sound,
        task.prompt_text,
        task.max_new_tokens,
        task.repetition_penalty,
        weights="think" if thinks else "base",
    )


def _read(ledger: Ledger, item: ClipWork, asked: Ask) -> Sound | ModelError:
    start_ms, end_ms = asked.start_ms - item.clip.start_ms, asked.end_ms - item.clip.start_ms
    try:
        with ledger.store.open(item.clip.clip_uri) as file:
            return Sound(read_span(file, item.clip.clip_uri, start_ms, end_ms))
    except FileNotFoundError:
        return ModelError(
            f"{item.clip.clip_uri}: the clip is gone; delete its recording's object below"
            " ledger/segment and run segment again"
        )
    except Exception as error:
        return as_model_error(error)


def _annotated(
    item: ClipWork,
    answered: Sequence[tuple[Ask, Result]],
    tasks: Mapping[str, Task],
    settings: NightSettings,
    model_ms: int,
) -> AnnotatedClip:
    now = datetime.datetime.now(datetime.UTC).isoformat(timespec="milliseconds")
    return AnnotatedClip(
        clip_id=item.clip.clip_id,
        recording_id=item.clip.recording_id,
        model=settings.checkpoint.name,
        weights_revision=settings.checkpoint.revision,
        engine=settings.engine.name,
        run_id=settings.run_id,
        generated_at=now,
        model_ms=model_ms,
        annotations=tuple(
            _annotation(ask, result, tasks[ask.task_hash])
            for ask, result in answered
            if isinstance(result, Answer)
        ),
        failures=tuple(
            _failure(item, ask, result, tasks[ask.task_hash], settings)
            for ask, result in answered
            if isinstance(result, ModelError)
        ),
    )


def _annotation(ask: Ask, answer: Answer, task: Task) -> Annotation:
    read = read_answer(task, answer.text)
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
        flags=answer_flags(
            task,
            read,
            mean_logprob=answer.mean_logprob,
            finish_reason=answer.finish_reason,
            speech_ms=ask.speech_ms,
        ),
    )


def _failure(
    item: ClipWork, ask: Ask, error: ModelError, task: Task, settings: NightSettings
) -> Failure:
    return Failure(
        stage="annotate",
        uri=item.uri,
        corpus=item.corpus,
        date=item.date,
        error_class=type(error).__name__,
        message=str(error),
        attempts=ask.earlier_attempts + 1,
        permanent=error.permanent,
        run_id=settings.run_id,
        recording_id=item.clip.recording_id,
        clip_id=item.clip.clip_id,
        segment_id=ask.segment_id,
        task_id=task.task_id,
        task_hash=ask.task_hash,
        start_ms=ask.start_ms,
        end_ms=ask.end_ms,
    )


def run(settings: NightSettings, beam_arguments: Sequence[str] = ()) -> Outcome:
    """Ask what is missing; no pipeline is started where nothing is."""
    pieces = _pieces(settings)
    if not pieces:
        return Outcome({"answers_made": 0}, ["all clips are annotated already"])
    with shown("annotate", pieces):
        counters = run_pipeline(build, settings, beam_arguments)
    if counters.get("model_ms"):
        _keep_rate(counters, settings)
    return Outcome.of_counters(counters)


def _pieces(settings: NightSettings) -> list[Piece]:
    ledger = Ledger(open_store(settings.out))
    tasks = settings.task_hashes()

    def piece(work: ClipWork) -> Piece:
        clip = work.clip
        prefix = layout.annotated_prefix(clip.clip_id)
        known = len(list(ledger.store.list(prefix)))
        return Piece(asked_ms(work, tasks), lambda: len(list(ledger.store.list(prefix))) > known)

    return [piece(work) for work in missing_work(settings)]


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
