"""Embedded engines over the same million transcripts: LanceDB, tantivy, DuckDB's full text.

python -m tests.benchmarks.search_engines FOLDER

FOLDER is a folder of `tests.benchmarks.generated_tables`. tantivy is not among our packages: it is
measured where it is installed (pip install tantivy); DuckDB's extension where it can be fetched.
"""

from __future__ import annotations

import argparse
import importlib
import importlib.util
import os
import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

from tests.benchmarks.report import header, line

_QUERIES = 40
_WANTED = 20
_CORPUS = "radio"
Ask = Callable[[str], object]


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("tables", type=Path, metavar="FOLDER")
    texts = _texts(parser.parse_args().tables)
    header("engines of full text", "lancedb", "duckdb")
    phrases = _phrases(texts)
    os.environ.setdefault("LANCE_LOG", "error")
    for measure in (_floor, _lancedb, _tantivy, _duckdb):
        with tempfile.TemporaryDirectory() as folder:
            measure(texts, Path(folder), phrases)


def _texts(tables: Path) -> pa.Table:
    """Numbers, texts and corpora."""
    shards = tables / "tables" / "transcripts" / "*" / "*" / "*.parquet"
    database = duckdb.connect()
    return database.sql(
        f"SELECT row_number() OVER () AS id, text, corpus FROM read_parquet('{shards}',"
        " hive_partitioning = true) WHERE text <> ''"
    ).to_arrow_table()


def _phrases(texts: pa.Table) -> list[str]:
    every = len(texts) // _QUERIES
    spoken = (str(texts["text"][n * every]).split() for n in range(_QUERIES))
    return [" ".join(words[3:6]) for words in spoken if len(words) > 6]


def _floor(texts: pa.Table, _folder: Path, phrases: Sequence[str]) -> None:
    """No index: every text is read."""

    database = duckdb.connect()
    database.register("texts", texts)

    def scan(phrase: str) -> object:
        return database.execute(
            f"SELECT id FROM texts WHERE contains(text, ?) LIMIT {_WANTED}", [phrase]
        ).fetchall()

    _say("floor, DuckDB reads all texts", "phrase", scan, phrases[:5])


def _lancedb(texts: pa.Table, folder: Path, phrases: Sequence[str]) -> None:
    import lancedb
    from lancedb.index import FTS, Bitmap

    query: Any = importlib.import_module("lancedb.query")
    begun = time.perf_counter()
    table = lancedb.connect(folder).create_table("texts", texts)
    table.create_index("text", config=FTS(with_position=True, stem=False, remove_stop_words=False))
    table.create_index("corpus", config=Bitmap())
    _built("LanceDB", begun, folder)

    def ask(asked: Any, where: str = "") -> object:
        search = table.search(asked).select(["id", "_score"]).limit(_WANTED)
        return (search.where(where, prefilter=True) if where else search).to_arrow()

    name = "LanceDB"
    _say(name, "phrase", lambda words: ask(query.PhraseQuery(words, "text")), phrases)
    _say(name, "any of the words", lambda words: ask(query.MatchQuery(words, "text")), phrases)
    only = f"corpus = '{_CORPUS}'"
    _say(name, "phrase in a corpus", lambda w: ask(query.PhraseQuery(w, "text"), only), phrases)


def _tantivy(texts: pa.Table, folder: Path, phrases: Sequence[str]) -> None:
    if importlib.util.find_spec("tantivy") is None:
        line("tantivy", "-", "not measured: pip install tantivy")
        return
    tantivy: Any = importlib.import_module("tantivy")
    begun = time.perf_counter()
    schema = tantivy.SchemaBuilder()
    schema.add_text_field("text", index_option="position")
    schema.add_text_field("corpus", tokenizer_name="raw", index_option="basic")
    schema.add_integer_field("id", stored=True, fast=True)
    index = tantivy.Index(schema.build(), str(folder))
    writer = index.writer(400_000_000, 2)
    for batch in texts.to_batches(20_000):
        for row in batch.to_pylist():
            writer.add_document(tantivy.Document(**row))
    writer.commit()
    writer.wait_merging_threads()
    _built("tantivy", begun, folder)
    index.reload()
    searcher = index.searcher()

    def ask(words: str) -> object:
        return searcher.search(index.parse_query(words, ["text"]), _WANTED).hits

    _say("tantivy", "phrase", lambda words: ask(f'"{words}"'), phrases)
    _say("tantivy", "any of the words", ask, phrases)
    _say("tantivy", "phrase in a corpus", lambda w: ask(f'+"{w}" +corpus:{_CORPUS}'), phrases)


def _duckdb(texts: pa.Table, folder: Path, phrases: Sequence[str]) -> None:
    database = duckdb.connect(folder / "texts.duckdb")
    try:
        database.execute("INSTALL fts; LOAD fts")
    except duckdb.Error as error:
        line("DuckDB fts", "-", f"not measured: {str(error).splitlines()[0][:60]}")
        return
    begun = time.perf_counter()
    database.register("given", texts)
    database.execute("CREATE TABLE texts AS FROM given")
    database.execute("PRAGMA create_fts_index('texts', 'id', 'text', stemmer='none')")
    _built("DuckDB fts", begun, folder)
    ranked = (
        "SELECT id, fts_main_texts.match_bm25(id, ?) AS score FROM texts WHERE score IS NOT NULL"
        f" ORDER BY score DESC LIMIT {_WANTED}"
    )
    line("DuckDB fts, phrase", "-", "it has none")
    _say("DuckDB fts", "any of the words", lambda w: database.execute(ranked, [w]), phrases)


def _built(name: str, begun: float, folder: Path) -> None:
    taken = time.perf_counter() - begun
    size = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
    line(f"{name}, made", f"{taken:.0f} s", f"{size / 1e6:.0f} MB")


def _say(name: str, what: str, ask: Ask, phrases: Sequence[str]) -> None:
    seconds = []
    for phrase in phrases:
        begun = time.perf_counter()
        ask(phrase)
        seconds.append(time.perf_counter() - begun)
    worst = f"median; slowest {1000 * max(seconds):.0f} ms"
    line(f"{name}, {what}", f"{1000 * statistics.median(seconds):.1f} ms", worst)


if __name__ == "__main__":
    main()
