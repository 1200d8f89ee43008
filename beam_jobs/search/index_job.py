"""The search index over what the tables say: full text, and the meaning of texts and sounds.

tables ──► texts embedded (ledger, tables/text_embeddings) ──► documents ──► indexes/search

Only days that changed since they were indexed are read. Deleting `indexes/` and indexing again
loses nothing, and embeds nothing twice.
"""

from __future__ import annotations

import dataclasses
import secrets
from collections.abc import Mapping, Sequence

from af3core.embedding.text import text_model_revision
from af3core.storage.store import Store, retry_on_conflict
from beam_jobs.framework.derivation import NothingPublished, derive
from beam_jobs.framework.job import Outcome
from beam_jobs.framework.settings import JobSettings
from beam_jobs.output.next_command import af3
from beam_jobs.search.corrected_days import corrections_of_days
from beam_jobs.search.documents import Partition
from beam_jobs.search.index_builder import update_index
from beam_jobs.search.index_state import (
    FORMAT,
    IndexState,
    partition_of,
    partition_stamps,
    read_state,
    stale_partitions,
    state_stamp,
)
from beam_jobs.search.text_vectors import TEXTS
from schemas import layout
from schemas.options.derive import Index, TextModel


def run(settings: JobSettings, beam_arguments: Sequence[str] = ()) -> Outcome:
    """Bring the corpus's days of the interval up to date in the index.

    Raises:
        NothingPublished: there are no tables of the interval.
        SearchError: the index is damaged.
    """
    store = settings.store
    model = "" if settings[Index].words_only else _text_model(settings)
    tables = _of_interval(partition_stamps(store, settings.corpus), settings)
    if not tables and not _indexed_partitions(store, settings):
        raise NothingPublished(
            f"{settings.out}: no tables of corpus {settings.corpus} from {settings.since} to"
            f" {settings.until}; run {af3('annotate', 'SOURCE')} first, or check --corpus and the"
            " dates"
        )
    corrections = corrections_of_days(settings.out, store, settings.corpus)
    todo = _todo(read_state(store), tables, corrections, settings, model)
    embedding = _embed(todo, tables, settings, beam_arguments) if model else Outcome({})
    # a text that was embedded just now changed the tables; two runs take turns
    with store.claim(layout.claim_key("index", "search")):
        state, changed = retry_on_conflict(
            store.address(layout.INDEX_STATE_KEY), lambda: _update(settings, model)
        )
    return _outcome(state, settings, changed, embedding, model)


def _update(settings: JobSettings, model: str) -> tuple[IndexState, int] | None:
    """The index up to date, and how many days of it changed; None where another run was first."""
    store, stamp = settings.store, state_stamp(settings.store)
    state = read_state(store) or IndexState(FORMAT, secrets.token_hex(6))
    corrections = corrections_of_days(settings.out, store, settings.corpus)
    tables = _of_interval(partition_stamps(store, settings.corpus), settings)
    todo = _todo(state, tables, corrections, settings, model)
    if not todo:
        return state, 0
    updated = update_index(settings.out, store, state, todo, tables, stamp, corrections)
    return (updated, len(todo)) if updated else None


def _text_model(settings: JobSettings) -> str:
    return text_model_revision(settings[TextModel].text_model)


def _of_interval(tables: dict[Partition, str], settings: JobSettings) -> dict[Partition, str]:
    return {p: stamp for p, stamp in tables.items() if settings.since <= p.date <= settings.until}


def _indexed_partitions(store: Store, settings: JobSettings) -> list[Partition]:
    """What the index holds of the interval."""
    state = read_state(store)
    return _partitions_held(state, settings) if state else []


def _partitions_held(state: IndexState, settings: JobSettings) -> list[Partition]:
    held = map(partition_of, state.partitions)
    return sorted(
        p
        for p in held
        if p.corpus == settings.corpus and settings.since <= p.date <= settings.until
    )


def _todo(
    state: IndexState | None,
    tables: dict[Partition, str],
    corrections: Mapping[Partition, str],
    settings: JobSettings,
    model: str,
) -> list[Partition]:
    """Days that changed, went or came, days whose recordings have other corrections, and days whose
    texts have no meaning by the model yet.
    """
    if state is None:
        return sorted(tables)
    held = _partitions_held(state, settings)
    names = {partition.name for partition in held}
    shown = {name: entry for name, entry in state.partitions.items() if name in names}
    changed = stale_partitions(dataclasses.replace(state, partitions=shown), tables)
    without = [
        p for p in held if model and shown[p.name].meant.get(model, 0) < shown[p.name].documents
    ]
    corrected = [p for p in held if shown[p.name].corrections != corrections.get(p, "")]
    return sorted({*changed, *corrected, *without})


def _embed(
    todo: list[Partition],
    tables: dict[Partition, str],
    settings: JobSettings,
    beam_arguments: Sequence[str],
) -> Outcome:
    """Embed the texts of changed days."""
    days = [partition.date for partition in todo if partition in tables]
    if not days:
        return Outcome({})
    interval = dataclasses.replace(settings, since=min(days), until=max(days))
    return derive(TEXTS, interval, beam_arguments)


def _outcome(
    state: IndexState, settings: JobSettings, changed: int, embedding: Outcome, model: str
) -> Outcome:
    entries = [state.partitions[partition.name] for partition in _partitions_held(state, settings)]
    documents = sum(entry.documents for entry in entries)
    meant = sum(entry.meant.get(model, 0) for entry in entries) if model else 0
    facts = {
        "days": len(entries),
        "days_changed": changed,
        "documents": documents,
        "recordings_embedded": embedding.facts.get("made_now", 0),
        "documents_without_meaning": documents - meant,
    }
    lines = [f"indexed: {documents} places of {len(entries)} days, {changed} days changed"]
    if documents > meant:
        why = "asked for by --words-only" if not model else "see the failures of stage texts"
        lines.append(f"without meaning: {documents - meant} places ({why})")
    return Outcome(facts, lines, embedding.waiting)
