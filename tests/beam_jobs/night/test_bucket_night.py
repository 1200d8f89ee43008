"""A night whose archive and results lie in a bucket: as on a disk, row for row."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import pytest

from af3core.storage.address import store_at
from beam_jobs.cli import main
from beam_jobs.derive.export import export_job
from beam_jobs.night import annotate, audit, discover, publish, report, segment
from schemas.layout import manifest_key, shard_key
from schemas.tables.night_tables import TABLES
from tests.beam_jobs.job_settings import planned
from tests.beam_jobs.small_night import (
    DAY,
    all_rows,
    make_archive,
    night,
    quick_tasks,
    rows,
    settings_of,
)
from tests.faulty_network import Fault, Network, Request, between, every, none
from tests.media import programme, write
from tests.storage_server import BUCKET, bucket, found_at, server_address, upload

pytestmark = pytest.mark.storage_server

CLIPS = ("--max-clip-s", "30")
ARCHIVE = f"gs://{BUCKET}/my archive"
DEADLINE_S = 240
TOLERANT = ("--max-failed-share=1", "--max-flagged-share=1")
Tables = dict[str, list[dict[str, Any]]]


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = make_archive(tmp_path_factory.mktemp("archive"))
    write(folder / DAY / "more" / "programme.flac", programme(100))
    (folder / DAY / "broken.mp3").write_bytes(b"no sound in here")
    (folder / DAY / "empty.wav").write_bytes(b"")
    (folder / "notes.txt").write_bytes(b"about the archive")
    (folder / ".hidden.mp3").write_bytes(b"not listed")
    return folder


@pytest.fixture(scope="module")
def local(archive: Path, untrained: Path, tmp_path_factory: pytest.TempPathFactory) -> Tables:
    out = tmp_path_factory.mktemp("local") / "out"
    night(archive, out, untrained, *CLIPS)
    return all_rows(out, archive)


@pytest.fixture
def network(archive: Path) -> Iterator[Network]:
    """A bucket with the archive, behind a network that tests may break."""
    with bucket(), between(server_address()) as network:
        upload(archive, sorted(archive.rglob("*")), "my archive")
        with found_at(network.address):
            yield network


def test_a_night_in_a_bucket_is_the_night_on_a_disk(
    network: Network, untrained: Path, local: Tables
) -> None:
    out = f"gs://{BUCKET}/nights/out"
    summary = night(ARCHIVE, out, untrained, *CLIPS)
    assert summary.recordings == 3
    assert summary.failures == {"EmptyObject": 1, "NotMedia": 1}
    assert summary.tables == f"{out}/tables"
    assert all_rows(out, ARCHIVE) == local
    assert len(local["captions"]) >= 8
    [run] = rows(out, "runs")
    assert run["source"] == ARCHIVE
    answers = sum(len(local[name]) for name in ("captions", "transcripts"))
    assert summary.answers_made == answers

    fetched = network.downloads("my archive/2026-11-21/more/")
    assert night(ARCHIVE, out, untrained, *CLIPS).answers_made == 0
    assert all_rows(out, ARCHIVE) == local
    assert fetched == 2  # to hash it, and to decode it
    assert network.downloads("my archive/2026-11-21/more/") == 2


def test_requests_follow_clips_and_recordings_not_rows(
    network: Network, untrained: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ten times the questions cost no request more."""
    _renew_often(monkeypatch)
    out = f"gs://{BUCKET}/nights/out"
    counts = []
    for number in (1, 10):
        more = [f"--ask=q{n}=Is it number {n}?" for n in range(number)]
        before = _transfers(network)
        settings = settings_of(ARCHIVE, f"{out}{number}", untrained, *CLIPS, *more)
        for job in (discover, segment, annotate):
            job.run(settings)
        audit.run(planned(settings, "audit", *TOLERANT))
        publish.run(planned(settings, "publish"))
        counts.append(_transfers(network) - before)
    assert counts[0] == counts[1]
    clips = len({row["clip_id"] for row in rows(f"{out}1", "segments")})
    assert counts[0] < 22 * clips


