"""PostgreSQL is killed, and whoever has its number is not taken for it."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import psutil
import pytest
import sqlalchemy

from infra.local_postgres import LocalPostgres, remove_dead_locks

KILLS = 3


@pytest.fixture
def folder() -> Iterator[Path]:
    """PostgreSQL's user reads it, and its path is short enough for a socket."""
    with TemporaryDirectory(prefix="af3-") as made:
        yield Path(made) / "postgres"


def test_the_server_answers_right_after_each_kill(folder: Path) -> None:
    """The killed process has its number until somebody reads its exit code."""
    postgres = LocalPostgres(folder)
    try:
        for number in range(KILLS):
            postgres.start()
            engine = sqlalchemy.create_engine(postgres.uri("psycopg2"))
            with engine.begin() as connection:
                connection.execute(sqlalchemy.text(f"CREATE TABLE kept_{number} (x int)"))
            os.kill(postgres.pid, signal.SIGKILL)
            engine.dispose()
        postgres.start()
        tables = sqlalchemy.inspect(sqlalchemy.create_engine(postgres.uri("psycopg2")))
        assert sorted(tables.get_table_names()) == ["kept_0", "kept_1", "kept_2"]
    finally:
        postgres.stop()


def test_locks_of_dead_and_foreign_processes_are_removed(tmp_path: Path) -> None:
    locks = [tmp_path / "postmaster.pid", tmp_path / ".s.PGSQL.5432.lock"]
    killed = subprocess.Popen(["sleep", "60"])
    killed.kill()
    while psutil.Process(killed.pid).status() != psutil.STATUS_ZOMBIE:
        time.sleep(0.01)
    for number in (killed.pid, os.getpid(), 2**22 + 1):
        for lock in locks:
            lock.write_text(f"{number}\n{tmp_path}\n")
        remove_dead_locks(tmp_path)
        assert not any(lock.exists() for lock in locks), number
    killed.wait()
    remove_dead_locks(tmp_path)


def test_a_lock_that_cannot_be_read_now_stays(tmp_path: Path) -> None:
    lock = tmp_path / "postmaster.pid"
    lock.symlink_to(lock)  # read, it is an error of the system, whoever reads it
    remove_dead_locks(tmp_path)
    assert lock.is_symlink()
