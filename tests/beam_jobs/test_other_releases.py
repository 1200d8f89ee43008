"""Every command that reads an output reads that of 0.1.0, and what a release to come adds to it."""

from __future__ import annotations

import importlib
import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from beam_jobs.cli import main
from beam_jobs.framework.parquet_encoding import encode_columns
from schemas.jobs import COMMANDS, DERIVED
from schemas.layout import ACCEPTED_KEY, INDEX_STATE_KEY
from schemas.record_format import RECORD_FORMAT
from tests.beam_jobs.job_settings import settings_for
from tests.beam_jobs.small_night import rows
from tests.beam_jobs.test_night_of_0_1 import DAY, DERIVED_OPTIONS, LATER_JOBS, NIGHT, OPTIONS

CORPUS = ("--corpus", "radio")
COLUMNS_OF_LATER = {"captions": ["examples", "thinking"], "segments": ["starts_in_speech"]}
"""What an output of before might lack."""
READING = {
    "query": ("SELECT count(*), max(text), any_value(examples) FROM captions",),
    "search": ("storm", *CORPUS, "--mode", "words"),
    "plan": (str(NIGHT / "archive"), *OPTIONS),
    "segment": OPTIONS,
    "annotate": OPTIONS,
    "audit": OPTIONS,
    "publish": OPTIONS,
    "report": OPTIONS,
    "status": CORPUS,
    "watch": (str(NIGHT / "archive"), *CORPUS),
    "clean": (),
    "retain": ("--tables-days", "9999", "--clips-days", "9999"),
    "withdraw": ("--due",),
    "retry": ("--failed-by", "NotMedia", *CORPUS),
    "check": CORPUS,
    "quality": (*CORPUS, "--date", DAY),
    "index": (*CORPUS, "--words-only"),
    "export": CORPUS,
    "accept": ("--benchmarks", "mmar"),
}
EXIT_CODES = {"accept": 1, "retry": 1}
"""Nothing was evaluated there, and nothing given up."""


def with_new_keys(value: Any) -> Any:
    """JSON with a key more in every object that is a record: what names things of ours is none."""
    if isinstance(value, list):
        return [with_new_keys(each) for each in value]
    if not isinstance(value, dict):
        return value
    more = {name: with_new_keys(each) for name, each in value.items()}
    by_name = {"counts", "rows", "options"} & value.keys()
    for name in by_name:
        more[name] = value[name]
    return more | {"zz_new": {"of": ["a release", 9]}}


def of_a_later_release(out: Path) -> None:
    """Add keys to every record, columns to every table."""
    for path in out.rglob("*.json"):
        value = with_new_keys(json.loads(path.read_text()))
        new = {"schema_version": RECORD_FORMAT + 1, "schema_release": "0.9.0"}
        path.write_text(json.dumps(value | new))
    for path in (out / "tables").rglob("*.parquet"):
        data = pq.read_table(path, partitioning=None)
        metadata = {**data.schema.metadata, b"af3.schema_version": b"99"}
        data = data.append_column("zz_new", pa.array([["a", "b"]] * len(data)))
        path.write_bytes(encode_columns(data.replace_schema_metadata(metadata)))


def of_an_earlier_release(out: Path) -> None:
    for table, columns in COLUMNS_OF_LATER.items():
        for path in (out / "tables" / table).rglob("*.parquet"):
            data = pq.read_table(path, partitioning=None)
            path.write_bytes(encode_columns(data.drop_columns(columns)))


def without_derived_tables(out: Path) -> None:
    for table in ("events", "pairs", "summaries", "chapters", "findings", "dialogues"):
        shutil.rmtree(out / "tables" / table)


RELEASES = {
    "0.1.0": lambda out: None,
    "later": of_a_later_release,
    "earlier": of_an_earlier_release,
    "few tables": without_derived_tables,
}


