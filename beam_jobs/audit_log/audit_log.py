"""The audit log as one process writes it: an object a minute, each naming the one before it.

Whoever adds an entry waits for nothing. What the storage does not take is kept and written later.
"""

from __future__ import annotations

import dataclasses
import datetime
import hashlib
import json
import secrets
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Protocol

from af3core.errors import StorageError
from af3core.messages import Level, tell
from af3core.storage.store import Store
from beam_jobs.audit_log.other_chains import newest_of_others
from schemas import layout
from schemas.audit_records import AuditAction, AuditEntry, AuditObject
from schemas.record_format import stored_bytes

EVERY_S = 60.0
MOST_WAITING = 20_000
"""Entries that are kept while the storage takes none."""
_ENDS_WITHIN_S = 15.0


class Auditing(Protocol):
    """What entries are given to."""

    def add(self, person: str, action: AuditAction, subject: Mapping[str, Any]) -> None:
        """Log what somebody did; gives no error and waits for nothing."""


class NoAuditLog:
    """Where nobody is known by name: nothing is logged."""

    def add(self, person: str, action: AuditAction, subject: Mapping[str, Any]) -> None:
        """Nothing."""


class AuditLog:
    """The chain of this process.

    Args:
        store: of the output.
        log_searches: whether searches and SQL are logged.
        every_s: how often what was done is written; so much is lost with a killed process.
        most_waiting: entries that are kept while the storage takes none; more are counted as lost.
    """

    def __init__(
        self,
        store: Store,
        *,
        log_searches: bool = True,
        every_s: float = EVERY_S,
        most_waiting: int = MOST_WAITING,
    ) -> None:
        self._store = store
        self._log_searches = log_searches
        self._every_s, self._most_waiting = every_s, most_waiting
        begun = _now()
        self.process = f"{begun.strftime('%Y%m%dT%H%M%SZ')}-{secrets.token_hex(6)}"
        self._waiting: dict[str, AuditEntry] = {}
        self._lost = 0
        self._adding = threading.Lock()
        self._writing = threading.Lock()
        self._refused: tuple[str, bytes] | None = None
        self._previous = ("", "")
        self._number = 0
        self._in_trouble = False
        self._end = threading.Event()
        self._thread: threading.Thread | None = None

    def begin(self) -> None:
        """Write by itself, each minute in which something was done."""
        self._thread = threading.Thread(target=self._run, name="audit-log", daemon=True)
        self._thread.start()

    def add(self, person: str, action: AuditAction, subject: Mapping[str, Any]) -> None:
        """Log what somebody did; gives no error and waits for nothing.

        Args:
            person: who; empty where nobody signs in.
            action: what.
            subject: what of, as JSON holds it.
        """
        if action in ("search", "query") and not self._log_searches:
            return
        key = json.dumps([person, action, subject], sort_keys=True, default=str)
        with self._adding:
            held = self._waiting.get(key)
            if held is not None:
                self._waiting[key] = dataclasses.replace(held, times=held.times + 1)
            elif len(self._waiting) >= self._most_waiting:
                self._lost += 1
            else:
                at = _now().isoformat(timespec="milliseconds")
                self._waiting[key] = AuditEntry(at, person, action, json.loads(key)[2])

    def flush(self, *, closed: bool = False) -> bool:
        """Write what waits; gives whether the storage took it.

        Args:
            closed: whether the chain ends with it.
        """
        with self._writing:
            try:
                taken = self._write_refused() and self._write_waiting(closed)
            except StorageError as error:
                if not self._in_trouble:
                    tell(f"the audit log waits, and is written later: {error}", Level.ERROR)
                self._in_trouble = True
                return False
            if self._in_trouble:
                tell("the audit log is written again")
            self._in_trouble = False
            return taken

    def close(self, within_s: float = _ENDS_WITHIN_S) -> bool:
        """Write what waits and end the chain; gives whether all of it is written. What the storage
        does not take by then is lost, and said.
        """
        self._end.set()
        last = threading.Thread(target=self._close, name="audit-log-end", daemon=True)
        last.start()
        last.join(within_s)
        with self._adding:
            left = len(self._waiting) + self._lost
        is_written = not (left or last.is_alive() or self._in_trouble)
        if not is_written:
            tell(
                "the audit log lacks the last that was done: the storage did not take it",
                Level.ERROR,
                entries=left,
            )
        return is_written

    def _close(self) -> None:
        if self._number or self._waiting or self._refused or self._lost:
            self.flush(closed=True)

    def _run(self) -> None:
        while not self._end.wait(self._every_s):
            self.flush()

    def _write_refused(self) -> bool:
        """The object that the storage did not take before, or took without saying so."""
        if self._refused is None:
            return True
        key, data = self._refused
        if not self._store.create(key, data) and self._store.read(key) != data:
            raise StorageError(f"{self._store.address(key)}: another object has this name")
        self._refused = None
        self._previous = (key, hashlib.sha256(data).hexdigest())
        return True

    def _write_waiting(self, closed: bool) -> bool:
        # looked for before entries are taken, which trouble must not lose
        seen = newest_of_others(self._store, self.process) if not self._number else {}
        with self._adding:
            entries, lost = tuple(self._waiting.values()), self._lost
            if not (entries or lost or (closed and self._number)):
                return True
            self._waiting, self._lost = {}, 0
        self._number += 1
        made = AuditObject(self.process, self._number, *self._previous, entries, seen, lost, closed)
        key = layout.audit_log_key(_now().date().isoformat(), self.process, self._number)
        self._refused = (key, stored_bytes(made))
        return self._write_refused()


@contextmanager
def audit_log_of(store: Store, *, log_searches: bool = True) -> Iterator[AuditLog]:
    """The log of a command: written and ended behind the body, also where it fails."""
    log = AuditLog(store, log_searches=log_searches)
    try:
        yield log
    finally:
        log.close()


def _now() -> datetime.datetime:
    return datetime.datetime.now(datetime.UTC)
