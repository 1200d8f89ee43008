"""Words found in the tables themselves: the same places as the index finds."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest

from af3core.errors import ConfigurationError
from af3core.storage.address import open_store
from beam_jobs.cli import main
from beam_jobs.search import search_engine
from beam_jobs.search.search_engine import SearchEngine
from beam_jobs.search.search_request import SearchError, SearchRequest
from beam_jobs.search.table_reader import TableReader
from tests.beam_jobs.search.said import FIRST, SECOND, place, publish, put

SAID = {
    FIRST: {"aa": ["The storm, the storm! A storm.", "Rainy days in Zürich", "Welcome back."]},
    SECOND: {"bb": ["Bees like sun.", "Back to the news: welcome a storm in May", "A stork"]},
}
QUERIES: tuple[tuple[str, dict[str, Any]], ...] = (
    ("storm", {}),
    ("zurich bees", {}),
    ('"welcome back"', {}),
    ("welcome back", {}),
    ("storm +may", {}),
    ("storm -may", {}),
    ("caption:woman storm", {}),
    ("stoem~", {}),
    ("bes~", {}),
    ("storm", {"since": SECOND}),
    ("storm bees", {"unflagged": True}),
    ("storm bees", {"without_flags": ("low_confidence",)}),
    ("storm bees", {"kinds": ("segment",), "speech": "with"}),
    ("storm bees", {"languages": ("yue", "de")}),
    ("nowhere", {}),
)


@pytest.fixture(scope="module")
def out(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("said") / "out"
    publish(out, FIRST, SAID[FIRST])
    seen, doubt = "A woman speaking.", ["low_confidence"]
    publish(out, SECOND, SAID[SECOND], seen=seen, flags=doubt, language="yue")
    put(out, FIRST, "captions", [place("aa", 2) | {"text": "Wind in the trees."}])
    return out


@pytest.fixture
def without_lancedb(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "lancedb", None)
    monkeypatch.setattr(search_engine, "can_open_indexes", lambda: False)


def test_the_same_places_as_by_the_index(out: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert main(["index", "--out", str(out), "--words-only"]) == 0

    def found() -> dict[str, list[str]]:
        engine = SearchEngine(str(out))
        return {
            f"{words} {filters}": [
                f"{hit.segment_id} {hit.kind} {hit.context} {hit.marks}"
                for hit in engine.search(SearchRequest(words, mode="words", **filters)).hits
            ]
            for words, filters in QUERIES
        }

    by_index = found()
    monkeypatch.setattr(search_engine, "can_open_indexes", lambda: False)
    in_tables = found()
    assert {k: sorted(v) for k, v in in_tables.items()} == {
        k: sorted(v) for k, v in by_index.items()
    }
    assert {k: v[:1] for k, v in in_tables.items()} == {k: v[:1] for k, v in by_index.items()}
    assert len(in_tables["storm {}"]) == 2
    assert in_tables["nowhere {}"] == []


@pytest.mark.usefixtures("without_lancedb")
def test_what_needs_the_index_says_so(out: Path) -> None:
    engine = SearchEngine(str(out))
    found = engine.search(SearchRequest("storm"))
    assert len(found.hits) == 2
    (notice,) = found.notices
    assert notice.startswith("only words are searched: meaning needs the index")
    with pytest.raises(SearchError, match="meaning needs the index"):
        engine.search(SearchRequest("storm", mode="meaning"))
    with pytest.raises(SearchError, match=r"pip install .*\[search\]'"):
        engine.search(SearchRequest(like="segment"))


@pytest.mark.usefixtures("without_lancedb")
def test_what_is_published_later_is_found(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="no tables there"):
        SearchEngine(str(tmp_path)).search(SearchRequest("storm", mode="words"))
    publish(tmp_path, FIRST, {"aa": ["A storm."]})
    engine = SearchEngine(str(tmp_path))
    asked = SearchRequest("bees", mode="words")
    assert engine.search(asked).hits == ()
    publish(tmp_path, SECOND, {"bb": ["Bees."]})
    assert len(engine.search(asked).hits) == 1


def test_a_moment_of_a_recording_is_found(out: Path) -> None:
    reader = TableReader.open(str(out), open_store(str(out)))
    name = reader.documents["object_uri"][0].as_py().rpartition("/")[2]
    assert len(reader.segments_at(name, 100)) == 1
    assert reader.segments_at("other.mp3", 100) == []
