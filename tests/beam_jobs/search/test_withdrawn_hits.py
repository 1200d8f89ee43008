"""What is withdrawn is found no more from the moment that its tombstone stands, index or not."""

from __future__ import annotations

from pathlib import Path

import pytest

from af3core.storage.address import store_at
from af3core.storage.store import Store
from beam_jobs.cli import main
from beam_jobs.search import search_engine
from beam_jobs.search.search_engine import SearchEngine
from beam_jobs.search.search_request import SearchError, SearchRequest
from tests.beam_jobs.search.said import FIRST, SECOND, place, publish, put
from tests.beam_jobs.tombstones import bury, restore, tombstone

AA = tombstone("default", "aa", "a" * 64)


@pytest.fixture
def out(tmp_path: Path) -> Path:
    """Two corpora with a recording each of one name, and a second one in the first."""
    out = tmp_path / "out"
    publish(out, FIRST, {"aa": ["A storm and rain.", "More of the storm."]})
    publish(out, SECOND, {"bb": ["The storm is over."]})
    publish(out, FIRST, {"aa": ["A storm elsewhere."]}, corpus="films")
    for day, heard in ((FIRST, "aa"), (SECOND, "bb")):
        vector = {"audio_embedding": [1.0, 0.0], "audio_model": "sounds@1"}
        put(out, day, "embeddings", [place(heard, 0) | vector])
    return out


@pytest.fixture
def store(out: Path) -> Store:
    return store_at(str(out))


def found(engine: SearchEngine, words: str = "storm", limit: int = 20) -> list[tuple[str, str]]:
    request = SearchRequest(words, mode="words", limit=limit)
    return sorted({(hit.corpus, hit.recording_id) for hit in engine.search(request).hits})


ALL = [("default", "aa"), ("default", "bb"), ("films", "aa")]
LEFT = [("default", "bb"), ("films", "aa")]


def test_the_index_that_holds_it_still_shows_nothing_of_it(out: Path, store: Store) -> None:
    for corpus in ("default", "films"):
        assert main(["index", "--out", str(out), "--corpus", corpus]) == 0
    engine = SearchEngine(str(out))
    assert found(engine) == ALL
    assert engine.segment_at("aa.wav@0:10") == "aa-0"
    bury(store, AA)
    assert found(engine) == LEFT
    assert found(engine, limit=2) == LEFT  # hits are as many as are asked for
    assert engine.search(SearchRequest("storm", limit=20)).hits  # by meaning too
    with pytest.raises(SearchError, match="knows no sound of such a segment"):
        engine.search(SearchRequest(like="aa-0"))
    assert engine.search(SearchRequest(like="bb-0")).hits == ()
    restore(store, AA)
    assert found(engine) == ALL


def test_where_no_index_can_be_opened_the_tables_show_nothing_of_it(
    out: Path, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(search_engine, "can_open_indexes", lambda: False)
    engine = SearchEngine(str(out))
    assert found(engine) == ALL
    bury(store, AA)
    assert found(engine) == LEFT
    restore(store, AA)
    assert found(engine) == ALL


def test_an_index_that_is_made_behind_the_tombstone_holds_nothing_of_it(
    out: Path, store: Store
) -> None:
    bury(store, AA)
    assert main(["index", "--out", str(out)]) == 0
    restore(store, AA)  # what it holds, and nothing that hides
    assert found(SearchEngine(str(out))) == [("default", "bb")]