@pytest.fixture(params=RELEASES)
def out(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    folder = Path(shutil.copytree(NIGHT / "out", tmp_path / "out"))
    RELEASES[request.param](folder)
    return folder


def test_the_reading_commands_are_those_of_the_product() -> None:
    derived, models = {job.name for job in DERIVED}, {"discover", "evaluate", "chat", "tune"}
    assert READING.keys() - {"query", "search", "status"} == {
        job.name for job in COMMANDS if job.name not in derived | models
    }


def test_every_reading_command_ends_as_it_should(
    out: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["index", "--out", str(out), *READING["index"]]) == 0
    ended = {}
    for name, options in READING.items():
        ended[name] = main([name, *options, "--out", str(out)])
        said = capsys.readouterr()
        assert "Traceback" not in said.out + said.err, name
        if ended[name]:
            assert len(said.err.splitlines()) == 1, said.err
    assert ended == {name: EXIT_CODES.get(name, 0) for name in READING}


def records_of_before(out: Path) -> list[str]:
    """The ledger's records, but for those of jobs that came after 0.1.0."""
    found = (out / "ledger").rglob("*.json")
    later = {*LATER_JOBS, "speech_vectors"}
    return sorted(path.name for path in found if not later.intersection(path.parts))


def test_nothing_is_asked_or_derived_twice(out: Path) -> None:
    before = records_of_before(out)
    captions = [(row["text"], row["task_hash"]) for row in rows(out, "captions")]
    assert main(["annotate", "--out", str(out), *OPTIONS]) == 0
    assert main(["publish", "--out", str(out), *OPTIONS]) == 0
    for job in DERIVED:
        options = DERIVED_OPTIONS.get(job.name, ())
        settings = settings_for(job.name, "--out", out, *CORPUS, *options)
        importlib.import_module(job.module).run(settings, [])
    assert records_of_before(out) == before
    assert [(row["text"], row["task_hash"]) for row in rows(out, "captions")] == captions


def test_a_publishing_keeps_what_a_later_release_said_of_earlier_runs(tmp_path: Path) -> None:
    out = Path(shutil.copytree(NIGHT / "out", tmp_path / "out"))
    of_a_later_release(out)
    assert main(["publish", "--out", str(out), *OPTIONS]) == 0
    kept = [row["zz_new"] for row in rows(out, "runs")]
    assert sorted(kept, key=str) == [None, ["a", "b"]]


@pytest.mark.parametrize(
    ("key", "command", "code", "line"),
    [
        (
            f"manifests/corpus=radio/date={DAY}.json",
            ("annotate", *OPTIONS),
            1,
            "damaged (no JSON); run af3 plan --out OUT --corpus radio over its day again",
        ),
        (
            INDEX_STATE_KEY,
            ("search", "storm"),
            1,
            "the index cannot be used (damaged (no JSON)); delete it and run af3 index --out OUT"
            " again",
        ),
        (
            ACCEPTED_KEY,
            ("accept", "--benchmarks", "mmar"),
            2,
            "cannot be read (damaged (no JSON)); use the release that wrote it, or remove it and"
            " accept the models anew",
        ),
    ],
)
def test_a_damaged_state_is_one_line(
    tmp_path: Path,
    key: str,
    command: tuple[str, ...],
    code: int,
    line: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    out = Path(shutil.copytree(NIGHT / "out", tmp_path / "out"))
    path = out / key
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text('{"corpus": "rad')
    assert main([*command, "--out", str(out)]) == code
    assert capsys.readouterr().err == f"af3: {path}: {line}\n".replace("OUT", str(out))


def test_what_needs_a_newer_release_names_it(tmp_path: Path) -> None:
    out = Path(shutil.copytree(NIGHT / "out", tmp_path / "out"))
    [path, _] = sorted((out / "ledger" / "segment").rglob("*.json"))
    value = json.loads(path.read_text())
    del value["clips"][0]["segments"][0]["speech_ms"]
    path.write_text(json.dumps(value | {"schema_version": 9, "schema_release": "0.9.0"}))
    command = [sys.executable, "-m", "beam_jobs", "publish", "--out", str(out), *OPTIONS]
    done = subprocess.run(command, capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == (
        f"af3: {path}: written by a newer release (Segment.speech_ms is missing); needs"
        " af3-archive >= 0.9.0\n"
    )
