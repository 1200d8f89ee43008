"""A clean beside running jobs, and one that is killed: no published row loses its clip."""

from __future__ import annotations

import shutil
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from af3core.storage.folder import FolderStore
from beam_jobs.clean.clean_job import clean
from beam_jobs.clean.inventory import Amount, Inventory
from beam_jobs.clean.object_kinds import Kind
from beam_jobs.night import discover
from schemas.layout import REMOVAL_CLAIM_KEY, manifest_key
from tests.beam_jobs.clean.cleaned import (
    CUT,
    OTHERWISE,
    add_orphans,
    check_whole,
    cleaned,
    keys_below,
)
from tests.beam_jobs.small_night import DAY, night, settings_of

DEADLINE_S = 120
ORPHANS = 400
_CLEAN = """
import sys
from pathlib import Path
from af3core.storage.folder import FolderStore
from tests.beam_jobs.clean.cleaned import cleaned
print(cleaned(FolderStore(Path(sys.argv[1]))).lines)
"""


def test_what_is_planned_between_two_looks_stays(
    made: Path, place: Path, untrained: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store, out = FolderStore(place / "out"), place / "out"
    before = keys_below(store, "clips/")
    decide = Inventory.decide

    def decide_and_plan(self: Inventory) -> dict[Kind, Amount]:
        found = decide(self)
        discover.discover(settings_of(made / "arc", out, untrained, *CUT))
        return found

    monkeypatch.setattr(Inventory, "decide", decide_and_plan)
    done = cleaned(store)
    assert (done.facts["found"], done.facts["removed"]) == ({"cut": 2, "clip": 2}, {})
    assert keys_below(store, "clips/") == before


def test_what_was_written_anew_since_it_was_listed_stays(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The cut with its clips, although these were not written."""
    store = FolderStore(place / "out")
    before = keys_below(store, "clips/")
    decide = Inventory.decide

    def decide_and_write(self: Inventory) -> dict[Kind, Amount]:
        found = decide(self)
        for cut in self.unnamed("cut", 0):
            store.write(cut.key, store.read(cut.key) or b"")
        return found

    monkeypatch.setattr(Inventory, "decide", decide_and_write)
    assert cleaned(store).facts["removed"] == {}
    assert keys_below(store, "clips/") == before


def test_a_plan_waits_for_the_removal_that_may_not_know_it(
    made: Path, place: Path, untrained: Path
) -> None:
    store = FolderStore(place / "out")
    settings = settings_of(made / "arc", place / "out", untrained, *CUT)
    manifest = manifest_key("default", DAY)
    [stamp] = store.stamps([manifest])
    planning = threading.Thread(target=discover.discover, args=(settings,))
    with store.claim(REMOVAL_CLAIM_KEY):
        planning.start()
        begun = time.monotonic()
        while store.stamps([manifest]) == [stamp]:
            assert time.monotonic() - begun < DEADLINE_S
            time.sleep(0.05)
        planning.join(1.0)
        assert planning.is_alive()
    planning.join(DEADLINE_S)
    assert not planning.is_alive()


def test_nights_beside_cleans_lose_nothing(made: Path, place: Path, untrained: Path) -> None:
    """The archive is cut in this way and that while all that nothing names is swept, again and
    again.
    """
    store, out = FolderStore(place / "out"), place / "out"
    ended, removed = threading.Event(), []

    def sweep() -> None:
        while not ended.is_set():
            removed.append(clean(store, keep_s=1.0, removes=True, settled_s=-1).facts["removed"])

    sweeping = threading.Thread(target=sweep)
    sweeping.start()
    try:
        for cutting in (CUT, OTHERWISE, CUT):
            night(made / "arc", out, untrained, *cutting)
            time.sleep(1.5)
            check_whole(store, out)
    finally:
        ended.set()
        sweeping.join(DEADLINE_S)
    assert any("clip" in each for each in removed)
    check_whole(store, out)


def test_a_killed_clean_leaves_nothing_that_names_what_is_gone(place: Path) -> None:
    store, out = FolderStore(place / "out"), place / "out"
    add_orphans(store, ORPHANS)
    process = subprocess.Popen([sys.executable, "-c", _CLEAN, str(out)], start_new_session=True)
    begun = time.monotonic()
    while len(keys_below(store, "ledger/segment/")) > ORPHANS - 50:
        assert time.monotonic() - begun < DEADLINE_S
        assert process.poll() is None
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert len(keys_below(store, "ledger/segment/")) > 2
    check_whole(store, out)
    cleaned(store)
    check_whole(store, out)
    assert len(keys_below(store, "ledger/segment/")) == len(list((out / "clips").iterdir())) == 2


def test_one_clean_at_a_time(place: Path) -> None:
    store = FolderStore(place / "out")
    add_orphans(store, 20)
    removed: list[dict[str, int]] = []
    threads = [
        threading.Thread(target=lambda: removed.append(cleaned(store).facts["removed"]))
        for _ in range(2)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(DEADLINE_S)
    assert sorted(removed, key=len) == [{}, {"cut": 22, "clip": 22}]


def test_what_another_removed_meanwhile_is_no_trouble(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = FolderStore(place / "out")
    decide = Inventory.decide

    def decide_and_lose(self: Inventory) -> dict[Kind, Amount]:
        found = decide(self)
        for cut in self.unnamed("cut", 0):
            shutil.rmtree(store.root / "clips" / cut.owner / cut.part)
        return found

    monkeypatch.setattr(Inventory, "decide", decide_and_lose)
    assert cleaned(store).facts["removed"] == {"cut": 2}
