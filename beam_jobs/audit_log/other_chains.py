"""What a chain's first object vouches for: the newest objects of the other chains."""

from __future__ import annotations

import datetime
import hashlib

from af3core.storage.store import Store
from schemas import layout

_DAYS = 2
_MOST = 256
"""Chains that are looked at, the newest first: each costs a small object's reading."""


def newest_of_others(store: Store, process: str) -> dict[str, str]:
    """By key the hash of the newest object of each other chain of the last two days.

    Raises:
        StorageError: the storage is in trouble.
    """
    today = datetime.datetime.now(datetime.UTC).date()
    newest: dict[str, tuple[int, str]] = {}
    for ago in range(_DAYS):
        day = (today - datetime.timedelta(days=ago)).isoformat()
        for key in store.children(layout.audit_log_prefix(day)):
            place = layout.audit_log_place(key)
            if place and place[1] != process:
                newest[place[1]] = max(newest.get(place[1], (0, "")), (place[2], key))
    chosen = sorted(newest, reverse=True)[:_MOST]
    keys = [newest[chain][1] for chain in chosen]
    held = store.read_many(keys)
    return {
        key: hashlib.sha256(data).hexdigest()
        for key, data in zip(keys, held, strict=True)
        if data is not None
    }
