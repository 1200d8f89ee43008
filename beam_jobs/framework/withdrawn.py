"""What is withdrawn from a store, as every job, view, search and page asks it.

withdrawn/corpus=C/… ──► tombstones without those restored or past their day ──► Withdrawals

A tombstone is of a corpus. It covers the recording of that name or content, every recording of that
corpus with its sound, and the objects whose addresses it knows the hashes of. What cannot be read
is an error: nobody takes a tombstone that is damaged for none.
"""

from __future__ import annotations

import datetime
import hashlib
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from af3core.errors import Af3Error, StorageError
from af3core.storage.address import is_bucket
from af3core.storage.store import Store
from schemas import layout
from schemas.identity import configuration_hash
from schemas.record_format import RecordError
from schemas.records import Recording
from schemas.withdrawal_records import Restoration, Tombstone

HELD_S = 5.0
"""How long a bucket's listing is taken for the truth of now; a folder is listed each time."""

WITHDRAWN = "withdrawn"
"""Why an object of the archive is passed over."""

Named = frozenset[tuple[str, str]]
"""Corpora with what is withdrawn from them."""


@dataclass(frozen=True)
class Withdrawals:
    """What is withdrawn now. Pure.

    Attributes:
        recordings: their identifiers.
        contents, sounds: SHA-256 of bytes and of sound.
        objects: SHA-256 of addresses.
        identity: other where something else is withdrawn; empty where nothing is.
    """

    recordings: Named = frozenset()
    contents: Named = frozenset()
    sounds: Named = frozenset()
    objects: Named = frozenset()
    identity: str = ""

    def __bool__(self) -> bool:
        return bool(self.identity)

    @property
    def corpora(self) -> list[str]:
        """From which something is withdrawn, in order."""
        return sorted({corpus for corpus, _ in self.recordings})

    def covers(self, corpus: str, recording_id: str) -> bool:
        """Whether a recording is withdrawn from a corpus, by its identifier."""
        return (corpus, recording_id) in self.recordings

    def covers_content(self, corpus: str, content_sha256: str, sound_sha256: str = "") -> bool:
        """The like, by the hash of its bytes or of its sound."""
        return (corpus, content_sha256) in self.contents or (corpus, sound_sha256) in self.sounds

    def covers_recording(self, recording: Recording) -> bool:
        """The like, by all that is known of it."""
        corpus = recording.corpus
        return self.covers(corpus, recording.recording_id) or self.covers_content(
            corpus, recording.content_sha256, recording.sound_sha256
        )

    def covers_object(self, corpus: str, address: str) -> bool:
        """Whether an object at an address is passed over, whatever it holds."""
        return bool(self.objects) and (corpus, address_hash(address)) in self.objects

    def recordings_of(self, corpus: str) -> list[str]:
        """The identifiers of what is withdrawn from a corpus, in order."""
        return sorted(name for of, name in self.recordings if of == corpus)


NOTHING = Withdrawals()


def address_hash(address: str) -> str:
    """By which a tombstone knows an object."""
    return hashlib.sha256(address.encode("utf-8", "surrogateescape")).hexdigest()


def state_hash(address: str, size_bytes: int) -> str:
    """By which a plan knows an object that was refused as it is: changed, it is looked at again."""
    return configuration_hash([address_hash(address), size_bytes])


class WithdrawnContent(Af3Error):
    """An object that holds what is withdrawn; nothing of it is kept."""

    permanent = True


@dataclass(frozen=True)
class _Read:
    """What was read of a store.

    Attributes:
        listed_s: when, by the clock that no one sets.
        states: of the objects.
        tombstones: those that are not restored.
    """

    listed_s: float
    states: Mapping[str, str]
    tombstones: tuple[Tombstone, ...]


_last_read: dict[str, _Read] = {}
"""By the address of the store."""


def withdrawals(store: Store) -> Withdrawals:
    """What is withdrawn now. One listing; of a bucket at most every `HELD_S`, if this process
    wrote nothing of it (`forget_held`).

    Raises:
        StorageError: the storage is in trouble, or a tombstone is damaged or of a newer release.
    """
    address = store.address(layout.WITHDRAWN_PREFIX)
    held = _last_read.get(address)
    if held is None or not is_bucket(address) or time.monotonic() - held.listed_s > HELD_S:
        held = _read(store, held)
        _last_read[address] = held
    return in_force(held.tombstones, datetime.datetime.now(datetime.UTC).date())


def forget_held(store: Store) -> None:
    """See that the next who asks in this process lists anew: something was written."""
    _last_read.pop(store.address(layout.WITHDRAWN_PREFIX), None)


def standing_tombstones(store: Store) -> tuple[Tombstone, ...]:
    """All tombstones that are not restored, of now, those past their day among them.

    Raises:
        StorageError: as `withdrawals`.
    """
    return _read(store, None).tombstones


def in_force(tombstones: Iterable[Tombstone], today: datetime.date) -> Withdrawals:
    """What tombstones withdraw on a day, UTC. Pure."""
    counting = [t for t in tombstones if not t.until or today.isoformat() < t.until]
    if not counting:
        return NOTHING
    return Withdrawals(
        recordings=frozenset((t.corpus, t.recording_id) for t in counting),
        contents=frozenset((t.corpus, t.content_sha256) for t in counting if t.content_sha256),
        sounds=frozenset((t.corpus, t.sound_sha256) for t in counting if t.sound_sha256),
        objects=frozenset((t.corpus, each) for t in counting for each in t.object_hashes),
        identity=configuration_hash(sorted((t.corpus, t.tombstone_id) for t in counting)),
    )


def _read(store: Store, earlier: _Read | None) -> _Read:
    """The tombstones of now; where the listing is that of before, none is opened."""
    listed_s = time.monotonic()
    states = store.states([layout.WITHDRAWN_PREFIX])
    if earlier is not None and earlier.states == states:
        return replace(earlier, listed_s=listed_s)
    places = {key: place for key in states if (place := layout.withdrawal_of(key))}
    tombstones, restored = [], set()
    for key, data in zip(places, store.read_many(list(places)), strict=True):
        place = places[key]
        try:
            if place.is_restoration:
                Restoration.from_bytes(data or b"")
                restored.add((place.corpus, place.tombstone))
                continue
            tombstone = Tombstone.from_bytes(data or b"")
        except RecordError as error:
            remedy = "" if error.needed_release else "; bring the object back from a backup"
            raise StorageError(f"{store.address(key)}: {error}{remedy}") from error
        if (tombstone.corpus, tombstone.tombstone_id) != (place.corpus, place.tombstone):
            raise StorageError(
                f"{store.address(key)}: is the tombstone of another name; put it in its own place"
            )
        tombstones.append(tombstone)
    standing = [t for t in tombstones if (t.corpus, t.tombstone_id) not in restored]
    return _Read(listed_s, states, tuple(standing))