def test_each_job_reads_a_days_plan_once_for_its_options_and_once_for_its_work(
    network: Network, untrained: Path
) -> None:
    """And publish once more, under the claim of its shard; a recording's cut is read once."""
    out, day_of = f"gs://{BUCKET}/nights/out", ("--date", DAY)
    tasks = ("--tasks", quick_tasks(out))
    common = ["--out", out, "--model", str(untrained), *tasks, *day_of]
    assert main(["plan", ARCHIVE, *common, *CLIPS]) == 0
    plan, cuts = f"nights/out/{manifest_key('default', DAY)}", "nights/out/ledger/segment/"
    reads: dict[str, tuple[int, int]] = {}
    for job in ("segment", "annotate", "publish"):
        before = len(network.requests)
        assert main([job, "--out", out, *day_of]) == 0
        fetched = Counter(r.name for r in network.requests[before:] if r.is_download)
        of_cuts = [times for name, times in fetched.items() if name.startswith(cuts)]
        reads[job] = fetched[plan], max(of_cuts, default=0)
    # segment looks for a recording's cut in its listing, and once more under the claim
    assert reads == {"segment": (2, 2), "annotate": (2, 1), "publish": (3, 1)}


def test_a_clip_is_fetched_once_however_many_segments_it_has(
    network: Network, untrained: Path
) -> None:
    out = f"gs://{BUCKET}/nights/out"
    night(ARCHIVE, out, untrained)
    segments = rows(out, "segments")
    clips = {row["clip_id"] for row in segments}
    assert len(segments) > len(clips) == 3
    assert network.downloads("nights/out/clips/") == len(clips)


