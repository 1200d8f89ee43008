"""Nothing there is not all done: a corpus or an interval that nobody planned is named as such.

A day that was planned and had no recordings is there: whatever is to be done with it is done.
"""

from __future__ import annotations

from collections.abc import Sequence

from af3core.errors import ConfigurationError
from af3core.near_names import did_you_mean
from af3core.storage.store import Store
from beam_jobs.framework.ledger import Ledger
from beam_jobs.framework.manifests import Nights, manifest_dates
from beam_jobs.framework.outputs import near_output
from beam_jobs.output.next_command import af3
from schemas import layout
from schemas.tables.derived_tables import ALL_TABLES

_NAMED_CORPORA = 20


def check_nights(store: Store, nights: Nights) -> None:
    """See that an interval of a corpus was planned or, where its plans are gone, published.

    One request where it was planned.

    Raises:
        ConfigurationError: it was not; names what there is.
    """
    if not manifest_dates(Ledger(store), nights) and not _is_published(store, nights):
        raise unknown_nights(store, nights)


def unknown_nights(store: Store, nights: Nights) -> ConfigurationError:
    """What is missing of an interval that was not planned: the output, the corpus, or its days."""
    out = store.address("").rstrip("/")
    corpora = known_corpora(store)
    if not corpora:
        return ConfigurationError(
            f"--out {out}: no night was planned there; {near_output(out)}name the folder that a"
            " night was planned in"
        )
    if nights.corpus not in corpora:
        return unknown_corpus(nights.corpus, out, corpora)
    keys = store.children(layout.manifest_prefix(nights.corpus))
    days = [layout.date_of_manifest(key) for key in keys]
    planned = f"; planned are {len(days)} days from {days[0]} to {days[-1]}" if days else ""
    return ConfigurationError(
        f"corpus {nights.corpus}: nothing is planned from {nights.since} to"
        f" {nights.until}{planned}; correct the days, or run {af3('plan')} over them first"
    )


def unknown_corpus(corpus: str, place: str, known: Sequence[str]) -> ConfigurationError:
    """That a corpus is none of a place's, with those that are."""
    more = ", …" if len(known) > _NAMED_CORPORA else ""
    return ConfigurationError(
        f"--corpus {corpus}: none of {place}; {did_you_mean(corpus, known)}there"
        f" {'is' if len(known) == 1 else 'are'} {', '.join(known[:_NAMED_CORPORA])}{more}"
    )


def known_corpora(store: Store) -> list[str]:
    """The corpora of an output: those that were planned, and those that have tables."""
    tables = (folder for table in store.folders("tables/") for folder in store.folders(table))
    return layout.corpora_of([*store.folders(layout.MANIFESTS_PREFIX), *tables])


def _is_published(store: Store, nights: Nights) -> bool:
    prefixes = [layout.partitions_prefix(table.name, nights.corpus) for table in ALL_TABLES]
    return any(
        nights.since <= layout.date_of_shard(key) <= nights.until
        for keys in store.walk(prefixes)
        for key in keys
        if layout.shard_count_of(key)
    )
