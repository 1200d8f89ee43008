"""Whole recordings: a needle in an hour is found with its time, and nothing is made twice."""

from __future__ import annotations

import itertools
import json
import shutil
from dataclasses import dataclass
from pathlib import Path
from random import Random

import numpy as np
import pytest
import soundfile

from af3core.audio import SAMPLE_RATE_HZ
from af3core.nano.espeak_voices import random_speaker, speak
from af3core.nano.lexicon import TOPICS
from af3core.nano.sentences import sentence
from beam_jobs.cli import main
from tests.beam_jobs.small_night import DAY, TOLERANT, rows
from tests.chat_server import Server, chat_server

NEEDLE = "laura repaired the golden lighthouse near the harbour of lisbon"
QUESTION = "Who repaired the golden lighthouse?"
BLOCK_MS = 10 * 60_000
TASKS = (
    "transcript: {kind: transcript, prompt: Transcribe the input speech., max_new_tokens: 160}\n"
)


@dataclass(frozen=True)
class Programme:
    """How long the recording is, where the needle lies, and what is found of its blocks.

    Attributes:
        begun: so many chapters at least begin where a block does.
        others: so many chapters at least are of other topics than the needle's.
    """

    length_ms: int
    needle_ms: int
    begun: int
    others: int


AN_HOUR = Programme(65 * 60_000, 61 * 60_000, begun=5, others=4)
THREE_HOURS = Programme((3 * 60 + 5) * 60_000, (2 * 60 + 41) * 60_000, begun=15, others=12)


def write_long_recording(path: Path, programme: Programme) -> None:
    """Every ten minutes some sentences on another topic, between them silence; the needle among
    sentences of its own topic.
    """
    path.parent.mkdir(parents=True)
    with soundfile.SoundFile(path, "w", SAMPLE_RATE_HZ, 1, "PCM_16") as file:
        for number, start_ms in enumerate(range(0, programme.length_ms, BLOCK_MS)):
            random = Random(number)
            topic = TOPICS[number % len(TOPICS)]
            sentences = [sentence(topic, random) for _ in range(6)]
            block = np.zeros(min(BLOCK_MS, programme.length_ms - start_ms) * 16, np.float32)
            place(block, 0, sentences, random)
            if start_ms < programme.needle_ms < start_ms + BLOCK_MS:
                place(block, programme.needle_ms - start_ms, [NEEDLE], random)
            file.write(block)


def place(block: np.ndarray, start_ms: int, sentences: list[str], random: Random) -> None:
    speaker, at = random_speaker(random), start_ms * 16
    for words in sentences:
        audio = 0.5 * speak(speaker, words).audio
        block[at : at + len(audio)] = audio
        at += len(audio) + SAMPLE_RATE_HZ // 2


@pytest.fixture(scope="module", params=[AN_HOUR, pytest.param(THREE_HOURS, marks=pytest.mark.long)])
def programme(request: pytest.FixtureRequest) -> Programme:
    found: Programme = request.param
    return found


@pytest.fixture(scope="module")
def annotated(tmp_path_factory: pytest.TempPathFactory, programme: Programme) -> Path:
    """A night over the long recording, transcripts alone."""
    folder = tmp_path_factory.mktemp("long")
    write_long_recording(folder / "archive" / DAY / "long.flac", programme)
    (folder / "tasks.yaml").write_text(TASKS)
    given = ["--out", str(folder / "out"), "--tasks", str(folder / "tasks.yaml")]
    assert main(["annotate", str(folder / "archive"), *given, *TOLERANT]) == 0
    assert main(["summarise", "--question", QUESTION, "--out", str(folder / "out")]) == 0
    return folder / "out"


@pytest.fixture
def copied(annotated: Path, tmp_path: Path) -> Path:
    """The same night without its audio, to go on with."""
    return Path(shutil.copytree(annotated, tmp_path / "out", ignore=lambda *_: ["clips"]))


def summarise(out: Path, *options: str) -> list[str]:
    """Run it; gives the ledger's objects that are new."""
    before = set((out / "ledger" / "derived").rglob("*.json"))
    assert main(["summarise", "--out", str(out), *options]) == 0
    new = set((out / "ledger" / "derived").rglob("*.json")) - before
    return sorted(path.relative_to(out / "ledger" / "derived").parts[0] for path in new)


def objects(out: Path) -> dict[str, bytes]:
    tables = [out / "tables" / name for name in ("summaries", "chapters", "findings")]
    paths = [path for table in tables for path in table.rglob("*.parquet")]
    return {str(path.relative_to(out)): path.read_bytes() for path in paths}


