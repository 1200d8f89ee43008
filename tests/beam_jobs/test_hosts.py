"""Hosts with networks of their own on one night in a bucket: one is cut off for a minute."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

from af3core.storage.address import open_store
from beam_jobs import audit, discover, publish, segment
from beam_jobs.ledger import Ledger
from infra.local_buckets import VARIABLE
from tests.beam_jobs.night import DAY, all_rows, night, settings_of
from tests.faulty_network import Network, between
from tests.media import programme, write
from tests.storage_server import BUCKET, bucket, server_address, upload

CUT_OFF_S = 60.0
DEADLINE_S = 300
CLIPS = ("--max-clip-s", "30", "--max-flagged-share", "1")
ARCHIVE, OUT = f"gs://{BUCKET}/archive", f"gs://{BUCKET}/nights/out"


def annotating(network: Network, checkpoint: Path, name: str) -> subprocess.Popen[str]:
    """A host that annotates, over its network."""
    command = [sys.executable, "-m", "beam_jobs.annotate", "--out", OUT, *CLIPS, "--run-id", name]
    command += ["--model", str(checkpoint), "--tasks", f"gs://{BUCKET}/nights/quick_tasks.yaml"]
    environment = os.environ | {VARIABLE: network.address, "OMP_NUM_THREADS": "1"}
    return subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True)


def until(condition: Callable[[], bool]) -> None:
    begun = time.monotonic()
    while not condition():
        assert time.monotonic() - begun < DEADLINE_S
        time.sleep(0.02)


def test_a_host_that_is_cut_off_for_a_minute_loses_its_clip_and_no_more(
    untrained: Path, tmp_path: Path
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
        lost = annotating(one, untrained, "one")
        answers = "nights/out/ledger/annotate/"
        until(lambda: one.uploads(answers) >= 2)
        held = one.uploads("nights/out/claims/annotate/")
        until(lambda: one.uploads("nights/out/claims/annotate/") > held)
        one.is_up = False
        began = time.monotonic()
        # another host does the rest, and takes over the claim of the lost one
        follower = annotating(other, untrained, "other")
        _, said = follower.communicate(timeout=DEADLINE_S)
        assert follower.returncode == 0, said
        assert lost.poll() is None
        time.sleep(max(0.0, CUT_OFF_S - (time.monotonic() - began)))
        one.is_up = True
        _, said = lost.communicate(timeout=DEADLINE_S)
        assert lost.returncode == 0, said

        audit.run(settings)
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
