"""What is withdrawn: records that are created once and never replaced, with hashes and no names."""

from __future__ import annotations

from dataclasses import dataclass

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
