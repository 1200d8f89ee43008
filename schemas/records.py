"""The small records that travel between jobs and rest in the ledger. Audio never travels.

Times are integer milliseconds from the start of the recording.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from schemas.record_format import Record


@dataclass(frozen=True)
class ObjectPart(Record):
    """One object of several that are one recording, in the state that was listed."""

    uri: str
    size_bytes: int
    version: str = ""
    modified_ns: int = 0


@dataclass(frozen=True)
class ArchiveObject(Record):
    """One object of an archive as a listing shows it, with the date that it belongs to.

    Attributes:
        version: the generation of a bucket's object; a file has none.
        modified_ns: the last change of a file, as its file system has it; 0 for a bucket's object.
        unreadable: why it could not be looked at; its size and its change are then unknown.
        date_rule: what dated it (`beam_jobs.night.recording_date`).
        any_suffix: its name is no recording's; where it is no media it is passed over.
        parts: where several objects are one recording: all of them. `uri` is then the first's,
            `size_bytes` their sum, `version` one of all, the changes the last of all.
    """

    uri: str
    corpus: str
    date: str
    size_bytes: int
    modified_at: str
    version: str = ""
    modified_ns: int = 0
    unreadable: str = ""
    date_rule: str = ""
    any_suffix: bool = False
    parts: tuple[ObjectPart, ...] = ()


@dataclass(frozen=True)
class MediaTrack(Record):
    """One audio track of a recording.

    Attributes:
        index: among the audio tracks, from 0.
        part: in which of the recording's objects it is, from 0.
        language, title: as the container has them, else empty.
        is_default: a player takes it unasked.
        level_dbfs, speech_ms: highest level and time with speech, measured where another track was
            heard; None where it was not measured, or nothing but digital silence is in it.
    """

    index: int
    codec: str
    language: str
    title: str
    is_default: bool
    channels: int
    declared_duration_ms: int | None = None
    level_dbfs: float | None = None
    speech_ms: int | None = None
    part: int = 0


@dataclass(frozen=True)
class MediaInfo(Record):
    """What the container says of itself, before anything is decoded.

    All but `container` and `tracks` is of the track that a player takes unasked. `tracks` is empty
    where an earlier release looked.

    Attributes:
        declared_duration_ms: the length that it names; up to 0.2.0 estimates stand here too.
        estimated_duration_ms: where it names none: what its size and its bit rate make likely.
        declared_by: "track" where the length is that of the sound, "file" of all that is in it.
        probed_further: its sound was found beyond the first seconds; the decoder looks as far.
    """

    container: str
    codec: str
    sample_rate_hz: int
    channels: int
    declared_duration_ms: int | None
    estimated_duration_ms: int | None = None
    declared_by: str = ""
    tracks: tuple[MediaTrack, ...] = ()
    probed_further: bool = False

    @property
    def likely_duration_ms(self) -> int:
        """For planning and progress: declared, or estimated, or 0."""
        return self.declared_duration_ms or self.estimated_duration_ms or 0


@dataclass(frozen=True)
class Recording(Record):
    """One content of the archive: the first object that holds it, and the others that do.

    `version`, `modified_ns`, `date_rule` and `parts` are those of `ArchiveObject`; `flags` are
    doubts about the object. `sound_sha256` is the identity of its sound
    (`af3core.audio.sound_identity`); empty where it was not read for it. `same_sound_as` is the
    recording that the sound was met in first, where that is another.
    """

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
    modified_ns: int = 0
    flags: tuple[str, ...] = ()
    date_rule: str = ""
    sound_sha256: str = ""
    same_sound_as: str = ""
    parts: tuple[ObjectPart, ...] = ()

    @property
    def uris(self) -> tuple[str, ...]:
        """All objects that hold it, or a part of it."""
        return (self.uri, *self.duplicate_uris, *(part.uri for part in self.parts[1:]))


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
    """As much of a recording as the model hears at once: one FLAC object, one unit of GPU work.

    `channel` is None where all that was heard is in it, else the one that was cut by itself.
    """

    clip_id: str
    recording_id: str
    clip_uri: str
    start_ms: int
    end_ms: int
    segments: tuple[Segment, ...]
    channel: int | None = None

    @property
    def duration_ms(self) -> int:
        return self.end_ms - self.start_ms


@dataclass(frozen=True)
class TimeGap(Record):
    """Silence that stands for what a file's times leave out."""

    start_ms: int
    duration_ms: int


