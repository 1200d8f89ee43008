"""Every job once: what it is for, where it is, what it needs, and the options that it takes.

The command line, `python -m beam_jobs`, Airflow's DAGs and Dataflow's templates read it. A new job
is an entry here and a module with a function `run(settings, beam_arguments)`. Standard library
only.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

from schemas.options import (
    archive,
    cleaning,
    derive,
    evaluation,
    messages,
    night,
    retaining,
    tuning,
    withdrawing,
)
from schemas.options.option import Option, OptionGroup, options_of

JobName = Literal[
    "discover",
    "plan",
    "segment",
    "annotate",
    "night",
    "audit",
    "publish",
    "report",
    "retry",
    "check",
    "watch",
    "clean",
    "retain",
    "withdraw",
    "index",
    "quality",
    "events",
    "align",
    "speakers",
    "embed",
    "skills",
    "think",
    "summarise",
    "describe",
    "dialogues",
    "chat",
    "export",
    "evaluate",
    "accept",
    "tune",
]
ModelNeed = Literal["none", "name", "weights"]
"""None; its name, revision and configuration; or its weights, on a GPU where there is one."""

Extra = Literal[
    "model",
    "derive",
    "align",
    "speakers",
    "search",
    "browse",
    "evaluate",
    "gcs",
    "airflow",
    "describe",
    "voice",
]
"""What setup.py calls the packages of a purpose; those for developers are left out."""

Groups = tuple[type[OptionGroup], ...]

RECORDED: Groups = (
    archive.Dating,
    archive.Holdings,
    archive.RecordingLimit,
    archive.Sharding,
    night.Cutting,
    night.Model,
    night.Tasks,
    night.Budget,
)
"""What `plan` records of a night, and the jobs behind it read there."""


@dataclass(frozen=True)
class Job:
    """A job.

    Attributes:
        name: in commands, reports and Airflow's tasks.
        summary: one clause, lower case.
        module: holds its `run`.
        options: its own groups, in the order of `--help`.
        model: what it needs of the audio model.
        reads_plan: it reads what `plan` recorded; those options may be repeated, not contradicted.
        records_plan: it records the resolved options of the interval.
        on_dataflow: it has a flex template.
        derived_after: a derived job, and the derived jobs whose rows it reads; None is no such job.
        with_source: the job that its command runs where SOURCE is given.
        extras: without whose packages no run of it succeeds; looked for before any work. Those of
            the model go without saying where `model` is "weights".
        decodes: it runs FFmpeg.
    """

    name: JobName
    summary: str
    module: str
    options: Groups
    model: ModelNeed = "none"
    reads_plan: bool = False
    records_plan: bool = False
    on_dataflow: bool = True
    derived_after: tuple[JobName, ...] | None = None
    with_source: JobName | None = None
    extras: tuple[Extra, ...] = ()
    decodes: bool = False

    @property
    def needs_source(self) -> bool:
        """It lists the archive itself."""
        return archive.Source in self.options

    @property
    def reads_nights(self) -> bool:
        """It works on what was planned or published before."""
        return archive.Interval in self.options and not self.needs_source

    @property
    def begins_output(self) -> bool:
        """It may be the first that writes into an output."""
        return self.needs_source or evaluation.BenchmarkChoice in self.options

    @property
    def cleans(self) -> bool:
        """It works on a whole output, whatever lies in it."""
        own = {cleaning.Cleaning, retaining.Retaining, withdrawing.Withdrawing}
        return not own.isdisjoint(self.options)

    @property
    def needs_gpu(self) -> bool:
        """It asks the model."""
        return self.model == "weights"

    @property
    def has_writer(self) -> bool:
        """A language model writes for it."""
        return derive.Writer in self.options

    @property
    def splits(self) -> bool:
        """It can do one part of its work, for machines side by side."""
        return night.Split in self.options

    @property
    def accepted(self) -> Groups:
        """All groups that its command line takes, those of the plan included."""
        return (*self.options, *(RECORDED if self.reads_plan else ()))


_PLACE: Groups = (archive.Results, archive.Interval)
_LISTING: Groups = (archive.Settling, archive.MissingLimit, archive.AcceptMissing)
_PLAN: Groups = (
    archive.Source,
    *_PLACE,
    archive.Dating,
    archive.Holdings,
    *_LISTING,
    archive.RecordingLimit,
    archive.Sharding,
    night.Cutting,
    night.Model,
    night.Endpoint,
    night.Compute,
    night.Tasks,
    night.Budget,
    evaluation.Accepted,
)
_MODEL: Groups = (night.Model, night.Endpoint, night.Compute)
_ASKED: Groups = (*_MODEL, night.Batching)
"""Of a job whose pieces may be asked together."""
SAID_BY_ALL: Groups = (messages.Summary, messages.Messages)
"""What every job can say of itself, and how much."""
_RUN: Groups = (night.Run, *SAID_BY_ALL)

JOBS: tuple[Job, ...] = (
    Job(
        "discover",
        "list, hash and probe the archive of an interval",
        "beam_jobs.night.discover",
        (
            archive.Source,
            *_PLACE,
            archive.Dating,
            archive.Holdings,
            *_LISTING,
            archive.RecordingLimit,
            archive.Sharding,
            *_RUN,
        ),
        on_dataflow=False,
    ),
    Job(
        "plan",
        "say what came in, what is done already and what the rest costs",
        "beam_jobs.night.plan",
        (*_PLAN, night.Sizing, *_RUN),
        model="name",
        records_plan=True,
    ),
    Job(
        "segment",
        "decode once, cut at pauses, write clips",
        "beam_jobs.night.segment",
        (*_PLACE, *_RUN),
        reads_plan=True,
        decodes=True,
    ),
    Job(
        "annotate",
        "with SOURCE run all jobs of a night; without, only ask the model what is missing",
        "beam_jobs.night.annotate",
        (
            *_PLACE,
            night.Endpoint,
            night.Compute,
            night.Batching,
            night.GpuProcesses,
            night.Split,
            night.Accelerator,
            *_RUN,
        ),
        model="weights",
        reads_plan=True,
        with_source="night",
    ),
    Job(
        "night",
        "plan, segment, annotate, audit, publish and report",
        "beam_jobs.night.whole_night",
        (
            *_PLAN,
            night.GpuProcesses,
            night.Approval,
            night.AuditLimits,
            night.Batching,
            night.Accelerator,
            night.Publishing,
            *_RUN,
        ),
        model="weights",
        records_plan=True,
        on_dataflow=False,
        decodes=True,
    ),
    Job(
        "audit",
        "check a night against its plan and its limits before it is published",
        "beam_jobs.night.audit",
        (*_PLACE, night.AuditLimits, *_RUN),
        model="name",
        reads_plan=True,
    ),
    Job(
        "publish",
        "replace the tables of the interval",
        "beam_jobs.night.publish",
        (*_PLACE, night.Publishing, *_RUN),
        model="name",
        reads_plan=True,
    ),
    Job(
        "report",
        "say what a run (--run-id) published, and what it cost against its plan",
        "beam_jobs.night.report",
        (*_PLACE, *_RUN),
        reads_plan=True,
    ),
    Job(
        "retry",
        "ask for given up or wrong work to be done again; nothing is deleted for it",
        "beam_jobs.night.retry",
        (*_PLACE, night.Retry, derive.Recordings, *_RUN),
        reads_plan=True,
        on_dataflow=False,
    ),
    Job(
        "check",
        "look for a machine's damage in the tables, such as earlier releases left",
        "beam_jobs.night.check",
        (*_PLACE, *_RUN),
        on_dataflow=False,
    ),
    Job(
        "watch",
        "report for the scheduler what af3 status says to people",
        "beam_jobs.night_status.watch_job",
        (archive.Source, *_PLACE, archive.Dating, archive.Holdings, *_RUN),
        on_dataflow=False,
    ),
    Job(
        "clean",
        "remove clips, ledger entries, exports and pages that nothing names any more",
        "beam_jobs.clean.clean_job",
        (archive.Results, cleaning.Cleaning, *_RUN),
    ),
    Job(
        "retain",
        "remove clips, reports, answers and days of a corpus that are older than its rule says",
        "beam_jobs.retention.retain_job",
        (archive.Results, retaining.Retaining, *_RUN),
    ),
    Job(
        "withdraw",
        "hide recordings at once, and remove all that is kept of them after a grace time",
        "beam_jobs.withdrawal.withdraw_job",
        (archive.Results, withdrawing.Withdrawing, *_RUN),
        on_dataflow=False,
    ),
    Job(
        "index",
        "bring the search index up to date with the tables",
        "beam_jobs.search.index_job",
        (*_PLACE, derive.TextModel, derive.Index, *_RUN),
        extras=("search",),
    ),
    Job(
        "quality",
        "measure an interval's annotations against the interval before",
        "beam_jobs.night.quality",
        (*_PLACE, *_RUN),
    ),
    Job(
        "events",
        "find and measure what is heard from when to when",
        "beam_jobs.derive.events_job",
        (*_PLACE, *_ASKED, *_RUN),
        model="weights",
        derived_after=(),
        extras=("derive",),
    ),
    Job(
        "align",
        "find when each word of the transcripts is spoken",
        "beam_jobs.derive.align_job",
        (*_PLACE, derive.Aligning, *_MODEL, *_RUN),
        derived_after=(),
        extras=("align",),
    ),
    Job(
        "speakers",
        "find who speaks when, in recordings or across a corpus; name voices, or forget them",
        "beam_jobs.derive.speakers.speakers_job",
        (*_PLACE, derive.Speakers, derive.SpeakerChoices, *_RUN),
        derived_after=(),
        extras=("speakers",),
    ),
    Job(
        "embed",
        "place each annotated segment among all, by its sound and its caption",
        "beam_jobs.derive.embed_job",
        (*_PLACE, *_MODEL, derive.TextModel, *_RUN),
        model="weights",
        derived_after=(),
        extras=("derive",),
    ),
    Job(
        "skills",
        "make question-answer pairs by skill (af3 skills list shows the skills)",
        "beam_jobs.derive.skills.skills_job",
        (
            *_PLACE,
            derive.SkillsList,
            derive.Skills,
            derive.AsMade,
            *_ASKED,
            derive.Writer,
            derive.Seed,
            *_RUN,
        ),
        model="weights",
        derived_after=("events",),
    ),
    Job(
        "think",
        "write the thinking that leads to the answers of pairs, for training (AF-Think)",
        "beam_jobs.derive.skills.think_job",
        (*_PLACE, derive.Skills, *_ASKED, derive.Writer, derive.Seed, *_RUN),
        model="weights",
        derived_after=("skills",),
    ),
    Job(
        "summarise",
        "summary, chapters and answers with citations for whole recordings",
        "beam_jobs.derive.summarise_job",
        (
            *_PLACE,
            derive.Questions,
            derive.AsMade,
            *_MODEL,
            derive.Writer,
            derive.TextModel,
            derive.Seed,
            *_RUN,
        ),
        model="weights",
        derived_after=("events",),
        extras=("derive",),
    ),
    Job(
        "describe",
        "spoken descriptions of recordings, from their summaries and chapters",
        "beam_jobs.derive.audio_descriptions.describe_job",
        (*_PLACE, derive.Recordings, derive.Speech, *_RUN),
        derived_after=("summarise",),
    ),
    Job(
        "dialogues",
        "make conversations about several sounds, for training",
        "beam_jobs.derive.dialogues.dialogues_job",
        (*_PLACE, *_MODEL, derive.Writer, derive.TextModel, derive.Seed, *_RUN),
        model="weights",
        derived_after=("embed",),
        extras=("derive",),
    ),
    Job(
        "chat",
        "run scripted conversations over chosen segments",
        "beam_jobs.derive.chat.chat_job",
        (*_PLACE, derive.Conversations, *_ASKED, derive.Seed, *_RUN),
        model="weights",
        on_dataflow=False,
    ),
    Job(
        "export",
        "write training data from answers, pairs, thinking and dialogues",
        "beam_jobs.derive.export.export_job",
        (*_PLACE, derive.Export, derive.AsMade, derive.Skills, night.Tasks, derive.Seed, *_RUN),
    ),
    Job(
        "evaluate",
        "ask a model a benchmark's items and score its answers by the official rules",
        "beam_jobs.evaluation.evaluate_job",
        (archive.Results, evaluation.BenchmarkChoice, *_MODEL, evaluation.Judge, *_RUN),
        model="weights",
    ),
    Job(
        "accept",
        "let a model pass where no benchmark is worse than the last accepted model's",
        "beam_jobs.evaluation.accept_job",
        (archive.Results, evaluation.Gate, evaluation.MaxDrop, *_MODEL, *_RUN),
        model="name",
    ),
    Job(
        "tune",
        "continue a checkpoint by LoRA on answers that people reviewed, and say what it changed",
        "beam_jobs.evaluation.tune_job",
        (*_PLACE, tuning.Tuning, night.Tasks, derive.Seed, *_MODEL, *_RUN),
        model="weights",
        on_dataflow=False,
        extras=("evaluate",),
    ),
)

EXTRAS_OF_COMMANDS: dict[str, tuple[Extra, ...]] = {
    "search": ("search",),
    "browse": ("browse",),
    "talk": ("voice",),
    "describe": ("describe",),
    "evaluate": ("evaluate",),
    "gs:// addresses": ("gcs",),
    "Airflow": ("airflow",),
}
"""What else needs packages, in some of its forms at least: it says so where it misses them."""

_BY_NAME = {job.name: job for job in JOBS}
if set(_BY_NAME) != set(get_args(JobName)):
    raise TypeError("schemas.jobs: JobName and JOBS differ")

COMMANDS: tuple[Job, ...] = tuple(
    job for job in JOBS if job.name not in {other.with_source for other in JOBS}
)
"""The jobs that are commands of their own."""

DERIVED: tuple[Job, ...] = tuple(job for job in JOBS if job.derived_after is not None)
"""What Airflow derives from each published day, in this order."""

NIGHTLY: tuple[Job, ...] = tuple(
    _BY_NAME[name] for name in ("plan", "segment", "annotate", "audit", "publish", "report")
)
"""The tasks of a night, in this order."""


def job_named(name: str) -> Job:
    """The job of a name.

    Raises:
        KeyError: there is none.
    """
    return _BY_NAME[name]  # type: ignore[index]


def options_of_job(job: Job, accepted: bool = False) -> tuple[Option, ...]:
    """A job's own options; with those of the plan where `accepted`."""
    groups = job.accepted if accepted else job.options
    return tuple(known for group in groups for known in options_of(group))
