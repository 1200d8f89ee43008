"""Benchmarks asked, judged and scored through the ledger: real files, real model, real server."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from af3core.errors import ConfigurationError
from af3core.evaluation.benchmark_files import BenchmarkData
from af3core.evaluation.benchmark_registry import benchmarks
from af3core.model.weights.checkpoint import NANO
from af3core.storage.address import open_store
from beam_jobs.cli import main
from beam_jobs.evaluation import evaluate_job
from beam_jobs.evaluation.evaluations_table import evaluated_rows
from beam_jobs.framework.settings import JobSettings
from tests.af3core.evaluation import published, published_judged, published_speech
from tests.beam_jobs.job_settings import settings_for
from tests.writer_server import writer_server

FIXTURES = published.FIXTURES | published_speech.FIXTURES | published_judged.FIXTURES


def mmar_row(name: str, answer: str, **other: Any) -> dict[str, Any]:
    row = {
        "id": name,
        "audio_path": f"./audio/{name}.wav",
        "question": "What is heard?",
        "choices": ["a dog", "a cat"],
        "answer": answer,
        "modality": "sound",
        "category": "Perception Layer",
    }
    return row | other


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """Six rows of MMAR's form, four of them with something wrong."""
    folder = tmp_path / "mmar"
    (folder / "audio").mkdir(parents=True)
    noise = np.random.default_rng(1)
    for name in ("one", "two", "twice", "other"):
        samples = 0.1 * noise.standard_normal(16_000)
        soundfile.write(folder / "audio" / f"{name}.wav", samples, 16_000)
    (folder / "audio" / "broken.wav").write_bytes(b"no sound")
    rows = [
        mmar_row("one", "a dog"),
        mmar_row("two", "a cat"),
        mmar_row("gone", "a cat"),
        mmar_row("broken", "a cat"),
        mmar_row("two", "a cat", audio_path="audio/twice.wav"),
        mmar_row("other", "a bird"),
    ]
    text = "".join(json.dumps(row) + "\n" for row in rows)
    (folder / "MMAR-meta.jsonl").write_text(text)
    return folder


def told(out: Path, checkpoint: Path | str, name: str, *options: str) -> JobSettings:
    """As the command line gives them."""
    return settings_for("evaluate", name, "--out", out, "--model", checkpoint, *options)


def rows_of(out: Path, name: str) -> dict[str, dict[str, Any]]:
    return {row["item_id"]: row for row in evaluated_rows(open_store(str(out)), name)}


def test_faults_are_said_by_item_and_stay_in_the_denominator(
    data: Path, tmp_path: Path, untrained: Path
) -> None:
    outcome = evaluate_job.run(told(tmp_path / "out", untrained, "mmar", "--data", str(data)))
    rows = rows_of(tmp_path / "out", "mmar")
    assert {name: row["fault"] for name, row in rows.items()} == {
        "one": "",
        "two": "",
        "gone": "audio/gone.wav: there is no such sound",
        "broken": "",
        "two#2": "two: this id stands 2 times",
        "other": "the answer 'a bird' is not among the options",
    }
    assert [name for name, row in rows.items() if row["error"]] == ["broken", "gone"]
    assert "audio/broken.wav" in rows["broken"]["error"]
    assert [row["weight"] for row in rows.values()] == [1.0] * 6
    assert rows["one"]["prompt"] == (
        "What is heard? Choose the correct option from the following options:\n(A) a dog\n(B) a cat"
    )
    facts = outcome.facts
    assert (facts["items"], facts["faults"], facts["errors"]) == (6, 3, 2)
    right = sum(row["score"] for row in rows.values())
    assert facts["figure"] == pytest.approx(100 * right / 6)


