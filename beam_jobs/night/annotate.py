"""Job 3: ask the model all that is missing, and keep each clip's answers as soon as it is done.

ledger/segment ──► clips with missing answers ──► model ──► ledger/annotate/…

Clips of several recordings that are one object are one piece of work: what one is answered, the
others take over.
"""

from __future__ import annotations

import dataclasses
import datetime
import functools
import itertools
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

import apache_beam as beam

from af3core.errors import ModelError
from af3core.model.engines.engine_registry import load_engine
from af3core.tasks.task import Task
from beam_jobs.framework.claimed_work import Claim, do_claimed, wait_for_claim
from beam_jobs.framework.counters import count
from beam_jobs.framework.equal_clips import heard_tracks, original_clip
from beam_jobs.framework.failures import given_up
from beam_jobs.framework.gpu_processes import (
    Place,
    chosen_places,
    merged,
    run_at_places,
    what_waits,
)
from beam_jobs.framework.job import Outcome
from beam_jobs.framework.ledger import Ledger
from beam_jobs.framework.manifests import equal_recordings, held_manifests
from beam_jobs.framework.needs import works_here
from beam_jobs.framework.pipeline import MOST_HANDED_OVER, begun_anywhere, listed_once, run_pipeline
from beam_jobs.framework.progress import Work, show_progress
from beam_jobs.framework.room import Room
from beam_jobs.framework.settings import JobSettings
from beam_jobs.framework.waiting import (
    count_waiting,
    machine_faults_wait,
    split_waiting,
    with_waiting,
)
from beam_jobs.framework.withdrawn import withdrawals
from beam_jobs.night.answer_records import Result, annotated_clip
from beam_jobs.night.asking import Asked, ask_questions, crosses_clips, room_for
from beam_jobs.night.equal_sound import EqualAnswers
from beam_jobs.night.known_tasks import note_asked
from beam_jobs.night.pending_questions import (
    STAGE,
    ClipWork,
    PendingQuestion,
    all_questions,
    pending_questions,
)
from beam_jobs.night.recordings_to_cut import sounds_to_cut
from beam_jobs.output.next_command import af3
from schemas import layout
from schemas.identity import shard_of
from schemas.options.night import Accelerator
from schemas.records import AnnotatedClip, Recording, SegmentedRecording
from schemas.reports import MeasuredRate


def build(
    pipeline: beam.Pipeline, settings: JobSettings, listed: Sequence[ClipWork] | None = None
) -> beam.PCollection[str]:
    """The pipeline, over what is listed or to be listed; gives the ids of the clips."""
    clips = listed_once(pipeline, listed, settings, missing_pieces)
    accelerator = settings[Accelerator].accelerator
    # workers of their own: listing needs no GPU
    hints = {"accelerator": accelerator} if accelerator else {}
    return do_claimed(clips, "Ask", ask_clip, settings, hints=hints, overlaps=crosses_clips)


def missing_work(settings: JobSettings) -> Iterator[ClipWork]:
    """Clips of the interval, each object once, with what is missing; of a job's part only its
    clips.
    """
    ledger = Ledger(settings.store)
    retries = ledger.retries(STAGE)
    for batch in equal_recordings(held_manifests(ledger, settings)):
        found = [recording for group in batch for recording in group]
        ids = [recording.recording_id for recording in found]
        segmented = ledger.segmented(ids, settings.segmentation_hash)
        known = zip(found, segmented, ledger.annotated(ids), strict=True)
        for group in batch:
            by_name: dict[str, list[ClipWork]] = {}
            for recording, cut, annotated in itertools.islice(known, len(group)):
                retry = retries.get(recording.recording_id, 0)
                for work in _open_clips(recording, cut, annotated, settings, retry):
                    by_name.setdefault(work.name, []).append(work)
            for name, (first, *equals) in by_name.items():
                if in_part(name, settings.part):
                    yield dataclasses.replace(first, equals=tuple(equals))


def missing_pieces(settings: JobSettings) -> list[ClipWork]:
    """The same, as pieces that travel; each listing begins at another one."""
    return begun_anywhere([piece_of(work) for work in missing_work(settings)])


def piece_of(work: ClipWork) -> ClipWork:
    """A clip with the first of its questions: whoever has its claim finds out anew what is missing,
    and ten minutes have hundreds of questions.
    """
    equals = tuple(map(piece_of, work.equals))
    return dataclasses.replace(work, questions=work.questions[:1], equals=equals)


