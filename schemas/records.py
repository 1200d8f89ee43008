"""The small records that travel between jobs and rest in the ledger. Audio never travels.

Times are integer milliseconds from the start of the recording.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field
from typing import Any, Self


class Record:
    """JSON form of a frozen dataclass; unknown keys are refused, so a stale object is noticed."""

    def to_json(self) -> dict[str, Any]:
        """The record as plain dicts and lists."""
        return dataclasses.asdict(self)  # type: ignore[call-overload]

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> Self:
        """The record back from `to_json`'s form.

        Raises:
            TypeError: a key is missing or unknown.
        """
        return cls(**value)


@dataclass(frozen=True)
class ArchiveObject(Record):
    """One object of an archive as a listing shows it, with the date that it belongs to.

    `version` is the generation of a bucket's object; a file has none.
    """

    uri: str
    corpus: str
    date: str
    size_bytes: int
    modified_at: str
    version: str = ""


@dataclass(frozen=True)
class MediaInfo(Record):
    """What the container says of itself, before anything is decoded."""

    container: str
    codec: str
    sample_rate_hz: int
    channels: int
    declared_duration_ms: int | None


@dataclass(frozen=True)
class Recording(Record):
    """One content of the archive: the first object that holds it, and the others that do."""

    recording_id: str
    content_sha256: str
    uri: str
    duplicate_uris: tuple[str, ...]
    corpus: str
    date: str
    size_bytes: int
    modified_at: str
    media: MediaInfo
    version: str = ""

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> Self:
        return cls(
            **value
            | {
                "media": MediaInfo.from_json(value["media"]),
                "duplicate_uris": tuple(value["duplicate_uris"]),
            }
        )


@dataclass(frozen=True)
class Segment(Record):
    """At most 30 s of a clip, the unit of captions and transcripts.

    `skip_reason` is empty where the segment is annotated; `starts_in_speech` where no pause was
    near its start, so that a word may be cut in two.
    """

    segment_id: str
    start_ms: int
    end_ms: int
    speech_ms: int
    loudness_lufs: float | None
    peak_dbfs: float | None
    spectral_centroid_hz: float | None
    skip_reason: str = ""
    starts_in_speech: bool = False

    @property
    def duration_ms(self) -> int:
        return self.end_ms - self.start_ms


@dataclass(frozen=True)
class Clip(Record):
    """At most 10 minutes of a recording: one FLAC object, one unit of GPU work."""

    clip_id: str
    recording_id: str
    clip_uri: str
    start_ms: int
    end_ms: int
    segments: tuple[Segment, ...]

    @property
    def duration_ms(self) -> int:
        return self.end_ms - self.start_ms

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> Self:
        segments = tuple(Segment.from_json(s) for s in value["segments"])
        return cls(**value | {"segments": segments})


@dataclass(frozen=True)
class SegmentedRecording(Record):
    """The ledger's object for one recording under one segmentation."""

    recording_id: str
    segmentation_hash: str
    decoded_duration_ms: int
    flags: tuple[str, ...]
    clips: tuple[Clip, ...]
    failures: tuple[Failure, ...]
    run_id: str

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> Self:
        return cls(
            **value
            | {
                "clips": tuple(Clip.from_json(c) for c in value["clips"]),
                "flags": tuple(value["flags"]),
                "failures": tuple(Failure.from_json(f) for f in value["failures"]),
            }
        )


@dataclass(frozen=True)
class ExampleSegment(Record):
    """A segment that stood before a question as an example, and its cosine distance."""

    recording_id: str
    segment_id: str
    distance: float


@dataclass(frozen=True)
class Annotation(Record):
    """One answer of the model to one task over one segment or clip (`segment_id` is then empty)."""

    task_id: str
    task_hash: str
    kind: str
    prompt_id: str
    segment_id: str
    start_ms: int
    end_ms: int
    raw_text: str
    text: str
    thinking: str
    choice: str
    mean_logprob: float | None
    token_count: int
    finish_reason: str
    flags: tuple[str, ...]
    examples: tuple[ExampleSegment, ...] = ()

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> Self:
        examples = tuple(ExampleSegment.from_json(e) for e in value.get("examples", ()))
        return cls(**value | {"flags": tuple(value["flags"]), "examples": examples})


@dataclass(frozen=True)
class Failure(Record):
    """What went wrong with one piece of work, and how often it was tried.

    `permanent` failures come back with the same input, so a rerun does not try them again.
    """

    stage: str
    uri: str
    corpus: str
    date: str
    error_class: str
    message: str
    attempts: int
    permanent: bool
    run_id: str
    recording_id: str = ""
    clip_id: str = ""
    segment_id: str = ""
    task_id: str = ""
    task_hash: str = ""
    start_ms: int | None = None
    end_ms: int | None = None


@dataclass(frozen=True)
class AnnotatedClip(Record):
    """The ledger's object for one clip and one group of tasks, written as soon as it is done.

    `model_ms` is the time that the model took for all of it.
    """

    clip_id: str
    recording_id: str
    model: str
    weights_revision: str
    engine: str
    run_id: str
    generated_at: str
    model_ms: int
    annotations: tuple[Annotation, ...]
    failures: tuple[Failure, ...] = field(default=())

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> Self:
        return cls(
            **value
            | {
                "annotations": tuple(Annotation.from_json(a) for a in value["annotations"]),
                "failures": tuple(Failure.from_json(f) for f in value["failures"]),
            }
        )


@dataclass(frozen=True)
class DerivedRows(Record):
    """The ledger's object for one recording's rows of derived tables.

    `rows` holds rows by table, without `run_id` and `generated_at`, which are those of this object;
    `counts` says what was made and why something was not.
    """

    stage: str
    recording_id: str
    identity: str
    run_id: str
    generated_at: str
    rows: dict[str, list[dict[str, Any]]]
    counts: dict[str, int]


@dataclass(frozen=True)
class ExaminedObject(Record):
    """What one state of a bucket's object holds, so that it is fetched for hashing once."""

    content_sha256: str
    media: MediaInfo

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> Self:
        return cls(value["content_sha256"], MediaInfo.from_json(value["media"]))


@dataclass(frozen=True)
class NightManifest(Record):
    """What `discover` found for one corpus and date: the plan that the later jobs read.

    `listed_at` is when the listing began: of two plans of a date the later listing is kept.
    `shards` is how many objects each table has for this date; the first plan decides.
    """

    corpus: str
    date: str
    source: str
    run_id: str
    listed_at: str
    shards: int
    recordings: tuple[Recording, ...]
    failures: tuple[Failure, ...]

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> Self:
        return cls(
            **value
            | {
                "recordings": tuple(Recording.from_json(r) for r in value["recordings"]),
                "failures": tuple(Failure.from_json(f) for f in value["failures"]),
            }
        )
