"""Each job once: what the declarations promise to everything that reads them."""

from __future__ import annotations

import importlib
import subprocess
import sys

import pytest

from schemas.jobs import COMMANDS, DERIVED, JOBS, NIGHTLY, RECORDED, Job, job_named, options_of_job
from schemas.options.archive import Source
from schemas.options.derive import Writer
from schemas.options.night import Split


@pytest.mark.parametrize("job", JOBS, ids=lambda job: job.name)
def test_a_jobs_module_runs_it(job: Job) -> None:
    assert callable(importlib.import_module(job.module).run)


@pytest.mark.parametrize("job", JOBS, ids=lambda job: job.name)
def test_no_option_of_a_job_stands_twice(job: Job) -> None:
    names = [known.name for known in options_of_job(job, accepted=True)]
    assert len(names) == len(set(names))


def test_what_jobs_need() -> None:
    assert {job.name for job in JOBS if job.needs_source} == {
        "discover",
        "plan",
        "night",
        "watch",
    }
    assert {job.name for job in JOBS if job.needs_gpu} == {
        "annotate",
        "night",
        "events",
        "embed",
        "skills",
        "think",
        "summarise",
        "dialogues",
        "chat",
        "evaluate",
        "tune",
    }
    assert {job.name for job in JOBS if job.has_writer} == {
        "skills",
        "think",
        "summarise",
        "dialogues",
    }
    assert {job.name for job in JOBS if job.splits} == {"annotate"}
    assert {job.name for job in JOBS if job.records_plan} == {"plan", "night"}
    assert {job.name for job in JOBS if job.reads_plan} == {
        "segment",
        "annotate",
        "audit",
        "publish",
        "report",
        "retry",
    }
    assert {job.name for job in JOBS if job.decodes} == {"segment", "night"}
    assert {job.name: job.extras for job in JOBS if job.extras} == {
        "index": ("search",),
        "events": ("derive",),
        "align": ("align",),
        "speakers": ("speakers",),
        "embed": ("derive",),
        "summarise": ("derive",),
        "dialogues": ("derive",),
        "tune": ("evaluate",),
    }
    assert {job.name for job in JOBS if not job.on_dataflow} == {
        "discover",
        "night",
        "retry",
        "check",
        "watch",
        "chat",
        "tune",
        "withdraw",
    }


def test_orders() -> None:
    assert [job.name for job in NIGHTLY] == [
        "plan",
        "segment",
        "annotate",
        "audit",
        "publish",
        "report",
    ]
    assert [job.name for job in DERIVED] == [
        "events",
        "align",
        "speakers",
        "embed",
        "skills",
        "think",
        "summarise",
        "describe",
        "dialogues",
    ]
    assert [job.name for job in COMMANDS] == [job.name for job in JOBS if job.name != "night"]


def test_a_derived_job_follows_those_that_it_reads() -> None:
    seen: list[str] = []
    for job in DERIVED:
        assert set(job.derived_after or ()) <= set(seen), job.name
        seen.append(job.name)


def test_a_job_that_reads_the_plan_takes_its_options_but_shows_its_own() -> None:
    segment = job_named("segment")
    assert set(segment.accepted) - set(segment.options) == set(RECORDED)
    assert Source not in segment.accepted
    assert Split not in segment.accepted
    assert Writer not in segment.accepted


def test_the_declarations_need_the_standard_library_alone() -> None:
    code = (
        "import sys; before = set(sys.modules); import schemas.jobs;"
        "new = {name.split('.')[0] for name in set(sys.modules) - before};"
        "print(sorted(new - {'schemas'} - set(sys.stdlib_module_names)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
