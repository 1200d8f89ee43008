"""Words of a real night: found in its clips, kept in the ledger, in step with the script."""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from af3core.alignment.aligner import Method, Placed
from af3core.alignment.text_runs import WrittenText, words_of_run
from af3core.alignment.text_words import TextWord
from af3core.errors import ConfigurationError, ModelError
from af3core.model.request import Sound, Waveform
from af3core.nano.demo_archive import SCRIPTS
from af3core.storage.address import store_at
from beam_jobs.cli import main
from beam_jobs.derive import align_job
from beam_jobs.framework.derivation import Piece
from beam_jobs.framework.parquet_encoding import encode_table
from beam_jobs.framework.table_snapshot import partition_rows
from schemas import layout
from schemas.tables.columns import Table
from schemas.tables.night_tables import SEGMENTS, TRANSCRIPTS
from tests.beam_jobs.job_settings import settings_for
from tests.beam_jobs.skills_night import made_night
from tests.beam_jobs.small_night import DAY, rows

SCRIPT = json.loads((SCRIPTS / "morning_weather.mp3.json").read_text("utf-8"))


@pytest.fixture(scope="module")
def aligned(shared: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = Path(shutil.copytree(made_night(shared), tmp_path_factory.mktemp("aligned") / "out"))
    assert main(["align", "--out", str(out)]) == 0
    return out


@pytest.fixture
def out(aligned: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(aligned, tmp_path / "out"))


def true_starts() -> dict[str, list[int]]:
    found: dict[str, list[int]] = {}
    for event in SCRIPT["events"]:
        if event["kind"] == "speech":
            for word, at in zip(event["what"].split(), event["word_starts_ms"], strict=True):
                found.setdefault(word, []).append(at)
    return found


def test_the_demos_words_are_where_its_script_has_them(aligned: Path) -> None:
    truth = true_starts()
    words = [row for row in rows(aligned, "words") if row["normalised"] in truth]
    errors = [min(abs(row["start_ms"] - at) for at in truth[row["normalised"]]) for row in words]
    assert len(words) >= 200
    assert np.median(errors) <= 40
    assert np.percentile(errors, 95) <= 200


def test_each_word_stands_in_its_transcript(aligned: Path) -> None:
    texts = {row["segment_id"]: row["text"] for row in rows(aligned, "transcripts")}
    words = rows(aligned, "words")
    for row in words:
        assert texts[row["segment_id"]][row["start_char"] : row["end_char"]] == row["word"]
    assert len(words) == sum(len(text.split()) for text in texts.values())
    assert {(row["aligner"], row["channel"], row["speaker"]) for row in words} == {
        ("pocketsphinx", None, None)
    }
    assert [row["start_ms"] for row in words] == sorted(row["start_ms"] for row in words)


def test_a_second_run_aligns_nothing_and_another_aligner_all(out: Path) -> None:
    before = rows(out, "words")
    again = align_job.run(settings_for("align", "--out", out), [])
    assert (again.facts["made_now"], again.facts["words"]) == (0, len(before))
    assert rows(out, "words") == before
    other = align_job.run(settings_for("align", "--out", out, "--aligner", "interpolation"), [])
    assert other.facts["made_now"] == 1
    found = rows(out, "words")
    assert {(row["method"], row["aligner"], row["confidence"]) for row in found} == {
        ("interpolation", "interpolation", None)
    }
    assert [row["word"] for row in sorted(found, key=order)] == [
        row["word"] for row in sorted(before, key=order)
    ]


def order(row: dict[str, Any]) -> tuple[str, int]:
    return row["segment_id"], row["position"]


def rewrite_transcripts(out: Path, **values: Any) -> None:
    """Give all transcripts these values, as if a model had said so."""
    rewrite(out, TRANSCRIPTS, **values)


def rewrite(out: Path, table: Table, **values: Any) -> None:
    store, partition = store_at(str(out)), ("default", DAY)
    written = [row | values for row in partition_rows(store, table.name, *partition)]
    assert written
    key = layout.shard_key(table.name, *partition, 0, 1)
    store.write(key, encode_table(table, written))


def test_a_word_that_both_sides_of_a_cut_wrote_is_flagged_once(out: Path) -> None:
    rewrite(out, SEGMENTS, starts_in_speech=True)
    rewrite_transcripts(out, text="storm will be storm")
    assert align_job.run(settings_for("align", "--out", out), []).facts["words doubled_at_cut"] >= 1
    found = sorted(rows(out, "words"), key=lambda row: (row["clip_id"], row["start_ms"]))
    flagged = [row for row in found if "doubled_at_cut" in row["flags"]]
    assert {(row["word"], row["position"]) for row in flagged} == {("storm", 3)}
    behind = [found[found.index(row) + 1] for row in flagged]
    assert {(row["word"], row["position"]) for row in behind} == {("will", 1)}


def test_a_script_that_the_aligner_lacks_is_said(out: Path) -> None:
    rewrite_transcripts(out, text="the storm 谢谢 will be loud")
    facts = align_job.run(settings_for("align", "--out", out), []).facts
    assert facts["words in CJK, which pocketsphinx lacks"] == 2 * facts["texts"]
    flagged = [row for row in rows(out, "words") if "script_unknown" in row["flags"]]
    assert {(row["word"], row["method"]) for row in flagged} == {("谢", "interpolation")}


@pytest.mark.parametrize("flag", ["looping_text", "transcript_without_speech"])
def test_a_text_that_is_not_of_its_sound_has_no_words(flag: str, out: Path) -> None:
    rewrite_transcripts(out, flags=[flag])
    assert "words" not in align_job.run(settings_for("align", "--out", out), []).facts
    assert rows(out, "words") == []


def test_a_text_too_long_for_its_segment_is_flagged(out: Path) -> None:
    rewrite_transcripts(out, text="the storm will be loud tomorrow " * 60)
    facts = align_job.run(settings_for("align", "--out", out), []).facts
    assert facts["words text_too_long"] == facts["words"]


def test_a_language_that_the_aligner_lacks_is_estimated_and_said(out: Path) -> None:
    said = {"text": "der sturm wird laut", "language": "de", "language_probability": 0.97}
    rewrite_transcripts(out, **said)
    facts = align_job.run(settings_for("align", "--out", out), []).facts
    assert facts["words in de, which pocketsphinx lacks"] == 4 * facts["texts"]
    found = {(row["method"], row["confidence"], *row["flags"]) for row in rows(out, "words")}
    assert found == {("interpolation", None, "not_aligned")}
    rewrite_transcripts(out, **said | {"language_probability": 0.8})
    align_job.run(settings_for("align", "--out", out), [])
    assert "pocketsphinx" in {row["method"] for row in rows(out, "words")}


class Failing:
    """An aligner whose library fails, as one of a GPU that is full does."""

    method: Method = "ctc"
    name, revision, languages, longest_ms = "failing", "1", None, None

    def __init__(self, error: Exception) -> None:
        self.error = error

    def unknown_characters(self, word: TextWord) -> str:
        return ""

    def place(self, samples: Waveform, words: Sequence[TextWord]) -> list[Placed | None]:
        raise self.error


@pytest.mark.parametrize(
    ("error", "is_machine_fault"),
    [
        (RuntimeError("kernel size"), False),
        (MemoryError(), True),
        (torch.OutOfMemoryError("CUDA out of memory"), True),
    ],
)
def test_an_aligner_that_fails_fails_one_piece(error: Exception, is_machine_fault: bool) -> None:
    words = words_of_run([WrittenText("transcript", "a", 0, 2_000, "the storm")])
    with pytest.raises(ModelError) as caught:
        align_job.timed_words(Sound(np.zeros(32_000, np.float32)), words, Failing(error))
    assert caught.value.is_machine_fault == is_machine_fault


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("no such aligner", "--aligner no such aligner: neither pocketsphinx or interpolation"),
        ("{empty}", "the folder holds no checkpoint"),
    ],
)
def test_an_aligner_that_is_none_is_said_before_any_work(
    name: str, said: str, out: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "empty").mkdir()
    named = name.format(empty=tmp_path / "empty")
    assert main(["align", "--out", str(out), "--aligner", named]) == 2
    assert said in capsys.readouterr().err


def test_an_aligner_that_changed_since_the_listing_keeps_no_times(tmp_path: Path) -> None:
    """As heads that are chosen anew meanwhile, or another version on a worker."""
    listed = [1, {"name": "pocketsphinx", "revision": "4.9"}, "clip", []]
    piece = Piece("a" * 24, "default", DAY, "key", evidence={"texts": []}, decides=listed)
    with pytest.raises(ConfigurationError, match=r"revision 4\.9 when the work was listed, and 5"):
        align_job.derive_rows(piece, settings_for("align", "--out", tmp_path / "out"))
