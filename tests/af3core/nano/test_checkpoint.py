"""The embedded model itself: it loads as AF3 does, and answers of its world."""

from __future__ import annotations

from pathlib import Path
from random import Random

import pytest

from af3core.model.checkpoint import NANO, find_checkpoint
from af3core.model.request import Answer, Request
from af3core.model.transformers_engine import TransformersEngine
from af3core.nano import checkpoint_path
from af3core.nano.demo_archive import ARCHIVE, DATE
from af3core.nano.demo_score import score_tables
from af3core.nano.evaluate import word_errors
from af3core.nano.scenes import Cast, make_scene
from beam_jobs.cli import main


def test_it_is_at_most_20_mb_and_says_what_it_is() -> None:
    assert sum(path.stat().st_size for path in checkpoint_path().iterdir()) <= 20_000_000
    checkpoint = find_checkpoint(NANO)
    assert (checkpoint.name, checkpoint.licence) == ("nano", "Apache-2.0")


@pytest.fixture(scope="module")
def engine() -> TransformersEngine:
    return TransformersEngine(find_checkpoint(NANO))


def test_unseen_sentences_are_transcribed(engine: TransformersEngine) -> None:
    random = Random("test_checkpoint")
    scenes = []
    while len(scenes) < 12:
        audio, scene = make_scene(random, Cast(held_out_words=True), longest_s=12)
        if scene.words:
            scenes.append((audio, scene))
    prompt = "Transcribe the input speech."
    answers = engine.answer([Request(audio, prompt, 96) for audio, _ in scenes])
    errors = words = 0
    for (_, scene), answer in zip(scenes, answers, strict=True):
        assert isinstance(answer, Answer)
        errors += word_errors(scene.words, answer.text)
        words += len(scene.words.split())
    assert words > 100
    assert errors / words < 0.15


def test_a_demo_recording_scores_against_its_script(tmp_path: Path) -> None:
    """The night of the README in small; its figures for the whole archive stand there."""
    recording = ARCHIVE / DATE / "science_hour.flac"
    assert main(["annotate", str(recording), "--out", str(tmp_path / "out")]) == 0
    scores = {score.name: score for score in score_tables(tmp_path / "out")}
    errors = scores["transcripts, word errors"]
    assert errors.of > 50
    assert errors.right / errors.of < 0.25
    named = scores["sounds in captions"]
    assert named.right >= 0.7 * named.of
