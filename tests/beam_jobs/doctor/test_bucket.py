"""Rights on a bucket: a probe that is removed, and refusals that name the role."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from af3core.storage.bucket import BucketStore
from beam_jobs.cli import main
from tests.faulty_network import Fault, Faults, Network, Request, between
from tests.storage_server import BUCKET, bucket, found_at, server_address

pytestmark = pytest.mark.storage_server


@pytest.fixture
def network(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Network]:
    monkeypatch.delenv("AIRFLOW_HOME", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    with bucket(), between(server_address()) as network, found_at(network.address):
        yield network


def refusing(which: str) -> Faults:
    def fault(request: Request) -> Fault | None:
        is_listing = request.method == "GET" and urlsplit(request.path).path.endswith("/o")
        kinds = {
            "write": request.is_upload,
            "delete": request.method == "DELETE",
            "read": request.is_download,
            "list": is_listing,
        }
        return "refused" if kinds[which] else None

    return fault


def found(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, dict[str, str]]:
    code = main(["doctor", *arguments])
    return code, {line[8:21].strip(): line for line in capsys.readouterr().out.splitlines()}


def objects() -> list[str]:
    return next(BucketStore(BUCKET, "").walk([""]))


def test_a_bucket_is_read_and_written_and_nothing_is_left(
    network: Network, capsys: pytest.CaptureFixture[str]
) -> None:
    BucketStore(BUCKET, "arc/").write("a.wav", b"x")
    address = f"gs://{BUCKET}/arc", f"gs://{BUCKET}/out"
    code, lines = found(capsys, address[0], "--out", address[1])
    assert code == 0
    assert lines["source"] == f"ok      source       {address[0]} can be listed and read"
    assert lines["results"].startswith(f"ok      results      {address[1]} can be listed, written")
    assert lines["clock"].startswith("ok      clock        the bucket's clock is 0.")
    assert objects() == ["arc/a.wav"]


@pytest.mark.parametrize(
    ("refused", "check", "role"),
    [
        ("write", "results", "roles/storage.objectUser to write"),
        ("delete", "results", "roles/storage.objectUser to write"),
        ("read", "source", "roles/storage.objectViewer to read"),
        ("list", "source", "roles/storage.objectViewer to read"),
    ],
)
def test_a_refused_right_is_a_failure_that_names_the_role(
    network: Network, capsys: pytest.CaptureFixture[str], refused: str, check: str, role: str
) -> None:
    BucketStore(BUCKET, "arc/").write("a.wav", b"x")
    network.faults = refusing(refused)
    code, lines = found(capsys, f"gs://{BUCKET}/arc", "--out", f"gs://{BUCKET}/out")
    assert code == 1
    assert lines[check].startswith(f"failed  {check:<13}gs://{BUCKET}/")
    assert "access is refused" in lines[check]
    assert role in lines[check]


def test_a_bucket_that_is_not_there_is_a_failure(
    network: Network, capsys: pytest.CaptureFixture[str]
) -> None:
    code, lines = found(capsys, "--out", "gs://no-such-bucket/out")
    assert code == 1
    assert "gs://no-such-bucket/out" in lines["results"]
    assert "no such bucket; make it, or correct the name" in lines["results"]


def test_weights_in_a_bucket_are_counted_and_not_fetched(
    network: Network, capsys: pytest.CaptureFixture[str]
) -> None:
    store = BucketStore(BUCKET, "models/af3/")
    index = b'{"weight_map": {"a": "model-1.safetensors", "b": "model-2.safetensors"}}'
    store.write("config.json", b"{}")
    store.write("model.safetensors.index.json", index)
    store.write("model-1.safetensors", bytes(20_000_000))
    model = f"gs://{BUCKET}/models/af3"
    _, lines = found(capsys, "--model", model)
    assert "model-2.safetensors is missing; copy it there in full" in lines["weights"]
    store.write("model-2.safetensors", bytes(10_000_000))
    network.requests.clear()
    _, lines = found(capsys, "--model", model)
    assert lines["weights"] == (
        f"ok      weights      {model}: 2 files, 0.03 GB, fetched once by a machine's first job"
    )
    assert network.downloads("models/af3/model-") == 0
