"""Whole recordings: a needle in three hours is found with its time, and nothing is made twice."""

from __future__ import annotations

import itertools
from pathlib import Path
from random import Random

import numpy as np
import pytest
import soundfile

from af3core.audio import SAMPLE_RATE_HZ
from af3core.nano.lexicon import TOPICS
from af3core.nano.sentences import sentence
from af3core.nano.voices import random_speaker, speak
from beam_jobs.cli import main
from tests.beam_jobs.night import DAY, rows

NEEDLE = "laura repaired the golden lighthouse near the harbour of lisbon"
NEEDLE_MS = (2 * 60 + 41) * 60_000
QUESTION = "Who repaired the golden lighthouse?"
BLOCK_MS, LENGTH_MS = 10 * 60_000, (3 * 60 + 5) * 60_000
TASKS = (
    "transcript: {kind: transcript, prompt: Transcribe the input speech., max_new_tokens: 160}\n"
)


def write_long_recording(path: Path) -> None:
    """Three hours and five minutes: every ten minutes some sentences on another topic, between them
    silence; the needle among sentences of its own topic.
    """
    path.parent.mkdir(parents=True)
    with soundfile.SoundFile(path, "w", SAMPLE_RATE_HZ, 1, "PCM_16") as file:
        for number, start_ms in enumerate(range(0, LENGTH_MS, BLOCK_MS)):
            random = Random(number)
            topic = TOPICS[number % len(TOPICS)]
            sentences = [sentence(topic, random) for _ in range(6)]
            block = np.zeros(min(BLOCK_MS, LENGTH_MS - start_ms) * 16, np.float32)
            place(block, 0, sentences, random)
            if start_ms < NEEDLE_MS < start_ms + BLOCK_MS:
                place(block, NEEDLE_MS - start_ms, [NEEDLE], random)
            file.write(block)


def place(block: np.ndarray, start_ms: int, sentences: list[str], random: Random) -> None:
    speaker, at = random_speaker(random), start_ms * 16
    for words in sentences:
        audio = 0.5 * speak(speaker, words).audio
        block[at : at + len(audio)] = audio
        at += len(audio) + SAMPLE_RATE_HZ // 2


@pytest.fixture(scope="module")
def annotated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A night over the long recording, transcripts alone."""
    folder = tmp_path_factory.mktemp("long")
    write_long_recording(folder / "archive" / DAY / "long.flac")
    (folder / "tasks.yaml").write_text(TASKS)
    given = ["--out", str(folder / "out"), "--tasks", str(folder / "tasks.yaml")]
    assert main(["annotate", str(folder / "archive"), *given]) == 0
    assert main(["summarise", "--question", QUESTION, *given]) == 0
    return folder / "out"


def test_the_needle_is_found_with_its_time(annotated: Path) -> None:
    [recording] = rows(annotated, "recordings")
    assert recording["duration_ms"] == LENGTH_MS
    [finding] = rows(annotated, "findings")
    assert finding["question"] == QUESTION
    best = finding["citations"][0]
    assert best["start_ms"] <= NEEDLE_MS < best["end_ms"] <= best["start_ms"] + 30_000
    assert "golden lighthouse" in best["quote"]
    assert "laura repaired" in finding["answer"]
    assert (finding["made_by"], finding["flags"][0]) == ("rules", "extractive")


def test_chapters_cover_the_recording_and_begin_where_speech_does(annotated: Path) -> None:
    chapters = rows(annotated, "chapters")
    assert [row["chapter"] for row in chapters] == list(range(1, len(chapters) + 1))
    assert (chapters[0]["start_ms"], chapters[-1]["end_ms"]) == (0, LENGTH_MS)
    assert all(a["end_ms"] == b["start_ms"] for a, b in itertools.pairwise(chapters))
    blocks = set(range(0, LENGTH_MS, BLOCK_MS))
    assert sum(any(abs(r["start_ms"] - b) < 1000 for b in blocks) for r in chapters) >= 15