def _open_clips(
    recording: Recording,
    cut: SegmentedRecording | None,
    annotated: Mapping[str, Sequence[AnnotatedClip]],
    settings: JobSettings,
    retry: int,
) -> Iterator[ClipWork]:
    tasks = settings.task_hashes()
    for clip in cut.clips if cut else ():
        questions = pending_questions(clip, tasks, annotated.get(clip.clip_id, ()), retry)
        if cut and questions:
            original = original_clip(clip, heard_tracks(cut))
            of = (recording.uri, recording.corpus, recording.date)
            yield ClipWork(clip, *of, questions, original)


def in_part(clip_name: str, part: layout.Part) -> bool:
    """Parts are disjoint, together whole, and the same on every day."""
    number, count = part
    return shard_of(clip_name, count) == number


def ask_clip(item: ClipWork, settings: JobSettings, claim: Claim = wait_for_claim) -> str:
    """Ask the model all that a clip misses and store its answers.

    A question that fails becomes a failure beside the answers; what a machine is to blame for
    leaves the clip waiting. Two runs on one clip take turns, and the second finds it answered. What
    is answered with examples stays so when nearer ones are published.
    """
    with machine_faults_wait(STAGE):
        ledger, tasks = Ledger(settings.store), settings.task_hashes()
        shown = _not_withdrawn(item, ledger)
        if shown is None:
            return item.clip.clip_id
        key, room = layout.claim_key(STAGE, shown.name), room_for(shown, tasks, settings)
        if room is None:
            with claim(ledger.store, key):
                _ask_equals(shown, tasks, ledger, settings)
        elif _is_open(shown, tasks, ledger):  # looked at first: what is done takes no room
            with claim(ledger.store, key, room):
                _ask_equals(shown, tasks, ledger, settings, room)
    return item.clip.clip_id


def _not_withdrawn(item: ClipWork, ledger: Ledger) -> ClipWork | None:
    """The work without the clips of recordings that were withdrawn since it was listed."""
    hidden = withdrawals(ledger.store)
    if not hidden:
        return item
    left = [e for e in (item, *item.equals) if not hidden.covers(e.corpus, e.clip.recording_id)]
    return dataclasses.replace(left[0], equals=tuple(left[1:])) if left else None


def _is_open(item: ClipWork, tasks: Mapping[str, Task], ledger: Ledger) -> bool:
    """Whether anything is left to ask or to take over, of what was when the clip was listed."""
    return any(
        pending_questions(
            each.clip,
            tasks,
            ledger.annotated_clip(each.clip.recording_id, each.clip.clip_id),
            each.questions[0].retry,
        )
        for each in (item, *item.equals)
    )


def _ask_equals(
    item: ClipWork,
    tasks: Mapping[str, Task],
    ledger: Ledger,
    settings: JobSettings,
    room: Room | None = None,
) -> None:
    """Ask what no clip of the object was answered, and keep the answers for each of them."""
    asked = [item, *item.equals]
    clips = [each.clip for each in asked]
    is_asked = any(clip.clip_id == item.name for clip in clips)
    if item.original and not is_asked:
        clips.append(item.original)  # where recordings that come later look
    known = [(clip, ledger.annotated_clip(clip.recording_id, clip.clip_id)) for clip in clips]
    answers = EqualAnswers(known, ledger)
    tried: dict[_Place, Result] = {}
    for each in asked:
        if taken := answers.take_over(each.clip):
            count("answers_taken_over", taken)
        retry = each.questions[0].retry
        questions = pending_questions(each.clip, tasks, answers.of(each.clip), retry)
        if questions:
            left = dataclasses.replace(each, questions=questions)
            answers.add(each.clip, _ask_and_store(left, tasks, ledger, settings, tried, room))
    if item.original and not is_asked:
        answers.take_over(item.original)


_Place = tuple[str, int, int]
"""What a question is in any of the clips of one object: its task, from when, to when."""


def _place(asked: PendingQuestion) -> _Place:
    return asked.task_hash, asked.start_ms, asked.end_ms


