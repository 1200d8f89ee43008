"""What is heard from when to when: stretches of each clip, named by the model and measured.

clips ──► stretches between rests ──► model ──► name, measures ──► tables/events
"""

from __future__ import annotations

import operator
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import numpy as np

from af3core.audio import SAMPLES_PER_MS
from af3core.audio.clip_file import as_pcm
from af3core.audio.event_measures import DESCRIPTORS_VERSION, measure
from af3core.audio.segment_measures import measure_segment
from af3core.audio.sound_activity import REGIONS_VERSION, Region, find_regions, is_dense
from af3core.audio.voice_activity import FRAME_MS, SpeechDetector
from af3core.errors import ModelError
from af3core.model.engines.engine_registry import answers_of
from af3core.model.request import Answer, Request, Sound, Waveform, ask
from af3core.tasks.event_answers import EVENT_TASKS, EVENTS_VERSION, UNKNOWN, EventName, name_event
from af3core.tasks.flags import LOW_MEAN_LOGPROB
from beam_jobs.framework.clip_audio import ClipObject, clip_sounds
from beam_jobs.framework.derivation import Derivation, Piece, PieceRows, derive
from beam_jobs.framework.job import Outcome
from beam_jobs.framework.settings import JobSettings
from beam_jobs.framework.table_snapshot import rows_by_recording
from schemas.identity import configuration_hash
from schemas.tables.derived_tables import EVENTS

Row = dict[str, Any]

_AROUND_MS = 100
"""Heard before and after a stretch: a model was never trained on a sound cut at its edge."""
_LONGEST_ASKED_MS = 30_000
_TAIL_MS = 1000
_NO_REST = "no_rest"
"""Flag of a clip in which something is heard all the time, so that nothing can be told apart."""
_STRETCHES_AT_ONCE = 64


def pieces(settings: JobSettings, date: str) -> Iterator[Piece]:
    """The day's clips, one piece each."""
    store = settings.store
    identity: list[Any] = [REGIONS_VERSION, DESCRIPTORS_VERSION, EVENTS_VERSION]
    identity += [task.task_hash(settings.engine.identity) for task in EVENT_TASKS]
    published = rows_by_recording(store, ["segments"], settings.corpus, date)
    for recording, rows in published["segments"].items():
        clips: dict[str, list[Row]] = {}
        for row in rows:
            clips.setdefault(row["clip_id"], []).append(row)
        for clip, segments in clips.items():
            yield Piece(
                recording_id=recording,
                corpus=settings.corpus,
                date=date,
                identity=configuration_hash([identity, clip]),
                evidence=[
                    {key: row[key] for key in ("segment_id", "start_ms", "end_ms")}
                    | {
                        "clip_id": clip,
                        "clip_uri": row["clip_uri"],
                        "clip_start_ms": row["clip_start_ms"],
                    }
                    for row in segments
                ],
                uri=segments[0]["clip_uri"],
                work_ms=segments[-1]["end_ms"] - segments[0]["start_ms"],
                decides=[identity, clip],
                clip_uri=segments[0]["clip_uri"],
            )


def derive_rows(piece: Piece, settings: JobSettings) -> PieceRows:
    """The events of one clip.

    Raises:
        ModelError: the clip cannot be read, or not be asked about now.
    """
    segments: list[Row] = piece.evidence
    clip_start_ms, end_ms = segments[0]["clip_start_ms"], segments[-1]["end_ms"]
    clip, whole = ClipObject(piece.uri, clip_start_ms), (clip_start_ms, end_ms)
    sound = clip_sounds(clip, [whole], settings.store)[whole]
    if isinstance(sound, ModelError):
        raise sound
    samples = sound.samples
    regions = find_regions(samples)
    if is_dense(samples):
        all_of_it = Region(0, end_ms - clip_start_ms)
        in_doubt = EventName(UNKNOWN, "", (_NO_REST,))
        rows = [_row(all_of_it, samples, in_doubt, "", None, np.empty(0, np.float32))]
    else:
        rows = list(_named_rows(regions, samples, settings))
    for row in rows:
        row["start_ms"] += clip_start_ms
        row["end_ms"] += clip_start_ms
        middle_ms = (row["start_ms"] + row["end_ms"]) // 2
        row["segment_id"] = _segment_at(segments, middle_ms)
        row |= event_id(EVENTS.name, row, piece.identity)
        row |= _provenance(piece, segments, settings)
    counts = Counter(f"events of kind {row['kind']}" for row in rows)
    return PieceRows({EVENTS.name: rows}, counts)


def event_id(table: str, row: Row, identity: str) -> Row:
    """A row with its name: a stretch of a piece's clip."""
    return row | {"event_id": configuration_hash([identity, row["start_ms"], row["end_ms"]])}


