"""Dialogues, chats and examples over a night in a bucket: row for row as on a disk."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest

from beam_jobs.cli import main
from tests.beam_jobs.embedded_night import SPEAKER, TASKS, embedded_night
from tests.beam_jobs.small_night import rows
from tests.faulty_network import between, every
from tests.storage_server import BUCKET, bucket, found_at, server_address, upload

pytestmark = pytest.mark.storage_server

SCRIPT = """\
compared:
  sounds: [cooking_show.opus@0:10, reel_17.wav@0:40]
  turns:
    - <sound-1> Who is speaking?
    - And in <sound-2>?
  max_new_tokens: 16
"""


def run_all(archive: Path, out: str, tasks: Path, script: str) -> dict[str, list[dict[str, Any]]]:
    place = ["--out", out]
    assert main(["dialogues", *place]) == 0
    assert main(["chat", *place, "--conversations", script]) == 0
    assert main(["plan", str(archive), *place, "--tasks", str(tasks)]) == 0
    assert main(["annotate", *place]) == 0
    assert main(["publish", *place]) == 0
    return {table: rows(out, table) for table in ("dialogues", "chats", "answers")}


def test_a_bucket_behind_a_bad_network_gives_the_rows_of_a_folder(
    shared: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr("af3core.storage.bucket_client.RETRY_FIRST_S", 0.05)
    made = embedded_night(shared)
    archive, local = made.parent / "archive", tmp_path / "local"
    shutil.copytree(made, local)
    tasks, script = tmp_path / "tasks.yaml", tmp_path / "talk.yaml"
    tasks.write_text(TASKS + SPEAKER % "by_example" + "  examples: 2\n  examples_form: sounds\n")
    script.write_text(SCRIPT)
    expected = run_all(archive, str(local), tasks, str(script))
    assert [len(found) > 0 for found in expected.values()] == [True, True, True]
    forms = {e["form"] for row in expected["answers"] for e in row["examples"]}
    assert forms == {"sound"}
    with bucket(), between(server_address()) as network, found_at(network.address):
        upload(made, sorted(made.rglob("*")), "nights/out")
        upload(tmp_path, [script], "scripts")
        network.faults = every({"503": 7, "cut answer": 11, "lost answer": 13})
        away = f"gs://{BUCKET}/nights/out"
        assert run_all(archive, away, tasks, f"gs://{BUCKET}/scripts/talk.yaml") == expected
        assert network.made
