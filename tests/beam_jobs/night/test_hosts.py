"""Hosts with networks of their own on one night in a bucket: one is cut off for two leases."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

import pytest

from af3core.storage.address import open_store
from af3core.storage.lease import LEASE_S
from beam_jobs.framework.ledger import Ledger
from beam_jobs.night import audit, discover, publish, segment
from infra.local_buckets import VARIABLE
from tests.beam_jobs.job_settings import planned
from tests.beam_jobs.small_night import DAY, all_rows, night, settings_of
from tests.faulty_network import Network, between
from tests.media import programme, write
from tests.storage_server import BUCKET, bucket, server_address, upload

pytestmark = pytest.mark.storage_server

LEASES_CUT_OFF = 2
DEADLINE_S = 300
HOST = """
import sys
from af3core.storage import lease
lease.LEASE_S = float(sys.argv.pop(1))  # before any store takes it
from beam_jobs.cli import main
sys.exit(main())
"""
CLIPS = ("--max-clip-s", "30")
ARCHIVE, OUT = f"gs://{BUCKET}/archive", f"gs://{BUCKET}/nights/out"


def annotating(
    network: Network, checkpoint: Path, name: str, lease_s: float
) -> subprocess.Popen[str]:
    """A host that annotates, over its network."""
    command = [sys.executable, "-c", HOST, str(lease_s), "annotate", "--out", OUT, *CLIPS]
    command += ["--model", str(checkpoint), "--tasks", f"gs://{BUCKET}/nights/quick_tasks.yaml"]
    environment = os.environ | {VARIABLE: network.address}
    return subprocess.Popen(
        [*command, "--run-id", name], env=environment, stderr=subprocess.PIPE, text=True
    )


def until(condition: Callable[[], bool]) -> None:
    begun = time.monotonic()
    while not condition():
        assert time.monotonic() - begun < DEADLINE_S
        time.sleep(0.02)


@pytest.mark.parametrize("lease_s", [5.0, pytest.param(LEASE_S, marks=pytest.mark.long)])
def test_a_host_that_is_cut_off_loses_its_clip_and_no_more(
    lease_s: float, untrained: Path, tmp_path: Path
) -> None:
    archive, undisturbed = tmp_path / "arc", tmp_path / "undisturbed"
    write(archive / DAY / "long.flac", programme(240))
    night(archive, undisturbed, untrained, *CLIPS)
    clips = len(list(undisturbed.glob("ledger/annotate/*/*/*/*.json")))
    assert clips >= 8
    with ExitStack() as stack:
        stack.enter_context(bucket())
        upload(archive, archive.rglob("*"), "archive")
        settings = settings_of(ARCHIVE, OUT, untrained, *CLIPS)
        discover.run(settings)
        segment.run(settings)
        one, other = (stack.enter_context(between(server_address())) for _ in range(2))
        lost = annotating(one, untrained, "one", lease_s)
        answers = "nights/out/ledger/annotate/"
        until(lambda: one.uploads(answers) >= 2)
        held = one.uploads("nights/out/claims/annotate/")
        until(lambda: one.uploads("nights/out/claims/annotate/") > held)
        one.is_up = False
        began = time.monotonic()
        # another host does the rest, and takes over the claim of the lost one
        follower = annotating(other, untrained, "other", lease_s)
        _, said = follower.communicate(timeout=DEADLINE_S)
        assert follower.returncode == 0, said
        assert lost.poll() is None
        time.sleep(max(0.0, LEASES_CUT_OFF * lease_s - (time.monotonic() - began)))
        one.is_up = True
        _, said = lost.communicate(timeout=DEADLINE_S)
        assert lost.returncode == 0, said

        audit.run(planned(settings, "audit", "--max-flagged-share", "1"))
        publish.run(settings)
        assert all_rows(OUT, ARCHIVE) == all_rows(undisturbed, archive)
        ledger = Ledger(open_store(OUT))
        [recording] = {key.split("/")[3] for key in next(ledger.store.walk(["ledger/annotate/"]))}
        [known] = ledger.annotated([recording])
        # what both have done of one clip is kept once
        assert {clip: len(entries) for clip, entries in known.items()} == dict.fromkeys(known, 1)
        assert len(known) == clips
        by_run = Counter(entry.run_id for entries in known.values() for entry in entries)
        assert set(by_run) == {"one", "other"}