def test_a_days_jobs_ask_as_much_however_many_other_days_there_are(
    network: Network, untrained: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _renew_often(monkeypatch)
    out = f"gs://{BUCKET}/nights/out"
    night(ARCHIVE, out, untrained, *CLIPS)
    store = store_at(out)
    day_of = ("--date", DAY)
    counts = []
    for days in (1, 8):
        for number in range(2, days + 1):
            plan = store.read(manifest_key("default", DAY)) or b""
            other = f"2026-10-{number:02d}"
            store.write(manifest_key("default", other), plan.replace(DAY.encode(), other.encode()))
        before = len(network.asked)
        audit.run(planned(settings_of(ARCHIVE, out, untrained, *day_of), "audit", *TOLERANT))
        for job in (segment, annotate, publish):
            name = job.__name__.rpartition(".")[2]
            job.run(planned(settings_of(ARCHIVE, out, untrained, *day_of), name))
        counts.append(len(network.asked) - before)
    assert counts[0] == counts[1]


def _renew_often(monkeypatch: pytest.MonkeyPatch) -> None:
    """Claims are renewed as often as on a machine that takes a hundred times as long."""
    monkeypatch.setattr("af3core.storage.lease._HEARTBEATS", 600)


def _transfers(network: Network) -> int:
    """Requests but those of listings: the progress lists as often as there is time to."""
    asked = network.asked
    return sum(r.is_upload or r.is_download or r.method == "DELETE" for r in asked)


def test_a_night_over_a_bad_network_has_the_same_tables(
    network: Network, untrained: Path, local: Tables, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("af3core.storage.bucket_client.RETRY_FIRST_S", 0.05)
    periods: dict[Fault, int] = {
        "cut upload": 7,
        "lost answer": 5,
        "cut answer": 4,
        "changed byte": 3,
        "429": 11,
        "503": 13,
        "slow": 101,
    }
    network.faults = every(periods)
    out = f"gs://{BUCKET}/nights/out"
    summary = night(ARCHIVE, out, untrained, *CLIPS)
    assert set(network.made) == set(periods)
    network.faults = none
    assert all_rows(out, ARCHIVE) == local
    assert summary.failures == {"EmptyObject": 1, "NotMedia": 1}


def test_a_killed_night_goes_on_in_the_bucket(
    network: Network, untrained: Path, local: Tables
) -> None:
    out = f"gs://{BUCKET}/nights/out"
    settings = settings_of(ARCHIVE, out, untrained, *CLIPS)
    discover.run(settings)
    segment.run(settings)
    command = [sys.executable, "-m", "beam_jobs", "annotate", "--out", out, *CLIPS]
    command += ["--model", str(untrained), "--tasks", f"gs://{BUCKET}/nights/quick_tasks.yaml"]
    process = subprocess.Popen(command, stderr=subprocess.DEVNULL)
    begun = time.monotonic()
    while network.uploads("nights/out/ledger/annotate/") < 2:
        assert process.poll() is None
        assert time.monotonic() - begun < DEADLINE_S
        time.sleep(0.02)
    process.send_signal(signal.SIGKILL)
    process.wait()
    kept = network.uploads("nights/out/ledger/annotate/")

    assert night(ARCHIVE, out, untrained, *CLIPS).answers_made > 0
    assert all_rows(out, ARCHIVE) == local
    clips = len({row["clip_id"] for row in local["captions"]})
    assert network.uploads("nights/out/ledger/annotate/") - kept < clips


def test_an_object_that_is_replaced_after_the_plan_is_named(
    network: Network, untrained: Path, archive: Path
) -> None:
    out = f"gs://{BUCKET}/nights/out"
    settings = settings_of(ARCHIVE, out, untrained, *CLIPS)
    discover.run(settings)
    upload(archive, [archive / DAY / "short.wav"], "my archive")
    segment.run(settings)
    publish.run(settings)
    [failure] = [row for row in rows(out, "failures") if row["stage"] == "segment"]
    assert failure["message"] == (
        f"{ARCHIVE}/{DAY}/short.wav: the object that was listed is gone or was replaced;"
        " run plan again"
    )
    assert not failure["permanent"]
    later = settings_of(ARCHIVE, out, untrained, *CLIPS)
    discover.run(later)
    segment.run(later)
    publish.run(later)
    assert [row for row in rows(out, "failures") if row["stage"] == "segment"] == []


def test_the_other_commands_read_and_write_buckets(
    network: Network, untrained: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = f"gs://{BUCKET}/nights/out"
    night(ARCHIVE, out, untrained)
    given = ["--out", out, "--model", str(untrained)]
    tasks = ["--tasks", f"gs://{BUCKET}/nights/quick_tasks.yaml"]
    report = f"gs://{BUCKET}/reports/plan.json"
    assert main(["plan", ARCHIVE, *given, *tasks, "--report", report]) == 0
    assert main(["index", "--out", out]) == 0
    assert main(["quality", "--out", out, "--date", DAY]) == 0
    csv = f"gs://{BUCKET}/nights/counted.csv"
    sql = "SELECT count(*) AS n FROM recordings"
    assert main(["query", "--out", out, sql, "--output", csv]) == 0
    exported = export_job.run(settings_of(ARCHIVE, out, untrained, job="export"))
    assert exported.facts["dates"] == 1
    from af3core.storage.address import split_object

    for address, begins in ((report, b"{\n"), (csv, b"n\n3\n")):
        store, key = split_object(address)
        assert (store.read(key) or b"").startswith(begins)


def test_analysts_need_to_read_only(
    network: Network,
    untrained: Path,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("beam_jobs.search.index_files.CACHE", tmp_path / "cache")
    out = f"gs://{BUCKET}/nights/out"
    night(f"{ARCHIVE}/{DAY}/short.wav", out, untrained)
    assert main(["index", "--out", out, "--words-only"]) == 0
    network.faults = lambda request: None if request.method == "GET" else "refused"
    before = len(network.requests)
    assert main(["query", "--out", out, "SELECT count(*) FROM recordings"]) == 0
    for _ in range(2):
        assert main(["search", "--out", out, "--mode", "words", "zzz"]) == 0
    asked = network.requests[before:]
    assert {request.method for request in asked} == {"GET"}
    prefix = "nights/out/indexes/search/"
    fetched = Counter(r.name for r in asked if r.is_download and r.name.startswith(prefix))
    assert len(fetched) > 5
    assert set(fetched.values()) == {1}
    capsys.readouterr()
    assert main(["index", "--out", out, "--words-only"]) == 1
    assert f"gs://{BUCKET}/nights/out/claims/" in (said := capsys.readouterr().err)
    assert "access is refused" in said


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["annotate", ARCHIVE, "--out", "gs://none/out"], "gs://none/out: no such bucket"),
        (["annotate", "gs://none/a", "--out", "x"], "gs://none/a: no such bucket"),
        (
            ["annotate", f"gs://{BUCKET}/nothing", "--out", "x"],
            f"SOURCE gs://{BUCKET}/nothing: there is no such object or prefix",
        ),
        (["annotate", ARCHIVE, "--out", "s3://b/out"], "s3://b/out: give a folder, or gs://"),
        (["query", "--out", f"gs://{BUCKET}/nothing", "SELECT 1"], "no tables there"),
        (["search", "--out", f"gs://{BUCKET}/nothing", "x"], "no tables there"),
    ],
)
def test_wrong_addresses_are_one_clear_line(
    network: Network, arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(arguments) == 2
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 1
    assert said in lines[0]


def test_every_table_was_compared(local: Tables) -> None:
    assert set(local) == {table.name for table in TABLES} - {"runs"}


@dataclass(frozen=True)
class Asked:
    """Requests by what they are."""

    listings: Counter[str]
    gets: Counter[str]

    @classmethod
    def of(cls, requests: list[Request]) -> Asked:
        """Listings by prefix; GETs of shards by their keys."""
        listings: Counter[str] = Counter()
        gets: Counter[str] = Counter()
        for request in requests:
            address = urlsplit(request.path)
            prefix = parse_qs(address.query).get("prefix", [""])[0]
            if request.method == "GET" and address.path.endswith("/o"):
                listings[prefix.removeprefix("nights/out/")] += 1
            elif request.method == "GET" and ".parquet" in request.path:
                key = unquote(address.path).partition("/o/")[2]
                gets[key.removeprefix("nights/out/")] += 1
        return cls(listings, gets)


def test_readers_list_a_table_once_and_get_an_object_twice_at_most(
    network: Network, untrained: Path
) -> None:
    out = f"gs://{BUCKET}/nights/out"
    night(ARCHIVE, out, untrained, *CLIPS)
    store = store_at(out)
    [run] = {key.split("/run=")[1].split("/")[0] for key in next(store.walk(["reports/"]))}
    for table in TABLES:  # nine more nights of the same
        key = shard_key(table.name, "default", DAY, 0, 1)
        for number in range(1, 10):
            other = key.replace(DAY, f"2026-10-{number:02d}")
            assert store.copy_state(key, str(store.stamps([key])[0]), other)

    before = len(network.requests)
    sql = (
        "SELECT text FROM captions JOIN recordings USING (corpus, date, recording_id)"
        f" WHERE date = '{DAY}'"
    )
    assert main(["query", "--out", out, sql]) == 0
    query = Asked.of(network.requests[before:])
    assert query.listings.pop("withdrawn/", 0) <= 1  # of the last five seconds
    assert query.listings == {"tables/captions/": 1, "tables/recordings/": 1, "published/": 2}
    assert set(query.gets) == {
        shard_key(t, "default", DAY, 0, 1) for t in ("captions", "recordings")
    }
    assert max(query.gets.values()) == 1

    before = len(network.requests)
    options = ("--date", DAY, "--run-id", run)
    report.run(planned(settings_of(ARCHIVE, out, untrained, *options), "report"))
    told = Asked.of(network.requests[before:])
    of_tables = {prefix: n for prefix, n in told.listings.items() if prefix.startswith("tables/")}
    assert of_tables.pop("tables/corrections/corpus=default/") == 1
    assert len(of_tables) == len(TABLES)
    assert set(of_tables.values()) == {1}
    # the summary, the night's page and all corpora's hours read it, each once
    assert told.gets.pop(shard_key("recordings", "default", DAY, 0, 1)) == 3
    assert max(told.gets.values()) == 2
