"""What a listing of the archive came to, in lines for people and facts for programs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence, Sized
from typing import Any

from af3core.plain_text import printable
from beam_jobs.night.archive_listing import Listing
from beam_jobs.night.folder_listing import OUTER_LINK
from beam_jobs.output.next_command import af3
from schemas.reports import ListingFindings

NO_DATE = "no date"
"""Why a recording is passed over that no rule dates."""
NO_MEDIA = "no media"
"""Why an object is passed over that was looked at for `any_suffix` alone."""
_TAKEN_WITH = (
    (OUTER_LINK, "--follow-links follows links"),
    ("(no suffix)", "--any-suffix looks at files of any name"),
)
_WAYS = {
    "path": "by a date in their path",
    "pattern": "by --date-pattern",
    "mtime": "by their last change",
    "bwf": "by their origination date",
    "xmp": "by their XMP",
    "created": "by their creation time",
}
_NAMED_OBJECTS = 20
"""So many objects are named in a job's report; that of the listing has all."""


def listing_notes(listing: Listing) -> list[str]:
    """What a listing left out, one line per cause."""
    notes = []
    if listing.passed_over:
        total = sum(listing.passed_over.values(), Counter())
        notes.append(f"passed over: {_by_reason(total)}")
    notes += [f"{uri}: holds results of af3, and so no recordings" for uri in listing.outputs]
    if listing.undated:
        notes.append(
            f"{len(listing.undated)} objects without a date in their path were left out"
            f" (first: {listing.undated[0]}); use --date-from auto to date them by last change"
        )
    notes += [f"{uri}: still changes; the next plan takes it" for uri in listing.growing]
    notes += [f"{uri}: cannot be listed; check its permissions" for uri in listing.unreadable]
    notes += listing.unread_sidecars
    return [printable(note) for note in notes]


def findings_facts(findings: ListingFindings) -> dict[str, Any]:
    """What the listing came to, for programs; the first objects are named."""
    missing = [uri for uris in findings.missing.values() for uri in uris]
    return {
        "missing": len(missing),
        "missing_objects": missing[:_NAMED_OBJECTS],
        "missing_beyond_limits": list(findings.beyond_limits),
        "moved": len(findings.moved),
        "moved_to_plan": len(findings.to_plan),
        "source_unavailable": len(findings.source_unavailable),
        "source_unavailable_objects": list(findings.source_unavailable[:_NAMED_OBJECTS]),
        "growing": len(findings.growing),
        "growing_objects": list(findings.growing[:_NAMED_OBJECTS]),
        "passed_over": findings.passed_over,
        "dated_by": findings.dated_by,
        "several_dates": findings.several_dates,
    }


def findings_lines(findings: ListingFindings | None) -> list[str]:
    """What the listing came to, for a terminal; nothing where nothing is to be said."""
    return [f"{what:<11} {text}" for what, text in findings_texts(findings)]


def findings_texts(findings: ListingFindings | None) -> list[tuple[str, str]]:
    """What the listing came to, for people: of what, and what."""
    if findings is None:
        return []
    missing = [uri for uris in findings.missing.values() for uri in uris]
    away, growing = findings.source_unavailable, findings.growing
    texts = []
    if missing:
        gone = f"{_count(missing, 'recording')} left the archive, and so the tables"
        texts.append(("missing", f"{gone}: {_some(missing)}"))
    if findings.moved:
        texts.append(("moved", f"{_count(findings.moved, 'recording')} moved to another day"))
    for place, day in findings.to_plan.items():
        before, _, name = place.partition("/")
        where = f"{name} of {before} is on {day} now; its rows stay until that day is planned"
        texts.append(("moved", f"{where}: {af3('plan', '--date', day)}"))
    if away:
        kept = f"{_count(away, 'object')} cannot be read now; the rows of before stay"
        texts.append(("unavailable", f"{kept}: {_some(away)}"))
    if growing:
        left = f"{_count(growing, 'file')} still written; left for the next plan"
        texts.append(("growing", f"{left}: {_some(growing)}"))
    texts += _dates_texts(findings)
    if findings.passed_over:
        texts.append(("passed over", _by_reason(findings.passed_over)))
    return [(what, printable(text)) for what, text in texts]


def _by_reason(counts: Mapping[str, int]) -> str:
    kinds = ", ".join(f"{n} {reason}" for reason, n in sorted(counts.items()))
    options = [flag for reason, flag in _TAKEN_WITH if reason in counts]
    return f"{kinds} ({', '.join(options)})" if options else kinds


def _dates_texts(findings: ListingFindings) -> list[tuple[str, str]]:
    texts = []
    if set(findings.dated_by) - {"path"}:
        ways = ", ".join(
            f"{count} {_WAYS.get(rule, rule)}" for rule, count in findings.dated_by.items()
        )
        texts.append(("dated", ways))
    if findings.several_dates_of:
        uri, [chosen, *others] = next(iter(findings.several_dates_of.items()))
        count = findings.several_dates
        texts.append(
            (
                "dated",
                f"{count} recording{'' if count == 1 else 's'} with several dates in the path: the"
                f" first in the name counts, else the last of the folders (such as {uri}: {chosen},"
                f" not {', '.join(others)})",
            )
        )
    return texts


def _count(things: Sized, name: str) -> str:
    return f"{len(things)} {name}{'' if len(things) == 1 else 's'}"


def _some(uris: Sequence[str]) -> str:
    more = f" and {len(uris) - _NAMED_OBJECTS} more" if len(uris) > _NAMED_OBJECTS else ""
    return ", ".join(uris[:_NAMED_OBJECTS]) + more
