"""What is withdrawn: records that are created once and never replaced, with hashes and no names."""

from __future__ import annotations

from dataclasses import dataclass, field

from schemas.record_format import Record


@dataclass(frozen=True)
class Tombstone(Record):
    """That a recording is withdrawn; from when it stands, everything of ours passes the recording
    over, and no run brings it back.

    Attributes:
        tombstone_id: also its object's name.
        corpus: whose recording it is.
        recording_id, content_sha256: of the recording's bytes.
        sound_sha256: of its sound, by which copies in other containers are known; empty where it
            was not read.
        object_hashes: SHA-256 of each object's address, as UTF-8: known before anything is read.
        withdrawn_at: when, UTC, by the clock of the storage.
        until: ISO 8601 date, UTC, on which it is no longer withdrawn; empty: for good.
        legal_hold: bytes are kept, and hidden.
        remove_after: when what is held of it may be removed, UTC; until then it can be restored.
            Empty where nothing is removed: with `until` or `legal_hold`.
    """

    tombstone_id: str
    corpus: str
    recording_id: str
    content_sha256: str
    sound_sha256: str
    object_hashes: tuple[str, ...]
    withdrawn_at: str
    until: str = ""
    legal_hold: bool = False
    remove_after: str = ""


@dataclass(frozen=True)
class Restoration(Record):
    """That a tombstone no longer counts. Its object's name is the tombstone's own."""

    tombstone_id: str
    restored_at: str


@dataclass(frozen=True)
class WithdrawalRequest(Record):
    """Who withdrew a recording and why; a person's words, kept apart from the tombstone.

    Its object's name is the tombstone's own.
    """

    tombstone_id: str
    requested_by: str
    reason: str
    requested_at: str


@dataclass(frozen=True)
class RemovalWork(Record):
    """What a removal that has begun looks for, and what it found: gone at its end.

    It holds addresses, so that a removal that was killed goes on, also where nothing else names
    them any more.

    Attributes:
        tombstone_id: also its object's name.
        began_at: UTC, by the clock of the storage.
        recording_ids: of the recording and of all of the same sound.
        identifiers: 24 hexadecimal digits each: of recordings, contents, sounds, clips, segments.
        addresses: of its objects.
        dates: archive days that held it.
        index_tokens: of index states that were built while tables held it.
        found: by key of an object what was to be done with it.
    """

    tombstone_id: str
    began_at: str
    recording_ids: tuple[str, ...]
    identifiers: tuple[str, ...]
    addresses: tuple[str, ...]
    dates: tuple[str, ...] = ()
    index_tokens: tuple[str, ...] = ()
    found: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class RemovalCertificate(Record):
    """What was removed of a withdrawn recording; written when a search found nothing more.

    Attributes:
        tombstone_id: also its object's name.
        recording_id, content_sha256, sound_sha256: as the tombstone has them.
        began_at, removed_at: UTC, by the clock of the storage.
        removed, rewritten: objects that went, or that hold the rest as before, by their prefix.
        exports: addresses of exports below the output that held it, which were removed.
        models: addresses of records of models that were trained on it.
        searched: how many objects the last search looked through.
        remains: what may still hold it, why, and until when.
        name_hashes: SHA-256 of its file names, by which a call that is repeated finds it done.
    """

    tombstone_id: str
    corpus: str
    recording_id: str
    content_sha256: str
    sound_sha256: str
    began_at: str
    removed_at: str
    removed: dict[str, int]
    rewritten: dict[str, int]
    exports: tuple[str, ...]
    models: tuple[str, ...]
    searched: int
    remains: tuple[str, ...]
    name_hashes: tuple[str, ...] = ()
