"""What retention did to a corpus, as its status says it."""

from __future__ import annotations

from af3core.messages import tell
from af3core.storage.store import Store
from beam_jobs.framework.days_let_go import days_let_go
from beam_jobs.framework.manifests import Nights
from schemas import layout
from schemas.record_format import RecordError
from schemas.retention_records import AppliedRetention


def retention_said(store: Store, nights: Nights) -> dict[str, str]:
    """Say how long what of a corpus is kept, and which days of an interval went; gives when each of
    these did, ISO 8601 in UTC.

    Raises:
        StorageError: the storage is in trouble, or a record is damaged.
    """
    found = {
        date: day.let_go_at
        for date, day in days_let_go(store, nights.corpus).items()
        if nights.since <= date <= (nights.until or "9999-12-31")
    }
    data = store.read(layout.applied_retention_key(nights.corpus))
    if data:
        tell(_rule_line(data))
    if found:
        days = "1 day was" if len(found) == 1 else f"{len(found)} days were"
        tell(f"{days} let go for their age: {min(found)} to {max(found)}")
    return found


def _rule_line(data: bytes) -> str:
    try:
        applied = AppliedRetention.from_bytes(data)
    except RecordError as error:
        return f"what retention did last cannot be read: {error}"
    kept = ", ".join(f"{what} {days} days" for what, days in applied.days.items())
    gone = ", ".join(f"{count} {what}" for what, count in applied.removed.items()) or "nothing"
    return f"retention: {kept or 'all stays'}; applied {applied.applied_at}, removed {gone}"
