"""`af3 status` in a bucket: how much it asks, and what it says where the bucket refuses."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from af3core.storage.address import store_at
from beam_jobs.cli import main
from beam_jobs.framework.manifests import Days
from beam_jobs.framework.withdrawn import forget_held
from beam_jobs.night import discover, publish
from beam_jobs.night_status.status_command import DayStatus, statuses
from tests.beam_jobs.job_settings import settings_for
from tests.beam_jobs.night.test_absence import archive_of
from tests.beam_jobs.small_night import settings_of
from tests.faulty_network import Network, Request, between
from tests.storage_server import BUCKET, bucket, found_at, server_address, upload

pytestmark = pytest.mark.storage_server
ARCHIVE, OUT = f"gs://{BUCKET}/arc", f"gs://{BUCKET}/nights/out"
DAYS = [f"2026-11-{day:02d}" for day in range(1, 13)]


@pytest.fixture
def network(untrained: Path, tmp_path: Path) -> Iterator[Network]:
    """Twelve days of a bucket, all but the last published."""
    for day in DAYS:
        archive_of(tmp_path / "arc", 1, day)
    with bucket(), between(server_address()) as network:
        upload(tmp_path / "arc", (tmp_path / "arc").rglob("*"), "arc")
        with found_at(network.address):
            interval = ("--until", DAYS[-2])
            discover.run(settings_for("discover", ARCHIVE, "--out", OUT, *interval))
            publish.run(settings_of(ARCHIVE, OUT, untrained, *interval, job="publish"))
            network.requests.clear()
            yield network


def is_listing(request: Request) -> bool:
    return request.method == "GET" and urlsplit(request.path).path.endswith("/o")


def listed(network: Network) -> list[str]:
    """The prefixes that were listed since they were asked last, in the order of names."""
    asked = [parse_qs(urlsplit(r.path).query) for r in network.requests if is_listing(r)]
    network.requests.clear()
    return sorted(query.get("prefix", [""])[0] for query in asked)


def statuses_of_now(first_day: str) -> list[DayStatus]:
    """Of the days up to the last one, as a new process reads them."""
    forget_held(store_at(OUT))  # else what is withdrawn is listed where five seconds are past
    return statuses(OUT, Days("default", first_day, DAYS[-1]))


def test_days_cost_no_listings(network: Network) -> None:
    days = statuses_of_now(DAYS[0])
    assert [(d.date, d.objects, d.published, d.missing) for d in days] == [
        *((day, 1, 1, 0) for day in DAYS[:-1]),
        (DAYS[-1], 1, 0, 1),
    ]
    assert network.downloads("nights/out/manifests/") == 11
    of_all = listed(network)
    assert len([prefix for prefix in of_all if prefix.startswith("nights/out/tables/")]) == 6
    # its folders; whether it is there at all, and is no output
    folders = ["arc/", "arc/", *(f"arc/{day}/" for day in DAYS), "arc/ledger/"]
    assert [prefix for prefix in of_all if prefix.startswith("arc/")] == folders

    statuses_of_now(DAYS[-4])
    assert listed(network) == of_all


def test_a_listing_that_is_refused_is_no_missing_day(
    network: Network, capsys: pytest.CaptureFixture[str]
) -> None:
    network.faults = lambda r: "refused" if is_listing(r) and "prefix=arc" in r.path else None
    assert main(["status", "--out", OUT]) == 1
    told = capsys.readouterr()
    assert (told.out, "storage.objectViewer" in told.err) == ("", True)
