"""What is searched for, and what is found."""

from __future__ import annotations

from dataclasses import dataclass
from typing import get_args

from af3core.errors import Af3Error
from schemas.options.reading import SearchKind as Kind
from schemas.options.reading import SearchMode as Mode
from schemas.options.reading import SpeechFilter as Speech

MODES: tuple[Mode, ...] = get_args(Mode)
KINDS: tuple[Kind, ...] = get_args(Kind)
SPEECH: tuple[Speech, ...] = get_args(Speech)

Ranked = list[tuple[str, float]]
"""Ids of documents with a score or a distance, the best first."""


class SearchError(Af3Error):
    """The request cannot be answered; the message says what to write instead."""


@dataclass(frozen=True)
class SearchRequest:
    """What is searched for.

    Attributes:
        words: words, "phrases", +must, -mustnot, field:word, similar~ (`af3 search --help`).
        like: id of a segment: what sounds like it is found. Goes without words.
        mode: by words and meaning, by words alone, or by meaning alone.
        corpus, since, until: empty is all; days are YYYY-MM-DD, both ends included.
        kinds: what a hit may be; none is all.
        speech: only places where somebody speaks, or where nobody does.
        unflagged: only places without any flag.
        without_flags: only places without these flags.
        languages: only places where one of these is spoken, as ISO 639 codes.
        limit, offset: which hits, in their order.
    """

    words: str = ""
    like: str = ""
    mode: Mode = "hybrid"
    corpus: str = ""
    since: str = ""
    until: str = ""
    kinds: tuple[Kind, ...] = ()
    speech: Speech = "any"
    unflagged: bool = False
    without_flags: tuple[str, ...] = ()
    languages: tuple[str, ...] = ()
    limit: int = 20
    offset: int = 0


@dataclass(frozen=True)
class Hit:
    """One place of a recording.

    Attributes:
        segment_id: empty where the hit is a clip, chapter or recording.
        field: where the context stands: transcript, caption, answers or summary.
        context: the text around what matches.
        marks: characters of the context that match, as start and end.
        score: higher is better; comparable within one result only.
        said_ms: when the first word that matches is said, where a transcript's words are aligned.
        said_is_estimated: the aligner has not found that word, or doubts it.
    """

    kind: Kind
    corpus: str
    date: str
    recording_id: str
    segment_id: str
    object_uri: str
    start_ms: int
    end_ms: int
    flags: tuple[str, ...]
    field: str
    context: str
    marks: tuple[tuple[int, int], ...]
    score: float
    said_ms: int | None = None
    said_is_estimated: bool = False


@dataclass(frozen=True)
class Results:
    """Hits, the best first.

    Attributes:
        more: there are hits after these.
        notices: what the reader must know: the index is behind the tables, meaning is missing.
    """

    hits: tuple[Hit, ...]
    more: bool
    notices: tuple[str, ...]
