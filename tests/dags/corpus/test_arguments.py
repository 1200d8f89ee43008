"""What jobs are told, and which day a run is."""

from __future__ import annotations

import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from af3core.errors import ConfigurationError
from beam_jobs.framework.job import job_parser
from beam_jobs.framework.settings import read_part
from dags.corpus.arguments import (
    archive_day,
    beam_arguments,
    job_arguments,
    part_name,
    part_option,
    run_name,
    week_of,
)
from dags.corpus.corpus import Corpus, Dataflow, Limits, Model, Runner
from schemas.jobs import job_named
from schemas.options.archive import Settling

CORPUS = Corpus(
    name="radio",
    source="/media/radio",
    out="/media/annotated",
    only=("transcript", "caption"),
    ask={"mood": "Is it sad, or not?"},
    limits=Limits(max_gpu_hours=8, gpu_price=2.5),
    runner=Runner(cpu_options={"direct_num_workers": "2"}, gpu_options={"direct_num_workers": "1"}),
)


def test_the_jobs_understand_every_option() -> None:
    given = job_arguments("plan", CORPUS, "2026-11-20", "2026-11-22", "run-1")
    known = job_parser(job_named("plan")).parse_args(given)
    assert (known.source_named, known.corpus, known.since, known.until, known.run_id) == (
        "/media/radio",
        "radio",
        "2026-11-20",
        "2026-11-22",
        "run-1",
    )
    assert (known.only, known.ask) == (["transcript", "caption"], ["mood=Is it sad, or not?"])
    assert (known.max_gpu_hours, known.gpu_price, known.model_revision) == (8.0, 2.5, None)


def test_a_night_looks_at_new_files_twice_and_a_command_line_once() -> None:
    given = job_arguments("plan", CORPUS, "2026-11-20", "2026-11-22", "run-1")
    assert {"--settle-min=2", "--max-missing-share=0.2"} <= set(given)
    assert (Corpus("radio", "/a", "/b", settle_min=5).settle_min, Settling().settle_min) == (5, 0)


def test_an_option_of_beams_may_take_no_value() -> None:
    corpus = Corpus("radio", "/a", "/b", runner=Runner(cpu_options={"no_use_public_ips": ""}))
    assert beam_arguments(corpus, "segment") == ["--no_use_public_ips"]


def test_beams_options_go_by_the_kind_of_job() -> None:
    assert beam_arguments(CORPUS, "segment") == ["--direct_num_workers=2"]
    assert beam_arguments(CORPUS, "annotate") == ["--direct_num_workers=1"]


@given(st.integers(2, 1000).flatmap(lambda n: st.tuples(st.integers(0, n - 1), st.just(n))))
def test_a_job_reads_its_part_as_it_is_told(part: tuple[int, int]) -> None:
    parser = job_parser(job_named("annotate"))
    assert read_part(parser.parse_args(part_option(part)).part) == part


def test_the_whole_needs_no_option() -> None:
    assert part_option((0, 1)) == []
    assert read_part(None) == (0, 1)


def test_people_count_parts_from_one() -> None:
    assert part_name((0, 4)) == "part 1 of 4"


NIGHT = datetime.datetime(2026, 11, 24, 23, 30, tzinfo=datetime.UTC)


@pytest.mark.parametrize(
    ("partition_key", "given_day", "timezone", "day"),
    [
        ("2026-11-03", None, "UTC", "2026-11-03"),
        ("2026-11-03", "2026-11-09", "UTC", "2026-11-03"),
        (None, "2026-11-09", "UTC", "2026-11-09"),
        (None, None, "UTC", "2026-11-23"),
        (None, None, "Europe/Berlin", "2026-11-24"),
        (None, None, "America/New_York", "2026-11-23"),
    ],
)
def test_the_day_of_a_run(
    partition_key: str | None, given_day: str | None, timezone: str, day: str
) -> None:
    assert archive_day(partition_key, given_day, timezone, NIGHT) == day


def test_a_day_that_is_none() -> None:
    with pytest.raises(ConfigurationError, match="day 'monday' is none; write YYYY-MM-DD"):
        archive_day(None, "monday", "UTC", NIGHT)


def test_a_week_runs_from_monday_to_sunday() -> None:
    assert week_of("2026-11-02 (W45)", "UTC", NIGHT) == ("2026-11-02", "2026-11-08")


@pytest.mark.parametrize(
    ("timezone", "monday"), [("UTC", "2026-11-16"), ("Pacific/Auckland", "2026-11-23")]
)
def test_a_run_by_hand_is_of_the_week_before(timezone: str, monday: str) -> None:
    sunday_evening = datetime.datetime(2026, 11, 29, 20, 0, tzinfo=datetime.UTC)
    assert week_of(None, timezone, sunday_evening)[0] == monday


@given(st.text(min_size=1))
def test_a_runs_name_is_a_name_for_objects(run_id: str) -> None:
    assert set(run_name(run_id)) <= set(
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.-"
    )


def test_runs_of_different_kinds_have_different_names() -> None:
    assert run_name("backfill__2026-11-20T00:00:00+00:00__x") == (
        "backfill__2026-11-20T00-00-00-00-00__x"
    )


def test_annotate_alone_is_told_of_the_gpus() -> None:
    for gpus, expected in (("all", "--gpus=all"), (2, "--gpus=2")):
        corpus = Corpus("radio", "/a", "/b", model=Model(gpus=gpus))
        for job in ("plan", "segment", "annotate", "events", "publish"):
            arguments = job_arguments(job, corpus, "2026-11-20", "2026-11-20", "run-1")
            given = [each for each in arguments if each.startswith("--gpus")]
            assert given == ([expected] if job == "annotate" else [])
        assert job_parser(job_named("annotate")).parse_args([expected]).gpus == gpus


def test_dataflow_has_no_machine_of_several_gpus() -> None:
    dataflow = Runner(kind="dataflow", dataflow=Dataflow("project", "region", "gs://templates"))
    with pytest.raises(
        ConfigurationError, match="model: gpus all: of a machine's GPUs, which Data"
    ):
        Corpus("radio", "gs://a/b", "gs://a/c", model=Model(gpus="all"), runner=dataflow)
