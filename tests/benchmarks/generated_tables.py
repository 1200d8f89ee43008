"""A generated archive's tables: a folder as a year of nights would leave it, without clips.

`python -m tests.benchmarks.generated_tables OUT --segments 1000000`: three corpora on 300 days, 80
segments a recording; transcripts of about 35 made-up words, one in a thousand with the words "storm
at the station"; 3 % of the answers flagged; a fifth of the segments without speech; 1 % silent and
skipped. The same segments and seed give the same rows and vectors.
"""

from __future__ import annotations

import argparse
import functools
import hashlib
import os
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import numpy as np
import pyarrow as pa

from af3core.storage.address import open_store
from beam_jobs.framework.ledger import Ledger
from beam_jobs.framework.parquet_encoding import encode_columns
from schemas import layout
from tests.benchmarks.generated_day import generate_day
from tests.benchmarks.generated_plan import PlannedDay, plan
from tests.benchmarks.generated_rows import manifest, night_tables, run_table
from tests.benchmarks.generated_wholes import vector_tables, whole_tables
from tests.benchmarks.generated_words import Vocabulary, vocabulary

SEED = 1


def generate(out: Path, segments: int, *, vectors: bool = True, seed: int = SEED) -> int:
    """Write the folder, on all cores; gives the bytes of its tables.

    One partition is held at a time by each process.
    """
    write = functools.partial(write_day, out, seed, vectors)
    with ProcessPoolExecutor(len(os.sched_getaffinity(0))) as processes:
        return sum(processes.map(write, plan(segments, seed), chunksize=4))


def write_day(out: Path, seed: int, vectors: bool, planned: PlannedDay) -> int:
    """Write one partition with its manifest; gives the bytes of its tables."""
    words = _vocabulary(seed)
    rng = np.random.default_rng([seed, 2, planned.number])
    day = generate_day(planned, words, rng)
    tables = night_tables(day, words, rng)
    tables |= whole_tables(day, words, rng)
    if vectors:
        tables |= vector_tables(day, tables, seed, rng)
    objects = [_write(out, name, planned, data) for name, data in tables.items()]
    _write(out, "runs", planned, run_table(day, [entry for entry, _ in objects]))
    Ledger(open_store(str(out))).put_manifest(manifest(day))
    return sum(size for _, size in objects)


def _write(
    out: Path, table: str, planned: PlannedDay, data: pa.Table
) -> tuple[dict[str, object], int]:
    """Write a shard; gives its entry for the run and its size."""
    encoded = encode_columns(data)
    key = layout.shard_key(table, planned.corpus, str(planned.date), 0, 1)
    path = out / key
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(encoded)
    entry = {"key": key, "rows": len(data), "sha256": hashlib.sha256(encoded).hexdigest()}
    return entry, len(encoded)


@functools.cache
def _vocabulary(seed: int) -> Vocabulary:
    return vocabulary(seed)


def main(arguments: Sequence[str] | None = None) -> int:
    """`python -m tests.benchmarks.generated_tables`."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("out", type=Path, help="folder that is written to")
    parser.add_argument("--segments", type=int, default=1_000_000)
    parser.add_argument("--vectors", action=argparse.BooleanOptionalAction, default=True)
    parser.add_argument("--seed", type=int, default=SEED)
    given = parser.parse_args(arguments)
    begun = time.perf_counter()
    size = generate(given.out, given.segments, vectors=given.vectors, seed=given.seed)
    seconds = time.perf_counter() - begun
    print(f"{given.segments} segments, {size / 1e6:.0f} MB of tables, {seconds:.0f} s: {given.out}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
