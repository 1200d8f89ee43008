"""The settings of a corpus, as its YAML file has them. Pure data, checked when it is made."""

from __future__ import annotations

import datetime
import math
import re
from dataclasses import dataclass, field
from typing import Literal

from af3core.audio.cut_points import segmentation_of
from af3core.errors import ConfigurationError
from af3core.speech.voice import VoiceSettings
from dags.corpus.names import GPU_POOL, check_name
from dags.corpus.places import check_place
from schemas.jobs import DERIVED
from schemas.options import archive, derive, night
from schemas.options.cleaning import a_day_or_more
from schemas.options.derive import POCKETSPHINX
from schemas.options.option import options_of, with_default
from schemas.options.retaining import Retention

_DAILY = re.compile(r"\d{1,2} \d{1,2} \* \* \*")

MAX_PARTS = 1000
"""Airflow's scheduler looks at every part of every run."""
MAX_LOOKBACK_DAYS = 366
"""The report of a look at so many days lies in Airflow's database."""


@dataclass(frozen=True, kw_only=True)
class Model(night.Model, night.Endpoint, night.Compute, night.Batching, night.GpuProcesses):
    """Which model answers, and how.

    `allow_unaccepted` lets nights run with a model that did not pass the site's gate.
    """

    allow_unaccepted: bool = False


@dataclass(frozen=True, kw_only=True)
class Cutting(night.Cutting):
    """How recordings are cut."""

    def __post_init__(self) -> None:
        super().__post_init__()
        segmentation_of(self)  # its rules


@dataclass(frozen=True, kw_only=True)
class Limits(archive.RecordingLimit, archive.MissingLimit, night.Budget, night.AuditLimits):
    """What a night may cost, and how whole and good it must be to be published."""


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


@dataclass(frozen=True)
class Derive(
    derive.Skills,
    derive.Writer,
    derive.Questions,
    derive.Speech,
    derive.Aligning,
    derive.Speakers,
):
    """What is made of each published day, unasked nothing: it takes time, mostly the model's.

    `jobs` are some of `schemas.jobs.DERIVED`; they run in its order.
    """

    jobs: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        super().__post_init__()
        known = [job.name for job in DERIVED]
        for job in self.jobs:
            if job not in known:
                raise ConfigurationError(
                    f"derive: jobs: {job!r} is none; known are {', '.join(known)}"
                )
        if (self.writer is None) != (self.writer_endpoint is None):
            raise ConfigurationError("derive: writer and writer_endpoint go together")
        self._check_voice()
        if self.aligner != POCKETSPHINX and "align" not in self.jobs:
            raise ConfigurationError("derive: aligner is of the job align; add it to jobs")
        self._check_speakers()

    def _check_speakers(self) -> None:
        if self.speaker_per_channel and self.across == "corpus":
            raise ConfigurationError(
                "derive: speaker_per_channel compares no voices, and speakers_across: corpus does;"
                " leave one out"
            )
        for known in options_of(derive.Speakers):
            if getattr(self, known.name) != known.default and "speakers" not in self.jobs:
                raise ConfigurationError(
                    f"derive: {known.key} is of the job speakers; add it to jobs"
                )

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
    """How often a task's work is tried again; the wait doubles from `delay_s` to `max_delay_s`.

    Attempts that Airflow itself loses do not count. `control_plane_grace_min` is how long its
    server, scheduler, triggerer and database may be away before a job ends by itself.
    """

    count: int = 3
    delay_s: float = 60.0
    max_delay_s: float = 3600.0
    control_plane_grace_min: float = 30.0

    def __post_init__(self) -> None:
        for key in ("count", "delay_s", "max_delay_s"):
            if not 0 <= (value := getattr(self, key)) < math.inf:
                raise ConfigurationError(f"retries: {key} {value}: write 0 or more")
        if not 0 < self.control_plane_grace_min < math.inf:
            raise ConfigurationError(
                f"retries: control_plane_grace_min {self.control_plane_grace_min}: minutes, above 0"
            )


@dataclass(frozen=True)
class Alerts:
    """Who hears of a failed task, and of a night that is not done in time.

    `late_after_h` counts from the planned time of a night, and from the start of a backfill's run.
    """

    late_after_h: float | None = None
    email: tuple[str, ...] = ()
    webhook: str | None = None

    def __post_init__(self) -> None:
        if self.late_after_h is not None and not 0 < self.late_after_h < math.inf:
            raise ConfigurationError(
                f"alerts: late_after_h {self.late_after_h}: write hours above 0, or leave it out"
            )


