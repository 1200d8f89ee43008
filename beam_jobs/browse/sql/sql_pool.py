"""SQL from the page: a few queries at once, each in a process that ends when its time is over."""

from __future__ import annotations

import asyncio
import json
import os
import sys
import time
from contextlib import suppress
from typing import Any

from starlette.concurrency import run_in_threadpool

from beam_jobs.browse.data.archive_tables import ArchiveTables
from beam_jobs.browse.http.refusal import Refusal
from beam_jobs.browse.sql.sql_process import SqlRequest
from beam_jobs.framework.partition_pruning import tables_named
from beam_jobs.output.json_values import to_bytes

SECONDS = 10.0
MOST_ROWS = 1000
MOST_BYTES = 8 << 20
MOST_SQL_CHARACTERS = 100_000
AT_ONCE = 2
_WAIT_S = 5.0
_OVERHEAD_BYTES = 1 << 20
_CHUNK_BYTES = 1 << 16


class SqlPool:
    """Runs SQL over the tables of an archive.

    Args:
        tables: of the archive.
        seconds: that a query may take.
        wait_s: how long a query waits for its turn.
    """

    def __init__(
        self, tables: ArchiveTables, seconds: float = SECONDS, wait_s: float = _WAIT_S
    ) -> None:
        self._tables = tables
        self._seconds = seconds
        self._wait_s = wait_s
        self._turns = asyncio.Semaphore(AT_ONCE)

    async def answer(self, sql: str) -> dict[str, Any]:
        """Columns, rows, whether rows were left out, and the seconds that it took.

        Raises:
            Refusal: the statement may not run, is wrong, too slow or too large, or others run.
        """
        if len(sql) > MOST_SQL_CHARACTERS:
            raise Refusal(413, f"SQL of more than {MOST_SQL_CHARACTERS} characters")
        begun = time.monotonic()
        try:
            await asyncio.wait_for(self._turns.acquire(), self._wait_s)
        except TimeoutError:
            raise Refusal(
                503, f"{AT_ONCE} queries run already; try again", {"retry-after": "5"}
            ) from None
        try:
            stamps = await run_in_threadpool(self._stamps, sql)
            out = self._tables.store.address("")
            request = SqlRequest(out, stamps, sql, MOST_ROWS, MOST_BYTES)
            told = json.loads(await self._run(to_bytes(request.to_json())) or b"null")
        finally:
            self._turns.release()
        if told is None:
            raise Refusal(413, "this query needs more memory than it may have; narrow it down")
        if "error" in told:
            raise Refusal(told["status"], told["error"])
        seconds = round(time.monotonic() - begun, 3)
        return {**told, "seconds": seconds}

    def _stamps(self, sql: str) -> dict[str, str]:
        """The objects of the tables that are named; the views of the others stay empty."""
        return self._tables.stamps(tables_named(sql))

    async def _run(self, request: bytes) -> bytes:
        """What the process says; nothing where it broke.

        Raises:
            Refusal: its time is over.
        """
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-P",
            "-m",
            "beam_jobs.browse.sql.sql_process",
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
            env={name: value for name, value in os.environ.items() if not name.startswith("AF3_")},
            start_new_session=True,  # Ctrl-C ends the server, which ends its queries
        )
        try:
            async with asyncio.timeout(self._seconds):
                said = await _exchange(process, request)
                await process.wait()
                return said
        except TimeoutError:
            raise Refusal(
                504, f"stopped after {self._seconds:g} seconds; narrow the query, such as by date"
            ) from None
        finally:
            if process.returncode is None:
                with suppress(ProcessLookupError):
                    process.kill()
                await process.wait()


async def _exchange(process: asyncio.subprocess.Process, request: bytes) -> bytes:
    if process.stdin is None or process.stdout is None:
        return b""
    with suppress(ConnectionError):
        process.stdin.write(request)
        await process.stdin.drain()
    process.stdin.close()
    said = bytearray()
    while chunk := await process.stdout.read(_CHUNK_BYTES):
        said += chunk
        if len(said) > MOST_BYTES + _OVERHEAD_BYTES:
            process.kill()
            return b""
    return bytes(said)