def test_the_needle_is_found_with_its_time(annotated: Path, programme: Programme) -> None:
    [recording] = rows(annotated, "recordings")
    assert recording["duration_ms"] == programme.length_ms
    [finding] = rows(annotated, "findings")
    assert finding["question"] == QUESTION
    best = finding["citations"][0]
    assert best["start_ms"] <= programme.needle_ms < best["end_ms"] <= best["start_ms"] + 30_000
    assert "golden lighthouse" in best["quote"]
    assert "laura repaired" in finding["answer"]
    assert (finding["made_by"], finding["flags"][0]) == ("rules", "extractive")


def test_chapters_cover_the_recording_and_begin_where_speech_does(
    annotated: Path, programme: Programme
) -> None:
    chapters = rows(annotated, "chapters")
    assert [row["chapter"] for row in chapters] == list(range(1, len(chapters) + 1))
    assert (chapters[0]["start_ms"], chapters[-1]["end_ms"]) == (0, programme.length_ms)
    assert all(a["end_ms"] == b["start_ms"] for a, b in itertools.pairwise(chapters))
    blocks = set(range(0, programme.length_ms, BLOCK_MS))
    assert (
        sum(any(abs(r["start_ms"] - b) < 1000 for b in blocks) for r in chapters) >= programme.begun
    )


def test_the_transcript_is_stitched_with_its_times(annotated: Path) -> None:
    [summary] = rows(annotated, "summaries")
    spoken = [row for row in rows(annotated, "transcripts") if row["text"]]
    assert summary["transcript"] == " ".join(row["text"] for row in spoken)
    for row, span in zip(spoken, summary["transcript_spans"], strict=True):
        assert (span["segment_id"], span["start_ms"]) == (row["segment_id"], row["start_ms"])
        assert summary["transcript"][span["start_char"] : span["end_char"]] == row["text"]
    assert summary["chapter_count"] == len(rows(annotated, "chapters"))


def test_a_second_run_makes_nothing_and_one_more_question_only_its_answer(copied: Path) -> None:
    before = objects(copied)
    assert summarise(copied, "--question", QUESTION) == []
    assert objects(copied) == before
    more = ("--question", "Which vaccine was tested in rome?", "--question", QUESTION)
    assert summarise(copied, *more) == ["find"]
    answers = {row["question"]: row for row in rows(copied, "findings")}
    assert len(answers) == 2
    assert answers[QUESTION]["citations"]
    kept = [key for key, data in before.items() if objects(copied)[key] == data]
    assert [key.split("/")[1] for key in kept] == ["summaries", "chapters"]


def test_a_run_without_questions_leaves_the_findings(copied: Path) -> None:
    before = objects(copied)
    assert summarise(copied) == []
    assert objects(copied) == before


def test_another_seed_asks_again_and_summarises_nothing_again(copied: Path) -> None:
    assert summarise(copied, "--seed", "1", "--question", QUESTION) == ["find"]


def said(server: Server, text: str) -> None:
    """From now on the server says this to everybody."""
    server.extra = {"message": {"content": text}}


def test_a_server_that_writes_well_is_named_in_the_rows(copied: Path, programme: Programme) -> None:
    told = [row for row in rows(copied, "transcripts") if row["text"]]
    number = next(n for n, row in enumerate(told, 1) if "golden lighthouse" in row["text"])
    with chat_server() as server:
        writer = ("--writer", "af3", "--writer-endpoint", server.endpoint)
        said(server, "Title: Golden lighthouse\nSummary: Laura repaired the golden lighthouse.")
        assert summarise(copied, *writer) == ["summarise"]
        said(server, json.dumps({"answer": "Laura repaired it.", "citations": [number, 999]}))
        assert summarise(copied, *writer, "--question", QUESTION) == ["find"]
        assert all(part["type"] == "text" for body in server.bodies
                   for message in body["messages"] for part in message["content"])  # fmt: skip
    [finding] = rows(copied, "findings")
    assert (finding["answer"], finding["made_by"], finding["flags"]) == (
        "Laura repaired it.", "af3", [],
    )  # fmt: skip
    [citation] = finding["citations"]
    assert citation["start_ms"] <= programme.needle_ms < citation["end_ms"]
    chapters = rows(copied, "chapters")
    [there] = [r for r in chapters if r["start_ms"] <= programme.needle_ms < r["end_ms"]]
    assert (there["title"], there["made_by"], there["flags"]) == ("Golden lighthouse", "af3", [])
    others = [row for row in chapters if row["made_by"] == "rules"]
    assert len(others) >= programme.others  # of other topics: there the same words are not believed
    assert all(row["flags"] == ["extractive", "not_in_evidence"] for row in others)
    [summary] = rows(copied, "summaries")
    assert (summary["summary"], summary["made_by"]) == (
        "Laura repaired the golden lighthouse.", "af3",
    )  # fmt: skip