def test_a_rerun_asks_nothing_and_gives_the_same_rows(
    data: Path, tmp_path: Path, untrained: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = told(tmp_path / "out", untrained, "mmar", "--data", str(data))
    assert evaluate_job.run(settings).facts["pieces_made"] == 1
    before = rows_of(tmp_path / "out", "mmar")

    def asked(*_: object) -> None:
        raise AssertionError("the model was asked")

    monkeypatch.setattr("beam_jobs.evaluation.predictions.answers_of", asked)
    assert evaluate_job.run(settings).facts["pieces_made"] == 0
    assert rows_of(tmp_path / "out", "mmar") == before


def test_two_forms_of_the_prompt_stand_side_by_side(data: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    # nano ends its answers; random weights would fill the many tokens that thinking may take
    evaluate_job.run(told(out, NANO, "mmar", "--data", str(data)))
    evaluate_job.run(told(out, NANO, "mmar", "--data", str(data), "--thinking"))
    rows = evaluated_rows(open_store(str(out)), "mmar")
    assert sorted((row["prompt_form"], row["item_id"]) for row in rows)[:2] == [
        ("published", "broken"),
        ("published", "gone"),
    ]
    assert len(rows) == 12
    thought = [row for row in rows if row["prompt_form"] == "thinking"]
    suffix = "\nPlease think and reason about the input audio before you respond."
    assert all(row["prompt"].endswith(suffix) for row in thought)


def test_a_limit_takes_the_first_items(data: Path, tmp_path: Path, untrained: Path) -> None:
    given = ["--data", str(data), "--limit", "2"]
    facts = evaluate_job.run(told(tmp_path / "out", untrained, "mmar", *given)).facts
    assert (facts["items"], facts["faults"]) == (2, 0)


def points(prompt: str) -> dict[str, int]:
    return {"score": 8 if "response" in prompt else 0}


@pytest.mark.parametrize("name", sorted(benchmarks()))
def test_every_benchmark_runs_from_its_published_files_to_its_figure(
    name: str, tmp_path: Path
) -> None:
    folder, out = tmp_path / "data", tmp_path / "out"
    folder.mkdir()
    if name in FIXTURES:
        FIXTURES[name](folder)
    with writer_server(points) as judge:
        is_judged = benchmarks()[name].metric.judging is not None
        given = ["--judge", "af3", "--judge-endpoint", judge.endpoint] if is_judged else []
        given += ["--data", str(folder), "--limit", "4"]
        facts = evaluate_job.run(told(out, NANO, name, *given)).facts
    rows = rows_of(out, name)
    assert len(rows) == facts["items"] > 0
    # one of MMAU-Pro's made-up instructions has no rule, as some of the published have none
    assert (facts["errors"], facts["faults"]) == (0, name == "mmau-pro-instructions")
    assert all(row["prompt"] for row in rows.values())
    assert len(judge.bodies) == is_judged * sum(bool(r["prediction"]) for r in rows.values())


@pytest.mark.parametrize(
    ("name", "options", "line"),
    [
        ("mmarr", (), "benchmark 'mmarr': unknown; known are "),
        ("mmar", (), "--data is missing: MMAR needs MMAR-meta.jsonl"),
        ("mmar", ("--data", "nowhere"), "--data nowhere: nothing there; MMAR needs "),
        ("long-audio-bench", (), "LongAudioBench is scored by a judge: give --judge NAME"),
    ],
)
def test_what_cannot_begin_is_one_line(
    name: str, options: tuple[str, ...], line: str, tmp_path: Path, untrained: Path
) -> None:
    settings = told(tmp_path / "out", untrained, name, *options)
    with pytest.raises(ConfigurationError) as caught:
        evaluate_job.run(settings)
    assert str(caught.value).startswith(line)
    assert "\n" not in str(caught.value)


def test_files_that_are_not_as_published_are_named(tmp_path: Path, untrained: Path) -> None:
    folder = tmp_path / "data"
    folder.mkdir()
    (folder / "MMAR-meta.jsonl").write_text('{"id": "one"}\n')
    with pytest.raises(BenchmarkData, match=r"a row has no field audio_path; it has id"):
        evaluate_job.run(told(tmp_path / "out", untrained, "mmar", "--data", str(folder)))


def test_the_commands_teach_and_compare(
    data: Path, tmp_path: Path, untrained: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = ["--out", str(tmp_path / "out")]
    assert main(["evaluate", "list"]) == 0
    assert "mmar                         MMAR: accuracy\n    MMAR-meta.jsonl and" in (
        capsys.readouterr().out
    )
    assert main(["evaluate", "compare", *out]) == 2
    first = f"run af3 evaluate --out {out[1]} first"
    assert f"no evaluations there; {first}" in capsys.readouterr().err
    assert main(["evaluate", "mmar", "--data", str(data), "--model", str(untrained), *out]) == 0
    told = capsys.readouterr().out
    assert told.startswith("MMAR")
    assert "\nby the official script: 0.00 (0.00 to 0.00, 95 %)\n" in told
    assert "  modality=sound: 0.00, official 0.00" in told
    assert main(["evaluate", "compare", *out]) == 0
    shown = capsys.readouterr().out
    assert "58.5" in shown  # the paper's
    assert (tmp_path / "out" / "evaluations" / "comparison.html").is_file()
    assert main(["query", "SELECT count(*) AS n FROM evaluations", *out]) == 0
    assert "6" in capsys.readouterr().out
