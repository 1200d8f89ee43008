"""Ask the index."""

from __future__ import annotations

from dataclasses import dataclass

from af3core.embedding.text import EMBEDDED_TEXT_MODEL
from beam_jobs.search.request import Results, SearchRequest


@dataclass(frozen=True)
class SearchIndex:
    """An index that is open; several threads may search at once.

    Args:
        out: folder or gs:// of the tables.
        text_model: that embeds the words of a request.
    """

    out: str
    text_model: str = EMBEDDED_TEXT_MODEL

    def search(self, request: SearchRequest) -> Results:
        """The best places.

        Raises:
            ConfigurationError: there is no index.
            SearchError: the request cannot be answered.
        """
        raise NotImplementedError
