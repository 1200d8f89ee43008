"""What a viewer can read: the usual limits of subtitles, by script.

Sources: Netflix's timed text style guides (42 characters a line, Chinese 16, Japanese 13, Korean
16; two lines; 7 s at most; two frames between; 17 characters a second for adults, Chinese 9,
Japanese 4, Korean 12), and the BBC's subtitle guidelines (breaks at clauses, none behind an article
or a preposition; a second at least).
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache

SHORTEST_MS, LONGEST_MS = 1_000, 7_000
FRAMES_BETWEEN = 2
DEFAULT_FPS = 25.0
PAUSE_MS = 1_000
"""A pause that ends a subtitle."""

_KANA = re.compile("[\u3040-\u30ff\u31f0-\u31ff\uff66-\uff9f]")
_HAN = re.compile("[\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]")
_HANGUL = re.compile("[\u1100-\u11ff\u3130-\u318f\uac00-\ud7af]")


@dataclass(frozen=True)
class LineRules:
    """Limits of one script.

    Attributes:
        line_width: characters of a line; in scripts with full-width signs, another counts half.
        characters_per_s: that are read.
        is_full_width: signs of this script fill a square.
    """

    line_width: float
    characters_per_s: float
    is_full_width: bool = False

    def width(self, text: str) -> float:
        """Of a text in characters; marks above and below others take no room."""
        return _width(text, self.is_full_width)


@lru_cache(maxsize=65_536)
def _width(text: str, is_full_width: bool) -> float:
    return sum(_sign_width(sign, is_full_width) for sign in text)


def _sign_width(sign: str, is_full_width: bool) -> float:
    if unicodedata.category(sign) in ("Mn", "Me", "Cf"):
        return 0.0
    is_narrow = is_full_width and unicodedata.east_asian_width(sign) not in "WFA"
    return 0.5 if is_narrow else 1.0


ALPHABETS = LineRules(42, 17)
CHINESE = LineRules(16, 9, is_full_width=True)
JAPANESE = LineRules(13, 4, is_full_width=True)
KOREAN = LineRules(16, 12, is_full_width=True)


def rules_for(text: str) -> LineRules:
    """The rules of the script that most of a text is written in."""
    kana, han, hangul = (len(script.findall(text)) for script in (_KANA, _HAN, _HANGUL))
    letters = sum(sign.isalpha() for sign in text)
    if kana + han + hangul <= letters / 2:
        return ALPHABETS
    if hangul > kana + han:
        return KOREAN
    return JAPANESE if kana else CHINESE
