"""Search among a million segments: making the index, and asking it, on two threads.

python -m tests.benchmarks.search [--segments 1000000] [--tables FOLDER] [--keep]

FOLDER is a folder of `tests.benchmarks.generated_tables`; without it one is made for the time. With
--keep its index stays, for `af3 search` and `af3 browse`.
"""

from __future__ import annotations

import argparse
import os
import secrets
import shutil
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow.dataset as ds

from af3core.embedding.text import (
    EMBEDDED_TEXT_MODEL,
    load_text_embedder,
    text_model_revision,
)
from af3core.storage.address import open_store
from beam_jobs.search.index_builder import update_index
from beam_jobs.search.index_reader import IndexReader
from beam_jobs.search.index_state import (
    FORMAT,
    IndexState,
    partition_stamps,
    read_state,
    state_stamp,
)
from beam_jobs.search.search_engine import SearchEngine
from beam_jobs.search.search_request import SearchRequest
from tests.benchmarks.generated_tables import generate
from tests.benchmarks.generated_words import PHRASE, vocabulary
from tests.benchmarks.report import header, line

_QUERIES = 100
_WANTED = 10


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--segments", type=int, default=1_000_000)
    parser.add_argument("--tables", type=Path, help="generated before, with vectors")
    parser.add_argument("--keep", action="store_true", help="the index, in the folder")
    options = parser.parse_args()
    header("search", "lancedb", "duckdb", "sentence-transformers")
    with tempfile.TemporaryDirectory() as scratch:
        tables = options.tables or Path(scratch) / "all"
        if options.tables is None:
            generate(tables, options.segments)
        with _linked(tables, without=("embeddings", "text_embeddings")) as words_only:
            _build("full text alone", words_only)
        if options.keep:
            _measure(tables)
        else:
            with _linked(tables) as copy:
                _measure(copy)


def _measure(out: Path) -> None:
    _build("with the vectors of texts and sounds", out)
    _ask(out)
    _recall(out)
    _update_a_day(out)


@contextmanager
def _linked(tables: Path, without: Sequence[str] = ()) -> Iterator[Path]:
    """The same files in another folder of the same disk, without some tables."""
    with tempfile.TemporaryDirectory(dir=tables.parent) as folder:
        copy = Path(folder) / "out"
        for table in sorted((tables / "tables").iterdir()):
            if table.name not in without:
                shutil.copytree(table, copy / "tables" / table.name, copy_function=os.link)
        yield copy


def _build(what: str, out: Path) -> None:
    """The index made from nothing."""
    store = open_store(str(out))
    with store.claim("claims/benchmark"):
        state = IndexState(FORMAT, secrets.token_hex(6))
        begun = time.perf_counter()
        tables = partition_stamps(store)
        made = update_index(str(out), store, state, sorted(tables), tables, state_stamp(store))
        assert made
        state = made
        taken = time.perf_counter() - begun
    segments = ds.dataset(out / "tables" / "segments", partitioning="hive").count_rows()
    folder = out / "indexes" / state.token
    size = sum(path.stat().st_size for path in out.glob("indexes/**/*") if path.is_file())
    line(f"made, {what}", f"{segments / taken:.0f} /s", f"{segments} segments in {taken:.0f} s")
    line(f"size, {what}", f"{size / 1e6:.0f} MB", folder.name)


