"""What a day was planned and published with before: absence is told against it.

manifests' stamps ──► the day's manifest, or else its published rows ──► EarlierDay
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from af3core.storage.store import Store
from beam_jobs.framework.ledger import Ledger
from beam_jobs.framework.publishing import published_shards
from beam_jobs.framework.table_snapshot import partition_rows
from schemas import layout
from schemas.records import MediaInfo, MovedRecording, NightManifest, Recording

_RECORDINGS = "recordings"


@dataclass(frozen=True)
class PlanState:
    """The state of a corpus before the archive is listed.

    Attributes:
        stamps: of every manifest, by day.
        shards: how many objects a day without a manifest is published in.
    """

    stamps: Mapping[str, str]
    shards: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class EarlierDay:
    """A day as it was planned before, or published where its manifest is gone.

    Attributes:
        stamp: of its manifest, read before the archive was listed; None where there is none.
        recordings: what a listing is held against: planned, or withdrawn and still published.
        shards: how many objects its tables have; None where there are none.
        arrived: recordings from other days that are not published here yet.
    """

    date: str
    stamp: str | None
    manifest: NightManifest | None
    recordings: tuple[Recording, ...]
    shards: int | None
    arrived: tuple[MovedRecording, ...] = ()


def plan_state(store: Store, corpus: str, since: str, until: str) -> PlanState:
    """Which days have a plan, in which state; which of the interval are published without one."""
    found = store.states([layout.manifest_prefix(corpus)])
    stamps = {layout.date_of_manifest(key): stamp for key, stamp in found.items()}
    if since == until and since in stamps:
        return PlanState(stamps)
    prefix = layout.partitions_prefix(_RECORDINGS, corpus)
    if since == until:
        prefix = layout.partition_prefix(_RECORDINGS, corpus, since)
    shards: dict[str, int] = {}
    for key in next(store.walk([prefix])):
        day, count = layout.date_of_shard(key), layout.shard_count_of(key)
        if day not in stamps and count and since <= day <= until:
            shards[day] = max(count, shards.get(day, 0))
    return PlanState(stamps, shards)


def had_recordings(state: PlanState, corpus: str, ledger: Ledger) -> bool:
    """Whether any day of the corpus had recordings; the latest are looked at first."""
    known = (ledger.manifest(corpus, day) for day in sorted(state.stamps, reverse=True))
    return bool(state.shards) or any(found is not None and found.recordings for found in known)


def earlier_day(ledger: Ledger, corpus: str, day: str, state: PlanState) -> EarlierDay:
    """One day as it was before."""
    stamp = state.stamps.get(day)
    manifest = ledger.earlier_manifest(corpus, day) if stamp else None
    if manifest is None:  # gone, or damaged
        shards = published_shards(ledger.store, corpus, day)
        rows = published_recordings(ledger.store, corpus, day) if shards else []
        return EarlierDay(day, stamp, None, tuple(rows), shards)
    rows = []
    if manifest.withdrawn or manifest.arrived:
        rows = published_recordings(ledger.store, corpus, day)
    planned = {r.recording_id for r in manifest.recordings}
    withdrawn = {w.recording_id for w in manifest.withdrawn} - planned
    published = {row.recording_id for row in rows}
    return EarlierDay(
        date=day,
        stamp=stamp,
        manifest=manifest,
        recordings=(
            *manifest.recordings,
            *(row for row in rows if row.recording_id in withdrawn),
        ),
        shards=manifest.shards,
        arrived=tuple(a for a in manifest.arrived if a.recording_id not in published),
    )


def published_recordings(store: Store, corpus: str, day: str) -> list[Recording]:
    """The recordings of a day as the tables have them."""
    return [
        Recording(
            recording_id=row["recording_id"],
            content_sha256=row["content_sha256"],
            uri=row["object_uri"],
            duplicate_uris=tuple(row["duplicate_uris"] or ()),
            corpus=corpus,
            date=day,
            size_bytes=row["size_bytes"],
            modified_at=row["modified_at"].isoformat(timespec="milliseconds"),
            media=MediaInfo(
                container=row["container"],
                codec=row["codec"],
                sample_rate_hz=row["sample_rate_hz"],
                channels=row["channels"],
                declared_duration_ms=row["declared_duration_ms"],
            ),
        )
        for row in partition_rows(store, _RECORDINGS, corpus, day)
    ]
