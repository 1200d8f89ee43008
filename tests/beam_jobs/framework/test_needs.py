"""What a job lacks is said in one line before any work, and nothing is written."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from af3core.model.cuda import gpus
from beam_jobs.cli import main
from beam_jobs.framework import needs
from tests.beam_jobs.small_night import DAY, QUICK_TASKS
from tests.environments import environment_without, run_in
from tests.faulty_network import Network, between
from tests.media import spoken, write
from tests.storage_server import BUCKET, bucket, found_at, server_address


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    write(tmp_path / "arc" / DAY / "a.wav", spoken())
    (tmp_path / "tasks.yaml").write_text(QUICK_TASKS)
    return tmp_path / "arc"


@pytest.fixture(scope="module")
def bare(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Without what the extras `model`, `derive` and `gcs` bring, as far as jobs look for it."""
    folder = tmp_path_factory.mktemp("bare") / "site"
    left_out = ("torch", "transformers", "huggingface-hub", "librosa", "google-cloud-storage")
    return environment_without(folder, *left_out)


@pytest.mark.skipif(bool(gpus().names), reason="needs a machine without CUDA")
def test_a_device_that_is_not_there_is_said_before_plan(
    archive: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out, report = tmp_path / "out", tmp_path / "report.json"
    arguments = [str(archive), "--out", str(out), "--device", "cuda", "--report", str(report)]
    assert main(["annotate", *arguments]) == 2
    error = capsys.readouterr().err
    assert error.startswith("af3: --device cuda: this machine shows no CUDA device")
    assert error.count("\n") == 1
    assert not out.exists()
    told = json.loads(report.read_text())
    assert (told["exit_code"], told["error_class"]) == (2, "ConfigurationError")
    assert told["permanent"] is True


def test_workers_elsewhere_have_devices_of_their_own(
    archive: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert needs.works_here(["--runner", "FnApiRunner"])
    assert needs.works_here(["--direct_num_workers", "2"])
    assert not needs.works_here(["--runner=PortableRunner", "--job_endpoint", "x:1"])
    assert not needs.works_here(["--job_endpoint", "x:1", "--runner", "DataflowRunner"])


def test_a_broken_ffmpeg_is_said_before_plan(
    archive: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("IMAGEIO_FFMPEG_EXE", str(tmp_path / "gone"))
    out = tmp_path / "out"
    for command in (["annotate", str(archive)], ["segment"]):
        assert main([*command, "--out", str(out)]) == 2
        error = capsys.readouterr().err
        assert error.startswith(f"af3: FFmpeg {tmp_path / 'gone'}: does not run (No such file")
        assert error.count("\n") == 1
    assert not out.exists()


@pytest.mark.parametrize(
    ("command", "said"),
    [
        (["annotate", "ARCHIVE"], "--model nano needs torch, transformers, huggingface-hub: "),
        (["events"], "af3 events needs librosa: "),
        (["query", "SELECT 1", "--out", "gs://bucket/out"], "gs://bucket/out: needs "),
        (["report", "--out", "gs://bucket/out"], "gs://bucket/out: needs "),
        (
            ["plan", "ARCHIVE", "--model", "nvidia/audio-flamingo-3-hf"],
            "--model nvidia/audio-flamingo-3-hf: is no folder here, and to fetch it needs"
            " huggingface-hub: ",
        ),
    ],
)
def test_a_missing_extra_is_one_line(
    archive: Path, bare: Path, tmp_path: Path, command: list[str], said: str
) -> None:
    given = [str(archive) if word == "ARCHIVE" else word for word in command]
    given += [] if "--out" in given else ["--out", str(tmp_path / "out")]
    done = run_in(bare, ["-m", "beam_jobs", *given], tmp_path)
    assert done.returncode == 2, done.stderr
    assert done.stderr.startswith(f"af3: {said}")
    assert " install " in done.stderr
    assert done.stderr.count("\n") == 1
    assert not (tmp_path / "out").exists()


def test_beam_says_nothing_of_bigquery_where_its_client_is_missing(tmp_path: Path) -> None:
    site = environment_without(tmp_path / "site", "google-apitools")
    alone = run_in(site, ["-c", "import apache_beam"])
    assert "apitools not found, and bigquery client libraries are not available" in alone.stderr
    done = run_in(site, ["-c", "import beam_jobs.framework.pipeline"])
    assert (done.returncode, done.stderr) == (0, "")


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that any user can reach."""
    with tempfile.TemporaryDirectory(prefix="af3-test-") as folder:
        os.chmod(folder, 0o755)
        yield Path(folder)


def test_a_folder_that_may_not_be_written_is_exit_code_1(
    open_folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write(open_folder / "arc" / "a.wav", spoken())
    out = open_folder / "results" / "out"
    out.parent.mkdir()
    out.parent.chmod(0o555)
    if not os.geteuid():
        os.seteuid(65534)
    try:
        code = main(["discover", str(open_folder / "arc"), "--out", str(out)])
    finally:
        os.seteuid(os.getuid())
    assert code == 1
    assert capsys.readouterr().err == (
        f"af3: --out {out}: this user may not write in {out.parent}; give it the right, or choose"
        " another folder\n"
    )


@pytest.fixture
def network() -> Iterator[Network]:
    needs.check_writable.cache_clear()
    with bucket(), between(server_address()) as network, found_at(network.address):
        yield network


@pytest.mark.storage_server
def test_rights_on_a_bucket_are_asked_once_and_without_a_write(
    archive: Path, network: Network, capsys: pytest.CaptureFixture[str]
) -> None:
    network.faults = lambda request: "refused" if request.method == "DELETE" else None
    out = f"gs://{BUCKET}/out"
    for _ in range(2):
        assert main(["discover", str(archive), "--out", out]) == 1
        error = capsys.readouterr().err
        assert error.startswith(f"af3: {out}/claims/rights-")
        assert "roles/storage.objectUser to write" in error
        assert error.count("\n") == 1
    assert not any(request.is_upload for request in network.requests)
    network.faults = lambda request: None
    network.requests.clear()
    for _ in range(2):
        needs.check_writable(out)
    assert [request.method for request in network.requests] == ["DELETE"]
