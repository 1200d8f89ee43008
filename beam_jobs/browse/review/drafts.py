"""What a person has begun to write, kept on the server: a laptop may be closed at any time."""

from __future__ import annotations

import datetime

from af3core.errors import StorageError
from af3core.storage.store import Store, retry_on_conflict
from schemas import layout
from schemas.correction_records import Draft, Drafts
from schemas.identity import configuration_hash
from schemas.record_format import RecordError, stored_bytes

MOST_DRAFTS = 500
"""Of one person and recording; the oldest go first."""

DraftPlace = tuple[str, str, int, int, int | None]


def place_of_draft(draft: Draft) -> DraftPlace:
    """The answer in whose place it is written."""
    return (draft.source, draft.task_id, draft.start_ms, draft.end_ms, draft.channel)


def now_utc() -> str:
    """The time of this machine, as drafts have it."""
    return datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")


def read_drafts(store: Store, corpus: str, recording: str, person: str) -> tuple[Draft, ...]:
    """What a person has begun to write of a recording, the earliest first.

    Raises:
        StorageError: the object is damaged or of a newer release, or the storage is in trouble.
    """
    key = _key(corpus, recording, person)
    return _decoded(store, key, store.read(key))


def keep_draft(store: Store, corpus: str, recording: str, person: str, draft: Draft) -> None:
    """Keep a draft in the place of an earlier one of its answer.

    Raises:
        StorageError: as of `read_drafts`.
    """
    _change(store, corpus, recording, person, place_of_draft(draft), draft)


def drop_draft(store: Store, corpus: str, recording: str, person: str, place: DraftPlace) -> None:
    """Forget the draft of an answer, if there is one; without drafts there is no object.

    Raises:
        StorageError: as of `read_drafts`.
    """
    _change(store, corpus, recording, person, place, None)


def _change(
    store: Store,
    corpus: str,
    recording: str,
    person: str,
    place: DraftPlace,
    draft: Draft | None,
) -> None:
    """A person's windows may write at once: none undoes what it has not read."""
    key = _key(corpus, recording, person)

    def attempt() -> bool | None:
        [stamp] = store.stamps([key])
        held = _decoded(store, key, store.read(key) if stamp else None)
        left = tuple(each for each in held if place_of_draft(each) != place)
        kept = (*left, draft)[-MOST_DRAFTS:] if draft else left
        if kept == held:
            return True
        if not kept:
            return store.release(key, stamp) or None
        data = stored_bytes(Drafts(person, recording, kept))
        return True if store.replace(key, data, stamp) is not None else None

    retry_on_conflict(store.address(key), attempt)


def _key(corpus: str, recording: str, person: str) -> str:
    return layout.drafts_key(corpus, recording, configuration_hash(person))


def _decoded(store: Store, key: str, data: bytes | None) -> tuple[Draft, ...]:
    if data is None:
        return ()
    try:
        return Drafts.from_bytes(data).drafts
    except RecordError as error:
        remedy = "" if error.needed_release else "; remove the object"
        raise StorageError(f"{store.address(key)}: {error}{remedy}") from error
