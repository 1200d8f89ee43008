"""Corrections from the page: kept one at a time, shown at once, published soon."""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import duckdb

from af3core.errors import Af3Error
from af3core.storage.store import Store
from beam_jobs.audit_log.audit_log import Auditing, NoAuditLog
from beam_jobs.browse.data.archive_tables import ArchiveTables, Place
from beam_jobs.browse.review.answer_items import key_of
from beam_jobs.browse.review.background_publisher import BackgroundPublisher
from beam_jobs.corrections.adding import AddedBatch, UndoneBatch, add_at, undo_at
from beam_jobs.corrections.answered_places import AskTables
from beam_jobs.corrections.correction_log import KnownBatches, Said, said_in
from beam_jobs.corrections.correction_site import CorrectionSite
from beam_jobs.corrections.corrections_table import publish_corrections
from beam_jobs.corrections.quality_sample import SAMPLE_REASON
from beam_jobs.corrections.settling import settle_corrections
from schemas.correction_records import FLAG_KINDS, Correction, CorrectionBatch, Review
from schemas.sql.corrected_views import CORRECTED_TABLES
from schemas.tables.correction_tables import CORRECTIONS
from schemas.tables.derived_tables import ALL_TABLES
from schemas.tables.night_tables import ANSWER_TABLES

Result = TypeVar("Result")


class NewerCorrection(Af3Error):
    """Somebody else corrected the answer since the editor read it; nothing was kept.

    Attributes:
        said: the other's correction.
    """

    def __init__(self, said: Said) -> None:
        self.said = said
        super().__init__(
            f"{said.batch.made_by} corrected this since you opened it; look at both, and save again"
        )


class PageSite(CorrectionSite):
    """A corpus as a server knows it: batches are read once, answers of one recording alone, and the
    table is published behind.
    """

    def __init__(
        self,
        tables: ArchiveTables,
        corpus: str,
        published: Callable[[str], None],
        log: Auditing,
    ) -> None:
        super().__init__(tables.out, corpus, log)
        self._tables = tables
        self._known = KnownBatches(tables.store, corpus)
        self._published = published
        self.writing = threading.Lock()
        """Held from reading what is there to keeping what follows: two editors of this server never
        miss each other."""

    @property
    def store(self) -> Store:
        return self._tables.store

    def batches(self) -> list[CorrectionBatch]:
        return self._known.read()

    def publish(self, batch_id: str) -> None:
        self._published(self.corpus)

    def publish_now(self) -> int:
        """Bring the table up to date, reading what is new alone."""
        return publish_corrections(self.store, self.corpus, "page", self.batches)

    def at(self, place: Place) -> PageSite:
        """The same where the answers of one recording are asked."""
        return _OfRecording(self, place)


class _OfRecording(PageSite):
    def __init__(self, site: PageSite, place: Place) -> None:
        self.__dict__.update(site.__dict__)
        self._place = place

    @property
    def asks(self) -> AskTables:
        def ask_here(
            out: str,
            ask: Callable[[duckdb.DuckDBPyConnection], Result],
            only: Collection[str] = (),
            sql: str = "",
        ) -> Result:
            tables = list(only) or [table.name for table in ALL_TABLES]
            stamps = self._tables.stamps_of_places(tables, [self._place])
            return self._tables.read(stamps, ask, tables)

        return ask_here


@dataclass(frozen=True)
class SavedRow:
    """What an editor sends: a row as `af3 correct` takes it, and the last correction that was read.

    Attributes:
        read: its identifier; empty where the editor read the model's answer alone.
    """

    row: dict[str, Any]
    read: str


