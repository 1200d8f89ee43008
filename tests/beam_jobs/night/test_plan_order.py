"""Which plan of a day is the newer one: the state that it read says so, no clock."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from af3core.storage.address import store_at
from beam_jobs.framework.ledger import Ledger
from beam_jobs.night import day_plans
from schemas.records import NightManifest
from tests.beam_jobs.night.test_absence import DAY, archive_of, discovered, manifest, planned
from tests.beam_jobs.night.test_absence import recording as make_recording


def test_a_plan_of_a_clock_a_day_ahead_is_replaced(tmp_path: Path) -> None:
    archive, out = tmp_path / "arc", tmp_path / "out"
    archive_of(archive, 1)
    discovered(archive, out)
    ahead = dataclasses.replace(manifest(out), listed_at="2999-01-01T00:00:00.000+00:00")
    Ledger(store_at(str(out))).put_manifest(ahead)
    make_recording(archive / DAY / "later.wav", 77)
    discovered(archive, out)
    assert planned(out) == ["later.wav", "r0.wav"]


def test_a_plan_that_another_run_overtook_lists_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    archive, out = tmp_path / "arc", tmp_path / "out"
    archive_of(archive, 1)
    real = day_plans.manifest_of
    overtaken: list[NightManifest] = []

    def overtake(*arguments: object) -> NightManifest:
        made = real(*arguments)  # type: ignore[arg-type]
        if not overtaken:
            # the other run begins after our listing and ends before us
            overtaken.append(made)
            make_recording(archive / DAY / "later.wav", 77)
            discovered(archive, out, "--shards", "3")
        return made

    monkeypatch.setattr(day_plans, "manifest_of", overtake)
    discovered(archive, out)
    assert [len(plan.recordings) for plan in overtaken] == [1]
    assert planned(out) == ["later.wav", "r0.wav"]
    assert manifest(out).shards == 3
