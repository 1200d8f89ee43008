"""Trends: an interval's measures beside those of the interval before it."""

from __future__ import annotations

import datetime
import json
from pathlib import Path
from typing import Any

import pytest

from af3core.errors import ConfigurationError
from af3core.storage.address import open_store
from beam_jobs.cli import main
from beam_jobs.framework.parquet_encoding import encode_table
from beam_jobs.night import quality
from beam_jobs.night.quality import Quality, measure, trend_lines
from schemas import layout
from schemas.tables.night_tables import BY_NAME
from tests.beam_jobs.job_settings import settings_for

NOW = datetime.datetime(2026, 11, 22, tzinfo=datetime.UTC)
FIRST, SECOND = "2026-11-20", "2026-11-21"
BEFORE = Quality(
    since=FIRST,
    until=FIRST,
    recordings=3,
    hours=3.0,
    annotated_hours=1.5,
    failed_share=0.3333,
    answers=3,
    flagged_share=0.6667,
    mean_logprob=-0.5,
)
AFTER = Quality(
    since=SECOND,
    until=SECOND,
    recordings=1,
    hours=0.5,
    annotated_hours=0.5,
    failed_share=0.0,
    answers=2,
    flagged_share=0.5,
    mean_logprob=None,
)
NOTHING = Quality(
    since="2026-11-19",
    until="2026-11-19",
    recordings=0,
    hours=0.0,
    annotated_hours=0.0,
    failed_share=0.0,
    answers=0,
    flagged_share=0.0,
    mean_logprob=None,
)


def recording(name: str, duration_ms: int, annotated_ms: int, status: str) -> dict[str, Any]:
    return {
        "recording_id": name,
        "object_uri": f"/arc/{name}.wav",
        "duplicate_uris": [],
        "content_sha256": "0" * 64,
        "size_bytes": 1,
        "modified_at": NOW,
        "container": "wav",
        "codec": "pcm_s16le",
        "sample_rate_hz": 16_000,
        "channels": 1,
        "declared_duration_ms": duration_ms,
        "duration_ms": duration_ms,
        "decoded_duration_ms": duration_ms,
        "annotated_ms": annotated_ms,
        "skipped": [],
        "clip_count": 1,
        "segment_count": 1,
        "status": status,
        "flags": [],
        "segmentation_hash": "s",
        "run_id": "r",
    }


def answer(mean_logprob: float | None, *flags: str) -> dict[str, Any]:
    """A row with the columns of every table of answers."""
    return {
        "recording_id": "aa",
        "clip_id": "c",
        "segment_id": "s",
        "start_ms": 0,
        "end_ms": 30_000,
        "task_id": "t",
        "prompt_id": "p",
        "mean_logprob": mean_logprob,
        "token_count": 1,
        "finish_reason": "stop",
        "examples": [],
        "flags": list(flags),
        "model": "m",
        "weights_revision": "w",
        "engine": "af3",
        "task_hash": "h",
        "run_id": "r",
        "generated_at": NOW,
        "text": "yes",
    }


CAPTION = {"thinking": ""}
TRANSCRIPT = {"word_count": 1}
QUESTION = {"question": "?", "options": [], "choice": "", "thinking": ""}


def publish(out: Path, corpus: str, date: str, tables: dict[str, list[dict[str, Any]]]) -> None:
    for table, rows in tables.items():
        key = layout.shard_key(table, corpus, date, 0, 1)
        open_store(str(out)).write(key, encode_table(BY_NAME[table], rows))


