"""`af3 browse` as a command: what it prints, how it ends, and what it says when it cannot begin."""

from __future__ import annotations

import http.client
import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from beam_jobs.cli import main
from beam_jobs.people.people_changes import add_person
from tests.beam_jobs.search.said import FIRST, publish

COMMAND = [sys.executable, "-m", "beam_jobs", "browse"]
TOKEN = "given-by-the-operator"
_ENDS_WITHIN_S = 60
Capture = pytest.CaptureFixture[str]


@pytest.fixture(scope="module")
def out(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("command") / "out"
    publish(out, FIRST, {"a" * 24: ["A storm at sea"]})
    return out


@contextmanager
def browsing(*options: str, token: str = "") -> Iterator[tuple[subprocess.Popen[str], str]]:
    """The command with the address that it prints."""
    environment = {**os.environ, "AF3_BROWSE_TOKEN": token}
    process = subprocess.Popen(
        [*COMMAND, "--port", "0", *options],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment,
    )
    try:
        assert process.stdout is not None
        said = re.fullmatch(r"af3: (http://\S+)  \(Ctrl-C ends it\)\n", process.stdout.readline())
        assert said is not None
        yield process, said[1]
    finally:
        process.kill()
        process.wait()


def status(address: str, host: str = "127.0.0.1", path: str = "") -> int:
    parts = urlsplit(address)
    connection = http.client.HTTPConnection(host, parts.port, timeout=_ENDS_WITHIN_S)
    connection.request("GET", path or f"{parts.path}?{parts.query}")
    answer = connection.getresponse()
    answer.read()
    connection.close()
    return answer.status


@pytest.mark.parametrize("end", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("asked", [True, False])
def test_a_signal_ends_it_well(out: Path, end: signal.Signals, asked: bool) -> None:
    with browsing("--out", str(out)) as (process, address):
        assert address.startswith("http://127.0.0.1:")
        if asked:
            assert status(address, path="/api/about") == 200
        process.send_signal(end)
        rest, said = process.communicate(timeout=_ENDS_WITHIN_S)
    assert (process.returncode, rest) == (0, "")
    assert said == "af3: the archive page has ended\n"


def test_elsewhere_it_listens_with_a_new_token(out: Path) -> None:
    with browsing("--out", str(out), "--host", "0.0.0.0") as (_, address):
        token = re.fullmatch(r"http://[^/]+:\d+/\?token=([A-Za-z0-9_-]{32})", address)
        assert token is not None
        assert status(address, path="/api/about") == 401
        assert status(address) == 303
        with browsing("--out", str(out), "--host", "0.0.0.0") as (_, other):
            assert token[1] not in other


def test_a_token_can_be_given(out: Path) -> None:
    with browsing("--out", str(out), token=TOKEN) as (_, address):
        assert address.endswith(f"/?token={TOKEN}")
        assert status(address, path="/") == 401
        assert status(address) == 303


def test_no_token_stands_in_what_it_prints(out: Path, tmp_path: Path) -> None:
    people = tmp_path / "people.toml"
    token, wrong = add_person(people, "Ada", "editor"), "a-wrong-one-that-is-long-enough"
    with browsing("--out", str(out), "--people", str(people)) as (process, address):
        assert re.fullmatch(r"http://127\.0\.0\.1:\d+/", address)
        assert status(address, path="/api/about") == 401
        assert status(address, path=f"/?token={wrong}") == 401
        assert status(address, path=f"/?token={token}") == 303
        people.write_text("no file of people")
        assert status(address, path=f"/?token={token}") == 503
        process.send_signal(signal.SIGTERM)
        rest, said = process.communicate(timeout=_ENDS_WITHIN_S)
    assert (process.returncode, rest) == (0, "")
    assert said.splitlines()[0].startswith("af3: nobody is signed in until this is mended: ")
    assert not any(secret in said for secret in (token, wrong))


def test_who_signs_in_is_told_before_it_begins(out: Path, tmp_path: Path, capsys: Capture) -> None:
    people = tmp_path / "people.toml"
    add_person(people, "Ada", "editor")
    named = ("--people", str(people))
    user = ("--trust-header", "X-Forwarded-User")
    for options, line in (
        (user, "--trust-header needs --people FILE"),
        (("--trusted-proxy", "10.0.0.1"), "--trusted-proxy needs --people FILE"),
        ((*named, "--trusted-proxy", "10.0.0.1"), "--trusted-proxy needs --trust-header"),
        ((*named, *user, "--host", "0.0.0.0"), "name the proxy by --trusted-proxy ADDRESS"),
        ((*named, *user, "--trusted-proxy", "0.0.0.0/0"), "that is every address"),
        ((*named, *user, "--trusted-proxy", "proxy"), "an address or a network, such as"),
        ((*named, "--trust-header", "Cookie"), "browsers send it themselves"),
        ((*named, "--trust-header", "a: b"), "the name of a header, such as"),
        ((*named, "--token", TOKEN), "with --people each person has a token; leave it out"),
        (("--people", str(tmp_path / "none")), "make it with af3 people add"),
    ):
        said = refused(capsys, "--out", str(out), "--port", "0", *options)
        assert line in said
        assert said.count("\n") == 1


def test_a_taken_port_is_one_line(out: Path, capsys: Capture) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        said = refused(capsys, "--out", str(out), "--port", str(port))
    assert said == (
        f"af3: --host 127.0.0.1 --port {port}: Address already in use; choose another with --port\n"
    )


def test_a_folder_without_tables_is_one_line(tmp_path: Path, capsys: Capture) -> None:
    for folder in (tmp_path, tmp_path / "nothing"):
        assert refused(capsys, "--out", str(folder)) == (
            f"af3: --out {folder}: no tables there; name the folder that af3 annotate wrote to\n"
        )


@pytest.mark.parametrize(
    ("options", "line"),
    [
        (("--host", "203.0.113.9"), "af3: --host 203.0.113.9 --port 8040: Cannot assign"),
        (("--host", "no such host"), "af3: --host no such host: no address"),
        (("--token", "short"), "af3: --token, AF3_BROWSE_TOKEN: 16 to 128 letters"),
        (("--frob",), "af3: unknown option --frob"),
    ],
)
def test_wrong_options_are_one_line(
    out: Path, options: tuple[str, ...], line: str, capsys: Capture
) -> None:
    said = refused(capsys, "--out", str(out), *options)
    assert said.startswith(line)
    assert said.count("\n") == 1


@pytest.mark.parametrize(
    ("port", "line"),
    [
        ("99999", "af3: --port 99999: a port is a number from 0 to 65535\n"),
        ("-1", "af3: --port -1: a port is a number from 0 to 65535\n"),
        ("http", "af3: argument --port: http: write a whole number; see af3 browse --help\n"),
        ("٨٠", "af3: argument --port: ٨٠: write a whole number; see af3 browse --help\n"),
    ],
)
def test_a_port_that_is_none(out: Path, port: str, line: str, capsys: Capture) -> None:
    assert refused(capsys, "--out", str(out), f"--port={port}") == line


def refused(capsys: Capture, *options: str) -> str:
    """What the command says instead of beginning."""
    assert main(["browse", *options]) == 2
    printed, said = capsys.readouterr()
    assert printed == ""
    return said
