"""Where the corrections of a corpus are read, kept and published."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import Any

from af3core.storage.address import store_at
from af3core.storage.store import Store
from beam_jobs.audit_log.audit_log import Auditing, audit_log_of
from beam_jobs.corrections.answered_places import AskTables
from beam_jobs.corrections.correction_log import read_batches
from beam_jobs.corrections.corrections_table import publish_corrections
from beam_jobs.framework.views import ask_published
from schemas.correction_records import CorrectionBatch


class CorrectionSite:
    """An output as a command meets it: all is read anew, and published at once.

    Args:
        out: folder or gs:// of a night.
        corpus: whose corrections.
        log: of a server; without it, the audit log gets an object for each call.
    """

    def __init__(self, out: str, corpus: str, log: Auditing | None = None) -> None:
        self.out = out
        self.corpus = corpus
        self._log = log

    @cached_property
    def store(self) -> Store:
        """Where the batches lie."""
        return store_at(self.out)

    @property
    def asks(self) -> AskTables:
        """What reads the tables of the answers."""
        return ask_published

    def batches(self) -> list[CorrectionBatch]:
        """All batches as they are now, the earliest first."""
        return read_batches(self.store, self.corpus)

    def publish(self, batch_id: str) -> None:
        """Bring the table of corrections up to date."""
        publish_corrections(self.store, self.corpus, batch_id)

    def log_edit(self, person: str, subject: Mapping[str, Any]) -> None:
        """Log what a person changed."""
        if self._log is not None:
            self._log.add(person, "edit", subject)
            return
        with audit_log_of(self.store) as own:
            own.add(person, "edit", subject)