class ReviewSites:
    """The corrections of all corpora of a server.

    Attributes:
        log: gets what editors change; to be set before the first of them asks.
    """

    def __init__(self, tables: ArchiveTables) -> None:
        self._tables = tables
        self.log: Auditing = NoAuditLog()
        self._lock = threading.Lock()
        self._sites: dict[str, PageSite] = {}
        self._publisher = BackgroundPublisher(lambda corpus: self.site(corpus).publish_now())

    def site(self, corpus: str) -> PageSite:
        """The corrections of a corpus; at the first call what a server before left is published."""
        with self._lock:
            if corpus in self._sites:
                return self._sites[corpus]
            site = PageSite(self._tables, corpus, self._publisher.ask, self.log)
            self._sites[corpus] = site
        self._publisher.ask(corpus)
        return site

    def settle(self, corpus: str) -> None:
        """Publish what was corrected here a moment ago, so that who reads now reads it.

        Raises:
            StorageError: the storage is in trouble.
        """
        self._publisher.settle(corpus)

    def settle_all(self) -> None:
        """Publish of all corpora what can be published."""
        self._publisher.settle_all()

    def close(self) -> None:
        """Publish what is left."""
        self._publisher.close()

    def save(self, place: Place, saved: SavedRow, by: str, review: Review | None) -> AddedBatch:
        """Keep a correction; durable when this returns.

        Raises:
            NewerCorrection: somebody corrected the answer meanwhile; not in a sample, in which two
                people judge without each other.
            CorrectionsRefused, ConfigurationError, StorageError: as of `add_corrections`.
        """
        site = self.site(place.partition.corpus)

        def check(made: Sequence[Correction], batches: Sequence[CorrectionBatch]) -> None:
            for each in made:
                last = latest_at(batches, each)
                is_value = each.aspect == "value"  # of a flag there is nothing else to say
                if is_value and last is not None and last.correction.correction_id != saved.read:
                    raise NewerCorrection(last)

        is_sample = review is not None and review.seed is not None
        with site.writing:
            return add_at(
                site.at(place),
                [("the answer", saved.row)],
                by=by,
                reason=SAMPLE_REASON if is_sample else "",
                review=review,
                check=None if is_sample else check,
            )

    def name(self, place: Place, rows: Sequence[tuple[str, dict[str, Any]]], by: str) -> AddedBatch:
        """Keep names of turns as one batch; of two people who name a voice the later one counts.

        Raises:
            CorrectionsRefused, ConfigurationError, StorageError: as of `add_corrections`.
        """
        site = self.site(place.partition.corpus)
        with site.writing:
            return add_at(site.at(place), rows, by=by)

    def settle_decision(self, corpus: str, identifiers: Sequence[str], by: str) -> int:
        """Keep that corrections hold against those that differ; gives how many.

        Raises:
            ConfigurationError, StorageError: as of `settle_corrections`.
        """
        site = self.site(corpus)
        with site.writing:
            return settle_corrections(
                self._tables.out, identifiers, by=by, corpus=corpus, log=self.log
            )

    def undo(self, corpus: str, identifiers: Sequence[str], by: str) -> UndoneBatch:
        """Undo corrections, or undos.

        Raises:
            ConfigurationError: nothing has such an identifier.
            StorageError: the storage is in trouble.
        """
        site = self.site(corpus)
        with site.writing:
            return undo_at(site, identifiers, by=by)


def latest_at(batches: Sequence[CorrectionBatch], correction: Correction) -> Said | None:
    """The latest correction that counts of what another one speaks of."""
    wanted = (correction.place, correction.aspect)
    said = [
        each
        for each in said_in(batches)
        if not each.undone and (each.correction.place, each.correction.aspect) == wanted
    ]
    return said[-1] if said else None


def flags_against(
    batches: Sequence[CorrectionBatch], place: tuple[object, ...], kind: str, flag: str
) -> list[str]:
    """Identifiers of what counts and says the opposite of a flag: to lift one that a person set is
    to undo that, and the other way round.
    """
    return [
        said.correction.correction_id
        for said in said_in(batches)
        if not said.undone
        and said.correction.kind in FLAG_KINDS
        and said.correction.kind != kind
        and (said.correction.place, said.correction.new_value) == (place, flag)
    ]


def values_said(batches: Sequence[CorrectionBatch]) -> list[tuple[str, Said]]:
    """Corrections of values that count, the earliest first, by the key of recording and answer."""
    return [
        (f"{said.correction.recording_id} {key_of(said.correction.place[1:])}", said)
        for said in said_in(batches)
        if not said.undone and said.correction.aspect == "value"
    ]


ITEM_TABLES: tuple[str, ...] = tuple(
    dict.fromkeys(("recordings", "segments", *ANSWER_TABLES, CORRECTIONS.name, *CORRECTED_TABLES))
)
"""The tables that items are read from, and those that the views of corrections need beside them."""
