"""Removals that are due: begun, gone on with where one was killed, ended with a certificate.

work written ──► search ──► what was found is added to the work ──► removed ──► searched again ─┐
                   ▲                                                                            │
                   └────────────── something is found ◄───────────────────────────────────────┤
                                     certificate ──► work gone ◄── nothing is found ────────────┘
"""

from __future__ import annotations

import dataclasses
import datetime
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from af3core.errors import StorageError
from af3core.storage.concurrency import map_concurrently
from af3core.storage.folder import FolderStore
from af3core.storage.store import Store
from beam_jobs.framework.withdrawn import address_hash
from beam_jobs.withdrawal.held_recordings import (
    HeldRecordings,
    held_recordings,
    identifiers_of,
)
from beam_jobs.withdrawal.pages_anew import make_pages
from beam_jobs.withdrawal.remaining_copies import models_trained_on, remains
from beam_jobs.withdrawal.removal import run_to_the_end
from beam_jobs.withdrawal.search_output import Found, export_of, prefix_of, search
from beam_jobs.withdrawal.tombstone_log import (
    Withdrawn,
    create,
    due,
    read_withdrawn,
    storage_time,
    time_text,
)
from beam_jobs.withdrawal.traces import Traces, name_of, traces_of
from schemas import layout
from schemas.identity import ID_LENGTH
from schemas.record_format import stored_bytes
from schemas.withdrawal_records import RemovalCertificate, RemovalWork, Tombstone

ROUNDS = 4
"""Searches that may find something: a night beside this writes until it sees the tombstone."""
_CLAIM = layout.claim_key("withdraw", "removal")
_REWRITTEN = ("table", "record")


@dataclass(frozen=True)
class _Removal:
    """A tombstone whose recording is being removed."""

    tombstone: Tombstone
    work: RemovalWork

    @property
    def key(self) -> str:
        return layout.removal_work_key(self.tombstone.corpus, self.tombstone.tombstone_id)


def due_now(store: Store) -> list[Withdrawn]:
    """What is to be removed now.

    Raises:
        StorageError: the storage is in trouble.
    """
    withdrawn = read_withdrawn(store)
    return due(withdrawn, storage_time(store)) if withdrawn else []


def remove_due(store: Store, out: str) -> list[RemovalCertificate]:
    """Remove all that is due; gives a certificate for each tombstone.

    Of two at once one removes, and the other finds it done.

    Args:
        out: address of the store.

    Raises:
        StorageError: the storage is in trouble, or something is found after all rounds; another
            call goes on.
    """
    if not due_now(store):
        return []
    with store.claim(_CLAIM):
        waiting = due_now(store)
        ended = [each for each in waiting if each.certificate]
        begun = [each for each in waiting if not each.certificate]
        removals, made = _remove_all(store, begun) if begun else ([], [])
        # ended too are those that were killed between their certificate and the end
        works = [each.work for each in ended if each.work] + [each.work for each in removals]
        pages = {key for work in works for key, deed in work.found.items() if deed == "page"}
        make_pages(store, out, sorted(pages))
        tombstones = [each.tombstone for each in ended] + [each.tombstone for each in removals]
        for tombstone in tombstones:
            store.delete(layout.removal_work_key(tombstone.corpus, tombstone.tombstone_id))
        return [*(each.certificate for each in ended if each.certificate), *made]


def _remove_all(
    store: Store, waiting: Sequence[Withdrawn]
) -> tuple[list[_Removal], list[RemovalCertificate]]:
    held = held_recordings(store)
    removals = [_begun(store, each, held) for each in waiting]
    ids = {name for each in removals for name in each.work.recording_ids}
    traces = traces_of([each.work for each in removals], held.other_names(ids))

    def look() -> Found:
        return _look(store, removals, traces)

    found = run_to_the_end(look, store, traces, ROUNDS)
    foreign = [key for key, deed in found.objects.items() if deed == "foreign"]
    strange = [key for key in foreign if store.address(key) not in traces.addresses]
    if strange:
        raise StorageError(
            f"{store.address(strange[0])}: names what is withdrawn, and is not of af3"
            + (f", as are {len(strange) - 1} more" if len(strange) > 1 else "")
            + "; remove it or move it away, and run it again"
        )
    return removals, [_certified(store, each, found.searched, len(foreign)) for each in removals]


def _look(store: Store, removals: list[_Removal], traces: Traces) -> Found:
    """Search, and write down what was found before anything is removed."""
    tokens = frozenset(token for each in removals for token in each.work.index_tokens)
    found = search(store, traces, tokens)
    is_first = any(not each.work.found for each in removals)
    if is_first or any(deed == "table" for deed in found.objects.values()):
        # what was indexed until the tables hold it no more may hold it too
        tokens |= found.index_tokens
        indexed = _index_files(store, found.index_tokens)
        found.objects |= dict.fromkeys(indexed, "index")
    for number, each in enumerate(removals):
        known = each.work.found | {key: str(deed) for key, deed in found.objects.items()}
        work = dataclasses.replace(each.work, found=known, index_tokens=tuple(sorted(tokens)))
        if work != each.work:
            store.write(each.key, stored_bytes(work))
            removals[number] = dataclasses.replace(each, work=work)
    return found