@dataclass(frozen=True, kw_only=True)
class Settling(archive.Settling):
    """Files that are still written: a night has the time to look twice."""

    settle_min: float = with_default(archive.Settling, "settle_min", 2.0)


@dataclass(frozen=True)
class Corpus(archive.Dating, archive.Holdings, Settling, night.Tasks, archive.Sharding):
    """One corpus: an archive, what is asked of it, and when.

    Attributes:
        name: of the YAML file, without its suffix.
        source, out: absolute folders or gs://… of the recordings, and of tables, clips and ledger.
        schedule: cron of the nightly run, once a day; it annotates the day before. None: by hand.
        catchup: nights that were missed while no scheduler ran are run later, all of them.
        first_day: the first archive day that is run by itself; None: from the last night on.
        lookback_days: so many past days are held against the archive, and brought to a run where
            they lack something.
        pool: Airflow's pool whose slots are GPUs.
        max_active_runs: runs by schedule and by hand at once; a backfill has its own number.
        keep_days: what nothing in `out` names any more is removed once it is older. None: never.
        retention: what goes once it is older, though it is named. Empty: nothing.
    """

    name: str
    source: str
    out: str
    description: str = ""
    owner: str = "archive"
    schedule: str | None = "0 0 * * *"
    catchup: bool = False
    first_day: str | None = None
    lookback_days: int = 7
    pool: str = GPU_POOL
    max_active_runs: int = 1
    keep_days: int | None = None
    retention: Retention = field(default_factory=Retention)
    model: Model = field(default_factory=Model)
    cutting: Cutting = field(default_factory=Cutting)
    limits: Limits = field(default_factory=Limits)
    derive: Derive = field(default_factory=Derive)
    runner: Runner = field(default_factory=Runner)
    retries: Retries = field(default_factory=Retries)
    alerts: Alerts = field(default_factory=Alerts)

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.model.gpus is not None and self.runner.kind == "dataflow":
            raise ConfigurationError(
                f"model: gpus {self.model.gpus}: of a machine's GPUs, which Dataflow's workers have"
                " one of; leave it out, or write runner: kind: local"
            )
        if self.max_active_runs < 1:
            raise ConfigurationError(
                f"max_active_runs {self.max_active_runs}: must be 1 or more; 1 works on one day"
                " after the other"
            )
        check_name(self.name)
        check_place("source", self.source)
        check_place("out", self.out)
        if self.keep_days is not None and (wrong := a_day_or_more(self.keep_days)):
            raise ConfigurationError(f"keep_days {self.keep_days}: {wrong}")
        tables_days = self.retention.tables_days
        if tables_days is not None and tables_days <= self.lookback_days:
            raise ConfigurationError(
                f"retention: tables_days {tables_days}: must be more than lookback_days"
                f" ({self.lookback_days}), whose days are brought back where they lack something"
            )
        if self.schedule is not None and not _DAILY.fullmatch(self.schedule):
            raise ConfigurationError(
                f'schedule {self.schedule!r}: a run is one archive day; write "MINUTE HOUR * * *",'
                ' such as "0 0 * * *", or null for no schedule'
            )
        self._check_days()

    def _check_days(self) -> None:
        """What runs by itself, from which day on."""
        if self.first_day is not None and not is_day(self.first_day):
            raise ConfigurationError(f"first_day {self.first_day!r} is none; write YYYY-MM-DD")
        if self.catchup and self.first_day is None:
            raise ConfigurationError(
                'catchup: true needs first_day, such as first_day: "2026-11-01": all nights from'
                " that day on are run"
            )
        if not 1 <= self.lookback_days <= MAX_LOOKBACK_DAYS:
            raise ConfigurationError(
                f"lookback_days {self.lookback_days}: write 1 to {MAX_LOOKBACK_DAYS}; older days"
                " are brought back by a backfill"
            )
        by_schedule = {
            "catchup: true": self.catchup,
            "first_day": self.first_day is not None,
            "alerts: late_after_h": self.alerts.late_after_h is not None,
        }
        for key, is_set in by_schedule.items():
            if is_set and self.schedule is None:
                raise ConfigurationError(
                    f"{key} needs a schedule: with schedule: null nothing runs by itself; leave it"
                    " out, or write a schedule"
                )


def is_day(text: str) -> bool:
    """Whether a text is a day as YYYY-MM-DD."""
    try:
        return datetime.date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False
