"""Which exports and states of the index stay."""

from __future__ import annotations

from contextlib import nullcontext
from pathlib import Path

import pytest

from af3core.storage.address import open_store
from beam_jobs.clean.inventory import Name, Owner
from beam_jobs.clean.whole_products import exports_that_stay, index_states_that_stay
from beam_jobs.search.index_state import FORMAT, IndexState
from schemas.identity import canonical_json
from schemas.layout import INDEX_STATE_KEY
from tests.storage_server import BUCKET_PARAM, bucket

DAYS = [("radio", "2026-11-01"), ("radio", "2026-11-21")]


def export(since: str, until: str, is_old: bool = True, part: str = "0 sheet") -> Owner:
    folder = f"exports/corpus=radio/from=2026-11-{since},until=2026-11-{until}/af3/"
    return Owner(folder, is_old, part)


def stay(*exports: Owner) -> list[Owner]:
    named = set(exports_that_stay(exports, DAYS))
    return [each for each in exports if Name("export", each.owner) in named]


def test_exports_of_days_that_are_gone_go_once_they_are_old() -> None:
    here, gone = export("01", "05"), export("02", "20")
    young = export("03", "19", is_old=False)
    assert stay(here, gone, young) == [here, young]


def test_a_grown_export_replaces_its_beginnings_once_it_is_whole() -> None:
    first, grown, another = export("01", "20"), export("01", "21"), export("21", "21")
    assert stay(first, grown, another) == [grown, another]
    unfinished = export("01", "21", part="1 rest")
    assert stay(first, unfinished) == [first, unfinished]


@pytest.mark.parametrize("where", ["folder", BUCKET_PARAM])
def test_states_of_the_index_before_the_last_ones_go(where: str, tmp_path: Path) -> None:
    with bucket() if where == "bucket" else nullcontext(str(tmp_path / "out")) as address:
        store = open_store(address)
        state = IndexState(FORMAT, "now", files=("a/1.lance",), retired=("a/0.lance",))
        others = [Owner("before", True, "a/1.lance"), Owner("now", True, "a/1.lance")]
        # without a state, nobody knows which is the index
        assert set(index_states_that_stay(store, others)) == {
            Name("index", "before"),
            Name("index", "now"),
        }
        store.write(INDEX_STATE_KEY, canonical_json(state.to_json()).encode())
        if where == "folder":
            assert list(index_states_that_stay(store, others)) == [Name("index", "now")]
        else:
            assert list(index_states_that_stay(store, others)) == [
                Name("index", "now", "a/1.lance"),
                Name("index", "now", "a/0.lance"),
            ]
        store.write(INDEX_STATE_KEY, b"{")
        assert len(list(index_states_that_stay(store, others))) == 2
