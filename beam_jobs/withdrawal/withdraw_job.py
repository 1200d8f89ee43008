"""Withdraw recordings: hidden from that moment, then removed from all that an output holds.

tombstone ──► hidden at once ──► grace time ──► removed ──► searched ──► certificate
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from af3core.errors import ConfigurationError
from af3core.messages import Level, tell
from af3core.storage.store import Store
from beam_jobs.framework.job import Outcome
from beam_jobs.framework.settings import JobSettings
from beam_jobs.output.next_command import af3
from beam_jobs.withdrawal.due_removals import certificate_lines, remove_due, remove_what_came_late
from beam_jobs.withdrawal.withdrawing import Terms, UnknownRecordings, withdraw
from schemas import layout
from schemas.options.withdrawing import Withdrawing
from schemas.withdrawal_records import RemovalCertificate, Tombstone


def run(settings: JobSettings, beam_arguments: Sequence[str] = ()) -> Outcome:
    """Withdraw what is named, and remove what is due.

    Raises:
        ConfigurationError: the options are wrong, or a name is that of no recording.
        StorageError: the storage is in trouble, or something is left after the removal.
    """
    given = settings[Withdrawing]
    _check(given)
    if given.due:
        return removal_outcome(settings.store, settings.out)
    try:
        tombstones = withdraw(settings.store, given.recording, settings.corpus, _terms(given))
    except UnknownRecordings as error:
        for line in error.wrong:  # on the terminal alone: a report would keep the name
            tell(line, Level.ERROR)
        raise
    lines = [_line(settings.store, each) for each in tombstones]
    if not given.grace_days and not given.hidden_until and not given.legal_hold:
        removed = removal_outcome(settings.store, settings.out, tombstones)
        return Outcome(_facts(tombstones) | removed.facts, [*lines, *removed.lines])
    return Outcome(_facts(tombstones), lines)


def removal_outcome(store: Store, out: str, asked: Sequence[Tombstone] = ()) -> Outcome:
    """Remove what is due, with what was written about removed recordings since.

    Args:
        out: address of the store.
        asked: what the caller withdrew: their certificates are said, whoever removed them.

    Raises:
        StorageError: the storage is in trouble, or something is left.
    """
    certificates = {each.tombstone_id: each for each in remove_due(store, out)}
    for each in asked:
        data = store.read(layout.certificate_key(each.corpus, each.tombstone_id))
        if data:
            certificates[each.tombstone_id] = RemovalCertificate.from_bytes(data)
    late = remove_what_came_late(store)
    lines = [line for each in certificates.values() for line in certificate_lines(each)]
    if any("indexes/" in each.removed for each in certificates.values()):
        lines.append(f"the search index was removed; run {af3('index')} for each corpus")
    if late:
        lines.append(f"removed {late} objects that jobs wrote after a removal")
    if not lines:
        lines.append("nothing is due")
    counts = Counter[str]()
    for made in certificates.values():
        counts.update(made.removed)
    facts: dict[str, Any] = {
        "removed_recordings": len(certificates),
        "removed": dict(counts),
        "removed_late": late,
        "certificates": [
            layout.certificate_key(each.corpus, each.tombstone_id) for each in certificates.values()
        ],
    }
    return Outcome(facts, lines)


def _check(given: Withdrawing) -> None:
    if given.due:
        if given.recording:
            raise ConfigurationError("--due takes no RECORDING; leave one out")
        return
    if not given.recording:
        raise ConfigurationError("RECORDING is missing: name what is withdrawn, or take --due")
    for flag, value in (("--reason", given.reason), ("--by", given.by)):
        if not value:
            raise ConfigurationError(
                f"{flag} is missing: a withdrawal says who asks for it and why"
            )


def _terms(given: Withdrawing) -> Terms:
    return Terms(
        by=given.by or "",
        reason=given.reason or "",
        until=given.hidden_until or "",
        legal_hold=given.legal_hold,
        grace_days=given.grace_days,
    )


def _line(store: Store, tombstone: Tombstone) -> str:
    what = f"withdrawn {tombstone.recording_id} of corpus {tombstone.corpus}"
    if tombstone.legal_hold:
        then = "kept and hidden under legal hold"
    elif tombstone.until:
        then = f"kept and hidden until {tombstone.until}"
    else:
        then = f"removed by {af3('withdraw', '--due')} from {tombstone.remove_after} on"
    return f"{what}: hidden from now on; {then} (tombstone {tombstone.tombstone_id})"


def _facts(tombstones: Sequence[Tombstone]) -> dict[str, Any]:
    return {
        "withdrawn": [
            {"tombstone": t.tombstone_id, "corpus": t.corpus, "remove_after": t.remove_after}
            for t in tombstones
        ]
    }
