"""`af3 search`: options in, places out."""

from __future__ import annotations

import argparse
import dataclasses
from collections.abc import Iterator, Sequence
from typing import Any

import pyarrow as pa
from rich.console import Console
from rich.text import Text

from af3core.errors import ConfigurationError
from af3core.messages import tell
from af3core.storage.address import store_at
from beam_jobs.framework.progress import clock
from beam_jobs.output.common_folder import common_folder
from beam_jobs.output.row_output import Target, opened, target_of, until_enough, write_rows
from beam_jobs.search.said_at import with_times
from beam_jobs.search.search_engine import SearchEngine
from beam_jobs.search.search_request import Hit, SearchRequest

DESCRIPTION = """\
Find places in the archive, the best first, each with its time, what matches and around it.

  af3 search "storm at the station"          these words, and what means alike
  af3 search '"welcome back"'                exactly this phrase
  af3 search 'storm +wind -music'            wind must be there, music must not
  af3 search 'caption:siren transcript:help' in these texts: transcript, caption, answers, summary
  af3 search 'lighthous~'                    words that are spelt alike
  af3 search --like cooking_show.opus@1:05   what sounds like second 65 of this recording

The index is made by af3 index, and kept up to date by the nightly schedule. It holds texts as
people corrected them; --as-made finds words in what the model said, in the tables themselves,
without meaning and sound."""

_COLUMNS: dict[str, pa.DataType] = {
    "kind": pa.string(),
    "corpus": pa.string(),
    "date": pa.string(),
    "recording_id": pa.string(),
    "segment_id": pa.string(),
    "object_uri": pa.string(),
    "start_ms": pa.int64(),
    "end_ms": pa.int64(),
    "flags": pa.list_(pa.string()),
    "field": pa.string(),
    "context": pa.string(),
    "marks": pa.list_(pa.list_(pa.int64())),
    "score": pa.float64(),
    "said_ms": pa.int64(),
    "said_is_estimated": pa.bool_(),
}
"""Of `Hit`, for Parquet."""


def run_search(known: argparse.Namespace) -> int:
    """Search, and print what is found.

    Raises:
        ConfigurationError: there is no index, or no such corpus in it.
        SearchError: the request cannot be answered.
    """
    if known.json and known.format not in (None, "jsonl"):
        raise ConfigurationError(f"--json is --format jsonl; take it, or --format {known.format}")
    target = target_of("jsonl" if known.json else known.format, known.output, known.out or "")
    engine = SearchEngine(known.out, known.text_model, known.as_made)
    request = SearchRequest(
        words=known.words,
        like=engine.segment_at(known.like) if known.like else "",
        mode=known.mode,
        corpus=known.corpus,
        since=known.since,
        until=known.until,
        kinds=tuple(known.kind or ()),
        speech=known.speech,
        unflagged=known.unflagged,
        without_flags=tuple(known.without_flag or ()),
        languages=tuple(known.language or ()),
        limit=known.limit,
        offset=known.offset,
    )
    results = engine.search(request)
    for notice in results.notices:
        tell(notice)
    if not results.hits:
        if request.corpus:
            engine.check_corpus(request.corpus)
        tell(f"nothing found for {known.words or known.like!r}")
    hits = with_times(results.hits, store_at(known.out), known.as_made)
    return until_enough(lambda: _write(_Hits(hits), target))


def _write(hits: _Hits, target: Target) -> None:
    is_terminal = target.is_terminal
    with opened(target) as begin:
        write_rows(hits, target, begin(), lambda _: places_text(hits.hits, is_terminal))


class _Hits:
    """Hits as rows."""

    def __init__(self, hits: Sequence[Hit]) -> None:
        self.hits = hits
        self.columns = [each.name for each in dataclasses.fields(Hit)]

    def batches(self) -> Iterator[Sequence[Sequence[Any]]]:
        if self.hits:
            yield [[getattr(hit, name) for name in self.columns] for hit in self.hits]

    def arrow(self) -> pa.RecordBatchReader:
        return pa.Table.from_pylist(
            list(map(dataclasses.asdict, self.hits)), pa.schema(_COLUMNS)
        ).to_reader()


def places_text(hits: Sequence[Hit], is_terminal: bool) -> str:
    """Places for people, each with what matches: in bold on a terminal, else in brackets."""
    folder = common_folder([hit.object_uri for hit in hits])
    told = Text(f"places below {_printable(folder)}\n" if folder else "")
    for hit in hits:
        told.append(_place(hit, folder), "cyan").append("\n    ")
        told.append_text(_marked_context(hit, is_terminal)).append("\n")
    console = Console(soft_wrap=True, highlight=False, force_terminal=is_terminal)
    with console.capture() as captured:
        console.print(told, end="")
    return captured.get()


def _place(hit: Hit, folder: str) -> str:
    until = clock(hit.end_ms)
    flags = f" ({', '.join(hit.flags)})" if hit.flags else ""
    uri = hit.object_uri.removeprefix(folder)
    about = "about " if hit.said_is_estimated else ""
    said = "" if hit.said_ms is None else f" at {about}{clock(hit.said_ms)}"
    return _printable(f"{uri} {clock(hit.start_ms)}-{until}{said} {hit.field} {hit.date}{flags}")


def _marked_context(hit: Hit, is_terminal: bool) -> Text:
    """The context in one line; what matches in bold, or in brackets."""
    context = _printable(hit.context)
    told, at = Text(), 0
    for start, end in hit.marks:
        found = context[start:end]
        told.append(context[at:start])
        told.append(found if is_terminal else f"[{found}]", "bold yellow")
        at = end
    return told.append(context[at:])


def _printable(text: str) -> str:
    """As many characters; none that moves on the terminal."""
    return "".join(character if character.isprintable() else " " for character in text)
