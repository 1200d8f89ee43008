"""The audit log: chains that name what is missing or changed, trouble of the storage, retention."""

from __future__ import annotations

import csv
import datetime
import hashlib
import io
import json
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from af3core.storage.folder import FolderStore
from beam_jobs.audit_log.audit_log import AuditLog, audit_log_of
from beam_jobs.audit_log.chains import Finding, read_log, verified
from beam_jobs.cli import main
from schemas import layout
from schemas.audit_records import AuditEntry, AuditObject
from schemas.record_format import stored_bytes

Capture = pytest.CaptureFixture[str]
DAY = "2026-12-02"


def objects_of(out: Path) -> list[Path]:
    return sorted(out.glob("audit_log/*/*.json"))


def run(out: Path, *options: str) -> int:
    return main(["audit-log", "--out", str(out), *options])


def rows(capsys: Capture) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(capsys.readouterr().out)))


def worked(out: Path, *words: str) -> AuditLog:
    """A process that wrote an object for each of the words, and ended well."""
    log = AuditLog(FolderStore(out))
    for word in words:
        log.add("Ada", "search", {"words": word})
        assert log.flush()
    assert log.close()
    return log


def chain(count: int, process: str = "20261202T000000Z-ab", seen: Any = None) -> dict[str, bytes]:
    """The objects of a process by key, all of them whole."""
    made: dict[str, bytes] = {}
    previous = ("", "")
    for number in range(1, count + 1):
        entry = AuditEntry(f"{DAY}T00:00:{number:02d}.000+00:00", "Ada", "play", {"n": number})
        first = dict(seen or {}) if number == 1 else {}
        record = AuditObject(process, number, *previous, (entry,), first, 0, number == count)
        key = layout.audit_log_key(DAY, process, number)
        made[key] = stored_bytes(record)
        previous = (key, sha256(made[key]))
    return made


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def test_what_was_done_is_printed_and_whole(tmp_path: Path, capsys: Capture) -> None:
    with audit_log_of(FolderStore(tmp_path)) as log:
        log.add("Ada", "search", {"words": "storm"})
        for _ in range(3):
            log.add("Ada", "play", {"clip_id": "c1"})
        log.add("Ben", "export", {"corpus": "radio"})
    [path] = objects_of(tmp_path)
    today = datetime.datetime.now(datetime.UTC).date().isoformat()
    assert path.parent.name == f"date={today}"
    assert run(tmp_path) == 0
    shown = rows(capsys)
    assert [(r["person"], r["action"], r["times"], r["subject"]) for r in shown] == [
        ("Ada", "search", "1", '{"words": "storm"}'),
        ("Ada", "play", "3", '{"clip_id": "c1"}'),
        ("Ben", "export", "1", '{"corpus": "radio"}'),
    ]
    assert run(tmp_path, "--person", "Ada", "--action", "play") == 0
    assert [r["subject"] for r in rows(capsys)] == ['{"clip_id": "c1"}']
    assert run(tmp_path, "--until", "2026-01-01") == 0
    assert rows(capsys) == []
    assert run(tmp_path, "--since", today, "--format", "jsonl") == 0
    assert len(capsys.readouterr().out.splitlines()) == 3
    assert run(tmp_path, "--output", str(tmp_path.parent / "log.parquet")) == 0


def test_searches_may_be_left_out(tmp_path: Path) -> None:
    log = AuditLog(FolderStore(tmp_path), log_searches=False)
    log.add("Ada", "search", {"words": "storm"})
    log.add("Ada", "query", {"sql": "SELECT 1"})
    log.add("Ada", "play", {"clip_id": "c1"})
    assert log.close()
    assert [entry.action for _, entry in read_log(FolderStore(tmp_path)).entries] == ["play"]


