"""What runs when a day was published, by what its corpus asks for."""

from __future__ import annotations

import dataclasses
import datetime
from types import SimpleNamespace
from typing import Any

import pytest
from airflow.sdk import AssetAny

from af3core.errors import ConfigurationError
from dags.corpus.arguments import beam_arguments, job_arguments
from dags.corpus.corpus import Corpus, Derive, Runner
from dags.launch.job_operator import emit_partition
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
    daily = ("index__radio", "export__radio")
    assert {name: waits_for(dags[name]) for name in daily} == dict.fromkeys(daily, "tables__radio")


def test_quality_is_measured_once_a_week_whatever_is_published() -> None:
    weekly = dags_of(corpus())["quality__radio"].timetable
    assert (weekly.expression, weekly.run_offset) == ("0 12 * * 1", -1)


def test_derived_jobs_run_in_their_order_each_with_a_gpu_and_the_export_waits() -> None:
    dags = dags_of(corpus("skills", "events", "embed"))
    derive = dags["derive__radio"]
    assert [task.task_id for task in derive.topological_sort()] == ["events", "embed", "skills"]
    assert {task.pool for task in derive.tasks} == {"a100"}
    assert [task.task_id for task in derive.tasks if task.outlets] == ["skills"]
    assert waits_for(derive) == "tables__radio"
    assert waits_for(dags["export__radio"]) == "derived__radio"
    either: Any = dags["index__radio"].timetable.asset_condition
    assert type(either) is AssetAny
    objects: list[Any] = list(either.objects)
    assert {asset.name for asset in objects} == {"tables__radio", "derived__radio"}


def test_a_run_by_hand_is_of_all_days_and_of_no_partition() -> None:
    """Past days are derived and exported so, once a corpus has the key."""
    run = SimpleNamespace(partition_key=None, run_after=datetime.datetime.now(datetime.UTC))
    context: dict[str, Any] = {"ti": SimpleNamespace(run_id="r"), "dag_run": run, "params": {}}
    for dag in dags_of(corpus("events")).values():
        told = dag.tasks[0].arguments(context)
        has_days = any(option.startswith("--since=") for option in told)
        assert has_days == (dag.dag_id == "quality__radio")
    (last,) = dags_of(corpus("events"))["derive__radio"].tasks
    emit_partition(last, last.partition, context)
    assert last.outlets == []


def test_descriptions_follow_summaries_and_hold_no_gpu() -> None:
    derive = dags_of(corpus("describe", "dialogues", "summarise"))["derive__radio"]
    pools = {task.task_id: task.pool for task in derive.topological_sort()}
    assert pools == {"summarise": "a100", "describe": "default_pool", "dialogues": "a100"}
    assert list(pools) == ["summarise", "describe", "dialogues"]
    alone = dags_of(corpus("describe"))["derive__radio"]
    assert [(task.pool, len(task.outlets)) for task in alone.tasks] == [("default_pool", 1)]


def test_derived_jobs_get_the_options_of_the_gpu_where_they_ask_the_model() -> None:
    derived = corpus("events", "describe")
    assert beam_arguments(derived, "events") == ["--direct_num_workers=1"]
    assert beam_arguments(derived, "describe") == ["--direct_num_workers=4"]
    assert beam_arguments(derived, "export") == ["--direct_num_workers=4"]


def test_jobs_are_told_of_skills_writer_questions_and_voice() -> None:
    derive = Derive(
        ("skills", "describe"),
        skills=("summary", "counting_level_1"),
        writer="big",
        writer_endpoint="http://gpu:1/v1",
        questions="/q.txt",
        voice="facebook/mms-tts-eng",
        speaker="3",
        speed=1.25,
    )
    radio = Corpus("radio", "/in", "/out", derive=derive)
    given = [
        option
        for job in ("skills", "summarise", "describe")
        for option in job_arguments(job, radio, "2026-11-03", "2026-11-03", "r")
    ]
    assert {
        "--skill=summary,counting_level_1",
        "--writer=big",
        "--writer-endpoint=http://gpu:1/v1",
        "--questions=/q.txt",
        "--voice=facebook/mms-tts-eng",
        "--speaker=3",
        "--speed=1.25",
    } <= set(given)


def test_a_corpus_without_a_voice_leaves_it_to_the_job() -> None:
    given = job_arguments("describe", corpus("describe"), "2026-11-03", "2026-11-03", "r")
    assert not [option for option in given if option.startswith(("--voice", "--speak", "--speed"))]


@pytest.mark.parametrize(
    ("derive", "message"),
    [
        ({"jobs": ("songs",)}, "derive: jobs: 'songs' is none; known are events, align"),
        ({"aligner": "my_ctc"}, "derive: aligner is of the job align; add it to jobs"),
        ({"across": "corpus"}, "derive: speakers_across is of the job speakers; add it to jobs"),
        (
            {"jobs": ("speakers",), "across": "corpus", "speaker_per_channel": True},
            "derive: speaker_per_channel compares no voices, and speakers_across: corpus does",
        ),
        ({"writer": "big"}, "derive: writer and writer_endpoint go together"),
        ({"jobs": ("describe",), "speed": 9.0}, "^derive: speed 9: take 0.25 to 4$"),
        (
            {"jobs": ("describe",), "voice": ""},
            "^derive: voice is empty; name one, or leave the key",
        ),
        ({"jobs": ("describe",), "speaker": ""}, "^derive: speaker is empty; name one, or leave"),
        ({"voice": "espeak"}, "^derive: voice is of the job describe; add it to jobs"),
        ({"jobs": ("summarise",), "speed": 1.5}, "^derive: speed is of the job describe; add it"),
    ],
)
def test_a_wrong_wish_is_one_line(derive: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        Derive(**derive)


@pytest.mark.parametrize(
    ("aligner", "pool"), [("pocketsphinx", "default_pool"), ("/models/wav2vec2", "a100")]
)
def test_words_are_aligned_with_a_gpu_where_the_aligner_uses_one(aligner: str, pool: str) -> None:
    aligned = dataclasses.replace(corpus("align"), derive=Derive(jobs=("align",), aligner=aligner))
    (task,) = dags_of(aligned)["derive__radio"].tasks
    assert task.pool == pool


@pytest.mark.parametrize(("encoder", "pool"), [("campplus", "default_pool"), ("/wavlm", "a100")])
def test_voices_are_told_apart_with_a_gpu_where_the_encoder_uses_one(
    encoder: str, pool: str
) -> None:
    derive = Derive(jobs=("speakers",), voice_encoder=encoder, across="corpus")
    heard = dataclasses.replace(corpus("speakers"), derive=derive)
    (task,) = dags_of(heard)["derive__radio"].tasks
    assert task.pool == pool
    given = job_arguments("speakers", heard, "2026-11-03", "2026-11-03", "r")
    assert {f"--voice-encoder={encoder}", "--across=corpus"} <= set(given)
