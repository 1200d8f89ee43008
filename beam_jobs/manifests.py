"""The nights that a job works on: the manifests of the interval."""

from __future__ import annotations

from beam_jobs.ledger import Ledger
from beam_jobs.settings import NightSettings
from schemas import layout
from schemas.records import NightManifest


def manifest_dates(ledger: Ledger, settings: NightSettings) -> list[str]:
    """Dates of the corpus within the interval that `discover` has planned, in order."""
    prefix = layout.manifest_prefix(settings.corpus)
    names = (key.removeprefix(prefix) for key in ledger.store.list(prefix))
    dates = (name.removeprefix("date=").removesuffix(".json") for name in names)
    return [date for date in dates if settings.since <= date <= settings.until]


def manifests(ledger: Ledger, settings: NightSettings) -> list[NightManifest]:
    """The plans of the interval."""
    found = (ledger.manifest(settings.corpus, d) for d in manifest_dates(ledger, settings))
    return [manifest for manifest in found if manifest is not None]
