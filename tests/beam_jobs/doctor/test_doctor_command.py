"""`af3 doctor` as a person and a program meet it."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from af3core.errors import AccessDenied
from af3core.model.weights.checkpoint import find_checkpoint, nano_folder
from af3core.model.weights.completeness import check_weight_files
from beam_jobs.cli import main
from beam_jobs.doctor.check import Check, run_checks
from schemas.findings import Finding, exit_code_of
from tests.chat_server import chat_server
from tests.media import spoken, write


def lines_of(capsys: pytest.CaptureFixture[str], *arguments: object) -> tuple[int, dict[str, str]]:
    """The exit code, and the lines by subject; the last of each."""
    code = main(["doctor", *(str(argument) for argument in arguments)])
    lines = capsys.readouterr().out.splitlines()
    return code, {line[8:21].strip(): line for line in lines}


@pytest.fixture(autouse=True)
def _no_airflow(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("AIRFLOW_HOME", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))


def test_all_is_well_and_nothing_is_left(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write(tmp_path / "arc" / "a.wav", spoken())
    (tmp_path / "out").mkdir()
    code, lines = lines_of(capsys, tmp_path / "arc", "--out", tmp_path / "out", "--device", "cpu")
    assert code == 0
    assert list(lines) == [
        "interpreter",
        "packages",
        "ffmpeg",
        "open files",
        "disk",
        "weights",
        "device",
        "memory",
        "source",
        "results",
        "clock",
    ]
    assert all(line.startswith(("ok ", "warning ")) for line in lines.values())
    assert lines["weights"] == "ok      weights      nano: 1 files, 0.02 GB, whole by their headers"
    assert lines["device"] == "ok      device       cpu, as --device says"
    weights, free, batch = lines["memory"].split(", ")
    assert weights == "ok      memory       0.03 GB for weights in float32"
    assert re.fullmatch(r"[\d.]+ GB free of the host's", free)
    assert batch == "0.44 GB for a batch of 65536 tokens"
    assert lines["results"].endswith(f"{tmp_path / 'out'} can be written, locked and renamed in")
    assert list((tmp_path / "out").iterdir()) == []


def test_results_that_are_not_there_yet_are_not_made(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, lines = lines_of(capsys, "--out", tmp_path / "new" / "out")
    assert code == 0
    assert lines["results"].endswith(f"{tmp_path} can be written, locked and renamed in")
    assert not (tmp_path / "new").exists()


def test_what_fails_is_exit_code_1_with_its_remedy(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, lines = lines_of(capsys, tmp_path / "gone", "--model", tmp_path / "none")
    assert code == 1
    gone = tmp_path / "gone"
    assert lines["source"] == f"failed  source       SOURCE {gone}: there is no such folder or file"
    assert lines["weights"].startswith(f"failed  weights      {tmp_path / 'none'}: not on this")
    assert "; check the name, the network and your access to it" in lines["weights"]


def test_json_is_one_object(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["doctor", "--json", "--engine", "openai"]) == 1
    found = json.loads(capsys.readouterr().out)
    assert found["exit_code"] == 1
    assert found["findings"][-1] == {
        "check": "server",
        "status": "failed",
        "found": "--engine openai needs --endpoint",
        "remedy": "name it, such as http://gpu:8000/v1",
    }


def test_a_broken_ffmpeg_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("IMAGEIO_FFMPEG_EXE", "/bin/false")
    code, lines = lines_of(capsys)
    assert code == 1
    assert lines["ffmpeg"] == (
        "failed  ffmpeg       FFmpeg /bin/false: does not run (it ended with 1 and named no"
        " version); set IMAGEIO_FFMPEG_EXE to one that runs, or unset it: imageio-ffmpeg brings one"
    )
    old = tmp_path / "ffmpeg"
    old.write_text("#!/bin/sh\necho 'ffmpeg version 4.4.2-0ubuntu0.22.04.1 Copyright (c)'\n")
    old.chmod(0o755)
    monkeypatch.setenv("IMAGEIO_FFMPEG_EXE", str(old))
    _, lines = lines_of(capsys)
    assert f"FFmpeg {old}: version 4.4.2 is older than 6; set" in lines["ffmpeg"]
    monkeypatch.setenv("IMAGEIO_FFMPEG_EXE", str(tmp_path / "gone"))
    _, lines = lines_of(capsys)
    assert "does not run (No such file or directory)" in lines["ffmpeg"]


def test_few_open_files_are_a_failure() -> None:
    command = f"ulimit -n 128; {sys.executable} -m beam_jobs doctor"
    environment = {k: v for k, v in os.environ.items() if k != "AIRFLOW_HOME"}
    done = subprocess.run(
        ["bash", "-c", command], env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 1, done.stderr
    (line,) = (line for line in done.stdout.splitlines() if "open files" in line)
    assert line == (
        "failed  open files   only 128 at once; raise the hard limit of 128 (LimitNOFILE, --ulimit"
        " nofile), then ulimit -n 128"
    )


def test_an_unknown_scheme_is_a_finding(capsys: pytest.CaptureFixture[str]) -> None:
    code, lines = lines_of(capsys, "--out", "s3://bucket/out")
    assert code == 1
    assert "s3://bucket/out: give a folder, or gs://BUCKET/PREFIX" in lines["results"]


def test_a_check_that_raises_or_hangs_is_its_own_finding() -> None:
    def denied() -> list[Finding]:
        raise AccessDenied("/x: permission denied; give this user the right")

    def bug() -> list[Finding]:
        raise KeyError("slots")

    def hang() -> list[Finding]:
        time.sleep(60)
        return []

    well = Finding("well", "ok", "all")
    begun = time.monotonic()
    found = run_checks(
        [
            Check("denied", denied),
            Check("bug", bug),
            Check("hang", hang, patience_s=0.2),
            Check("well", lambda: [well]),
        ]
    )
    assert time.monotonic() - begun < 5
    assert found == [
        Finding("denied", "failed", "/x: permission denied", "give this user the right"),
        Finding("bug", "failed", "the check itself failed (KeyError: 'slots')"),
        Finding("hang", "failed", "no answer in 0.2 s", "see whether what it asks hangs"),
        well,
    ]
    assert exit_code_of(found) == 1
    assert exit_code_of([well, Finding("x", "warning", "y")]) == 0


def test_a_server_is_asked_for_its_models(capsys: pytest.CaptureFixture[str]) -> None:
    with chat_server() as served:
        options = ("--engine", "openai", "--endpoint", served.endpoint, "--model", "af3")
        code, lines = lines_of(capsys, *options)
        _, named = lines_of(capsys, *options, "--server", "vllm")
    assert code == 0
    found = f"ok      server       {served.endpoint} serves af3, asked "
    assert lines["server"] == f"{found}in the protocol's own fields; see --server"
    assert named["server"] == f"{found}as vllm"
    assert "weights" not in lines
    code, lines = lines_of(capsys, *options)
    assert code == 1
    assert lines["server"].startswith(f"failed  server       endpoint {served.endpoint}")


def test_a_model_that_did_not_pass_the_gate_is_a_failure(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, lines = lines_of(capsys, "--accepted-in", tmp_path)
    assert code == 1
    assert lines["accepted"].startswith("failed  accepted     nano (")
    assert lines["accepted"].endswith(
        f"is not accepted in {tmp_path}: no model is; run af3 evaluate and af3 accept with it"
    )


def test_what_thinks_beside_the_model_is_looked_at_too(
    untrained: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pair = ("--model", untrained, "--think-model", "nano", "--device", "cpu")
    code, lines = lines_of(capsys, *pair, "--accepted-in", tmp_path)
    assert code == 1
    revisions = [find_checkpoint(name).revision[:12] for name in (str(untrained), "nano")]
    assert lines["accepted"].startswith(
        f"failed  accepted     {untrained.name}+nano ({'+'.join(revisions)}, engine af3, float32)"
    )
    assert lines["thinking"] == (
        "ok      thinking     nano: 1 files, 0.02 GB, whole by their headers"
    )
    alone = check_weight_files("nano", nano_folder()).parameters * 4 / 1e9
    assert lines["memory"].startswith(f"ok      memory       {2 * alone:.2f} GB for weights in flo")
    cut = shutil.copytree(untrained, tmp_path / "cut")
    with (cut / "model.safetensors").open("r+b") as file:
        file.truncate(1_000_000)
    code, lines = lines_of(capsys, "--think-model", cut, "--device", "cpu")
    assert code == 1
    assert lines["weights"].startswith("ok ")
    assert lines["thinking"].startswith(f"failed  thinking     --think-model {cut}: ")


@pytest.mark.parametrize(
    ("options", "line"),
    [
        (
            ("--think-model", "nano", "--engine", "transformers"),
            "failed  thinking     --think-model is of --engine af3, not of transformers",
        ),
        (
            ("--think-model-revision", "abc"),
            "failed  thinking     --think-model-revision pins --think-model, which is not given",
        ),
    ],
)
def test_what_cannot_be_a_pair_is_a_failure(
    options: tuple[str, ...], line: str, capsys: pytest.CaptureFixture[str]
) -> None:
    code, lines = lines_of(capsys, *options)
    assert (code, lines["thinking"]) == (1, line)