@dataclass(frozen=True)
class Heard(Record):
    """What of a recording was heard.

    Attributes:
        tracks: by index.
        channels: mix, each, or the index of one.
        channel_count: how many channels were heard.
    """

    tracks: tuple[int, ...]
    channels: str
    channel_count: int


@dataclass(frozen=True)
class SegmentedRecording(Record):
    """The ledger's object for one recording under one segmentation.

    `tracks` and `heard` are missing where a release cut it that heard the first track alone.

    Attributes:
        decoded_duration_ms: with the silence of a late start and of gaps.
        start_offset_ms: how long after the file's first track the sound starts.
        gaps: at most 1,000, in order; `gap_ms` is the length of all.
        lost_ms: sound that could not be decoded, as far as it can be told.
        notes: words of the decoder that lost nothing, or say what was lost.
    """

    recording_id: str
    segmentation_hash: str
    decoded_duration_ms: int
    flags: tuple[str, ...]
    clips: tuple[Clip, ...]
    failures: tuple[Failure, ...]
    run_id: str
    retry: int = 0
    start_offset_ms: int | None = None
    gaps: tuple[TimeGap, ...] = ()
    gap_ms: int | None = None
    lost_ms: int | None = None
    notes: tuple[str, ...] = ()
    tracks: tuple[MediaTrack, ...] = ()
    heard: Heard | None = None


@dataclass(frozen=True)
class ExampleSegment(Record):
    """A segment that stood before a question as an example, and its cosine distance; `form` is
    `caption` where its caption stood alone, `sound` where it was heard too.
    """

    recording_id: str
    segment_id: str
    distance: float
    form: str = "caption"


@dataclass(frozen=True)
class Annotation(Record):
    """One answer of the model to one task over one segment or clip (`segment_id` is then empty).

    Its flags follow from it when it is published. Earlier releases kept theirs in `flags`, which is
    no longer read.

    Attributes:
        language: of a transcript's text by ISO 639, empty where that is too short to tell; None
            of other answers, and where an earlier release kept none.
        language_probability: how likely that language is.
    """

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
    flags: tuple[str, ...] = ()
    examples: tuple[ExampleSegment, ...] = ()
    language: str | None = None
    language_probability: float = 0.0


@dataclass(frozen=True)
class Failure(Record):
    """What went wrong with one piece of work, and how often it was tried.

    `permanent` failures come back with the same input, so a rerun does not try them again. What
    `waits` failed for a machine's sake: it has used up no attempt. `retry` is the number of the
    request (`RetryRequest`) under which it was tried.
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
    waits: bool = False
    retry: int = 0


@dataclass(frozen=True)
class RetryRequest(Record):
    """A person's wish that finished or given up work is done again: nothing is deleted for it.

    Attributes:
        stage: whose work.
        work_key: of the piece, as the stage keys its failures (segment), or the recording
            (annotate: its failed questions).
        number: from 1. What was done under a lower number counts until the piece is done anew.
        recording_id, run_id, reason: for people.
    """

    stage: str
    work_key: str
    number: int
    recording_id: str
    run_id: str
    reason: str


@dataclass(frozen=True)
class AnnotatedClip(Record):
    """The ledger's object for one clip and one group of tasks, written as soon as it is done.

    `model_ms` is the time that the model took for all of it. `taken_over` says that a clip of the
    same object was asked, of another recording: by `run_id`, and not for this one.
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
    taken_over: bool = False


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
    sound_sha256: str = ""
    same_sound_as: str = ""


