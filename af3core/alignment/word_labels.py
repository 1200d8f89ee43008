"""When words are spoken, as two kinds of files say it: NIST's CTM, and TextGrids of Praat.

CTM (NIST sctk, doc/infmts.htm): a line a word, `FILE CHANNEL START DURATION WORD [CONFIDENCE]`, in
seconds; lines that begin with `;;` are comments. TextGrid (Praat manual, "TextGrid file formats"):
of a text file only free-standing strings, numbers and flags count, so that the long and the short
form are read alike. No library is used: those that read TextGrids (praatio, tgt) bring an object
model of tiers for two pages of rules, and none says the line of what is wrong.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from af3core.alignment.known_speech import SpokenWord
from af3core.errors import ConfigurationError

CTM, TEXT_GRID = ".ctm", ".textgrid"
SUFFIXES = (CTM, TEXT_GRID)
"""In lower case; files have them in any."""

_PIECE = re.compile(
    r'(?P<comment>![^\n]*)|(?P<text>"(?:[^"]|"")*")|(?P<open>")'
    r"|(?<!\S)(?P<number>[+-]?\d+(?:\.\d*)?(?:[eE][+-]?\d+)?)(?!\S)|(?<!\S)(?P<flag><\w+>)(?!\S)"
)
_INTERVALS, _POINTS = "IntervalTier", "TextTier"
_NO_WORD = frozenset(("", "sil", "sp", "spn", "<sil>", "<eps>", "<unk>", "[noise]", "[laughter]"))
"""Labels of silence and noise, as MFA, Kaldi and Gentle write them."""


def read_labels(path: Path) -> dict[str, list[SpokenWord]]:
    """The words of each recording that a file tells of, in order, by the recording's name without
    its suffix.

    Raises:
        ConfigurationError: the file cannot be read, or a line of it is wrong; names both.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise ConfigurationError(f"{path}: cannot be read ({error.strerror})") from error
    encoding = "utf-16" if data[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError as error:
        raise ConfigurationError(f"{path}: no {encoding} text; save it as UTF-8") from error
    if path.suffix.lower() == CTM:
        return _ctm(path, text)
    return {path.stem: _in_order(path, _text_grid(path, text))}


@dataclass(frozen=True)
class _Labelled:
    line: int
    word: SpokenWord


def _ctm(path: Path, text: str) -> dict[str, list[SpokenWord]]:
    found: dict[str, list[_Labelled]] = {}
    for number, line in enumerate(text.splitlines(), start=1):
        parts = line.split()
        if not parts or line.lstrip().startswith(";;"):
            continue
        if len(parts) < 5:
            raise wrong_line(path, number, "not FILE CHANNEL START DURATION WORD")
        start, duration = (_seconds(path, number, part) for part in parts[2:4])
        word = SpokenWord(round(start * 1000), round((start + duration) * 1000), parts[4])
        found.setdefault(Path(parts[0]).stem, []).append(_Labelled(number, word))
    return {
        recording: _in_order(path, sorted(labels, key=lambda each: each.word.start_ms))
        for recording, labels in found.items()
    }


def _seconds(path: Path, line: int, text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not 0 <= value < math.inf:
        raise wrong_line(path, line, f"{text!r} is no time in seconds")
    return value


def _in_order(path: Path, labels: Sequence[_Labelled]) -> list[SpokenWord]:
    """Words alone, which must follow each other; a millisecond of overlap is rounding."""
    said = [each for each in labels if each.word.text.lower() not in _NO_WORD]
    for before, after in pairwise(said):
        if after.word.start_ms < before.word.end_ms - 1:
            raise wrong_line(path, after.line, f"{after.word.text!r} begins before the last ended")
    for each in said:
        if each.word.end_ms <= each.word.start_ms:
            raise wrong_line(path, each.line, f"{each.word.text!r} ends before it begins")
    return [each.word for each in said]


def wrong_line(path: Path, line: int, what: str) -> ConfigurationError:
    return ConfigurationError(f"{path}, line {line}: {what}")


@dataclass(frozen=True)
class _Piece:
    """A free-standing string, number or flag of a Praat text file."""

    line: int
    value: str | float


def _pieces(path: Path, text: str) -> Iterator[_Piece]:
    line, counted = 1, 0
    for match in _PIECE.finditer(text):
        line += text.count("\n", counted, match.start())
        counted = match.start()
        if match["open"]:
            raise wrong_line(path, line, "a string has no closing quotes")
        if match["text"]:
            yield _Piece(line, match["text"][1:-1].replace('""', '"'))
        elif match["number"]:
            yield _Piece(line, float(match["number"]))
        elif match["flag"]:
            yield _Piece(line, match["flag"])
    line += text.count("\n", counted)
    yield _Piece(line, "")


class _Reader:
    """Takes pieces in the order of the format."""

    def __init__(self, path: Path, text: str) -> None:
        self._path, self._pieces = path, list(_pieces(path, text))
        self._at = 0

    @property
    def line(self) -> int:
        return self._pieces[self._at].line

    def text(self, what: str) -> str:
        return str(self._next(str, what))

    def number(self, what: str) -> float:
        return float(self._next(float, what))

    def count(self, what: str) -> int:
        line, value = self.line, self.number(what)
        if value < 0 or value != int(value):
            raise wrong_line(self._path, line, f"{value:g} is no {what}")
        return int(value)

    def _next(self, kind: type, what: str) -> str | float:
        piece = self._pieces[self._at]
        if self._at == len(self._pieces) - 1:
            raise wrong_line(self._path, piece.line, f"the file ends before {what}")
        if not isinstance(piece.value, kind):
            raise wrong_line(self._path, piece.line, f"{piece.value!r} stands for {what}")
        self._at += 1
        return piece.value


def _text_grid(path: Path, text: str) -> list[_Labelled]:
    """The labels of the tier of words: the one that is named so, or the only one of intervals."""
    reader = _Reader(path, text)
    kind, line = reader.text("the file type"), reader.line
    if not kind.startswith("ooTextFile") or reader.text("the object class") != "TextGrid":
        raise wrong_line(path, line, "no TextGrid in Praat's text form")
    reader.number("xmin"), reader.number("xmax")
    if reader.text("<exists>") != "<exists>":
        raise wrong_line(path, reader.line, "it has no tiers")
    tiers: dict[str, list[_Labelled]] = {}
    for _ in range(reader.count("number of tiers")):
        line, kind, name = reader.line, reader.text("a tier's class"), reader.text("a tier's name")
        if kind not in (_INTERVALS, _POINTS):
            raise wrong_line(path, line, f"{kind!r} is no tier")
        labels = _tier(reader, kind)
        if kind == _INTERVALS:
            tiers[name.strip().lower()] = labels
    named = [name for name in tiers if name in ("word", "words")]
    named = named or [name for name in tiers if "word" in name]
    if len(named or tiers) != 1:
        known = ", ".join(map(repr, tiers)) or "none"
        raise wrong_line(path, 1, f"which tier has the words? name it 'words'; it has {known}")
    return tiers[next(iter(named or tiers))]


def _tier(reader: _Reader, kind: str) -> list[_Labelled]:
    reader.number("a tier's xmin"), reader.number("a tier's xmax")
    labels: list[_Labelled] = []
    for _ in range(reader.count("number of labels")):
        line, start = reader.line, reader.number("a time")
        end = reader.number("a time") if kind == _INTERVALS else start
        label = reader.text("a label").strip()
        labels.append(_Labelled(line, SpokenWord(round(start * 1000), round(end * 1000), label)))
    return labels
