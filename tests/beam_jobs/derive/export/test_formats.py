"""Each form is read by the library that it is for, and holds its sounds once."""

from __future__ import annotations

import dataclasses
import tarfile
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest
import soundfile

from af3core.audio.clip_file import encode_flac
from beam_jobs.derive.export import huggingface, webdataset
from beam_jobs.derive.export.export_records import ExportRecord, dialogue_record, pair_record
from beam_jobs.derive.export.export_words import ExportWord
from tests.beam_jobs.derive.export.derived_rows import dialogue_row, pair_row
from tests.beam_jobs.derive.export.test_export_records import OTHER, SEGMENT, SEGMENTS

TONE = (8000 * np.sin(np.arange(14_784 * 16) / 8)).astype(np.int16)
RECORDS = [pair_record(pair_row(SEGMENT, f"pair{n}"), SEGMENTS) for n in range(20)]
PAIRS = [record for record in RECORDS if record is not None]
DIALOGUE = dialogue_record(
    dialogue_row([SEGMENT, OTHER], "d1", "Compare <sound-1> and <sound-2>.", "Both hum.")
)
FLACS = {SEGMENT["segment_id"]: encode_flac(TONE), OTHER["segment_id"]: encode_flac(TONE[:64_000])}


@pytest.fixture
def dataset(tmp_path: Path) -> Path:
    """A folder as the job leaves it."""
    parts: tuple[tuple[str, list[ExportRecord]], ...] = (
        ("data/train-00000.parquet", PAIRS[:15]),
        ("data/test-00000.parquet", PAIRS[15:]),
        ("dialogues/train-00000.parquet", [DIALOGUE]),
    )
    for name, records in parts:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(huggingface.encode(records, FLACS))
    card = huggingface.front_matter([name for name, _ in parts]) + "# A card\n"
    (tmp_path / "README.md").write_text(card, "utf-8")
    return tmp_path


def _loaded(folder: Path, cache: Path, *configuration: str) -> Any:
    import datasets

    return datasets.load_dataset(str(folder), *configuration, cache_dir=str(cache))


def test_datasets_loads_the_folder_with_its_splits_and_its_audio(
    dataset: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    import datasets

    loaded = _loaded(dataset, tmp_path_factory.mktemp("cache"))
    assert {name: len(split) for name, split in loaded.items()} == {"train": 15, "test": 5}
    assert loaded["train"].features["audio"] == datasets.Audio()
    row = loaded["test"].cast_column("audio", datasets.Audio(decode=False))[0]
    assert row["conversations"] == PAIRS[15].to_json(["x"])["conversations"]
    assert (row["id"], row["skill"], row["duration"]) == ("pair15", "temporal_order", 14.784)
    samples, rate_hz = soundfile.read(BytesIO(row["audio"]["bytes"]), dtype="int16")
    assert rate_hz == 16_000
    np.testing.assert_array_equal(samples, TONE)


def test_dialogues_are_a_configuration_with_several_sounds(
    dataset: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    import datasets

    loaded = _loaded(dataset, tmp_path_factory.mktemp("cache"), "dialogues")
    assert loaded["train"].features["audio"].feature == datasets.Audio()
    bare = loaded["train"].with_format("arrow")[0]["audio"].to_pylist()[0]
    assert [sound["path"] for sound in bare] == [f"{SEGMENT['segment_id']}.flac", "seg2.flac"]
    assert [sound["bytes"] for sound in bare] == list(FLACS.values())


def test_a_sound_with_many_questions_lies_in_a_shard_once(dataset: Path) -> None:
    size = (dataset / "data/train-00000.parquet").stat().st_size
    assert size < 1.2 * len(FLACS[SEGMENT["segment_id"]]) + 20_000


def test_row_groups_bound_what_is_held(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(huggingface, "_ROW_GROUP_BYTES", 3 * len(FLACS[SEGMENT["segment_id"]]) - 1)
    file = pq.ParquetFile(BytesIO(huggingface.encode(PAIRS, FLACS)))
    rows = [file.metadata.row_group(n).num_rows for n in range(file.num_row_groups)]
    assert rows == [3, 3, 3, 3, 3, 3, 2]
    assert file.read().column("id").to_pylist() == [record.record_id for record in PAIRS]


def test_words_have_their_times_in_every_form() -> None:
    said = dataclasses.replace(PAIRS[0], words=(ExportWord("Good", 500, 800, None),))
    word = {"word": "Good", "start": 0.5, "end": 0.8, "confidence": None}
    assert said.to_json(["x"])["words"] == [word]
    assert "words" not in PAIRS[0].to_json(["x"])
    shard = pq.read_table(BytesIO(huggingface.encode([said, PAIRS[1]], FLACS)))
    assert shard.column("words").to_pylist() == [[word], None]


def test_webdataset_reads_its_samples(tmp_path: Path) -> None:
    import webdataset as wds

    path = tmp_path / "train-00000.tar"
    path.write_bytes(webdataset.encode([*PAIRS, DIALOGUE], FLACS))
    one, several = list(wds.WebDataset(str(path), shardshuffle=False).decode())
    assert one["__key__"] == SEGMENT["segment_id"]
    assert [record["id"] for record in one["json"]] == [record.record_id for record in PAIRS]
    assert one["json"][0]["sound"] == f"{SEGMENT['segment_id']}.flac"
    samples, _ = soundfile.read(BytesIO(one["flac"]), dtype="int16")
    np.testing.assert_array_equal(samples, TONE)
    assert several["__key__"] == "d1"
    assert several["json"][0]["sound"] == ["d1.0.flac", "d1.1.flac"]
    assert [several["0.flac"], several["1.flac"]] == list(FLACS.values())


def test_a_tar_holds_nothing_of_the_time_or_the_machine() -> None:
    data = webdataset.encode([DIALOGUE], FLACS)
    with tarfile.open(fileobj=BytesIO(data)) as tar:
        members = tar.getmembers()
    assert [member.name for member in members] == ["d1.0.flac", "d1.1.flac", "d1.json"]
    assert {(m.mtime, m.uid, m.gid, m.uname, m.gname, m.mode) for m in members} == {
        (0, 0, 0, "", "", 0o644)
    }


def test_no_records_are_a_shard_without_rows() -> None:
    table = pq.read_table(BytesIO(huggingface.encode([], {})))
    assert table.num_rows == 0
    assert table.column_names == [
        "id", "kind", "skill", "audio", "duration", "conversations", "recordings", "words",
    ]  # fmt: skip
