"""A page of the report as a browser reads it: its text, and its elements with their attributes."""

from __future__ import annotations

from html.parser import HTMLParser
from pathlib import Path

_SILENT = ("style", "title", "desc")
_EMPTY = ("meta", "link", "img")


class Seen(HTMLParser):
    """What is in a page.

    Attributes:
        elements: tag and attributes, in the page's order.
        texts: what stands between tags, without empty ones; spaces are plain ones.
    """

    def __init__(self, page: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str]]] = []
        self.texts: list[str] = []
        self._open: list[str] = []
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, {name: value or "" for name, value in attrs}))
        if tag not in _EMPTY:
            self._open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, {name: value or "" for name, value in attrs}))

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        text = " ".join(data.split())
        if text and not set(self._open) & set(_SILENT):
            self.texts.append(text)

    def all(self, tag: str) -> list[dict[str, str]]:
        """The attributes of all elements of a kind."""
        return [attributes for name, attributes in self.elements if name == tag]

    def after(self, heading: str, texts: int) -> list[str]:
        """So many texts after the first one that is this."""
        place = self.texts.index(heading) + 1
        return self.texts[place : place + texts]


def page_of(out: Path | str, corpus: str, run_id: str) -> Path:
    """Where the page of a run lies in a folder."""
    return Path(out) / "reports" / f"corpus={corpus}" / f"run={run_id}" / "report.html"


def read_page(path: Path) -> Seen:
    return Seen(path.read_text("utf-8"))