def _named_rows(regions: list[Region], samples: Waveform, settings: JobSettings) -> Iterator[Row]:
    shares = _speech_shares(samples, regions)
    tails = [*(region.start_ms for region in regions[1:]), len(samples) // SAMPLES_PER_MS]
    for first in range(0, len(regions), _STRETCHES_AT_ONCE):
        chosen = range(first, min(first + _STRETCHES_AT_ONCE, len(regions)))
        asked = [_requests(samples, regions[number]) for number in chosen]
        answers = answers_of(settings.engine, [one for four in asked for one in four])
        _check_machine(answers)
        for place, number in enumerate(chosen):
            mine = answers[place * len(EVENT_TASKS) : (place + 1) * len(EVENT_TASKS)]
            region = regions[number]
            tail_end_ms = min(tails[number], region.end_ms + _TAIL_MS)
            tail = _cut(samples, region.end_ms, tail_end_ms)
            named, logprob = _stretch_name(mine, shares[number])
            yield _row(region, samples, named, _text(mine[0]), logprob, tail)


def _check_machine(answers: Iterable[Answer | ModelError]) -> None:
    """Nothing is in doubt for a machine's sake.

    Raises:
        ModelError: a machine's: the clip waits.
    """
    for answer in answers:
        if isinstance(answer, ModelError) and answer.is_machine_fault:
            raise answer


def _requests(samples: Waveform, region: Region) -> list[Request]:
    """All questions about one stretch, over one encoding."""
    end_ms = min(region.end_ms, region.start_ms + _LONGEST_ASKED_MS - 2 * _AROUND_MS)
    sound = Sound(_cut(samples, max(0, region.start_ms - _AROUND_MS), end_ms + _AROUND_MS))
    return [ask(sound, task.prompt_text, task.max_new_tokens) for task in EVENT_TASKS]


def _stretch_name(
    answers: Sequence[Answer | ModelError], share: float
) -> tuple[EventName, float | None]:
    """The stretch's name, and how sure the least sure answer about it is."""
    if any(isinstance(answer, ModelError) for answer in answers):
        return EventName(UNKNOWN, "", ("not_answered",)), None
    named = name_event([_text(answer) for answer in answers], share)
    known = [
        a.mean_logprob for a in answers if isinstance(a, Answer) and a.mean_logprob is not None
    ]
    least = min(known, default=None)
    if least is not None and least < LOW_MEAN_LOGPROB:
        named = EventName(named.kind, named.label, (*named.flags, "low_confidence"))
    return named, least


def _row(
    region: Region,
    samples: Waveform,
    named: EventName,
    caption: str,
    logprob: float | None,
    tail: Waveform,
) -> Row:
    event = _cut(samples, region.start_ms, region.end_ms)
    description = measure_segment(as_pcm(event))
    measured = named.kind != UNKNOWN
    descriptors = measure(event, tail, named.kind == "music") if measured else None
    return {
        "start_ms": region.start_ms,
        "end_ms": region.end_ms,
        "kind": named.kind,
        "label": named.label,
        "caption": caption,
        "loudness_lufs": description.loudness_lufs,
        "peak_dbfs": description.peak_dbfs,
        "spectral_centroid_hz": description.spectral_centroid_hz,
        "pitch_hz": descriptors.pitch_hz if descriptors else None,
        "tempo_bpm": descriptors.tempo_bpm if descriptors else None,
        "reverberation_s": descriptors.reverberation_s if descriptors else None,
        "level_change_db": descriptors.level_change_db if descriptors else None,
        "mean_logprob": logprob,
        "flags": list(named.flags),
    }


def _provenance(piece: Piece, segments: Sequence[Row], settings: JobSettings) -> Row:
    return {
        "recording_id": piece.recording_id,
        "clip_id": segments[0]["clip_id"],
        "model": settings.checkpoint.name,
        "weights_revision": settings.checkpoint.revision,
        "engine": settings.engine.label,
    }


def _speech_shares(samples: Waveform, regions: Iterable[Region]) -> list[float]:
    """Share of each stretch in which the detector hears speech."""
    detector = SpeechDetector()
    heard = np.concatenate([detector.feed(as_pcm(samples)), detector.finish()]) >= 0.5
    spans = ((r.start_ms // FRAME_MS, -(-r.end_ms // FRAME_MS)) for r in regions)
    return [float(heard[start:end].mean()) for start, end in spans]


def _cut(samples: Waveform, start_ms: int, end_ms: int) -> Waveform:
    return samples[start_ms * SAMPLES_PER_MS : end_ms * SAMPLES_PER_MS]


def _segment_at(segments: Sequence[Row], time_ms: int) -> str:
    inside = (s["segment_id"] for s in segments if s["start_ms"] <= time_ms < s["end_ms"])
    return next(inside, segments[-1]["segment_id"])


def _text(answer: Answer | ModelError) -> str:
    return answer.text.strip() if isinstance(answer, Answer) else ""


DERIVATION = Derivation(
    "events",
    (EVENTS,),
    pieces,
    derive_rows,
    asks=operator.attrgetter("engine"),
    hears=True,
    renew=event_id,
)


def run(settings: JobSettings, beam_arguments: Sequence[str] = ()) -> Outcome:
    """Find, name and measure what is missing; replace the interval's events."""
    return derive(DERIVATION, settings, beam_arguments)
