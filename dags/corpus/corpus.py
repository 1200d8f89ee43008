"""The settings of a corpus, as its YAML file has them. Pure data, checked when it is made."""

from __future__ import annotations

import re
import zoneinfo
from dataclasses import asdict, dataclass, field
from typing import Literal

from af3core.audio.cut import Segmentation
from af3core.errors import ConfigurationError
from af3core.limits import Limits
from af3core.voice.voice import VoiceSettings

_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,62}")
_DAILY = re.compile(r"\d{1,2} \d{1,2} \* \* \*")

MAX_PARTS = 1000
"""Airflow's scheduler looks at every part of every run."""


@dataclass(frozen=True)
class Model:
    """Which model answers, and how. The keys are those of `af3 annotate`.

    `allow_unaccepted` lets nights run with a model that did not pass the site's gate.
    """

    name: str = "nano"
    revision: str | None = None
    engine: Literal["af3", "transformers", "openai"] = "af3"
    endpoint: str | None = None
    dtype: Literal["float32", "bfloat16"] = "float32"
    device: Literal["auto", "cpu", "cuda"] = "auto"
    batch_tokens: int = 65_536
    allow_unaccepted: bool = False


_CUT = Segmentation()


@dataclass(frozen=True)
class Cutting:
    """How recordings are cut; seconds and dBFS."""

    max_clip_s: float = _CUT.max_clip_s
    max_segment_s: float = _CUT.max_segment_s
    target_segment_s: float = _CUT.target_segment_s
    silence_dbfs: float = _CUT.silence_dbfs

    def __post_init__(self) -> None:
        Segmentation(**asdict(self))  # its rules


@dataclass(frozen=True)
class Dataflow:
    """Where flex templates run. `templates` is the prefix of one template file per job."""

    project: str
    region: str
    templates: str
    connection: str = "google_cloud_default"


@dataclass(frozen=True)
class Runner:
    """What runs the jobs: processes of the Airflow worker, or Dataflow.

    Attributes:
        python: interpreter with the jobs' packages; none is Airflow's own.
        cpu_options, gpu_options: Beam's options of the CPU jobs and of annotate.
        parts: tasks that annotate is split into, for as many machines.
    """

    kind: Literal["local", "dataflow"] = "local"
    python: str | None = None
    cpu_options: dict[str, str] = field(default_factory=dict)
    gpu_options: dict[str, str] = field(default_factory=dict)
    parts: int = 1
    dataflow: Dataflow | None = None

    def __post_init__(self) -> None:
        if (self.kind == "dataflow") != (self.dataflow is not None):
            raise ConfigurationError("runner: kind dataflow and the key 'dataflow' go together")
        if not 1 <= self.parts <= MAX_PARTS:
            raise ConfigurationError(
                f"runner: parts {self.parts}: annotate is split into 1 to {MAX_PARTS} tasks;"
                " write 1 for one machine, else as many as there are GPUs"
            )


DERIVED_JOBS = ("events", "embed", "skills", "summarise", "describe", "dialogues")
"""In this order: pairs need events, descriptions need summaries, dialogues need embeddings."""

DERIVED_WITHOUT_MODEL = ("describe",)
"""Those of them that ask the model nothing: they are CPU jobs."""


@dataclass(frozen=True)
class Derive:
    """What is made of each published day, unasked nothing: it takes time, mostly the model's.

    Attributes:
        jobs: some of DERIVED_JOBS; they run in its order.
        skills: names of the skills; none means all.
        writer, writer_endpoint: the language model that writes, and its server; none is the
            model's own decoder.
        questions: file of questions about whole recordings.
        voice, speaker, speed: of `describe`, as its options; none is the job's default.
    """

    jobs: tuple[str, ...] = ()
    skills: tuple[str, ...] = ()
    writer: str | None = None
    writer_endpoint: str | None = None
    questions: str | None = None
    voice: str | None = None
    speaker: str | None = None
    speed: float | None = None

    def __post_init__(self) -> None:
        for job in self.jobs:
            if job not in DERIVED_JOBS:
                raise ConfigurationError(
                    f"derive: jobs: {job!r} is none; known are {', '.join(DERIVED_JOBS)}"
                )
        if (self.writer is None) != (self.writer_endpoint is None):
            raise ConfigurationError("derive: writer and writer_endpoint go together")
        self._check_voice()

    def _check_voice(self) -> None:
        for key in ("voice", "speaker", "speed"):
            if (value := getattr(self, key)) is None:
                continue
            if "describe" not in self.jobs:
                raise ConfigurationError(f"derive: {key} is of the job describe; add it to jobs")
            if value == "":
                raise ConfigurationError(f"derive: {key} is empty; name one, or leave the key out")
        try:
            VoiceSettings(speed=1.0 if self.speed is None else self.speed)
        except ConfigurationError as error:
            raise ConfigurationError(f"derive: {error}") from error


@dataclass(frozen=True)
class Retries:
    """How often lost capacity is tried again; the wait doubles from `delay_s` to `max_delay_s`."""

    count: int = 3
    delay_s: float = 60.0
    max_delay_s: float = 3600.0


@dataclass(frozen=True)
class Alerts:
    """Who hears of a failed task, and of a night that is not done in time."""

    late_after_h: float | None = None
    email: tuple[str, ...] = ()
    webhook: str | None = None


@dataclass(frozen=True)
class Corpus:
    """One corpus: an archive, what is asked of it, and when.

    Attributes:
        name: of the YAML file, without its suffix.
        source, out: folders or gs://… of the recordings, and of tables, clips and ledger.
        schedule: cron of the nightly run, once a day; it annotates the day before. None: by hand.
        date_from: what dates an object, as in `af3 annotate --date-from`.
        tasks: YAML file of tasks; none is the built-in ones.
        only, ask: as the options of `af3 annotate`.
        pool: Airflow's pool whose slots are GPUs.
    """

    name: str
    source: str
    out: str
    description: str = ""
    owner: str = "archive"
    schedule: str | None = "0 0 * * *"
    timezone: str = "UTC"
    date_from: Literal["auto", "path", "mtime"] = "auto"
    tasks: str | None = None
    only: tuple[str, ...] = ()
    ask: dict[str, str] = field(default_factory=dict)
    shards: int = 1
    pool: str = "gpu"
    model: Model = field(default_factory=Model)
    cutting: Cutting = field(default_factory=Cutting)
    limits: Limits = field(default_factory=Limits)
    derive: Derive = field(default_factory=Derive)
    runner: Runner = field(default_factory=Runner)
    retries: Retries = field(default_factory=Retries)
    alerts: Alerts = field(default_factory=Alerts)

    def __post_init__(self) -> None:
        if not _NAME.fullmatch(self.name):
            raise ConfigurationError(
                f"the file's name {self.name!r} names the corpus: lower-case letters, digits, - and"
                " _, at most 63; rename the file"
            )
        if self.schedule is not None and not _DAILY.fullmatch(self.schedule):
            raise ConfigurationError(
                f'schedule {self.schedule!r}: a run is one archive day; write "MINUTE HOUR * * *",'
                ' such as "0 0 * * *", or null for no schedule'
            )
        if self.timezone not in zoneinfo.available_timezones():
            raise ConfigurationError(
                f"timezone {self.timezone!r} is unknown; write a name such as Europe/Berlin"
            )
