"""Texts in any script as what a reader counts: characters, letters, words; and their script.

Characters are grapheme clusters and words are those of Unicode's text segmentation (UAX 29), by
ICU, whose dictionaries know the words of scripts that write no spaces: Chinese, Japanese, Thai,
Lao, Khmer and Burmese.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

JAPANESE, HAN, LATIN, NO_SCRIPT = "Japanese", "Han", "Latin", ""

_PRIVATE = 0xF0000
"""Private use of Unicode: code points that no text has stand for what is longer than one."""
_ASCII_BETWEEN = {code: " " for code in range(128) if not chr(code).isalnum()}
_NUMBER = re.compile(r"\d+")
_ALONE = re.compile(
    "[\x00-\x7f¡-\u02ffͰ-\u0482\u048a-\u058f\u10a0-\u10ffḀ-\u1fff\u2010-\u2027\u3000-\u3029"
    "ぁ-ゖァ-ヺ\u3400-\u9fff\uac00-\ud7a3\uff01-\uff9d]*"
)
"""Characters that are a grapheme cluster each, whatever stands beside them."""
_ASCII_WORD = re.compile(
    r"[0-9A-Za-z_]+(?:(?:(?<=[A-Za-z])[.':](?=[A-Za-z])|(?<=[0-9])[.,;'](?=[0-9]))[0-9A-Za-z_]+)*"
)
"""UAX 29 for ASCII: a word goes on over a full stop, an apostrophe or a colon within it."""

_KANA = ("Hiragana", "Katakana")
_KANA_SHARE = 0.2
"""Japanese prose is about half kana; a name in kana makes no Chinese text Japanese."""
_SCRIPT_NAMES = {"Cjk": HAN, "Halfwidth": "Katakana", "Fullwidth": LATIN}
"""By the first word of a letter's name in Unicode, where that is not its script's."""


class Signs(NamedTuple):
    """A text for comparing and counting.

    Attributes:
        coded: a character for each sign: a grapheme cluster in small letters, a number, or a space
            for all that stands between words (spaces, punctuation, symbols) and around the text.
        letters: letters and digits; what is written over or under a letter is a part of it.
        script: that most letters are of, by Unicode's English name, empty where there is no letter.
            Kana and Han together are Japanese.
    """

    coded: str
    letters: int
    script: str


@lru_cache(maxsize=16)
def signs_of(text: str) -> Signs:
    """The signs of a text."""
    lower = text.lower()
    if lower.isascii():
        coded = lower.translate(_ASCII_BETWEEN)
        script = NO_SCRIPT if not coded.strip(" 0123456789") else LATIN
    elif _ALONE.fullmatch(lower):
        coded = "".join([c if c.isalnum() else " " for c in lower])
        script = _script_of(coded)
    else:
        clusters = _clusters(lower)
        coded = _coded_clusters(clusters)
        script = _script_of([cluster[0] for cluster in clusters])
    coded = f" {' '.join(coded.split())} " if coded.strip() else " "
    letters = len(coded) - coded.count(" ")
    if _NUMBER.search(coded):
        codes: dict[str, str] = {}
        coded = _NUMBER.sub(lambda found: _code(found[0], codes, _PRIVATE), coded)
    return Signs(coded, letters, script)


def word_count(text: str) -> int:
    """Words of a text; a number is one."""
    if text.isascii():
        return sum(found.strip("_") != "" for found in _ASCII_WORD.findall(text))
    from icu4py.breakers import WordBreaker

    return sum(any(map(str.isalnum, part)) for part in WordBreaker(text, "und"))


def _clusters(text: str) -> list[str]:
    from icu4py.breakers import CharacterBreaker

    return list(CharacterBreaker(text, "und"))


def _coded_clusters(clusters: Sequence[str]) -> str:
    codes: dict[str, str] = {}
    return "".join(
        cluster
        if len(cluster) == 1 and cluster.isalnum()
        else _code(cluster, codes, _PRIVATE + 0x1000)
        if cluster[0].isalnum()
        else " "
        for cluster in clusters
    )


def _code(part: str, codes: dict[str, str], first: int) -> str:
    return codes.setdefault(part, chr(first + len(codes)))


def _script_of(letters: Sequence[str]) -> str:
    counts: Counter[str] = Counter()
    for letter, count in Counter(letters).items():
        counts[_script_of_character(letter)] += count
    del counts[NO_SCRIPT]
    kana = sum(counts.pop(name, 0) for name in _KANA)
    if kana and kana >= _KANA_SHARE * (kana + counts[HAN]):
        counts[JAPANESE] = kana + counts.pop(HAN, 0)
    return max(counts, key=lambda name: (counts[name], name), default=NO_SCRIPT)


@lru_cache(maxsize=65_536)
def _script_of_character(character: str) -> str:
    if not character.isalpha():
        return NO_SCRIPT
    first = unicodedata.name(character, "").partition(" ")[0].partition("-")[0].capitalize()
    return _SCRIPT_NAMES.get(first, first)
