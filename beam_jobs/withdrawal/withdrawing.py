"""Withdrawing and restoring recordings, from Python and by `af3 withdraw` and `af3 restore`."""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from af3core.errors import ConfigurationError
from af3core.storage.store import Store
from beam_jobs.audit_log.audit_log import audit_log_of
from beam_jobs.audit_log.this_user import this_user
from beam_jobs.framework.withdrawn import address_hash
from beam_jobs.withdrawal.held_recordings import HeldRecording, HeldRecordings, held_recordings
from beam_jobs.withdrawal.tombstone_log import (
    Withdrawn,
    bury,
    lift,
    new_tombstone_id,
    read_withdrawn,
    storage_time,
    time_text,
)
from beam_jobs.withdrawal.traces import name_of
from schemas import layout
from schemas.audit_records import AuditAction
from schemas.withdrawal_records import Tombstone, WithdrawalRequest

_CLAIM = layout.claim_key("withdraw", "tombstones")
_SHOWN = 3


class UnknownRecordings(ConfigurationError):
    """Nothing was withdrawn or restored: names are none, or those of several recordings.

    Attributes:
        wrong: a line each, with the name, for the terminal alone: a report would keep it.
    """

    def __init__(self, wrong: Sequence[str]) -> None:
        self.wrong = tuple(wrong)
        count = "1 recording is" if len(wrong) == 1 else f"{len(wrong)} recordings are"
        super().__init__(f"{count} not known so; name each by its identifier; nothing was changed")


@dataclass(frozen=True)
class Terms:
    """How recordings are withdrawn.

    Attributes:
        by, reason: who asks for it, and why.
        until: only hidden, until this day, YYYY-MM-DD; empty: for good.
        legal_hold: only hidden.
        grace_days: so long it can be restored before it is removed.
    """

    by: str
    reason: str
    until: str = ""
    legal_hold: bool = False
    grace_days: float = 7.0

    @property
    def removes(self) -> bool:
        return not self.until and not self.legal_hold


def withdraw(store: Store, names: Iterable[str], corpus: str, terms: Terms) -> list[Tombstone]:
    """Hide recordings from now on; gives their tombstones, those that stood before so among them.

    A recording that is in other corpora of the output, or whose sound other recordings have, is
    withdrawn there too.

    Raises:
        UnknownRecordings: a name is none, or several recordings have it.
        ConfigurationError: `until` has passed, or the reason names a recording.
        StorageError: the storage is in trouble.
    """
    held = held_recordings(store)
    with store.claim(_CLAIM):
        now, standing = storage_time(store), read_withdrawn(store)
        if terms.until and terms.until <= now.date().isoformat():
            raise ConfigurationError(f"--until {terms.until}: has passed; name a later day")
        wanted, gone = _resolved(names, corpus, held, standing)
        found = [each.tombstone for each in standing if each.tombstone.recording_id in gone]
        _check_reason(terms.reason, held.of_same_sound(wanted))
        for each in held.of_same_sound(wanted):
            same = _standing(each, terms, standing)
            if same:
                found.append(same)
                continue
            tombstone = _tombstone(each, terms, now)
            request = WithdrawalRequest(
                tombstone.tombstone_id, terms.by, terms.reason, time_text(now)
            )
            bury(store, tombstone, request)
            _log(store, terms.by, "withdraw", tombstone)
            found.append(tombstone)
    return list({each.tombstone_id: each for each in found}.values())


def restore(
    store: Store, names: Iterable[str], corpus: str, holds_alone: bool = False, anew: bool = False
) -> list[Tombstone]:
    """Lift tombstones; gives those that were lifted.

    Args:
        holds_alone: only legal holds.
        anew: also where the recording was removed, or its removal has begun.

    Raises:
        UnknownRecordings: a name is that of nothing withdrawn.
        ConfigurationError: the recording was removed; nothing was lifted.
        StorageError: the storage is in trouble.
    """
    held = held_recordings(store)
    with store.claim(_CLAIM):
        now, standing = storage_time(store), read_withdrawn(store)
        if holds_alone:
            standing = [each for each in standing if each.tombstone.legal_hold]
        wrong, ids = [], set[str]()
        for name in names:
            found = _withdrawn_as(name, corpus, held, standing)
            ids |= found
            if not found:
                wrong.append(f"{name}: nothing withdrawn has this name in corpus {corpus}")
        if wrong:
            raise UnknownRecordings(wrong)
        lifted = [each for each in standing if each.tombstone.recording_id in ids]
        removed = [each for each in lifted if each.work or each.certificate]
        if removed and not anew:
            raise ConfigurationError(
                f"{removed[0].tombstone.recording_id}: its grace time is over and it was removed;"
                " with --anew its tombstone is lifted, and the next night makes it again from the"
                " source where that still exists"
            )
        for each in lifted:
            lift(store, each.tombstone, now)
            _log(store, this_user(), "restore", each.tombstone)
    return [each.tombstone for each in lifted]


