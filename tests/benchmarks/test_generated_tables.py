"""The generated archive is one that the product could have made."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from af3core.embedding.text import text_model_revision
from af3core.storage.address import open_store
from beam_jobs.framework.ledger import Ledger
from schemas import layout
from schemas.tables.derived_tables import ALL_TABLES
from tests.beam_jobs.database import connected
from tests.benchmarks.generated_tables import generate

SEGMENTS = 2_400
BY_NAME = {table.name: table for table in ALL_TABLES}


@pytest.fixture(scope="module")
def out(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("generated")
    generate(folder, SEGMENTS)
    return folder


def test_every_file_has_its_tables_schema(out: Path) -> None:
    paths = sorted((out / "tables").rglob("*.parquet"))
    # a recording in each of 29 partitions; seven tables of the night and four derived
    assert len(paths) == 29 * 11
    for path in paths:
        table = BY_NAME[path.relative_to(out).parts[1]]
        held = pq.ParquetFile(path)
        assert held.schema_arrow.equals(table.schema)
        assert held.schema_arrow.metadata == table.schema.metadata
        rows = held.read()
        rows.validate(full=True)
        for column in table.columns:
            assert column.nullable or rows[column.name].null_count == 0, (path, column.name)
        assert rows.equals(rows.sort_by([(name, "ascending") for name in table.sort_by]))


@pytest.mark.parametrize(
    ("table", "rows"),
    [
        ("recordings", 31),
        ("segments", 2_400),
        ("captions", 2_371),
        ("transcripts", 2_371),
        ("answers", 4_742),
        ("failures", 5),
        ("runs", 29),
        ("summaries", 29),
        ("chapters", 137),
        ("text_embeddings", 2_537),
        ("embeddings", 2_371),
        ("events", 0),
    ],
)
def test_counts(out: Path, table: str, rows: int) -> None:
    assert connected(out).sql(f"SELECT count(*) FROM {table}").fetchall() == [(rows,)]


def test_times_in_are_annotated_and_skipped(out: Path) -> None:
    connection = connected(out)
    skipped = "coalesce(list_sum([part.duration_ms FOR part IN skipped]), 0)"
    (recordings,) = connection.sql(
        f"SELECT sum(duration_ms), sum(annotated_ms), sum({skipped}),"
        f" count(*) FILTER (duration_ms <> annotated_ms + {skipped}) FROM recordings"
    ).fetchall()
    assert recordings == (39_232_748, 35_114_578, 4_118_170, 0)
    (segments,) = connection.sql(
        "SELECT sum(end_ms - start_ms) FILTER (status = 'annotated'),"
        " round(count(*) FILTER (speech_ms = 0) / count(*), 3) FROM segments"
    ).fetchall()
    assert segments == (35_114_578, 0.207)
    runs = "SELECT sum(duration_ms), sum(annotated_ms), sum(skipped_ms) FROM runs"
    assert connection.sql(runs).fetchall() == [recordings[:3]]


def test_texts_are_as_long_and_as_doubtful_as_is_said(out: Path) -> None:
    connection = connected(out)
    phrase = (
        "SELECT count(*) FROM transcripts WHERE text LIKE '%storm at the station%'"
        " AND word_count = len(string_split(text, ' '))"
    )
    assert connection.sql(phrase).fetchall() == [(3,)]
    words = "SELECT round(avg(word_count), 1) FROM transcripts WHERE text <> ''"
    assert connection.sql(words).fetchall() == [(34.8,)]
    flagged = (
        "SELECT flag, round(count(*) / (SELECT count(*) FROM answers), 3)"
        " FROM (SELECT unnest(flags) AS flag FROM answers) GROUP BY flag ORDER BY flag"
    )
    assert connection.sql(flagged).fetchall() == [
        ("cut_off", 0.009),
        ("looping_text", 0.01),
        ("low_confidence", 0.011),
        ("timeline_suspect", 0.036),
    ]
    options = (
        "SELECT DISTINCT options, choice, text FROM answers WHERE choice LIKE 'a %' ORDER BY 2"
    )
    said = ["a man", "a woman", "several speakers", "nobody"]
    assert connection.sql(options).fetchall() == [
        (said, "a man", "(A) a man"),
        (said, "a woman", "(B) a woman"),
    ]


def test_vectors_are_of_length_one_and_lie_near_centres(out: Path) -> None:
    rows = connected(out).sql("SELECT text_embedding, text_model FROM text_embeddings").arrow()
    table = rows.read_all()
    assert table["text_model"].unique().to_pylist() == [text_model_revision()]
    vectors = np.stack(table["text_embedding"].to_numpy())
    assert vectors.shape == (2_537, 384)
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)
    nearest = np.sort(vectors @ vectors.T, axis=1)[:, -2]
    # of another of the same centre 1 / (1 + 0.6²), of others about 0
    assert np.median(nearest) == pytest.approx(0.73, abs=0.03)


def test_the_jobs_find_its_plans(out: Path) -> None:
    manifest = Ledger(open_store(str(out))).manifest("radio", "2026-01-05")
    assert manifest is not None
    assert [recording.uri for recording in manifest.recordings] == [
        "/archive/radio/2026/01/05/radio_000000.flac"
    ]
    assert [failure.error_class for failure in manifest.failures] == ["EmptyObject"]


def test_the_same_seed_gives_the_same_files(out: Path, tmp_path: Path) -> None:
    generate(tmp_path, SEGMENTS)
    key = layout.shard_key("transcripts", "film", "2026-01-07", 0, 1)
    assert (tmp_path / key).read_bytes() == (out / key).read_bytes()
    generate(tmp_path / "other", SEGMENTS, vectors=False, seed=2)
    assert (tmp_path / "other" / key).read_bytes() != (out / key).read_bytes()
    assert not (tmp_path / "other" / "tables" / "text_embeddings").exists()
