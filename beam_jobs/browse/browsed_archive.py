"""The archive as the routes ask it: tables, index, pictures and queries, opened once."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml

from af3core import __version__
from af3core.errors import Af3Error, ConfigurationError
from beam_jobs.browse.data.archive_tables import open_tables
from beam_jobs.browse.data.spectrograms import Spectrograms
from beam_jobs.browse.http.refusal import Refusal
from beam_jobs.browse.pages.cards import cards_of
from beam_jobs.browse.pages.corpora import Corpora
from beam_jobs.browse.pages.corpus_page import CorpusCharts
from beam_jobs.browse.pages.newest_places import newest
from beam_jobs.browse.review.review_desk import ReviewDesk
from beam_jobs.browse.sql.sql_pool import MOST_ROWS, SECONDS, SqlPool
from beam_jobs.output.next_command import af3
from beam_jobs.search.index_files import can_open_indexes
from beam_jobs.search.index_state import read_state
from beam_jobs.search.search_engine import SearchEngine, words_alone
from beam_jobs.search.search_request import Results, SearchRequest

_QUESTIONS = Path(__file__).with_name("saved_questions.yaml")


class Archive:
    """All that is asked of an archive.

    Args:
        out: folder or gs:// of the tables.
        text_model: that embeds the words of a search.

    Raises:
        ConfigurationError: there are no tables.
    """

    def __init__(self, out: str, text_model: str) -> None:
        self.out = out
        self.tables = open_tables(out)
        self.corpora = Corpora(self.tables)
        self.charts = CorpusCharts(self.tables, self.corpora)
        self.spectrograms = Spectrograms(self.tables)
        self.sandbox = SqlPool(self.tables)
        self.review = ReviewDesk(self.tables)
        self._search_engine = SearchEngine(out, text_model)

    def begin(self) -> None:
        """Read what every first page shows, and begin to load what the first search needs."""
        with contextlib.suppress(Af3Error):  # whoever asks is told what is wrong
            self.about()
        threading.Thread(target=self._load, name="first-search", daemon=True).start()

    def close(self) -> None:
        """Publish what was corrected, and remove what was copied to this machine."""
        self.review.close()
        self.tables.close()

    def about(self) -> dict[str, Any]:
        """What the archive holds and what the server can do."""
        return {
            "version": __version__,
            "out": self.out,
            "corpora": self.corpora.all(),
            "flags": self.corpora.flags(),
            "languages": self.corpora.languages(),
            "search": self._searchable(),
            "limits": {"sql_seconds": SECONDS, "sql_rows": MOST_ROWS},
            "saved_questions": saved_questions(),
        }

    def search(self, request: SearchRequest) -> dict[str, Any]:
        """The hits of a search, or the newest places where nothing is searched for.

        Raises:
            Refusal: there is no index.
            SearchError: the request cannot be answered.
        """
        begun = time.perf_counter()
        asked = request.words.strip() or request.like
        found = self._search_index(request) if asked else newest(self.tables, request)
        return {
            "hits": cards_of(self.tables, found.hits),
            "more": found.more,
            "notices": list(found.notices),
            "took_ms": round(1000 * (time.perf_counter() - begun), 1),
        }

    def _search_index(self, request: SearchRequest) -> Results:
        try:
            return self._search_engine.search(request)
        except ConfigurationError as error:
            if read_state(self.tables.store) is None:
                raise Refusal(409, self._no_index()) from error
            raise

    def _searchable(self) -> dict[str, Any]:
        if not can_open_indexes():
            return {"available": True, "notices": [words_alone()]}
        try:
            state = read_state(self.tables.store)
        except Af3Error as error:
            return {"available": False, "notices": [str(error)]}
        notices = [] if state else [self._no_index()]
        return {"available": state is not None, "notices": notices}

    def _no_index(self) -> str:
        """What is missing, with the remedy for each corpus."""
        commands = [
            af3("index", out=self.out, corpus=corpus["name"]) for corpus in self.corpora.all()
        ]
        return f"search needs an index, which is not there yet: run {' and '.join(commands)}"

    def _load(self) -> None:
        with contextlib.suppress(Af3Error):
            self.search(SearchRequest("any", limit=1))


def saved_questions() -> Sequence[dict[str, str]]:
    """Questions to begin with: title and SQL."""
    questions: list[dict[str, str]] = yaml.safe_load(_QUESTIONS.read_text("utf-8"))
    return questions
