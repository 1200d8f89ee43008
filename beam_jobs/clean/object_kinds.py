"""What an object of an output is, by its key, and by what it is named. Pure.

What has no kind here and no known place is not ours: it is counted, named and left.
"""

from __future__ import annotations

import re
from typing import Literal, NamedTuple, get_args

from schemas.layout import INDEX_STATE_KEY, OUTPUT_MARKER_KEY

Kind = Literal["cut", "clip", "answers", "derived", "report", "export", "index"]
KINDS: tuple[Kind, ...] = get_args(Kind)
"""In the order in which they are removed: a cut goes before the clips that it names."""

MEANING: dict[Kind, str] = {
    "cut": "cuts of recordings that no plan or table names so",
    "clip": "clips of such cuts",
    "answers": "answers about recordings that no plan or table names",
    "derived": "derived rows of such recordings",
    "report": "reports and pages of runs that no plan or table names",
    "export": "exports of days that are gone, or that a longer one of the same start replaced",
    "index": "states of the index before the last ones",
}

DERIVED_STAGES = (
    *(
        "align",
        "chat",
        "dialogues",
        "embed",
        "events",
        "find",
        "skills",
        "speakers",
        "speech_vectors",
        "summarise",
        "texts",
        "think",
    ),
)
"""Whose rows are of recordings; `describe` clears its own, a benchmark's answers stay."""


class Place(NamedTuple):
    """Of what an object is.

    Attributes:
        owner: the recording; of reports CORPUS/run=RUN, of exports their folder, of the index the
            token.
        part: of cuts and clips the segmentation, of the index the file; the datasheet of an export
            comes before the rest.
    """

    kind: Kind
    owner: str
    part: str = ""


_ID = "[0-9a-f]{24}"
_PLACES: dict[Kind, re.Pattern[str]] = {
    "cut": re.compile(rf"ledger/segment/(?P<owner>{_ID})/(?P<part>{_ID})\.json"),
    "clip": re.compile(
        rf"clips/(?P<owner>{_ID})/(?P<part>{_ID})/\d+-\d+(?:-c\d+)?(?:-r\d+)?\.flac"
    ),
    "answers": re.compile(rf"ledger/annotate/[0-9a-f]{{2}}/(?P<owner>{_ID})/{_ID}/{_ID}\.json"),
    "derived": re.compile(
        rf"ledger/derived/(?:{'|'.join(DERIVED_STAGES)})/[0-9a-f]{{2}}/(?P<owner>{_ID})/{_ID}\.json"
    ),
    "report": re.compile(
        r"reports/corpus=(?P<owner>[^/]+/run=[^/]+)/(?:report\.html|[a-z]+(?:-\d+-of-\d+)?\.json)"
    ),
    "export": re.compile(
        r"(?P<owner>exports/corpus=[^/]+/from=\d{4}-\d\d-\d\d,until=\d{4}-\d\d-\d\d/[a-z0-9]+/)"
        r"(?P<part>.+)"
    ),
    "index": re.compile(r"indexes/search/(?P<owner>[^/]+)/(?P<part>.+)"),
}
_SHEETS = ("datasheet.md", "README.md")
_FIRST: dict[str, tuple[Kind, ...]] = {
    "clips": ("clip",),
    "ledger": ("cut", "answers", "derived"),
    "reports": ("report",),
    "exports": ("export",),
    "indexes": ("index",),
}

_KEPT = re.compile(
    r"tables/[^/]+/corpus=[^/]+/date=[^/]+/part-\d{5}-of-\d{5}\.parquet"
    r"|published/corpus=[^/]+/date=[^/]+/(?:day|replaced/[^/]+)\.json"
    r"|superseded/.+\.parquet"
    r"|manifests/(?:corpus=[^/]+/date=[^/]+|configurations/[^/]+|tasks/corpus=[^/]+"
    r"|finished/corpus=[^/]+/date=[^/]+)\.json"
    r"|ledger/(?:probe|sounds|first_of_sound|cut_of_sound|objects|derived|corpus|speakers|failed"
    r"|retries|rates)/.+\.json"
    r"|claims/.+"
    r"|audits/corpus=[^/]+/date=[^/]+\.json"
    rf"|{re.escape(INDEX_STATE_KEY)}|{re.escape(OUTPUT_MARKER_KEY)}"
    r"|quality/corpus=[^/]+/[^/]+\.json"
    r"|evaluations/.+"
    r"|corrections/corpus=[^/]+/[^/]+\.json"
    r"|retention/corpus=.+\.json"
    r"|withdrawn/corpus=[^/]+/(?:restored/)?[^/]+\.json"
    r"|withdrawals/corpus=[^/]+/(?:requests|removing|certificates)/[^/]+\.json"
    r"|audit_log/date=[^/]+/[^/]+\.json"
    r"|drafts/corpus=[^/]+/[^/]+/[^/]+\.json"
    r"|trained/corpus=[^/]+/[^/]+\.json"
    r"|descriptions/corpus=[^/]+/date=[^/]+/[^/]+/[^/]+\.opus"
)


def place_of(key: str) -> Place | None:
    """The place of an object that may be removed one day; None of all others."""
    if not key.isprintable():  # of bytes that are no text, too: nothing here is named so
        return None
    for kind in _FIRST.get(key.partition("/")[0], ()):
        match = _PLACES[kind].fullmatch(key)
        if match:
            found = match.groupdict()
            part = found.get("part", "")
            if kind == "export":
                part = "1 rest" if part not in _SHEETS else "0 sheet"
            return Place(kind, found["owner"], part)
    return None


def is_kept(key: str) -> bool:
    """Whether an object is of a kind of this product that is never removed here."""
    return _KEPT.fullmatch(key) is not None