def _log(store: Store, person: str, action: AuditAction, tombstone: Tombstone) -> None:
    """Log who did it, by the tombstone alone: no name of a recording stands there."""
    with audit_log_of(store) as log:
        log.add(person, action, {"corpus": tombstone.corpus, "tombstone": tombstone.tombstone_id})


def _resolved(
    names: Iterable[str], corpus: str, held: HeldRecordings, standing: Sequence[Withdrawn]
) -> tuple[set[str], set[str]]:
    """Recordings that are held, and those that are withdrawn and held no more."""
    wanted, gone, wrong = set[str](), set[str](), []
    for name in names:
        found = held.named(name, corpus)
        if len(found) > 1:
            which = ", ".join(sorted(found)[:_SHOWN])
            wrong.append(f"{name}: several recordings have this name: {which}")
            continue
        before = _withdrawn_as(name, corpus, held, standing)
        wanted |= found
        gone |= before - found
        if not found and not before:
            wrong.append(f"{name}: no recording of corpus {corpus} has this name")
    if wrong:
        raise UnknownRecordings(wrong)
    return wanted, gone


def _withdrawn_as(
    name: str, corpus: str, held: HeldRecordings, standing: Iterable[Withdrawn]
) -> set[str]:
    """Identifiers of withdrawn recordings that a person may mean by a name."""
    known = held.named(name, corpus)
    hashed = address_hash(name)
    return {
        each.tombstone.recording_id
        for each in standing
        if each.tombstone.recording_id in known
        or (
            each.tombstone.corpus == corpus
            and (
                name in (each.tombstone.recording_id, each.tombstone.content_sha256)
                or name == each.tombstone.tombstone_id
                or hashed in each.tombstone.object_hashes
                or (each.work and name in map(name_of, each.work.addresses))
                or (each.certificate and hashed in each.certificate.name_hashes)
            )
        )
    }


def _standing(held: HeldRecording, terms: Terms, standing: Iterable[Withdrawn]) -> Tombstone | None:
    """A tombstone that says all of it already: of a call that was killed, or of another person."""
    hashes = set(_hashes(held))
    for each in standing:
        known = each.tombstone
        is_same = (known.corpus, known.recording_id) == (held.corpus, held.recording_id)
        says_so = (known.until, known.legal_hold) == (terms.until, terms.legal_hold)
        is_known = hashes <= set(known.object_hashes) and (
            known.sound_sha256 or not held.sound_sha256
        )
        if is_same and says_so and is_known and not each.certificate:
            return known
    return None


def _check_reason(reason: str, withdrawn: Iterable[HeldRecording]) -> None:
    """See that no name is kept with why it may not be kept."""
    for each in withdrawn:
        if any(name_of(address) in reason for address in each.addresses):
            raise ConfigurationError(
                "--reason names the recording, and is kept; say it without the name"
            )


def _hashes(held: HeldRecording) -> tuple[str, ...]:
    return tuple(sorted(map(address_hash, held.addresses)))


def _tombstone(held: HeldRecording, terms: Terms, now: datetime.datetime) -> Tombstone:
    remove_after = now + datetime.timedelta(days=terms.grace_days)
    return Tombstone(
        tombstone_id=new_tombstone_id(now),
        corpus=held.corpus,
        recording_id=held.recording_id,
        content_sha256=held.content_sha256,
        sound_sha256=held.sound_sha256,
        object_hashes=_hashes(held),
        withdrawn_at=time_text(now),
        until=terms.until,
        legal_hold=terms.legal_hold,
        remove_after=time_text(remove_after) if terms.removes else "",
    )
