"""An output of 0.1.0 keeps all of its own: its plans name no options, and nothing says how its
days are published.
"""

from __future__ import annotations

import shutil
from pathlib import Path

from af3core.storage.folder import FolderStore
from schemas import layout
from tests.beam_jobs.clean.cleaned import add_orphans, check_whole, cleaned, keys_below

OUT = Path(__file__).parents[2] / "data" / "night_of_0_1" / "out"


def test_nothing_of_it_goes_but_orphans(tmp_path: Path) -> None:
    shutil.copytree(OUT, tmp_path / "out")
    store = FolderStore(tmp_path / "out")
    before = [key for key in keys_below(store, "") if not key.startswith("reports/")]
    [recording, *_] = (tmp_path / "out" / "ledger" / "segment").iterdir()
    # a plan without options may have cut its recordings so
    unpublished = layout.segmented_key(recording.name, "0" * 24)
    add_orphans(store, 3)
    store.write(unpublished, b"damaged")
    assert cleaned(store).facts["removed"].items() >= {"cut": 3, "clip": 3}.items()
    there = [key for key in keys_below(store, "") if not key.startswith("reports/")]
    assert set(there) >= {*before, unpublished}
    check_whole_but(store, tmp_path / "out", unpublished)


def check_whole_but(store: FolderStore, out: Path, damaged: str) -> None:
    store.delete(damaged)
    check_whole(store, out)