@pytest.mark.parametrize("number", [0, 1, 2])
def test_what_is_missing_or_changed_is_named(tmp_path: Path, number: int, capsys: Capture) -> None:
    process = worked(tmp_path, "a", "b").process
    worked(tmp_path, "c")  # vouches for the end of the first chain
    path = [path for path in objects_of(tmp_path) if path.name.startswith(process)][number]
    whole = path.read_bytes()
    for wrong in ("missing", "changed", "damaged"):
        if wrong == "missing":
            path.unlink()
        elif wrong == "changed":
            path.write_bytes(whole.replace(b"{", b"{ ", 1))
        else:
            path.write_bytes(whole[: len(whole) // 2])
        assert run(tmp_path) == 1
        said = capsys.readouterr().err
        assert f"{wrong}: {path}" in said
        path.write_bytes(whole)
    assert run(tmp_path) == 0


@settings(max_examples=40, deadline=None)
@given(st.integers(2, 6), st.data())
def test_any_one_change_is_found(count: int, data: st.DataObject) -> None:
    objects = chain(count)
    last = list(objects)[-1]
    later = chain(1, "20261202T010000Z-cd", {last: sha256(objects[last])})
    log = verified(objects | later)
    assert (log.findings, log.open_chains, len(log.entries)) == ((), (), count + 1)
    key = data.draw(st.sampled_from(list(objects)))
    held = objects[key]
    at = data.draw(st.integers(0, len(held) - 1))
    changed = held[:at] + bytes([held[at] ^ 1]) + held[at + 1 :]
    assert key in {found.key for found in verified(objects | later | {key: changed}).findings}
    gone = {name: value for name, value in (objects | later).items() if name != key}
    assert key in {found.key for found in verified(gone).findings if found.wrong == "missing"}


def test_a_chain_without_an_end_is_said_and_nothing_wrong(tmp_path: Path, capsys: Capture) -> None:
    log = AuditLog(FolderStore(tmp_path))
    log.add("Ada", "play", {"clip_id": "c1"})
    assert log.flush()
    assert run(tmp_path) == 0
    assert f"{log.process} has no end: it runs, was killed" in capsys.readouterr().err


def test_an_object_under_another_name_is_none_of_its(tmp_path: Path) -> None:
    worked(tmp_path, "a")
    path = objects_of(tmp_path)[0]
    other = path.with_name(path.name.replace("00000001", "00000009"))
    other.write_bytes(path.read_bytes())
    key = str(other.relative_to(tmp_path))
    assert read_log(FolderStore(tmp_path)).findings == (
        Finding(key, "changed", "its name is not the one that it was given"),
    )


def test_what_the_storage_does_not_take_is_written_later(tmp_path: Path, capsys: Capture) -> None:
    (tmp_path / "audit_log").write_text("in the way")
    log = AuditLog(FolderStore(tmp_path), most_waiting=3)
    log.add("Ada", "play", {"n": 0})
    assert not log.flush()
    for number in range(1, 6):
        log.add("Ada", "play", {"n": number})
    assert not log.flush()
    said = capsys.readouterr().err
    assert said.count("the audit log waits, and is written later: ") == 1
    (tmp_path / "audit_log").unlink()
    assert log.flush()
    assert log.close()
    found = read_log(FolderStore(tmp_path))
    numbers = [entry.subject["n"] for _, entry in found.entries]
    assert numbers in ([0, 1, 2], [0, 1, 2, 3])
    lost = 6 - len(numbers)
    [finding] = found.findings
    assert finding.wrong == "lost"
    assert finding.why.startswith(f"{lost} entries before it were given up")


def test_the_end_says_what_was_not_written(tmp_path: Path, capsys: Capture) -> None:
    (tmp_path / "audit_log").write_text("in the way")
    log = AuditLog(FolderStore(tmp_path))
    log.add("Ada", "play", {"n": 0})
    begun = time.monotonic()
    assert not log.close()
    assert time.monotonic() - begun < 20
    assert "the audit log lacks the last that was done" in capsys.readouterr().err


def test_many_threads_wait_for_nothing_and_lose_nothing(tmp_path: Path) -> None:
    log = AuditLog(FolderStore(tmp_path), every_s=0.01)
    log.begin()

    def work(person: int) -> None:
        for number in range(200):
            log.add(f"p{person}", "play", {"n": number})

    threads = [threading.Thread(target=work, args=(person,)) for person in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert log.close()
    found = read_log(FolderStore(tmp_path))
    assert (found.findings, found.open_chains) == ((), ())
    assert len({(e.person, e.subject["n"]) for _, e in found.entries}) == 1000
    assert sum(entry.times for _, entry in found.entries) == 1000


_KILLED = """
import sys, time
from af3core.storage.folder import FolderStore
from pathlib import Path
from beam_jobs.audit_log.audit_log import AuditLog
log = AuditLog(FolderStore(Path(sys.argv[1])), every_s=0.05)
log.begin()
for n in range(100000):
    log.add("Ada", "play", {"n": n})
    if n == 50:
        time.sleep(1)
        print("written", flush=True)
    time.sleep(0.001)
"""


def test_a_killed_process_leaves_a_whole_chain(tmp_path: Path) -> None:
    command = [sys.executable, "-c", _KILLED, str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "written\n"
        process.send_signal(signal.SIGKILL)
    found = read_log(FolderStore(tmp_path))
    assert found.findings == ()
    assert len(found.open_chains) == 1
    assert {entry.subject["n"] for _, entry in found.entries} >= set(range(51))


def test_what_is_older_goes_and_the_log_says_so(tmp_path: Path, capsys: Capture) -> None:
    old = {k.replace(DAY, "2020-01-01"): v for k, v in chain(1).items()}
    [(key, data)] = old.items()
    FolderStore(tmp_path).write(key, data)
    seen = {key: sha256(data)}
    for later, bytes_ in chain(1, "20261202T010000Z-cd", seen).items():
        FolderStore(tmp_path).write(later, bytes_)
    assert run(tmp_path, "--keep-days", "365") == 0
    assert "1 objects of days before" in capsys.readouterr().err
    assert run(tmp_path) == 0
    assert run(tmp_path, "--keep-days", "365", "--yes") == 0
    assert not (tmp_path / key).exists()
    capsys.readouterr()
    assert run(tmp_path) == 0
    [removal] = [r for r in rows(capsys) if r["action"] == "remove_audit_log"]
    assert json.loads(removal["subject"])["objects"] == 1
    assert run(tmp_path, "--keep-days", "365", "--yes") == 0  # nothing more, and no entry of it
    assert len(read_log(FolderStore(tmp_path)).entries) == 2


@pytest.mark.parametrize(
    ("options", "line"),
    [
        (("--keep-days", "0"), "--keep-days 0: must be 1 or more"),
        (("--yes",), "--yes belongs to --keep-days; leave it out"),
        (("--keep-days", "9", "--person", "A"), "--keep-days removes and prints nothing"),
        (("--since", "gestern"), "--since gestern"),
        (("--action", "peek"), "--action"),
    ],
)
def test_wrong_options_are_one_line(
    tmp_path: Path, options: tuple[str, ...], line: str, capsys: Capture
) -> None:
    assert run(tmp_path, *options) == 2
    said = capsys.readouterr().err
    assert line in said
    assert said.count("\n") == 1