def _ask(out: Path) -> None:
    """Medians over different questions, each asked once."""
    engine = SearchEngine(str(out))
    random = np.random.default_rng(3)
    words = [str(word) for word in vocabulary(1).words]
    # of the frequent and the rare ones alike
    pairs = [" ".join(random.choice(words[:5_000], 2)) for _ in range(_QUERIES)]
    phrases = _phrases(out)
    begun = time.perf_counter()
    engine.search(SearchRequest(f'"{PHRASE}"', mode="hybrid"))
    line(
        "first search of a process", f"{time.perf_counter() - begun:.1f} s", "the text model loads"
    )
    embedder = load_text_embedder(engine.text_model)
    _say("floor: the words embedded", [_timed(partial(embedder.embed, [pair])) for pair in pairs])
    asked: dict[str, list[SearchRequest]] = {
        "phrase": [SearchRequest(f'"{phrase}"', mode="words") for phrase in phrases],
        "words": [SearchRequest(pair, mode="words") for pair in pairs],
        "meaning": [SearchRequest(pair, mode="meaning") for pair in pairs],
        "hybrid": [SearchRequest(pair) for pair in pairs],
        "hybrid, a phrase": [SearchRequest(f'"{phrase}"') for phrase in phrases],
        "hybrid, one corpus, a month, unflagged": [
            SearchRequest(
                pair, corpus=_corpus(out), since="2026-03-01", until="2026-03-31", unflagged=True
            )
            for pair in pairs
        ],
    }
    for name, requests in asked.items():
        _say(name, [_timed(partial(engine.search, request)) for request in requests])


def _phrases(out: Path) -> list[str]:
    """Three words that stand in a row in some transcript."""
    dataset = ds.dataset(out / "tables" / "transcripts", partitioning="hive")
    texts = dataset.head(20_000, columns=["text"])["text"]
    spoken = [words for text in texts if len(words := str(text).split()) > 10]
    return [" ".join(each[4:7]) for each in spoken[:: len(spoken) // _QUERIES]][:_QUERIES]


def _corpus(out: Path) -> str:
    return sorted(path.name for path in (out / "tables" / "segments").iterdir())[0].split("=")[1]


def _recall(out: Path) -> None:
    """How many of the nearest ten are found, of those that comparing all would find."""
    reader = IndexReader.open(str(out), open_store(str(out)))
    table = reader.text_vectors(text_model_revision(EMBEDDED_TEXT_MODEL))
    if table is None:
        raise SystemExit(f"{out}: the index holds no meaning")
    rows = table.search().select(["vector"]).limit(2_000).to_arrow()["vector"]
    random = np.random.default_rng(5)
    found = [_found_of_nearest(reader, table, _beside(row.as_py(), random)) for row in rows[::40]]
    line(f"recall at {_WANTED}", f"{statistics.mean(found):.3f}", f"{len(found)} questions")


def _beside(vector: Sequence[float], random: np.random.Generator) -> npt.NDArray[np.float32]:
    """A question near a vector."""
    noise = random.standard_normal(len(vector)) * (0.5 / np.sqrt(len(vector)))
    return (np.asarray(vector) + noise).astype(np.float32)


def _found_of_nearest(reader: IndexReader, table: Any, vector: npt.NDArray[np.float32]) -> float:
    exact = (
        table.search(vector, vector_column_name="vector")
        .distance_type("cosine")
        .bypass_vector_index()
        .select(["id", "_distance"])
        .limit(_WANTED)
        .to_arrow()["id"]
        .to_pylist()
    )
    near = [name for name, _ in reader.nearest(table, vector, "", _WANTED)]
    return len(set(exact) & set(near)) / _WANTED


def _update_a_day(out: Path) -> None:
    """A day published again: what the nightly update takes."""
    store = open_store(str(out))
    state = read_state(store)
    if state is None:
        raise SystemExit(f"{out}: no index")
    tables = partition_stamps(store)
    line("looking whether it is behind", f"{1000 * _timed(lambda: partition_stamps(store)):.0f} ms")
    with store.claim("claims/benchmark"):
        days, stamp = sorted(tables)[-1:], state_stamp(store)
        taken = _timed(lambda: update_index(str(out), store, state, days, tables, stamp))
    line("one day anew", f"{taken:.1f} s")


def _say(name: str, seconds: Sequence[float]) -> None:
    worst = 1000 * sorted(seconds)[int(0.95 * len(seconds))]
    line(name, f"{1000 * statistics.median(seconds):.1f} ms", f"median; 95 % below {worst:.0f} ms")


def _timed(run: Callable[[], object]) -> float:
    begun = time.perf_counter()
    run()
    return time.perf_counter() - begun


if __name__ == "__main__":
    main()
