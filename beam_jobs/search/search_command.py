"""`af3 search`: options in, places out."""

from __future__ import annotations

import argparse
import dataclasses
import json
import sys
from typing import TextIO

from rich.markup import escape

from beam_jobs.framework.process import say
from beam_jobs.framework.progress import clock
from beam_jobs.search.search_engine import SearchEngine
from beam_jobs.search.search_request import Hit, Results, SearchRequest

DESCRIPTION = """\
Find places in the archive, the best first, each with its time, what matches and around it.

  af3 search "storm at the station"          these words, and what means alike
  af3 search '"welcome back"'                exactly this phrase
  af3 search 'storm +wind -music'            wind must be there, music must not
  af3 search 'caption:siren transcript:help' in these texts: transcript, caption, answers, summary
  af3 search 'lighthous~'                    words that are spelt alike
  af3 search --like cooking_show.opus@1:05   what sounds like second 65 of this recording

The index is made by af3 index, and kept up to date by the nightly schedule."""


def run_search(known: argparse.Namespace) -> int:
    """Search, and print what is found.

    Raises:
        ConfigurationError: there is no index, or no such corpus in it.
        SearchError: the request cannot be answered.
    """
    engine = SearchEngine(known.out, known.text_model)
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
        limit=known.limit,
        offset=known.offset,
    )
    results = engine.search(request)
    for notice in results.notices:
        print(f"af3: {notice}", file=sys.stderr)
    if known.json:
        say(json.dumps(dataclasses.asdict(hit), ensure_ascii=False) for hit in results.hits)
    else:
        _print(results, sys.stdout)
    if not results.hits:
        if request.corpus:
            engine.check_corpus(request.corpus)
        print(f"af3: nothing found for {known.words or known.like!r}", file=sys.stderr)
    return 0


def _print(results: Results, stream: TextIO) -> None:
    if not results.hits:
        return
    if stream.isatty():
        from rich.console import Console

        console = Console(soft_wrap=True, highlight=False)
        for hit in results.hits:
            console.print(
                f"[cyan]{escape(_place(hit))}[/cyan]\n    {_marked_context(hit, terminal=True)}"
            )
    else:
        say(f"{_place(hit)}\n    {_marked_context(hit, terminal=False)}" for hit in results.hits)


def _place(hit: Hit) -> str:
    until = clock(hit.end_ms)
    flags = f" ({', '.join(hit.flags)})" if hit.flags else ""
    uri = _printable(hit.object_uri)
    return f"{uri} {clock(hit.start_ms)}-{until} {hit.field} {hit.date}{flags}"


def _marked_context(hit: Hit, terminal: bool) -> str:
    """The context in one line; what matches in bold, or in brackets."""
    before, after = ("[bold yellow]", "[/bold yellow]") if terminal else ("[", "]")
    context = _printable(hit.context)
    parts, at = [], 0
    for start, end in hit.marks:
        parts += [context[at:start], before, context[start:end], after]
        at = end
    parts.append(context[at:])
    return "".join(escape(part) if terminal and not n % 2 else part for n, part in enumerate(parts))


def _printable(text: str) -> str:
    """As many characters; none that moves on the terminal."""
    return "".join(character if character.isprintable() else " " for character in text)