def _index_files(store: Store, tokens: Iterable[str]) -> list[str]:
    """The files of states of the index."""
    return [
        key for keys in store.walk([layout.index_prefix(t) for t in sorted(tokens)]) for key in keys
    ]


def _begun(store: Store, withdrawn: Withdrawn, held: HeldRecordings) -> _Removal:
    """A removal with all that is known of its recording now, and what was known when it began."""
    tombstone, earlier = withdrawn.tombstone, withdrawn.work
    same = held.of_same_sound([tombstone.recording_id])
    work = earlier or RemovalWork(
        tombstone.tombstone_id, time_text(storage_time(store)), (), (), ()
    )
    hashes = (tombstone.recording_id, tombstone.content_sha256, tombstone.sound_sha256)
    work = dataclasses.replace(
        work,
        recording_ids=_united(
            work.recording_ids, [tombstone.recording_id, *(each.recording_id for each in same)]
        ),
        identifiers=_united(
            work.identifiers,
            [*identifiers_of(store, same), *(each[:ID_LENGTH] for each in hashes if each)],
        ),
        addresses=_united(work.addresses, [a for each in same for a in each.addresses]),
        dates=_united(work.dates, [date for each in same for date in each.dates]),
    )
    removal = _Removal(tombstone, work)
    if work != earlier:
        store.write(removal.key, stored_bytes(work))
    return removal


def _united(known: Iterable[str], more: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted({*known, *more}))


def _certified(store: Store, removal: _Removal, searched: int, foreign: int) -> RemovalCertificate:
    tombstone, work = removal.tombstone, removal.work
    counts: dict[bool, Counter[str]] = {False: Counter(), True: Counter()}
    there = dict(zip(work.found, store.exists(list(work.found)), strict=True))
    exports = sorted({export_of(k) for k, deed in work.found.items() if deed == "export"})
    for key, deed in work.found.items():
        if deed != "foreign":
            counts[deed in _REWRITTEN and there[key]][prefix_of(key)] += 1
    now = storage_time(store)
    made = RemovalCertificate(
        tombstone_id=tombstone.tombstone_id,
        corpus=tombstone.corpus,
        recording_id=tombstone.recording_id,
        content_sha256=tombstone.content_sha256,
        sound_sha256=tombstone.sound_sha256,
        began_at=work.began_at,
        removed_at=time_text(now),
        removed=dict(sorted(counts[False].items())),
        rewritten=dict(sorted(counts[True].items())),
        exports=tuple(store.address(folder) for folder in exports),
        models=models_trained_on(store, tombstone.content_sha256),
        searched=searched,
        remains=remains(store, now, foreign),
        name_hashes=tuple(sorted({address_hash(name_of(each)) for each in work.addresses})),
    )
    create(store, layout.certificate_key(tombstone.corpus, tombstone.tombstone_id), made)
    return made


def remove_what_came_late(store: Store) -> int:
    """Remove objects about recordings whose removal has ended, which a job wrote that had begun
    before; gives how many. A few listings for each recording.

    Raises:
        StorageError: the storage is in trouble.
    """
    late: list[str] = []
    for each in read_withdrawn(store):
        if each.certificate and not each.work:
            recording = each.tombstone.recording_id
            stages = [f.split("/")[-2] for f in store.folders("ledger/derived/")]
            prefixes = [
                f"clips/{recording}/",
                layout.segmented_prefix(recording),
                layout.annotated_prefix(recording),
                *(layout.derived_prefix(stage, recording) for stage in stages),
            ]
            late += [key for keys in store.walk(prefixes) for key in keys]
    map_concurrently(store.delete, late)
    if isinstance(store, FolderStore):
        store.remove_empty_folders(late)
    return len(late)


def certificate_lines(made: RemovalCertificate) -> list[str]:
    """A certificate for people. Pure."""
    lines = [f"removed {made.recording_id} of corpus {made.corpus} at {_short(made.removed_at)}"]
    for what, counts in (("removed", made.removed), ("rewritten", made.rewritten)):
        lines += [f"  {what} {count} in {prefix}" for prefix, count in counts.items()]
    lines += [f"  export removed: {export}; export its days anew" for export in made.exports]
    lines += [f"  trained on it: {model}" for model in made.models]
    lines.append(f"  searched {made.searched} objects: nothing of it is left there")
    lines += [f"  may remain: {each}" for each in made.remains]
    return lines


def _short(text: str) -> str:
    return datetime.datetime.fromisoformat(text).strftime("%Y-%m-%d %H:%M:%S UTC")
