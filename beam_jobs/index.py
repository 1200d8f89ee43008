"""The search index over what the tables say: full text, and the meaning of texts and sounds.

tables ──► texts embedded (ledger, tables/text_embeddings) ──► documents ──► indexes/search

Only days that changed since they were indexed are read. Deleting `indexes/` and indexing again
loses nothing, and embeds nothing twice.
"""

from __future__ import annotations

import dataclasses
import secrets
from collections.abc import Sequence

from af3core.embedding.text import text_model_revision
from af3core.storage.address import open_store
from af3core.storage.store import Store
from beam_jobs.derived import NothingPublished, derive
from beam_jobs.job import Job, Outcome, job_main
from beam_jobs.search.documents import Partition
from beam_jobs.search.index_state import (
    FORMAT,
    IndexState,
    behind,
    partition_of,
    published,
    read_state,
)
from beam_jobs.search.text_vectors import TEXTS
from beam_jobs.search.updating import update_index
from beam_jobs.settings import NightSettings
from schemas import layout


def run(settings: NightSettings, beam_arguments: Sequence[str] = ()) -> Outcome:
    """Bring the corpus's days of the interval up to date in the index.

    Raises:
        NothingPublished: there are no tables of the interval.
        SearchError: the index is damaged.
    """
    store = open_store(settings.out)
    model = "" if settings.deriving.words_only else _text_model(settings)
    tables = _of_interval(published(store, settings.corpus), settings)
    if not tables and not _indexed(store, settings):
        raise NothingPublished(
            f"{settings.out}: no tables of corpus {settings.corpus} from {settings.since} to"
            f" {settings.until}; run af3 annotate first, or check --corpus and the dates"
        )
    todo = _todo(read_state(store), tables, settings, model)
    embedded = _embed(todo, tables, settings, beam_arguments) if model else 0
    # a text that was embedded just now changed the tables; two runs take turns
    with store.claim(layout.claim_key("index", "search")):
        state = read_state(store) or IndexState(FORMAT, secrets.token_hex(6))
        tables = _of_interval(published(store, settings.corpus), settings)
        todo = _todo(state, tables, settings, model)
        if todo:
            state = update_index(settings.out, store, state, todo, tables)
    return _outcome(state, settings, len(todo), embedded, model)


def _text_model(settings: NightSettings) -> str:
    return text_model_revision(settings.deriving.text_model)


def _of_interval(tables: dict[Partition, str], settings: NightSettings) -> dict[Partition, str]:
    return {p: stamp for p, stamp in tables.items() if settings.since <= p.date <= settings.until}


def _indexed(store: Store, settings: NightSettings) -> list[Partition]:
    """What the index holds of the interval."""
    state = read_state(store)
    return _held(state, settings) if state else []


def _held(state: IndexState, settings: NightSettings) -> list[Partition]:
    held = map(partition_of, state.partitions)
    return sorted(
        p
        for p in held
        if p.corpus == settings.corpus and settings.since <= p.date <= settings.until
    )


def _todo(
    state: IndexState | None, tables: dict[Partition, str], settings: NightSettings, model: str
) -> list[Partition]:
    """Days that changed, went or came, and days whose texts have no meaning by the model yet."""
    if state is None:
        return sorted(tables)
    held = _held(state, settings)
    names = {partition.name for partition in held}
    shown = {name: entry for name, entry in state.partitions.items() if name in names}
    changed = behind(dataclasses.replace(state, partitions=shown), tables)
    without = [
        p for p in held if model and shown[p.name].meant.get(model, 0) < shown[p.name].documents
    ]
    return sorted({*changed, *without})


def _embed(
    todo: list[Partition],
    tables: dict[Partition, str],
    settings: NightSettings,
    beam_arguments: Sequence[str],
) -> int:
    """Embed the texts of changed days; gives how many days' texts that were."""
    days = [partition.date for partition in todo if partition in tables]
    if not days:
        return 0
    interval = dataclasses.replace(settings, since=min(days), until=max(days))
    facts = derive(TEXTS, interval, beam_arguments).facts
    return int(facts["made_now"])


def _outcome(
    state: IndexState, settings: NightSettings, changed: int, embedded: int, model: str
) -> Outcome:
    entries = [state.partitions[partition.name] for partition in _held(state, settings)]
    documents = sum(entry.documents for entry in entries)
    meant = sum(entry.meant.get(model, 0) for entry in entries) if model else 0
    facts = {
        "days": len(entries),
        "days_changed": changed,
        "documents": documents,
        "recordings_embedded": embedded,
        "documents_without_meaning": documents - meant,
    }
    lines = [f"indexed: {documents} places of {len(entries)} days, {changed} days changed"]
    if documents > meant:
        why = "asked for by --words-only" if not model else "see the failures of stage texts"
        lines.append(f"without meaning: {documents - meant} places ({why})")
    return Outcome(facts, lines)


JOB = Job("index", "bring the search index up to date with the tables", run)


def main(arguments: list[str] | None = None) -> int:
    """`python -m beam_jobs.index`."""
    return job_main(JOB, arguments)


if __name__ == "__main__":
    # by its real name, so that workers find the functions
    from beam_jobs.index import main as named

    raise SystemExit(named())
