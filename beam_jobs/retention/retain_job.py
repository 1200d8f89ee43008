"""Apply how long things of a corpus are kept: say what is older, and remove it on request.

recordings that are the corpus's alone ──► their old clips, answers and derived rows
reports of its runs                    ──► the old ones
its published days                     ──► the old ones, whole
"""

from __future__ import annotations

import datetime
from collections.abc import Iterator, Mapping, Sequence
from contextlib import nullcontext
from typing import Any

from af3core.messages import tell
from af3core.storage.store import Store
from beam_jobs.clean.clean_job import DAY_S, SETTLED_S
from beam_jobs.clean.inventory import Amount, Listed, Name, open_inventory
from beam_jobs.clean.names import Names
from beam_jobs.clean.object_kinds import KINDS, Kind, place_of
from beam_jobs.clean.removal import Remover
from beam_jobs.framework.job import Outcome
from beam_jobs.framework.settings import JobSettings
from beam_jobs.retention.old_days import OldDay, let_go, old_days
from beam_jobs.retention.own_recordings import own_recordings, withdrawn_on
from schemas import layout
from schemas.options.retaining import Retaining, Retention
from schemas.record_format import stored_bytes
from schemas.retention_records import AppliedRetention

_SOUND: tuple[Kind, ...] = ("cut", "clip")
_TEXT: tuple[Kind, ...] = ("answers", "derived")
_NAMED = {
    "cut": "cuts of recordings, which are decoded again when they are asked about again",
    "clip": "clips",
    "answers": "answers in the ledger",
    "derived": "derived rows in the ledger",
    "report": "reports and pages of runs",
}


def run(settings: JobSettings, beam_arguments: Sequence[str] = ()) -> Outcome:
    """Say what is older than the rule says, and with `--yes` remove it.

    Raises:
        ConfigurationError: the corpus is unknown there.
        NamesLost: what other corpora name cannot be read; nothing is removed.
        StorageError: the storage is in trouble, or refuses.
    """
    given = settings[Retaining]
    return retain(settings.store, settings.corpus, given, settings.run_id, given.yes)


def retain(
    store: Store,
    corpus: str,
    rule: Retention,
    run_id: str,
    removes: bool,
    *,
    day_s: float = DAY_S,
    settled_s: float = SETTLED_S,
) -> Outcome:
    """As `run`, of a store.

    Args:
        rule: how long what is kept.
        removes: else it is only said.
        day_s: length of a day of the rule.
        settled_s: sound and text stay of what was planned later than so long ago.
    """
    now_s = store.now_s()
    ages_s = {kind: days * day_s for kind, days in _days_by_kind(rule).items()}
    claim = store.claim(layout.claim_key("clean", "output")) if removes else nullcontext()
    with claim, open_inventory() as inventory:
        own = own_recordings(store, corpus, now_s - settled_s)
        inventory.add_listed(_listed(store, corpus, own.alone, ages_s, now_s))
        names = Names(store, now_s - settled_s, without=corpus)

        def look() -> Iterator[Name]:
            yield from names.look()
            if removes:
                yield from _staying(own_recordings(store, corpus, now_s - settled_s).staying)

        inventory.add_names(look())
        found = inventory.decide()
        days = _old_days(store, corpus, rule, now_s, day_s)
        removed: Mapping[Kind, Amount] = {}
        if removes:
            remover = Remover(store, inventory, look)
            remover.run()
            removed = dict(remover.removed)
            for day in days:
                let_go(store, corpus, day, rule.tables_days or 0)
            _note(store, corpus, rule, run_id, removed, len(days))
    return _outcome(removed if removes else found, days, len(own.shared), removes)


def _days_by_kind(rule: Retention) -> dict[Kind, int]:
    """How long objects of a kind are kept; none that stay for good."""
    found: dict[Kind, int] = {}
    for kinds, days in (
        (_SOUND, rule.clips_days),
        (_TEXT, rule.ledger_text_days),
        (("report",), rule.reports_days),
    ):
        if days is not None:
            found |= dict.fromkeys(kinds, days)
    return found


def _listed(
    store: Store, corpus: str, alone: frozenset[str], ages_s: Mapping[Kind, float], now_s: float
) -> Iterator[Listed]:
    """Objects that the rule is of."""
    prefixes = {"clips/", "ledger/segment/"} if "clip" in ages_s else set()
    prefixes |= {"ledger/annotate/", "ledger/derived/"} if "answers" in ages_s else set()
    prefixes |= {f"reports/corpus={corpus}/"} if "report" in ages_s else set()
    for prefix in sorted(prefixes):
        for each in store.stored(prefix):
            place = place_of(each.key)
            if place is None or place.kind not in ages_s:
                continue
            if place.kind != "report" and place.owner not in alone:
                continue
            is_old = each.changed_s < now_s - ages_s[place.kind]
            yield Listed(
                KINDS.index(place.kind),
                place.owner,
                place.part,
                each.key,
                each.stamp,
                each.size_bytes,
                is_old,
            )


def _staying(recordings: frozenset[str]) -> Iterator[Name]:
    """What a run that began meanwhile works on stays, and what was withdrawn meanwhile."""
    for recording in recordings:
        for kind in (*_SOUND, *_TEXT):
            yield Name(kind, recording)


def _old_days(
    store: Store, corpus: str, rule: Retention, now_s: float, day_s: float
) -> list[OldDay]:
    if rule.tables_days is None:
        return []
    found = old_days(store, corpus, now_s - rule.tables_days * day_s)
    withdrawn = withdrawn_on(store, corpus, {day.date for day in found})
    if withdrawn:
        tell(
            f"{len(withdrawn)} old days stay: they hold what is withdrawn, such as by a legal hold"
        )
    return [day for day in found if day.date not in withdrawn]


def _note(
    store: Store,
    corpus: str,
    rule: Retention,
    run_id: str,
    removed: Mapping[Kind, Amount],
    days: int,
) -> None:
    kept = {
        "clips": rule.clips_days,
        "reports": rule.reports_days,
        "ledger_text": rule.ledger_text_days,
        "tables": rule.tables_days,
    }
    objects = {str(kind): amount.objects for kind, amount in removed.items() if amount.objects}
    applied = AppliedRetention(
        corpus=corpus,
        days={what: count for what, count in kept.items() if count is not None},
        applied_at=datetime.datetime.fromtimestamp(store.now_s(), datetime.UTC).isoformat(
            timespec="seconds"
        ),
        run_id=run_id,
        removed=objects | ({"days": days} if days else {}),
    )
    store.write(layout.applied_retention_key(corpus), stored_bytes(applied))


def _outcome(
    found: Mapping[Kind, Amount], days: Sequence[OldDay], shared: int, removes: bool
) -> Outcome:
    facts: dict[str, Any] = {
        "objects": {kind: amount.objects for kind, amount in found.items() if amount.objects},
        "bytes": sum(amount.size_bytes for amount in found.values()),
        "days": [day.date for day in days],
        "shared_recordings": shared,
        "removed": removes,
    }
    lines = [
        f"{kind:<8} {amount.objects:,} objects, {amount.size_bytes / 1e6:,.1f} MB: {_NAMED[kind]}"
        for kind, amount in found.items()
        if amount.objects
    ]
    if days:
        lines.append(f"{'days':<8} {len(days)}: {days[0].date} to {days[-1].date}, from all tables")
    if shared:
        lines.append(f"{'shared':<8} {shared} recordings stay: another corpus has them too")
    if not facts["objects"] and not days:
        lines.append("nothing is older than the rule says")
    else:
        lines.append("removed" if removes else "nothing is removed yet; --yes does")
    return Outcome(facts, lines)
