"""`af3 search`: options in, places out."""

from __future__ import annotations

import argparse
import dataclasses
import json
import sys
from typing import Any, TextIO

from rich.markup import escape

from af3core.embedding.text import EMBEDDED_TEXT_MODEL
from beam_jobs.guard import say
from beam_jobs.progress import clock
from beam_jobs.search.request import KINDS, MODES, SPEECH, Hit, Results, SearchRequest
from beam_jobs.search.searching import SearchIndex

SUMMARY = "find places by words, by meaning, or by sound"
_DESCRIPTION = """\
Find places in the archive, the best first, each with its time, what matches and around it.

  af3 search "storm at the station"          these words, and what means alike
  af3 search '"welcome back"'                exactly this phrase
  af3 search 'storm +wind -music'            wind must be there, music must not
  af3 search 'caption:siren transcript:help' in these texts: transcript, caption, answers, summary
  af3 search 'lighthous~'                    words that are spelt alike
  af3 search --like cooking_show.opus@1:05   what sounds like second 65 of this recording

The index is made by af3 index, and kept up to date by the nightly schedule."""


def add_search(commands: Any) -> None:
    """Add the command to the others."""
    parser = commands.add_parser(
        "search",
        help=SUMMARY,
        description=_DESCRIPTION,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("words", nargs="?", default="", metavar="WORDS", help="what to find")
    parser.add_argument("--out", default="out", metavar="DIR", help="folder or gs:// of a night")
    parser.add_argument(
        "--like", default="", metavar="PLACE", help="OBJECT@M:SS or a segment's id, without WORDS"
    )
    parser.add_argument(
        "--mode",
        choices=MODES,
        default="hybrid",
        help="words and meaning together, or one of them (default: hybrid)",
    )
    parser.add_argument("--corpus", default="", metavar="NAME", help="only this corpus")
    parser.add_argument("--since", default="", metavar="DAY", help="first archive day")
    parser.add_argument("--until", default="", metavar="DAY", help="last archive day")
    parser.add_argument(
        "--kind",
        action="append",
        choices=KINDS,
        help="only segments, clips, chapters or recordings; repeatable",
    )
    parser.add_argument(
        "--speech", choices=SPEECH, default="any", help="only where somebody, or nobody, speaks"
    )
    parser.add_argument("--unflagged", action="store_true", help="only places without any flag")
    parser.add_argument(
        "--without-flag", action="append", metavar="FLAG", help="not with this flag; repeatable"
    )
    parser.add_argument("--limit", type=int, default=20, metavar="N", help="hits (default: 20)")
    parser.add_argument("--offset", type=int, default=0, metavar="N", help="skip the best N")
    parser.add_argument("--json", action="store_true", help="one JSON object a line")
    parser.add_argument(
        "--text-model",
        default=EMBEDDED_TEXT_MODEL,
        metavar="NAME",
        help="that the index was made with (default: the embedded one)",
    )


def run_search(known: argparse.Namespace) -> int:
    """Search, and print what is found.

    Raises:
        ConfigurationError: there is no index.
        SearchError: the request cannot be answered.
    """
    index = SearchIndex(known.out, known.text_model)
    request = SearchRequest(
        words=known.words,
        like=index.segment_at(known.like) if known.like else "",
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
    results = index.search(request)
    for notice in results.notices:
        print(f"af3: {notice}", file=sys.stderr)
    if known.json:
        say(json.dumps(dataclasses.asdict(hit), ensure_ascii=False) for hit in results.hits)
    else:
        _print(results, sys.stdout)
    if not results.hits:
        print(f"af3: nothing found for {known.words or known.like!r}", file=sys.stderr)
    return 0


def _print(results: Results, stream: TextIO) -> None:
    if not results.hits:
        return
    if stream.isatty():
        from rich.console import Console

        console = Console(soft_wrap=True, highlight=False)
        for hit in results.hits:
            console.print(f"[cyan]{escape(_place(hit))}[/cyan]\n    {_marked(hit, terminal=True)}")
    else:
        say(f"{_place(hit)}\n    {_marked(hit, terminal=False)}" for hit in results.hits)


def _place(hit: Hit) -> str:
    until = clock(hit.end_ms)
    flags = f" ({', '.join(hit.flags)})" if hit.flags else ""
    uri = _printable(hit.object_uri)
    return f"{uri} {clock(hit.start_ms)}-{until} {hit.field} {hit.date}{flags}"


def _marked(hit: Hit, terminal: bool) -> str:
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
