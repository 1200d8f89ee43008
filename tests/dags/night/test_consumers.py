"""What runs when a day was published, by what its corpus asks for."""

from __future__ import annotations

from typing import Any

import pytest
from airflow.sdk import AssetAny

from af3core.errors import ConfigurationError
from dags.corpus.arguments import beam_arguments, job_arguments
from dags.corpus.corpus import Corpus, Derive, Runner
from dags.night.consumers import consumer_dags


def corpus(*jobs: str) -> Corpus:
    runner = Runner(
        gpu_options={"direct_num_workers": "1"}, cpu_options={"direct_num_workers": "4"}
    )
    return Corpus("radio", "/in", "/out", pool="a100", derive=Derive(jobs=jobs), runner=runner)


def dags_of(corpus: Corpus) -> dict[str, Any]:
    return {dag.dag_id: dag for dag in consumer_dags(corpus)}


def waits_for(dag: Any) -> str:
    name: str = dag.timetable.asset_condition.name
    return name


def test_nothing_is_derived_unasked() -> None:
    dags = dags_of(corpus())
    assert list(dags) == ["index__radio", "export__radio", "quality__radio"]
    assert {name: waits_for(dag) for name, dag in dags.items()} == {
        "index__radio": "tables__radio",
        "export__radio": "tables__radio",
        "quality__radio": "tables__radio",
    }


def test_derived_jobs_run_in_their_order_each_with_a_gpu_and_the_export_waits() -> None:
    dags = dags_of(corpus("skills", "events", "embed"))
    derive = dags["derive__radio"]
    assert [task.task_id for task in derive.topological_sort()] == ["events", "embed", "skills"]
    assert {task.pool for task in derive.tasks} == {"a100"}
    assert [task.task_id for task in derive.tasks if task.outlets] == ["skills"]
    assert waits_for(derive) == "tables__radio"
    assert waits_for(dags["export__radio"]) == "derived__radio"
    either = dags["index__radio"].timetable.asset_condition
    assert isinstance(either, AssetAny)
    assert {asset.name for asset in either.objects} == {"tables__radio", "derived__radio"}


def test_derived_jobs_get_the_options_of_the_gpu() -> None:
    derived = corpus("events")
    assert beam_arguments(derived, "events") == ["--direct_num_workers=1"]
    assert beam_arguments(derived, "export") == ["--direct_num_workers=4"]


def test_jobs_are_told_of_skills_writer_and_questions() -> None:
    derive = Derive(
        ("skills",), ("summary", "counting_level_1"), "big", "http://gpu:1/v1", "/q.txt"
    )
    given = job_arguments(
        Corpus("radio", "/in", "/out", derive=derive), "2026-11-03", "2026-11-03", "r"
    )
    assert {
        "--skill=summary,counting_level_1",
        "--writer=big",
        "--writer-endpoint=http://gpu:1/v1",
        "--questions=/q.txt",
    } <= set(given)


@pytest.mark.parametrize(
    ("derive", "message"),
    [
        ({"jobs": ("songs",)}, "derive: jobs: 'songs' is none; known are events, embed"),
        ({"writer": "big"}, "derive: writer and writer_endpoint go together"),
    ],
)
def test_a_wrong_wish_is_one_line(derive: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        Derive(**derive)