@pytest.fixture
def out(tmp_path: Path) -> Path:
    """Two days of one corpus, and one of another that must not count."""
    folder = tmp_path / "out"
    first = {
        "recordings": [
            recording("aa", 3_600_000, 3_600_000, "annotated"),
            recording("bb", 5_400_000, 1_800_000, "partial"),
            recording("cc", 1_800_000, 0, "failed"),
        ],
        "captions": [answer(-0.25) | CAPTION],
        "transcripts": [answer(-0.5, "looping_text", "cut_off") | TRANSCRIPT],
        "answers": [answer(-0.75, "low_confidence") | QUESTION],
    }
    second = {
        "recordings": [recording("dd", 1_800_000, 1_800_000, "annotated")],
        "transcripts": [answer(None) | TRANSCRIPT, answer(None, "no_speech") | TRANSCRIPT],
    }
    publish(folder, "default", FIRST, first)
    publish(folder, "default", SECOND, second)
    publish(folder, "other", SECOND, first)
    return folder


def test_an_interval_is_measured_from_the_tables(out: Path) -> None:
    assert measure(str(out), "default", FIRST, FIRST) == BEFORE
    assert measure(str(out), "default", SECOND, SECOND) == AFTER
    assert measure(str(out), "default", FIRST, SECOND) == Quality(
        since=FIRST,
        until=SECOND,
        recordings=4,
        hours=3.5,
        annotated_hours=2.0,
        failed_share=0.25,
        answers=5,
        flagged_share=0.6,
        mean_logprob=-0.5,
    )
    assert measure(str(out), "default", "2026-11-19", "2026-11-19") == NOTHING


def test_each_measure_is_one_line_now_and_before() -> None:
    assert trend_lines(AFTER, BEFORE) == [
        "                 2026-11-21 to 2026-11-21   2026-11-20 to 2026-11-20   change",
        "recordings       1                          3                          -2",
        "hours            0.5                        3                          -2.5",
        "annotated_hours  0.5                        1.5                        -1",
        "failed_share     0                          0.3333                     -0.3333",
        "answers          2                          3                          -1",
        "flagged_share    0.5                        0.6667                     -0.1667",
        "mean_logprob     -                          -0.5                       -",
    ]


def test_the_job_keeps_the_measures_of_both_intervals(
    out: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["quality", "--out", str(out), "--date", SECOND]) == 0
    assert capsys.readouterr().out.splitlines() == trend_lines(AFTER, BEFORE)
    path = out / "quality" / "corpus=default" / f"from={SECOND},until={SECOND}.json"
    kept = json.loads(path.read_text())
    assert (Quality(**kept["now"]), Quality(**kept["before"])) == (AFTER, BEFORE)


def test_the_interval_before_is_as_long(out: Path, tmp_path: Path, untrained: Path) -> None:
    interval = ("--since", FIRST, "--until", "2026-12-01")
    facts = quality.run(settings_for("quality", "--out", out, *interval)).facts
    assert (facts["now"]["recordings"], facts["before"]["recordings"]) == (4, 0)
    assert (facts["before"]["since"], facts["before"]["until"]) == ("2026-11-08", "2026-11-19")


@pytest.mark.parametrize("options", [(), ("--since", FIRST), ("--until", SECOND)])
def test_an_open_interval_is_refused(
    out: Path, untrained: Path, tmp_path: Path, options: tuple[str, ...]
) -> None:
    settings = settings_for("quality", "--out", out, *options)
    with pytest.raises(ConfigurationError) as caught:
        quality.run(settings)
    assert str(caught.value) == "quality needs an interval: give --since and --until"
    assert not (out / "quality").exists()


def test_an_output_without_tables_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "empty"
    assert main(["quality", "--out", str(out), "--date", SECOND]) == 2
    assert capsys.readouterr().err == (
        f"af3: --out {out}: no night was planned there; name the folder that a night was planned"
        " in\n"
    )


def test_an_interval_without_one_before_it(tmp_path: Path, untrained: Path) -> None:
    interval = ("--since", "0001-01-02", "--until", "0001-02-01")
    settings = settings_for("quality", "--out", tmp_path / "out", *interval)
    with pytest.raises(ConfigurationError, match="--since 0001-01-02: there is no interval before"):
        quality._before(settings.since, settings.until)
