"""Pairs that follow from events: exact, asked of the audio model, shown to a person."""

from __future__ import annotations

import shutil
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from af3core.skills.catalogue import catalogue
from af3core.storage.address import open_store
from beam_jobs.cli import main
from beam_jobs.derive.skills.segment_evidence import clip_evidence
from beam_jobs.framework.parquet_encoding import encode_table
from beam_jobs.framework.table_snapshot import partition_rows
from schemas.layout import shard_key
from schemas.tables.columns import Table
from schemas.tables.derived_tables import EVENTS
from schemas.tables.night_tables import CAPTIONS, SEGMENTS
from tests.beam_jobs.skills_night import assert_all_obey, made_night, make
from tests.beam_jobs.small_night import DAY, rows


@pytest.fixture
def out(shared: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(made_night(shared), tmp_path / "out"))


def test_exact_pairs_need_no_writer_and_are_asked_of_the_audio_model(out: Path) -> None:
    named = "temporal_order,temporal_referring,counting_level_3"
    outcome = make(out, "--skill", named)
    pairs = rows(out, "pairs")
    assert {row["skill"] for row in pairs} == set(named.split(","))
    assert {(row["made_by"], row["self_check"], row["model"]) for row in pairs} == {
        ("rules", "", "nano")
    }
    assert all(row["segment_id"] and row["audio_answer"] for row in pairs)
    assert len({row["pair_id"] for row in pairs}) == len(pairs) > 10
    assert {row["agrees"] for row in pairs} == {True, False}
    # what the audio model cannot answer is no doubt of the pair
    assert {tuple(row["flags"]) for row in pairs} == {()}
    assert_all_obey(out)
    kept = Counter(row["skill"] for row in pairs)
    agreed = Counter(row["skill"] for row in pairs if row["agrees"])
    for skill in kept:
        assert outcome.facts[f"kept: {skill}"] == kept[skill]
        assert outcome.facts[f"agreed: {skill}"] == agreed[skill]
    segments = [row for row in rows(out, "segments") if row["status"] == "annotated"]
    without = sum(n for k, n in outcome.facts.items() if k.startswith("without_evidence: counting"))
    asked = {row["segment_id"] for row in pairs if row["skill"] == "counting_level_3"}
    nothing = outcome.facts["nothing_to_ask: counting_level_3"]
    assert nothing + without + len(asked) == len(segments)


def test_a_skill_without_its_evidence_makes_no_pair_and_says_why(out: Path) -> None:
    shutil.rmtree(out / "tables" / "events")
    shutil.rmtree(out / "tables" / "transcripts")
    outcome = make(out, "--skill", "temporal_order,attribute_identification,summary")
    assert rows(out, "pairs") == []
    segments = sum(row["status"] == "annotated" for row in rows(out, "segments"))
    assert {k: n for k, n in outcome.facts.items() if k.startswith("without")} == {
        "without_evidence: temporal_order: events": segments,
        "without_evidence: attribute_identification: events, descriptors": segments,
        "without_evidence: summary: transcripts": 1,
    }


def test_the_sample_shows_every_skill_and_follows_from_the_seed(out: Path) -> None:
    named = "temporal_order,temporal_referring,temporal_grounding"
    sample = make(out, "--skill", named).facts["sampled_pairs"]
    assert len(sample) == 20
    assert {line.partition(",")[0] for line in sample[:3]} == set(named.split(","))
    assert make(out, "--skill", named).facts["sampled_pairs"] == sample
    assert all("[" in line and "(the audio model: " in line for line in sample)


def test_workers_of_beams_own_make_the_same_pairs(out: Path, tmp_path: Path) -> None:
    there = Path(shutil.copytree(out, tmp_path / "there"))
    make(out, "--skill", "temporal_order")
    workers = ["--direct_num_workers", "2", "--direct_running_mode", "multi_processing"]
    assert main(["skills", "--out", str(there), "--skill", "temporal_order", *workers]) == 0
    assert rows(there, "pairs") == rows(out, "pairs")


def test_the_list_and_a_wrong_name(out: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["skills", "list"]) == 0
    text = capsys.readouterr().out
    assert all(f"    {name} " in text for name in catalogue())
    assert "  temporal (538,000 pairs in the paper)\n" in text
    assert max(map(len, text.splitlines())) <= 100
    assert main(["skills", "show"]) == 2
    assert capsys.readouterr().err == "af3: skills show: write af3 skills list, or options alone\n"
    assert main(["skills", "--out", str(out), "--skill", "temporal_ordr"]) == 2
    assert capsys.readouterr().err == (
        "af3: --skill temporal_ordr: no such skill; near it are temporal_order,"
        " order_temporal_order, temporal_referring\n"
    )


def flag_first(out: Path, table: Table) -> dict[str, Any]:
    """Put a flag on a table's first row, as its job might have done."""
    store = open_store(str(out))
    found = list(partition_rows(store, table.name, "default", DAY))
    found[0]["flags"] = ["low_confidence"]
    store.write(shard_key(table.name, "default", DAY, 0, 1), encode_table(table, found))
    return found[0]


def test_what_carries_a_flag_is_no_evidence(out: Path) -> None:
    store = open_store(str(out))
    [before] = clip_evidence(store, "default", DAY)
    event, caption = flag_first(out, EVENTS), flag_first(out, CAPTIONS)
    [after] = clip_evidence(store, "default", DAY)
    first, doubtful = before.segments[0], after.segments[0]
    assert first.captions == (caption["text"],)
    assert doubtful.captions == ()
    assert first.events_complete
    assert not doubtful.events_complete
    assert event["label"] == first.events[0].label
    assert len(doubtful.events) == len(first.events) - 1
    assert after.segments[1:] == before.segments[1:]
    flag_first(out, SEGMENTS)
    [without] = clip_evidence(store, "default", DAY)
    assert without.segments == before.segments[1:]


def test_a_clip_that_is_gone_waits_with_its_remedy(
    out: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    [clip] = out.glob("clips/*/*/*.flac")
    held = clip.read_bytes()
    clip.unlink()
    outcome = make(out, "--skill", "temporal_order")
    assert (outcome.facts["failures"], outcome.waiting) == (0, {"ClipMissing": 1})
    assert "the clip is gone; cut its recording again: af3 retry" in capsys.readouterr().err
    assert rows(out, "pairs") == []
    clip.write_bytes(held)
    assert make(out, "--skill", "temporal_order").facts["kept: temporal_order"] > 10


def test_pairs_whose_audio_is_damaged_are_flagged(out: Path) -> None:
    [clip] = out.glob("clips/*/*/*.flac")
    clip.write_bytes(b"no FLAC")
    make(out, "--skill", "temporal_order")
    pairs = rows(out, "pairs")
    assert {(tuple(row["flags"]), row["audio_answer"], row["agrees"]) for row in pairs} == {
        (("unheard",), "", None)
    }
