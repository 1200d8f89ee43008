"""Stock phrases of a day: found over all shards, published in each, counted by the audit."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from beam_jobs.framework.ledger import Ledger
from beam_jobs.framework.settings import JobSettings
from beam_jobs.night import audit, publish
from beam_jobs.night.audit import AuditFailed
from schemas import layout
from tests.beam_jobs.job_settings import settings_for
from tests.beam_jobs.night.written_day import Said, write_day
from tests.beam_jobs.small_night import DAY, quick_tasks, rows

STOCK = "Welcome back, everybody."
SPEECH_MS = (1_000, 2_400, 4_900)
"""Of which no time is that of the same sentence as another; none is too long for it by itself."""


def settings(folder: Path, *options: str) -> JobSettings:
    out = folder / "out"
    given = ("--out", out, "--tasks", quick_tasks(out), "--date", DAY, "--run-id", "run")
    return settings_for("night", folder, *given, *options)


def said(text: str) -> dict[str, list[Said]]:
    """Twelve recordings: what is heard at their beginning, and a sentence of each."""
    return {
        f"r{n}": [
            Said(text, SPEECH_MS[n % 3], -30.0 + n),
            Said(f"This is recording {n}, of the radio in London.", 4_000),
        ]
        for n in range(12)
    }


@pytest.fixture
def night(tmp_path: Path) -> JobSettings:
    known = settings(tmp_path)
    write_day(known, DAY, said(STOCK), shards=3)
    return known


def flags(night: JobSettings) -> dict[str, set[tuple[str, ...]]]:
    """The flags of each text."""
    found: dict[str, set[tuple[str, ...]]] = {}
    for row in rows(night.out, "transcripts"):
        found.setdefault(row["text"], set()).add(tuple(row["flags"]))
    return found


def test_the_shards_of_a_day_are_looked_at_together(night: JobSettings) -> None:
    publish.run(night)
    found = flags(night)
    assert found.pop(STOCK) == {("stock_phrase",)}
    assert set(found) == {f"This is recording {n}, of the radio in London." for n in range(12)}
    assert set().union(*found.values()) == {()}
    shards = {layout.shard_key("transcripts", "default", DAY, n, 3) for n in range(3)}
    assert all(night.store.exists(sorted(shards)))


def test_the_audit_counts_what_is_published(night: JobSettings) -> None:
    audit.run(night)
    counts = Ledger(night.store).audit("default", DAY)
    assert counts is not None
    # a caption and a transcript of each of 24 segments
    assert (counts.answers, counts.flagged_answers) == (48, 12)
    strict = settings(Path(night.source), "--max-flagged-share", "0.2")
    with pytest.raises(
        AuditFailed, match="12 of 48 answers carry flags, more than the 20% allowed"
    ):
        audit.run(strict)


def test_published_again_nothing_changes(night: JobSettings) -> None:
    publish.run(night)
    first = night.store.read(layout.shard_key("transcripts", "default", DAY, 0, 3))
    assembled = [publish.assemble_shard(DAY, n, 3, night) for n in range(3)]
    again = publish.finished_shards(assembled)
    assert [shard.published.changed for shard in again] == [0, 0, 0]
    assert [shard.published.changed for shard in assembled] == [0, 0, 0]
    publish.run(night)
    assert night.store.read(layout.shard_key("transcripts", "default", DAY, 0, 3)) == first


def test_the_same_sentence_in_its_time_is_none(tmp_path: Path) -> None:
    night = settings(tmp_path)
    spoken = {name: [Said(STOCK, 2_000), *rest] for name, (_, *rest) in said(STOCK).items()}
    write_day(night, DAY, spoken)
    publish.run(night)
    assert flags(night)[STOCK] == {()}


def test_a_recording_that_waits_keeps_no_flag_of_an_earlier_day(night: JobSettings) -> None:
    """Its rows stay, and what is a stock phrase follows from the day as it is now."""
    publish.run(night)
    ledger = Ledger(night.store)
    plan = ledger.manifest("default", DAY)
    assert plan is not None
    ledger.put_manifest(replace(plan, recordings=plan.recordings[:2]))
    waits = plan.recordings[0].recording_id
    [answered] = ledger.annotated_keys([waits])
    for key in answered:
        night.store.delete(key)
    publish.run(night)
    found = rows(night.out, "transcripts")
    assert waits in {row["recording_id"] for row in found if row["text"] == STOCK}
    assert flags(night)[STOCK] == {()}
