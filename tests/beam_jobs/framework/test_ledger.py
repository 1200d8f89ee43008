"""Objects of the ledger that are damaged, or of another release, on disks and in buckets alike."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from af3core.storage.address import open_store
from af3core.storage.store import Store
from beam_jobs.framework.ledger import DamagedObject, Ledger, LedgerError
from beam_jobs.framework.publishing import published_shards
from schemas import layout
from schemas.records import (
    AnnotatedClip,
    DerivedRows,
    ExaminedObject,
    Failure,
    MediaInfo,
    NightConfiguration,
    NightManifest,
    Recording,
    SegmentedRecording,
)
from schemas.reports import AuditCounts, MeasuredRate
from tests.beam_jobs.rivals import STORES, out_in

SHA = "ab" * 32
DAY = "2026-11-21"
MEDIA = MediaInfo("flac", "flac", 16_000, 1, 1349)
DAMAGE = {"zero bytes": b"", "cut": b'{"container": "flac", "cod', "a key too few": b"{}"}
CUT = SegmentedRecording("r1", "s1", 1349, (), (), (), "run")
FAILURE = Failure("segment", "/a", "radio", DAY, "DecodeFailed", "no", 1, False, "run")
RECORDING = Recording("r1", SHA, "/a", (), "radio", DAY, 9, "2026-11-21T01:00:00+00:00", MEDIA)
MANIFEST = NightManifest("radio", DAY, "/arc", "run", "2026-11-22", 1, (RECORDING,), (), "c1")
MANIFEST_KEY = layout.manifest_key("radio", DAY)


@pytest.fixture(params=STORES)
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    with out_in(request.param, tmp_path) as address:
        yield open_store(address)


@pytest.fixture
def ledger(store: Store) -> Ledger:
    return Ledger(store)


def held(store: Store, key: str) -> Any:
    return json.loads(store.read(key) or b"null")


@pytest.mark.parametrize("damage", DAMAGE.values(), ids=DAMAGE)
def test_a_damaged_cache_is_made_anew(
    store: Store, ledger: Ledger, damage: bytes, capsys: pytest.CaptureFixture[str]
) -> None:
    probed, examined = layout.probed_key(SHA), layout.object_key("state")
    store.write(probed, damage)
    store.write(examined, damage)
    assert ledger.media(SHA) is None
    assert ledger.examined("state") is None
    said = capsys.readouterr().err.splitlines()
    assert [line.split(" (")[0] for line in said] == [
        f"af3: {store.address(key)}: damaged" for key in (probed, examined)
    ]
    assert said[0].endswith("); it counts as missing and is made anew")
    ledger.put_media(SHA, MEDIA)
    ledger.put_examined("state", ExaminedObject(SHA, MEDIA))
    assert ledger.media(SHA) == MEDIA
    assert ledger.examined("state") == ExaminedObject(SHA, MEDIA)


def test_a_good_object_stays_whoever_comes_later(ledger: Ledger) -> None:
    ledger.put_media(SHA, MEDIA)
    ledger.put_media(SHA, dataclasses.replace(MEDIA, channels=2))
    assert ledger.media(SHA) == MEDIA


def test_one_damaged_result_leaves_the_others_and_is_replaced(
    store: Store, ledger: Ledger, capsys: pytest.CaptureFixture[str]
) -> None:
    ledger.put_segmented(CUT)
    store.write(layout.segmented_key("r2", "s1"), b'{"recording_id": "r2", "cl')
    assert ledger.segmented(["r1", "r2", "r3"], "s1") == [CUT, None, None]
    # several steps read it, and it is said once
    assert ledger.segmented(["r2"], "s1") == [None]
    assert capsys.readouterr().err == (
        f"af3: {store.address('ledger/segment/r2/s1.json')}: damaged (no JSON); it counts as"
        " missing and is made anew\n"
    )
    again = dataclasses.replace(CUT, recording_id="r2")
    ledger.put_segmented(again)
    assert ledger.segmented(["r1", "r2"], "s1") == [CUT, again]


def test_damaged_answers_are_taken_away_by_who_asks_anew(store: Store, ledger: Ledger) -> None:
    answers = AnnotatedClip("c1", "r1", "nano", "w", "af3", "run", "t", 5, ())
    ledger.put_annotated(answers)
    bad = layout.annotated_key("r1", "c1", "0" * 24)
    store.write(bad, b"")
    assert ledger.annotated(["r1"]) == [{"c1": [answers]}]
    assert ledger.annotated_clip("r1", "c1") == [answers]
    assert store.exists([bad]) == [False]


def test_damaged_rows_and_failures_count_as_none(store: Store, ledger: Ledger) -> None:
    key = layout.derived_key("events", "r1", "i1")
    store.write(key, b"\x00")
    store.write(layout.failed_key("segment", "w1"), b"")
    assert ledger.derived([key]) == [None]
    assert ledger.failed("segment", ["w1"]) == [None]
    rows = DerivedRows("events", "r1", "i1", "run", "t", {"events": []}, {})
    ledger.put_derived(key, rows)
    ledger.put_failed("w1", FAILURE)
    assert ledger.derived([key]) == [rows]
    assert ledger.failed("segment", ["w1"]) == [FAILURE]


def test_a_damaged_rate_is_no_rate(store: Store, ledger: Ledger) -> None:
    store.write(layout.rate_key("radio"), b"")
    assert ledger.rate("radio") is None
    ledger.put_rate("radio", MeasuredRate(1, 2, "run", "t"))
    assert ledger.rate("radio") == MeasuredRate(1, 2, "run", "t")


def test_what_nothing_goes_on_without_stops_with_one_line(store: Store, ledger: Ledger) -> None:
    for key in (MANIFEST_KEY, layout.configuration_key("c1"), layout.audit_key("radio", DAY)):
        store.write(key, b'{"corpus": ')
    lines = []
    for read in (
        lambda: ledger.manifest("radio", DAY),
        lambda: ledger.configuration("c1"),
        lambda: ledger.audit("radio", DAY),
    ):
        with pytest.raises(DamagedObject) as caught:
            read()
        lines.append(str(caught.value))
    assert lines == [
        f"{store.address(MANIFEST_KEY)}: damaged (no JSON); run af3 plan over its day again",
        f"{store.address('manifests/configurations/c1.json')}: damaged (no JSON); run af3 plan"
        " over its day again",
        f"{store.address(f'audits/corpus=radio/date={DAY}.json')}: damaged (no JSON); run af3"
        " audit again",
    ]
    # what the lines say helps
    configuration = NightConfiguration({"model": "nano"}, (), "w")
    ledger.put_manifest(MANIFEST)
    ledger.put_configuration("c1", configuration)
    ledger.put_audit("radio", DAY, AuditCounts(planned=1))
    assert ledger.manifest("radio", DAY) == MANIFEST
    assert ledger.configuration("c1") == configuration
    assert ledger.audit("radio", DAY) == AuditCounts(planned=1)


def test_an_object_that_needs_a_newer_release_is_named_and_left_alone(
    store: Store, ledger: Ledger, capsys: pytest.CaptureFixture[str]
) -> None:
    newer = json.dumps({"schema_version": 3, "schema_release": "0.9.0", "media": {}}).encode()
    keys = [layout.segmented_key("r1", "s1"), layout.probed_key(SHA)]
    for key in keys:
        store.write(key, newer)
    with pytest.raises(LedgerError) as caught:
        ledger.segmented(["r1"], "s1")
    assert str(caught.value) == (
        f"{store.address(keys[0])}: written by a newer release"
        " (SegmentedRecording.recording_id is missing); needs af3-archive >= 0.9.0"
    )
    assert ledger.media(SHA) is None
    assert "needs af3-archive >= 0.9.0\n" in capsys.readouterr().err
    ledger.put_media(SHA, MEDIA)
    assert [store.read(key) for key in keys] == [newer, newer]


def test_a_plan_that_replaces_another_keeps_what_a_newer_release_wrote(
    store: Store, ledger: Ledger
) -> None:
    other = dataclasses.replace(RECORDING, recording_id="r2", uri="/b")
    ledger.put_manifest(dataclasses.replace(MANIFEST, recordings=(RECORDING, other)))
    value = held(store, MANIFEST_KEY)
    for recording in value["recordings"]:
        recording["mtime_ns"] = 5
    store.write(MANIFEST_KEY, json.dumps(value | {"missing": ["/c"]}).encode())
    changed = dataclasses.replace(other, modified_at="2026-11-22T01:00:00+00:00")
    later = dataclasses.replace(MANIFEST, recordings=(RECORDING, changed), listed_at="2026-11-23")
    [stamp] = store.stamps([MANIFEST_KEY])
    assert ledger.replace_manifest(later, stamp)
    assert not ledger.replace_manifest(MANIFEST, stamp)
    assert ledger.manifest("radio", DAY) == later
    value = held(store, MANIFEST_KEY)
    assert (value["missing"], value["schema_version"]) == (["/c"], 2)
    # a file that is another now may have another time
    assert [r.get("mtime_ns") for r in value["recordings"]] == [5, None]


def test_a_later_attempt_keeps_what_a_newer_release_wrote(store: Store, ledger: Ledger) -> None:
    key = layout.failed_key("segment", "w1")
    ledger.put_failed("w1", FAILURE)
    store.write(key, json.dumps(held(store, key) | {"first_failed_at": "t"}).encode())
    later = dataclasses.replace(FAILURE, attempts=2)
    ledger.put_failed("w1", later)
    assert ledger.failed("segment", ["w1"]) == [later]
    assert held(store, key)["first_failed_at"] == "t"


@pytest.mark.parametrize("state", ["gone", "damaged"])
def test_the_shards_of_a_day_without_a_plan_are_those_of_its_tables(
    store: Store, ledger: Ledger, state: str
) -> None:
    if state == "damaged":
        store.write(MANIFEST_KEY, b'{"corpus": "radio", "sha')
    for shard in range(2):
        store.write(layout.shard_key("recordings", "radio", DAY, shard, 2), b"rows")
    # left by a publishing that was interrupted
    store.write(layout.shard_key("recordings", "radio", DAY, 3, 5), b"rows")
    assert ledger.earlier_manifest("radio", DAY) is None
    assert published_shards(store, "radio", DAY) == 2
