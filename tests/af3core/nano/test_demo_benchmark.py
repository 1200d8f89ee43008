"""The demo as benchmarks in published forms, and the floor of nano's figure."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from af3core.nano.demo_benchmark import LIST, LONG_LIST, main, write_benchmark
from af3core.storage.address import open_store
from beam_jobs.cli import main as af3
from beam_jobs.evaluation.evaluations_table import evaluated_rows
from tests.writer_server import writer_server

FLOOR = 80.0
"""Per cent of the questions in MMAU's form; nano got 85.5 on 2026-11-26."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("benchmark")
    assert write_benchmark(folder) == 440
    return folder


def test_a_row_has_mmaus_fields(folder: Path) -> None:
    rows: list[dict[str, Any]] = json.loads((folder / LIST).read_text())
    assert len(rows) == 400
    assert len({row["id"] for row in rows}) == 400
    assert rows[0] == {
        "id": "history_evening-0004-who",
        "audio_id": "./test-mini-audios/history_evening-0004.wav",
        "question": "Who is speaking?",
        "choices": ["a man", "a woman", "several speakers", "nobody"],
        "answer": "several speakers",
        "dataset": "demo",
        "task": "speech",
        "split": "test-mini",
        "category": "who",
        "sub-category": "known voices",
        "difficulty": "easy",
    }
    assert all(row["answer"] in row["choices"] for row in rows)
    assert {row["sub-category"] for row in rows} == {"known voices", "held out voices"}
    assert all((folder / "mmau" / row["audio_id"]).is_file() for row in rows)


def test_a_long_row_is_one_of_a_whole_recording(folder: Path) -> None:
    document = json.loads((folder / LONG_LIST).read_text())
    assert len(document["data"]) == 40
    assert document["data"]["4"] == {
        "name": "history_evening.mp3",
        "prompt": "What is the speaker talking about?",
        "output": "History.",
    }
    assert (folder / "long" / "history_evening.mp3").is_file()


def test_nanos_figure_stays_above_the_floor(folder: Path, tmp_path: Path) -> None:
    given = ["--data", str(folder / "mmau"), "--out", str(tmp_path), "--model", "nano"]
    assert af3(["evaluate", "mmau-test-mini", *given]) == 0
    rows = evaluated_rows(open_store(str(tmp_path)), "mmau-test-mini")
    assert len(rows) == 400
    assert 100 * sum(row["score"] for row in rows) / 400 >= FLOOR


def grade(prompt: str) -> dict[str, int]:
    """A judge by rule: 10 where the response has the reference's words, else 1."""
    shown = json.loads(prompt[prompt.index("{\n") :])
    words = set(shown["reference_answers"][0].lower().strip(".").split())
    return {"score": 10 if words <= set(shown["response"].lower().strip(".").split()) else 1}


@pytest.mark.parametrize(
    ("items", "right_topics"), [(10, 1), pytest.param(40, 5, marks=pytest.mark.long)]
)
def test_whole_recordings_are_asked_and_judged(
    folder: Path, tmp_path: Path, items: int, right_topics: int
) -> None:
    with writer_server(grade) as judge:
        judged = ["--judge", "af3", "--judge-endpoint", judge.endpoint]
        given = ["--data", str(folder / "long"), "--out", str(tmp_path), "--model", "nano"]
        given += ["--limit", str(items)]
        assert af3(["evaluate", "long-audio-bench", *given, *judged]) == 0
    rows = evaluated_rows(open_store(str(tmp_path)), "long-audio-bench")
    assert len(rows) == items
    assert {row["groups"][0] for row in rows} == {"part=speech"}
    assert all(row["score"] in (1.0, 10.0) for row in rows)
    topics = [row for row in rows if row["question"] == "What is the speaker talking about?"]
    assert sum(row["score"] == 10 for row in topics) >= right_topics


def test_a_wrong_command_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 2
    assert capsys.readouterr().err == ("usage: python -m af3core.nano.demo_benchmark FOLDER\n")
