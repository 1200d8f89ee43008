"""Exports and states of the index that stay: they are named by no table, but by what they are."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from typing import NamedTuple

from af3core.storage.folder import FolderStore
from af3core.storage.store import Store
from beam_jobs.clean.inventory import Name, Owner
from beam_jobs.framework.table_snapshot import Day
from beam_jobs.search.index_state import read_state
from beam_jobs.search.search_request import SearchError

_EXPORT = re.compile(r"exports/corpus=([^/]+)/from=([^,]+),until=([^/]+)/([^/]+)/")
_SHEET = "0 sheet"


class _Export(NamedTuple):
    corpus: str
    since: str
    until: str
    form: str
    is_old: bool
    is_whole: bool


def exports_that_stay(exports: Sequence[Owner], days: Collection[Day]) -> Iterator[Name]:
    """Names of the exports that are young, or hold a day that is planned or published and are not
    the beginning of a longer whole export. Pure.
    """
    known = {each.owner: _export_of(each) for each in exports}
    dates: dict[str, list[str]] = {}
    for corpus, date in days:
        dates.setdefault(corpus, []).append(date)
    for owner, export in known.items():
        has_day = any(export.since <= d <= export.until for d in dates.get(export.corpus, ()))
        is_replaced = any(_replaces(other, export) for other in known.values())
        if not export.is_old or (has_day and not is_replaced):
            yield Name("export", owner)


def index_states_that_stay(store: Store, states: Sequence[Owner]) -> Iterator[Name]:
    """Names of the index's files, and of those of the state before, which late readers fetch.

    Where nothing says which state is the index, all stay.
    """
    try:
        state = read_state(store)
    except SearchError:
        state = None
    if state is None:
        yield from (Name("index", each.owner) for each in states)
    elif isinstance(store, FolderStore):
        yield Name("index", state.token)
    else:
        files = (*state.files, *state.retired)
        yield from (Name("index", state.token, file) for file in files)


def _export_of(each: Owner) -> _Export:
    match = _EXPORT.fullmatch(each.owner)
    if match is None:
        raise ValueError(each.owner)
    corpus, since, until, form = match.groups()
    return _Export(corpus, since, until, form, each.is_old, each.first_part == _SHEET)


def _replaces(longer: _Export, export: _Export) -> bool:
    """Whether an export is the beginning of a longer one: the days of a corpus, grown since."""
    is_alike = longer[:2] == export[:2] and longer.form == export.form
    return is_alike and longer.until > export.until and longer.is_whole