@dataclass(frozen=True)
class RecordingSound(Record):
    """Which sound a content holds (`af3core.audio.sound_identity`); empty where it has none that
    could be read to its end. `same_as` is the recording that it was met in first, if another.
    """

    sound_sha256: str
    same_as: str = ""


@dataclass(frozen=True)
class FirstOfSound(Record):
    """The first recording that a sound was met in: its cut and answers are those of the sound."""

    recording_id: str


@dataclass(frozen=True)
class CutOfSound(Record):
    """The recording whose cut is that of all recordings of a sound, under one segmentation; where
    there is none, it is the sound's first one.
    """

    recording_id: str


@dataclass(frozen=True)
class NightConfiguration(Record):
    """The resolved options of a night: what counts for its rows, and nothing of a machine.

    Attributes:
        options: by the names of their fields (`schemas.jobs.RECORDED`), the tasks apart.
        tasks: each with all its fields.
        weights_revision: the commit or hash of the model's weights.
    """

    options: dict[str, Any]
    tasks: tuple[dict[str, Any], ...]
    weights_revision: str


@dataclass(frozen=True)
class KnownTask(Record):
    """A task that a corpus was asked.

    Attributes:
        task: all its fields.
        first_asked, last_asked: when a run first and last asked it.
        is_dropped: its answers are no longer published, until it is asked again.
    """

    task: dict[str, Any]
    first_asked: str
    last_asked: str
    is_dropped: bool = False


@dataclass(frozen=True)
class CorpusTasks(Record):
    """All tasks that a corpus was asked, so that a run with fewer of them publishes all."""

    tasks: tuple[KnownTask, ...] = ()


@dataclass(frozen=True)
class DayReplacement(Record):
    """Objects of a day that are being replaced, all of one publish.

    Attributes:
        stage, run_id: who replaces them.
        held: by key the stamp of the state that readers take until the publish ends; empty where
            there was no object.
    """

    stage: str
    run_id: str
    held: dict[str, str]


@dataclass(frozen=True)
class PublishedDay(Record):
    """Which run published each table of a day last; another object with each publish."""

    tables: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class FinishedDay(Record):
    """What a day was published of last: the next plan finds by it that nothing is to be done.

    Attributes:
        run_id: which run published it.
        work: identity of all that its rows follow from.
        waiting: how many of its recordings wait for another run.
        objects: SHA-256 of each published object, by key.
        is_reported: the run went on to its end, so that all who follow the tables were told.
    """

    run_id: str
    work: str
    waiting: int
    objects: dict[str, str]
    is_reported: bool = False


@dataclass(frozen=True)
class MovedRecording(Record):
    """A recording that another day had before: `moved_from` is that day."""

    recording_id: str
    moved_from: str


@dataclass(frozen=True)
class WithdrawnRecording(Record):
    """A recording that leaves the tables of a day, as the archive has it there no more.

    `moved_to` is the day that has it now; empty where it is gone.
    """

    recording_id: str
    uri: str
    moved_to: str = ""


@dataclass(frozen=True)
class NightManifest(Record):
    """What `discover` found for one corpus and date: the plan that the later jobs read.

    Attributes:
        listed_at: when the listing began, by its machine's clock; nothing is decided by it.
        shards: how many objects each table has for this date; the first plan decides.
        configuration: names the resolved options (`NightConfiguration`); 0.1.0 recorded none.
        withdrawn: what was planned or published of this day before, and is not in it any more.
        arrived: recordings that another day had before.
        passed_over: how many objects of the day are no recordings, by reason.
        refused: hashes of the state of objects that hold what is withdrawn, of which nothing else
            is kept.
    """

    corpus: str
    date: str
    source: str
    run_id: str
    listed_at: str
    shards: int
    recordings: tuple[Recording, ...]
    failures: tuple[Failure, ...]
    configuration: str = ""
    withdrawn: tuple[WithdrawnRecording, ...] = ()
    arrived: tuple[MovedRecording, ...] = ()
    passed_over: dict[str, int] = field(default_factory=dict)
    refused: tuple[str, ...] = ()
