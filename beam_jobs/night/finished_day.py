"""Whether anything is to be done for a day: a day that is empty or finished costs its plan alone.

plan of the day ──► work identity ──► against what was published last ──► nothing to do, or go on
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from typing import Literal, NamedTuple

from af3core import __version__
from beam_jobs.framework.ledger import Ledger
from beam_jobs.framework.publishing import published_shards
from beam_jobs.framework.recorded_plan import plan_of, rows_identity
from beam_jobs.framework.settings import JobSettings
from beam_jobs.night.known_tasks import earlier_tasks
from beam_jobs.night.pending_questions import STAGE as ANNOTATE
from beam_jobs.night.planned_work import PlannedWork
from beam_jobs.night.recordings_to_cut import STAGE as SEGMENT
from beam_jobs.night.recordings_to_cut import work_key
from schemas import layout
from schemas.identity import configuration_hash
from schemas.records import FinishedDay, NightManifest
from schemas.reports import ListingFindings
from schemas.tables.night_tables import RUNS

NIGHT = "night"
"""The stage that publishes the tables of a day."""
NothingToDo = Literal["", "empty", "finished"]
"""Why nothing is to be done for a day; the empty text where something is."""


class PlannedDay(NamedTuple):
    """What a day is published of: the run that planned it, and the identity of the work."""

    run_id: str
    identity: str


PlannedWorks = Mapping[str, PlannedDay]
"""By date."""


def planned_works(
    found: Iterable[NightManifest], ledger: Ledger, settings: JobSettings
) -> dict[str, PlannedDay]:
    """What each day is published of; read before anything that rows follow from."""
    cut_again, asked_again = ledger.retries(SEGMENT), ledger.retries(ANNOTATE)
    common = [
        __version__,
        rows_identity(plan_of(settings)),
        settings.max_recording_s,
        sorted(earlier_tasks(ledger, settings)),
    ]
    works = {}
    for manifest in found:
        retries = [
            [cut_again.get(work_key(r, settings), 0), asked_again.get(r.recording_id, 0)]
            for r in manifest.recordings
        ]
        recordings = [asdict(recording) for recording in manifest.recordings]
        # each plan notes its own run
        failures = [asdict(failure) | {"run_id": ""} for failure in manifest.failures]
        work = [*common, manifest.shards, recordings, failures, retries]
        works[manifest.date] = PlannedDay(manifest.run_id, configuration_hash(work))
    return works


def nothing_to_do(
    manifest: NightManifest,
    findings: ListingFindings,
    work: PlannedWork,
    ledger: Ledger,
    settings: JobSettings,
) -> NothingToDo:
    """Whether all that comes after the plan of a day would leave everything as it is.

    It is empty where neither the archive nor the tables have anything of it; finished where its
    tables are, byte by byte, what was published of this very work, and nothing waits.
    """
    is_open = bool(
        work.to_cut_ms
        or work.to_ask_ms
        or manifest.withdrawn
        or manifest.arrived
        or findings.growing
        or findings.beyond_limits
        or any(failure.waits for failure in manifest.failures)
    )
    store, corpus, date = settings.store, settings.corpus, manifest.date
    if is_open or any(store.exists([layout.replacement_key(corpus, date, NIGHT)])):
        return ""
    held = ledger.finished(corpus, date)
    if held is None:
        is_empty = not manifest.recordings and not manifest.failures
        return "empty" if is_empty and published_shards(store, corpus, date) is None else ""
    return "finished" if _is_as_published(held, manifest, ledger, settings) else ""


def _is_as_published(
    held: FinishedDay, manifest: NightManifest, ledger: Ledger, settings: JobSettings
) -> bool:
    if held.waiting or not held.is_reported:
        return False
    if planned_works([manifest], ledger, settings)[manifest.date].identity != held.work:
        return False
    runs = layout.shard_key(RUNS.name, manifest.corpus, manifest.date, 0, 1)
    if not all(settings.store.exists([runs])):
        return False
    found = settings.store.read_many(list(held.objects))
    return all(
        data is not None and hashlib.sha256(data).hexdigest() == expected
        for data, expected in zip(found, held.objects.values(), strict=True)
    )
