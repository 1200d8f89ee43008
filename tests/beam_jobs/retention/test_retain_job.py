"""`af3 retain` over real nights: what goes by which rule, what stays, and what is gone on with."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from af3core.storage.folder import FolderStore
from beam_jobs.framework.job import Outcome
from beam_jobs.framework.ledger import Ledger
from beam_jobs.framework.manifests import Days
from beam_jobs.night_status.status_command import statuses
from beam_jobs.retention.old_days import let_go, old_days
from beam_jobs.retention.retain_job import retain
from schemas import layout
from schemas.options.retaining import Retention
from schemas.retention_records import AppliedRetention
from tests.beam_jobs.clean.cleaned import CUT, check_clips, cleaned, keys_below
from tests.beam_jobs.small_night import DAY, make_archive, night, rows
from tests.beam_jobs.tombstones import withdraw
from tests.made_once import made_once


@pytest.fixture(scope="session")
def kept(shared: Path, untrained: Path) -> Path:
    """An archive `arc` and its output `out`, once; to be copied."""

    def make(folder: Path) -> None:
        night(make_archive(folder / "arc"), folder / "out", untrained, *CUT)

    return made_once(shared, "night-to-retain", make)


@pytest.fixture
def store(kept: Path, tmp_path: Path) -> FolderStore:
    shutil.copytree(kept / "out", tmp_path / "out")
    return FolderStore(tmp_path / "out")


def retained(store: FolderStore, removes: bool = True, **rule: int) -> Outcome:
    """A corpus as its rule is applied when all of it is older."""
    return retain(
        store, "default", Retention(**rule), "weekly", removes, day_s=-0.001, settled_s=-60
    )


def test_clips_go_and_tables_and_answers_stay(
    store: FolderStore, kept: Path, untrained: Path
) -> None:
    answers, before = keys_below(store, "ledger/annotate/"), rows(store.root, "captions")
    said = retained(store, removes=False, clips_days=90)
    assert said.facts["objects"] == {"cut": 2, "clip": 2}
    assert said.lines[-1] == "nothing is removed yet; --yes does"
    assert len(keys_below(store, "clips/")) == 2

    assert retained(store, clips_days=90).lines[-1] == "removed"
    assert keys_below(store, "clips/") + keys_below(store, "ledger/segment/") == []
    assert (keys_below(store, "ledger/annotate/"), rows(store.root, "captions")) == (
        answers,
        before,
    )
    assert retained(store, clips_days=90).lines == ["nothing is older than the rule says"]
    # run again, the sound is decoded again, and nothing is asked again
    summary = night(kept / "arc", store.root, untrained, *CUT)
    assert (summary.answers_made, len(keys_below(store, "clips/"))) == (0, 2)
    assert rows(store.root, "captions") == before


def test_text_in_the_ledger_goes_and_tables_stay(store: FolderStore) -> None:
    before = rows(store.root, "captions")
    assert set(retained(store, ledger_text_days=30).facts["objects"]) == {"answers"}
    assert keys_below(store, "ledger/annotate/") == []
    assert rows(store.root, "captions") == before != []
    assert len(keys_below(store, "clips/")) == 2


def test_reports_go_though_tables_name_their_run(store: FolderStore) -> None:
    assert keys_below(store, "reports/corpus=default/") != []
    assert set(retained(store, reports_days=365).facts["objects"]) == {"report"}
    assert [k for k in keys_below(store, "reports/corpus=default/") if "listing" not in k] == []


def test_what_is_young_or_planned_a_moment_ago_stays(store: FolderStore) -> None:
    rule = Retention(clips_days=1, reports_days=1, ledger_text_days=1, tables_days=1)
    young = retain(store, "default", rule, "weekly", removes=True)
    assert young.lines == ["nothing is older than the rule says"]
    # a run may work on it still, however old the sound is
    old = retain(store, "default", Retention(clips_days=1), "weekly", removes=True, day_s=-0.001)
    assert old.lines == ["nothing is older than the rule says"]


def test_what_another_corpus_has_too_stays(store: FolderStore, kept: Path, untrained: Path) -> None:
    night(kept / "arc", store.root, untrained, *CUT, "--corpus=other")
    done = retained(store, clips_days=1, ledger_text_days=1, tables_days=1)
    assert done.facts["shared_recordings"] == 2
    assert done.lines[-2] == "shared   2 recordings stay: another corpus has them too"
    assert done.facts["objects"] == {}
    check_clips(store)
    assert [key for key in keys_below(store, "tables/") if "corpus=default" in key] == []
    assert len([key for key in keys_below(store, "tables/recordings/") if "corpus=other" in key])


def test_a_day_goes_whole_and_lacks_nothing(store: FolderStore, kept: Path) -> None:
    done = retained(store, tables_days=3650)
    assert done.lines[0] == f"days     1: {DAY} to {DAY}, from all tables"
    left = [*keys_below(store, "tables/"), *keys_below(store, "published/")]
    assert left + keys_below(store, "manifests/corpus=default/") == []
    [day] = statuses(str(store.root), Days("default", DAY, DAY), str(kept / "arc"))
    assert (day.objects, day.published, day.missing, day.is_complete) == (2, 0, 0, True)
    # clips and answers are nobody's now
    assert cleaned(store).facts["removed"] == {"cut": 2, "clip": 2, "answers": 2, "report": 1}


def test_a_killed_run_is_gone_on_with(store: FolderStore) -> None:
    [day] = old_days(store, "default", store.now_s() + 1)
    assert day.objects[0].key == f"published/corpus=default/date={DAY}/day.json"
    gone = day.objects[:4]
    let_go(store, "default", type(day)(day.date, gone), 1)
    assert keys_below(store, "tables/") != []
    # it is no longer published, and so has no age of its own
    [rest] = old_days(store, "default", 0.0)
    assert rest.begun
    let_go(store, "default", rest, 1)
    assert keys_below(store, "tables/") == []
    assert old_days(store, "default", store.now_s() + 1) == []


def test_what_is_published_again_has_its_own_time(
    store: FolderStore, kept: Path, untrained: Path
) -> None:
    retained(store, tables_days=1)
    assert rows(store.root, "captions") == []
    night(kept / "arc", store.root, untrained, *CUT)
    assert old_days(store, "default", 0.0) == []
    assert len(rows(store.root, "recordings")) == 2


def test_the_rule_that_was_applied_is_kept(store: FolderStore) -> None:
    retained(store, clips_days=90)
    applied = AppliedRetention.from_bytes(store.read("retention/corpus=default.json") or b"")
    assert (applied.run_id, applied.days) == ("weekly", {"clips": 90})
    assert applied.removed == {"cut": 2, "clip": 2}


def test_what_is_withdrawn_stays_for_its_legal_hold(
    store: FolderStore, capsys: pytest.CaptureFixture[str]
) -> None:
    manifest = Ledger(store).stored_manifest("default", DAY)
    assert manifest is not None
    held = withdraw(store, manifest, "short.wav")
    done = retained(store, clips_days=1, ledger_text_days=1, tables_days=1)
    assert done.facts["days"] == []
    assert "1 old days stay: they hold what is withdrawn" in capsys.readouterr().err
    [clip] = keys_below(store, "clips/")
    assert layout.recording_of_clip(clip) == held.recording_id
    assert len(keys_below(store, "ledger/annotate/")) == 1