def _ask_and_store(
    item: ClipWork,
    tasks: Mapping[str, Task],
    ledger: Ledger,
    settings: JobSettings,
    tried: dict[_Place, Result],
    room: Room | None,
) -> AnnotatedClip:
    """Ask a clip's questions, and keep what comes of it; gives what is kept.

    Args:
        tried: what came of questions about an equal clip, which are not asked again.
        room: held for the clip, where it is asked about beside others.
    """
    fresh = tuple(question for question in item.questions if _place(question) not in tried)
    asked = Asked((), {}, 0)
    if fresh:
        left = dataclasses.replace(item, questions=fresh)
        length_ms = asked_ms(left, tasks)
        asked = ask_questions(left, length_ms, tasks, ledger, settings, room)
        tried |= zip(map(_place, fresh), asked.results, strict=True)
        count("clips_asked")
        count("model_ms", asked.model_ms)
        count("asked_ms", length_ms)
    answered = [(question, tried[_place(question)]) for question in item.questions]
    kept = annotated_clip(item, answered, tasks, settings, asked.model_ms, asked.shown)
    if withdrawals(ledger.store).covers(item.corpus, item.clip.recording_id):
        return dataclasses.replace(kept, annotations=(), failures=())  # meanwhile
    if kept.annotations or kept.failures:
        ledger.put_annotated(kept)
    count("answers_made", len(kept.annotations))
    count("failures", len(kept.failures))
    errors = [result for _, result in answered if isinstance(result, ModelError)]
    if len(errors) > sum(given_up([failure]) for failure in kept.failures):
        count_waiting(STAGE, errors[0])
    return kept


def asked_ms(item: ClipWork, tasks: Mapping[str, Task]) -> int:
    """A clip's length by the share of its questions that is asked: the measure of model work."""
    return item.clip.duration_ms * len(item.questions) // len(all_questions(item.clip, tasks))


def run(settings: JobSettings, beam_arguments: Sequence[str] = ()) -> Outcome:
    """Ask what is missing; no pipeline is started where nothing is."""
    now = datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")
    Ledger(settings.store).change_corpus_tasks(
        settings.corpus, lambda known: note_asked(known, settings.tasks, now)
    )
    waiting = list(missing_work(settings))
    if not waiting:
        return Outcome({"answers_made": 0}, [_nothing_to_ask(settings)])
    try:
        if settings.engine.endpoint:
            load_engine(settings.engine)
    except ModelError as away:  # or each clip would wait for it
        count_waiting(STAGE, away, len(waiting))
        return Outcome({"answers_made": 0}, [], {type(away).__name__: len(waiting)})
    pieces = begun_anywhere([piece_of(work) for work in waiting])
    places = chosen_places(settings, works_here=works_here(beam_arguments))
    with show_progress("annotate", _work(waiting, settings)):
        # where another run was faster there is nothing left to count
        counters = {"answers_made": 0}
        if places:
            counters |= ask_at_places(pieces, settings, beam_arguments, places)
        else:
            counters |= ask_listed(settings, beam_arguments, pieces)
    if counters.get("model_ms"):
        _keep_rate(counters, settings)
    return Outcome.of_counters(counters)


def ask_listed(
    settings: JobSettings, beam_arguments: Sequence[str], waiting: Sequence[ClipWork] | None
) -> dict[str, int]:
    """Ask what clips miss, in this process and its runner's; gives the counters.

    Args:
        waiting: the clips; None: those that are listed then.
    """
    return run_pipeline(functools.partial(build, listed=waiting), settings, beam_arguments)


def ask_at_places(
    waiting: Sequence[ClipWork],
    settings: JobSettings,
    beam_arguments: Sequence[str],
    places: Sequence[Place],
) -> dict[str, int]:
    """Ask what clips miss with a process for each place; gives the counters of all.

    Clips wait that are still open at the end, whatever each process left to the next run: another
    may have asked them.
    """
    handed_over = waiting if len(waiting) <= MOST_HANDED_OVER else None
    ends = run_at_places(STAGE, ask_listed, settings, beam_arguments, handed_over, places)
    done, waits = split_waiting(merged(ends))
    if waits or any(end.error_class for end in ends):
        waits = what_waits(waits, ends, sum(1 for _ in missing_work(settings)))
    return with_waiting(done, waits)


def _nothing_to_ask(settings: JobSettings) -> str:
    uncut = sum(len(sound) for sound in sounds_to_cut(settings))
    if uncut:
        return f"nothing to ask yet: {uncut} recordings wait to be cut; run {af3('segment')} first"
    return "all clips are annotated already"


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
