"""The embedded model itself: it loads as AF3 does, and answers of its world."""

from __future__ import annotations

from pathlib import Path

from af3core.model.engines.af3_engine import Af3Engine
from af3core.model.weights.checkpoint import NANO, find_checkpoint, nano_folder
from af3core.nano.demo_archive import ARCHIVE, DATE
from af3core.nano.demo_score import score_tables
from af3core.nano.held_out_scores import PARTS, figures_of
from beam_jobs.cli import main


def test_it_is_at_most_20_mb_and_says_what_it_is() -> None:
    assert sum(path.stat().st_size for path in nano_folder().iterdir()) <= 20_000_000
    checkpoint = find_checkpoint(NANO)
    assert (checkpoint.name, checkpoint.licence) == ("nano", "Apache-2.0")


def test_unseen_scenes_are_heard_and_questions_answered() -> None:
    """Floors below the figures of the model card, which come from 150 scenes."""
    engine = Af3Engine.load(find_checkpoint(NANO))
    figures = figures_of(engine, "unseen sentences", PARTS["unseen sentences"], 40)
    assert figures["word_error_rate"] <= 0.08
    floors = {
        "caption_names_sound": 0.85,
        "choice_which_sound": 0.85,
        "choice_how_many": 0.8,
        "choice_order": 0.8,
        "choice_who": 0.85,
        "choice_said": 0.85,
        "choice_topic_choice": 0.85,
        "thinking": 0.7,
    }
    short = {name: figures[name] for name, floor in floors.items() if figures[name] < floor}
    assert not short


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
