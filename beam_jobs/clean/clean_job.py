"""Find what nothing names any more in an output, say how much it is, and remove it on request.

all objects ──► those that are old ──► less what plans, tables, exports and the index name
            ──► said by kind ──► --yes: removed, in turns, each behind another look at the names
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field
from typing import Any

from af3core.errors import ConfigurationError
from af3core.plain_text import printable
from af3core.storage.store import Store
from beam_jobs.clean.inventory import Amount, Listed, Name, open_inventory
from beam_jobs.clean.names import Names, NamesLost, cuts_that_stay, is_of_newer_release
from beam_jobs.clean.object_kinds import KINDS, MEANING, Kind, is_kept, place_of
from beam_jobs.clean.removal import Remover
from beam_jobs.clean.whole_products import exports_that_stay, index_states_that_stay
from beam_jobs.framework.job import Outcome
from beam_jobs.framework.settings import JobSettings
from beam_jobs.withdrawal.due_removals import due_now
from beam_jobs.withdrawal.withdraw_job import removal_outcome
from schemas import layout
from schemas.options.cleaning import Cleaning

DAY_S = 86_400.0
SETTLED_S = 6 * 3600.0
"""Longer than any run takes from reading a day's plan to having published it."""
_SHOWN = 5


@dataclass
class Others:
    """What is not a matter of cleaning: how much of ours stays anyway, and what is not ours."""

    kept: int = 0
    foreign: int = 0
    shown: list[str] = field(default_factory=list)

    def take(self, key: str) -> None:
        """Count an object."""
        if is_kept(key):
            self.kept += 1
            return
        self.foreign += 1
        if len(self.shown) < _SHOWN:
            self.shown.append(key)


def run(settings: JobSettings, beam_arguments: Sequence[str] = ()) -> Outcome:
    """Say what would go, and with `--yes` remove it; what was withdrawn and is due too.

    Raises:
        ConfigurationError: there is no output at the address.
        NamesLost: a plan or a published shard is not there; nothing is removed.
        StorageError: the storage is in trouble, or refuses.
    """
    given = settings[Cleaning]
    due = _withdrawn(settings, given.yes)
    cleaned = clean(settings.store, given.keep_days * DAY_S, given.yes)
    return Outcome(
        cleaned.facts | ({"withdrawn": due.facts} if due.facts else {}),
        [*cleaned.lines, *due.lines],
        cleaned.waiting,
    )


def _withdrawn(settings: JobSettings, removes: bool) -> Outcome:
    """What was withdrawn and is past its grace time: removed, or said."""
    due = len({each.tombstone.recording_id for each in due_now(settings.store)})
    if not due:
        return Outcome({})
    if not removes:
        return Outcome({}, [f"{due} withdrawn recordings are due to be removed; --yes does"])
    return removal_outcome(settings.store, settings.out)


def clean(store: Store, keep_s: float, removes: bool, settled_s: float = SETTLED_S) -> Outcome:
    """As `run`, of a store.

    Args:
        keep_s: what came to be later than so long ago stays.
        removes: else it is only said.
        settled_s: all cuts stay of what was planned later than so long ago.
    """
    claim = store.claim(layout.claim_key("clean", "output")) if removes else nullcontext()
    with claim, open_inventory() as inventory:
        now_s, others = store.now_s(), Others()
        inventory.add_listed(_listed(store, now_s - keep_s, others))
        names = Names(store, now_s - settled_s)

        def look() -> Iterator[Name]:
            yield from names.look()
            days = [layout.day_of(key) for key in (*names.manifests, *names.published)]
            yield from exports_that_stay(inventory.owners("export"), set(days))
            yield from index_states_that_stay(store, inventory.owners("index"))

        inventory.add_names(look())
        is_named = names.manifests or names.published or names.has_tables
        if not is_named and not store.folders(layout.RETENTION_PREFIX):
            raise ConfigurationError(
                f"--out {store.address('')}: no output there; name the folder that af3 annotate"
                " wrote to"
            )
        for keys in inventory.young_unnamed_cuts():
            inventory.add_names(cuts_that_stay(store, keys))
        found = inventory.decide()
        remover = Remover(store, inventory, look)
        if removes:
            remover.run()
    return _outcome(found, dict(remover.removed), others, removes)


def _listed(store: Store, old_s: float, others: Others) -> Iterator[Listed]:
    for each in store.stored(""):
        if is_of_newer_release(each.key):
            raise NamesLost(
                f"{store.address(each.key)}: a table of a newer release, which may name what this"
                " one does not know; clean with that release"
            )
        place = place_of(each.key)
        if place is None:
            others.take(each.key)
            continue
        yield Listed(
            KINDS.index(place.kind),
            place.owner,
            place.part,
            each.key,
            each.stamp,
            each.size_bytes,
            each.changed_s < old_s,
        )


def _outcome(
    found: dict[Kind, Amount], removed: dict[Kind, Amount], others: Others, removes: bool
) -> Outcome:
    shown = removed if removes else found
    facts: dict[str, Any] = {
        "found": {kind: amount.objects for kind, amount in found.items()},
        "found_bytes": sum(amount.size_bytes for amount in found.values()),
        "removed": {kind: amount.objects for kind, amount in removed.items() if amount.objects},
        "removed_bytes": sum(amount.size_bytes for amount in removed.values()),
        "foreign": others.foreign,
    }
    lines = [_line(kind, shown[kind]) for kind in KINDS if kind in shown and shown[kind].objects]
    total = Amount(
        sum(a.objects for a in shown.values()), sum(a.size_bytes for a in shown.values())
    )
    if total.objects:
        lines.append(f"{'all':<8} {_amount(total)}")
    if others.foreign:
        named = ", ".join(map(printable, others.shown))
        more = f" and {others.foreign - len(others.shown)} more" if others.foreign > _SHOWN else ""
        lines.append(f"not ours {others.foreign} objects, left alone: {named}{more}")
    if not total.objects:
        lines.append("nothing to remove: all is named, or too young (--keep-days)")
    elif removes:
        lines.append("removed")
    else:
        lines.append("nothing is removed yet; --yes does")
    return Outcome(facts, lines)


def _line(kind: Kind, amount: Amount) -> str:
    return f"{kind:<8} {_amount(amount)}: {MEANING[kind]}"


def _amount(amount: Amount) -> str:
    return f"{amount.objects:,} objects, {amount.size_bytes / 1e6:,.1f} MB"
