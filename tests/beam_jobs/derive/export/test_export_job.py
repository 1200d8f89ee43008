"""The export of a night: whole sounds, the same bytes again, nothing half done."""

from __future__ import annotations

import json
import shutil
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from af3core.errors import ConfigurationError
from beam_jobs.derive.export import export_job, export_writer
from beam_jobs.derive.export.export_clips import SoundsMissing
from beam_jobs.framework.job import Outcome
from beam_jobs.framework.parquet_encoding import decode_rows, encode_table
from schemas import layout
from schemas.options.derive import EXPORT_FORMATS
from schemas.tables.night_tables import BY_NAME
from tests.beam_jobs.derive.export.derived_rows import (
    dialogue_row,
    pair_row,
    write_dialogues,
    write_pairs,
)
from tests.beam_jobs.small_night import DAY, night, rows, settings_of
from tests.media import programme, write

CUT = ("--max-clip-s", "30", "--max-segment-s", "12", "--target-segment-s", "8")
"""So that some segments do not start with their clip."""


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("archive")
    write(folder / DAY / "a.flac", programme(50)[: 50 * 16_000])
    return folder


@pytest.fixture(scope="module")
def made(archive: Path, untrained: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A night in which only the captions of all segments but the first are free of flags, with
    three pairs and a dialogue.
    """
    out = tmp_path_factory.mktemp("night") / "out"
    night(archive, out, untrained, *CUT)
    (path,) = (out / "tables" / "captions").rglob("*.parquet")
    with path.open("rb") as file:
        captions = decode_rows(file)
    assert all("cut_off" in row["flags"] for row in captions)
    for row in captions:
        row["flags"] = row["flags"] if row["start_ms"] == 0 else []
    path.write_bytes(encode_table(BY_NAME["captions"], captions))
    segments = rows(out, "segments")
    write_pairs(out, [pair_row(segments[n], f"pair{n}", agrees=n != 1) for n in range(3)])
    texts = ("Compare <sound-1> and <sound-2>.", "Both are speech.", "Which is longer?", "A.")
    write_dialogues(out, [dialogue_row(segments[:2], "d1", *texts)])
    return out


@pytest.fixture
def finished(made: Path, tmp_path: Path) -> Path:
    """The night, not yet exported."""
    return Path(shutil.copytree(made, tmp_path / "out"))


def exported(archive: Path, out: Path, checkpoint: Path, *options: str) -> Outcome:
    return export_job.run(settings_of(archive, out, checkpoint, *options, job="export"))


def files(out: Path, form: str = "af3") -> dict[str, bytes]:
    folder = out / layout.export_prefix("default", DAY, DAY, form)
    found = [path for path in folder.rglob("*") if path.is_file()]
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in found}


def records(out: Path, split: str = "train") -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(files(out)[f"{split}-00000.json"])
    return found


def test_answers_without_flags_pairs_and_dialogues_are_exported(
    archive: Path, finished: Path, untrained: Path
) -> None:
    outcome = exported(archive, finished, untrained)
    captions = {r["segment_id"]: r["text"] for r in rows(finished, "captions") if r["start_ms"]}
    segments = rows(finished, "segments")
    assert len(captions) == len(segments) - 1 >= 3
    assert outcome.facts["sounds"] == len(segments)
    assert outcome.facts["questions"] == len(captions) + 3 + 2
    assert outcome.facts["left_out"] == {"flagged": len(segments) + 1}
    assert outcome.facts["seconds"] == pytest.approx(50, abs=3)
    found = records(finished)
    assert {
        record["id"].partition("-")[0]: [turn["value"] for turn in record["conversations"]]
        for record in found
        if record["skill"] == "caption"
    } == {key: ["<sound>\nDescribe the audio.", text] for key, text in captions.items()}
    [dialogue] = [record for record in found if record["id"] == "d1"]
    assert dialogue["sound"] == [f"sounds/{s['segment_id']}.flac" for s in segments[:2]]


def test_a_sound_is_its_segment_to_the_sample(
    archive: Path, finished: Path, untrained: Path
) -> None:
    exported(archive, finished, untrained)
    whole, _ = soundfile.read(archive / DAY / "a.flac", dtype="int16")
    segments = {row["segment_id"]: row for row in rows(finished, "segments")}
    assert any(row["start_ms"] > row["clip_start_ms"] > 0 for row in segments.values())
    found = files(finished)
    named = {record["sound"] for record in records(finished) if record["id"] != "d1"}
    assert set(found) == {"train-00000.json", "datasheet.md"} | named
    for name in named:
        row = segments[name.removeprefix("sounds/").removesuffix(".flac")]
        samples, rate_hz = soundfile.read(BytesIO(found[name]), dtype="int16")
        assert rate_hz == 16_000
        np.testing.assert_array_equal(samples, whole[16 * row["start_ms"] : 16 * row["end_ms"]])


WITH_ANSWERS = [form for form in EXPORT_FORMATS if form != "af-think"]
"""The night here has no thoughts."""


@pytest.mark.parametrize("form", EXPORT_FORMATS)
def test_exporting_again_gives_the_same_bytes(
    archive: Path, finished: Path, untrained: Path, form: str
) -> None:
    given = ("--format", form, "--seed", "7", "--held-out", "0.5")
    exported(archive, finished, untrained, *given)
    first = files(finished, form)
    assert len(first) >= 2
    exported(archive, finished, untrained, *given)
    assert files(finished, form) == first
    shutil.rmtree(finished / "exports")
    exported(archive, finished, untrained, *given)
    assert files(finished, form) == first


def test_every_form_says_what_it_holds(archive: Path, finished: Path, untrained: Path) -> None:
    exported(archive, finished, untrained, "--only-agreed")
    sheet = files(finished)["datasheet.md"].decode()
    assert "| answer | caption | " in sheet
    assert "| pair | temporal_order | 2 | 0 |" in sheet
    assert "| dialogue | dialogue | 2 | 0 |" in sheet
    assert "| the audio model does not agree, or was not asked | 1 |" in sheet
    assert "(`--only-agreed`): yes" in sheet
    assert "- seed: 0" in sheet
    assert "| nano | 0a1b2c3d | af3 | Apache-2.0 |" in sheet
    assert "| untrained" in sheet
    assert "not known here; see its model card" in sheet
    assert "- pairs, thinking and dialogues written by rules: 2" in sheet
    assert str(finished) not in sheet


@pytest.mark.parametrize("form", WITH_ANSWERS)
def test_a_missing_clip_ends_the_export_before_anything_is_written(
    archive: Path, finished: Path, untrained: Path, form: str
) -> None:
    clips = sorted((finished / "clips").rglob("*.flac"))
    clips[-1].unlink()
    with pytest.raises(SoundsMissing) as caught:
        exported(archive, finished, untrained, "--format", form)
    assert str(caught.value) == (
        f"{clips[-1]}: the clip is gone, and nothing was exported; cut its recording again: af3"
        " retry --recording ID, af3 segment, then af3 export"
    )
    assert not (finished / "exports").exists()


@pytest.mark.parametrize("form", WITH_ANSWERS)
def test_shards_are_cut_by_size_and_those_of_a_larger_export_go(
    archive: Path,
    finished: Path,
    untrained: Path,
    form: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(export_writer, "SHARD_BYTES", 1)
        exported(archive, finished, untrained, "--format", form)
    many = files(finished, form)
    exported(archive, finished, untrained, "--format", form)
    few = files(finished, form)
    assert sum("train-" in name for name in many) > 3
    assert sum("train-" in name for name in few) == (2 if form == "huggingface" else 1)


def test_a_night_of_doubtful_answers_exports_an_empty_list(
    archive: Path, untrained: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    night(archive, out, untrained, "--only", "transcript")
    outcome = exported(archive, out, untrained)
    assert (outcome.facts["sounds"], outcome.facts["questions"]) == (0, 0)
    assert set(files(out)) == {"train-00000.json", "datasheet.md"}
    assert records(out) == []


def test_an_interval_without_a_plan_exports_nothing(
    archive: Path, finished: Path, untrained: Path
) -> None:
    with pytest.raises(ConfigurationError, match="nothing is planned from 2020-01-01 to 2020-01-"):
        exported(archive, finished, untrained, "--date", "2020-01-01")
    assert not (finished / "exports").exists()


def test_an_unknown_skill_is_said_before_any_work(
    archive: Path, finished: Path, untrained: Path
) -> None:
    with pytest.raises(ConfigurationError, match="temporal_odour"):
        exported(archive, finished, untrained, "--skill", "temporal_odour")
    outcome = exported(archive, finished, untrained, "--skill", "temporal_order,needle_qa")
    assert outcome.facts["questions"] == 3


def test_an_interval_names_its_folder(archive: Path, finished: Path, untrained: Path) -> None:
    exported(archive, finished, untrained, "--since", "2026-11-01", "--until", "2026-11-30")
    assert [path.name for path in (finished / "exports/corpus=default").iterdir()] == [
        "from=2026-11-01,until=2026-11-30"
    ]
