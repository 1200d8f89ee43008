"""What the plans of a corpus say: its archive, how it is dated, and what waits for a decision."""

from __future__ import annotations

import functools
import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from af3core.errors import ConfigurationError
from beam_jobs.framework.ledger import Ledger
from beam_jobs.framework.manifests import Nights
from beam_jobs.framework.recorded_plan import plan_of_day
from beam_jobs.night.listing_report import NO_MEDIA
from beam_jobs.night_status.day_status import PlannedDay, PublishedDay
from schemas import layout
from schemas.options.archive import Dating, Holdings
from schemas.options.option import OptionGroup, options_of
from schemas.records import NightConfiguration, NightManifest

GroupT = TypeVar("GroupT", bound=OptionGroup)

Rules = tuple[Dating, Holdings]
"""How objects are dated, and which are taken."""

_BATCH_DAYS = 32
_OVER_BUDGET = "OverBudget"
"""The error of a night that nobody approved (`beam_jobs.night.whole_night`)."""


@dataclass(frozen=True)
class CorpusPlans:
    """The plans of an interval.

    Attributes:
        days: by date.
        sources: the archives that they were listed from.
        dating, holdings: how their objects are dated, and which are taken.
    """

    days: Mapping[str, PlannedDay]
    sources: tuple[str, ...]
    dating: Dating
    holdings: Holdings


def planned_dates(ledger: Ledger, corpus: str) -> list[str]:
    """All days of a corpus that were planned, in order; one listing."""
    keys = ledger.store.children(layout.manifest_prefix(corpus))
    return sorted(map(layout.date_of_manifest, keys))


def corpus_plans(
    ledger: Ledger,
    nights: Nights,
    dates: Sequence[str],
    published: Mapping[str, PublishedDay],
    rules: Rules | None = None,
) -> CorpusPlans:
    """The plans of an interval; where it has none, the archive and the dating of the last day
    before it, or else of the first behind it.

    One plan after the other is read, in batches, and counted.

    Args:
        ledger, nights: the corpus, and its interval.
        dates: all of its days that were planned.
        published: what the tables name, by day.
        rules: those that the next plan has; None takes those that were recorded.

    Raises:
        ConfigurationError: its days were dated by different rules, and none are given.
        PlanLost: the options of a day are gone.
        LedgerError: a plan is damaged.
    """
    within = [date for date in dates if nights.since <= date <= nights.until]
    before = [date for date in dates if date < nights.since]
    needs_decision = functools.cache(lambda run_id: _needs_decision(ledger, nights.corpus, run_id))
    days: dict[str, PlannedDay] = {}
    sources: set[str] = set()
    configured: dict[str, str] = {}
    for manifest in _manifests(ledger, nights.corpus, within or before[-1:] or dates[:1]):
        sources.add(manifest.source)
        configured.setdefault(manifest.configuration, manifest.date)
        if within:
            named = published.get(manifest.date, PublishedDay({})).sizes_bytes
            days[manifest.date] = _planned_day(manifest, named, needs_decision)
    dating, holdings = rules or _listing_options(ledger, nights.corpus, configured)
    return CorpusPlans(days, tuple(sorted(sources)), dating, holdings)


def _manifests(ledger: Ledger, corpus: str, dates: Sequence[str]) -> Iterator[NightManifest]:
    for first in range(0, len(dates), _BATCH_DAYS):
        batch = dates[first : first + _BATCH_DAYS]
        for date, found in zip(batch, ledger.manifests(corpus, batch), strict=True):
            # what is damaged is said, and stops; what is gone meanwhile is no plan
            manifest = found or ledger.manifest(corpus, date)
            if manifest is not None:
                yield manifest


def _planned_day(
    manifest: NightManifest,
    published: Mapping[str, int | None],
    needs_decision: Callable[[str], bool],
) -> PlannedDay:
    recordings = ((r.uri, *r.duplicate_uris) for r in manifest.recordings)
    named = {*itertools.chain.from_iterable(recordings), *(f.uri for f in manifest.failures)}
    unpublished = len(named - published.keys())
    return PlannedDay(
        source=manifest.source,
        objects=len(named),
        unpublished=unpublished,
        no_media=manifest.passed_over.get(NO_MEDIA, 0),
        awaits_decision=unpublished > 0 and needs_decision(manifest.run_id),
        listed_at=manifest.listed_at,
        failures=frozenset(failure.uri for failure in manifest.failures),
        refused=frozenset(manifest.refused),
    )


def _needs_decision(ledger: Ledger, corpus: str, run_id: str) -> bool:
    """Whether a run's plan was over budget or lacked too much, or its night ended for that."""
    plan = ledger.report(corpus, run_id, "plan") or ledger.report(corpus, run_id, "night")
    if plan is None:
        return False
    asked = plan.facts.get("over_budget") or plan.facts.get("missing_beyond_limits")
    return plan.error_class == _OVER_BUDGET or bool(asked)


def _listing_options(ledger: Ledger, corpus: str, configured: Mapping[str, str]) -> Rules:
    """How an interval was listed; 0.1.0 recorded nothing, and had the defaults.

    Args:
        ledger, corpus: where its days were planned.
        configured: a day of each configuration.
    """
    found: dict[tuple[Dating, Holdings], str] = {}
    for identity, day in sorted(configured.items(), key=lambda pair: pair[1]):
        plan = plan_of_day(day, identity, ledger)
        found.setdefault((_group(Dating, plan), _group(Holdings, plan)), day)
    if len(found) > 1:
        first, second, *_ = found.values()
        raise ConfigurationError(
            f"{first} and {second} of corpus {corpus} were listed by different rules (--date-from,"
            " --date-pattern, --timezone, --any-suffix, --follow-links), and one listing follows"
            " one: name days that were planned alike with --since and --until"
        )
    return next(iter(found), (Dating(), Holdings()))


def _group(group: type[GroupT], plan: NightConfiguration | None) -> GroupT:
    held = plan.options if plan else {}
    return group(**{o.name: held[o.name] for o in options_of(group) if o.name in held})
