"""Many clips at once over a bucket that is away for a while: none hangs, is lost or asked twice."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from af3core.errors import StorageError
from beam_jobs.framework import room
from beam_jobs.night import annotate, discover, publish, segment
from tests.beam_jobs.small_night import DAY, answers, night, settings_of
from tests.faulty_network import Fault, Network, Request, between, none
from tests.media import programme, spoken, write
from tests.storage_server import BUCKET, bucket, found_at, server_address

pytestmark = pytest.mark.storage_server

OPTIONS = ("--max-clip-s", "30", "--batching", "continuous")
RETRIED_S = 4.0
OUT = f"gs://{BUCKET}/nights/out"


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("archive")
    write(folder / DAY / "long.flac", programme(100))
    for number in range(3):
        write(folder / DAY / f"{number}.wav", spoken()[number * 1600 :])
    return folder


@pytest.fixture
def network(monkeypatch: pytest.MonkeyPatch) -> Iterator[Network]:
    for name, seconds in (("FIRST", 0.05), ("MOST", 0.5), ("FOR", RETRIED_S)):
        monkeypatch.setattr(f"af3core.storage.bucket_client.RETRY_{name}_S", seconds)
    with bucket(), between(server_address()) as network, found_at(network.address):
        yield network


class Away:
    """The bucket answers 503 from the first answers that are stored on.

    Args:
        for_s: so long.
    """

    def __init__(self, for_s: float) -> None:
        self._for_s = for_s
        self._since = 0.0

    def __call__(self, request: Request) -> Fault | None:
        if request.is_upload and request.name.startswith("nights/out/ledger/annotate/"):
            self._since = self._since or time.monotonic()
        away = self._since and time.monotonic() < self._since + self._for_s
        return "503" if away else None


def test_an_outage_costs_time_or_leaves_clips_to_the_next_run(
    archive: Path, untrained: Path, network: Network, tmp_path: Path
) -> None:
    night(archive, tmp_path / "disk", untrained, *OPTIONS)
    settings = settings_of(archive, OUT, untrained, *OPTIONS, "--run-id", "first")
    discover.run(settings)
    segment.run(settings)
    clips = len(list(annotate.missing_work(settings)))
    assert clips >= 6

    network.faults = Away(1000)
    begun = time.monotonic()
    with contextlib.suppress(StorageError):  # or each piece waits
        assert annotate.run(settings).exit_code == 3
    assert time.monotonic() - begun < 15 * RETRIED_S
    assert room.asked._held == room.heard._held == 0

    network.faults = none
    left = len(list(annotate.missing_work(settings)))
    assert left >= clips - 1

    network.faults = Away(1)
    done = annotate.run(settings)
    assert (done.facts["clips_asked"], done.exit_code) == (left, 0)
    publish.run(settings)
    assert answers(OUT) == answers(tmp_path / "disk")
    assert annotate.run(settings).lines == ["all clips are annotated already"]
