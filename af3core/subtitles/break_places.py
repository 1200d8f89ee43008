"""Where a line of a text may be broken: not inside a word, and not before a mark that ends one.

Scripts without spaces between words (Chinese, Japanese, Thai, Lao, Khmer, Burmese) are cut by ICU:
its dictionaries know their words, its line breaker which marks begin or end no line (UAX 14), and
of Japanese the phrases, at which a line breaks best. ICU comes with the extra `jobs`. Without it a
line may break between any two signs of these scripts, so also inside a word, but keeps the marks:
those of JIS X 4051 (kinsoku), and vowels that are written before or behind their consonant.
"""

from __future__ import annotations

import dataclasses
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib.util import find_spec

from af3core.alignment.text_words import is_unspaced
from af3core.subtitles.cue import SpokenWord, joined
from af3core.subtitles.line_rules import JAPANESE, LineRules, rules_for

_NOT_FIRST = frozenset(
    "、。，．・：；？！,.:;?!%‰…‥）〕］｝〉》」』】〙〗)]}»”’ー々〻ゝゞヽヾ"
    "ぁぃぅぇぉっゃゅょゎゕゖァィゥェォッャュョヮヵヶ"
    "ะาำๅๆฯະາຳໆຯ"
    "។៕ៗ၊။"
)
_NOT_LAST = frozenset("（〔［｛〈《「『【〘〖([{«“‘เแโใไເແໂໃໄ\u17d2\u1039")
_PHRASES = "ja-u-lw-phrase"


@dataclass(frozen=True)
class BreakPlaces:
    """Code points before which a line may break.

    Attributes:
        allowed: all of them.
        inside_phrases: those that part a phrase; a break elsewhere is better.
    """

    allowed: frozenset[int]
    inside_phrases: frozenset[int] = frozenset()


def has_dictionaries() -> bool:
    """Whether ICU is installed, which knows the words of scripts without spaces."""
    return find_spec("icu4py") is not None


@lru_cache(maxsize=64)
def break_places(text: str) -> BreakPlaces:
    """The places in a text; its start and end are none."""
    if text.isascii() or not has_dictionaries():
        return BreakPlaces(frozenset(at for at in range(1, len(text)) if _may_break(text, at)))
    from icu4py.breakers import LineBreaker, WordBreaker

    words = _ends(list(WordBreaker(text, "und")))
    lines = _ends(list(LineBreaker(text, "und")))
    both = (lines & words) - {len(text)}
    allowed = frozenset(at for at in both if not _begins_no_line(text, at))
    if rules_for(text) != JAPANESE:
        return BreakPlaces(allowed)
    return BreakPlaces(allowed, allowed - _ends(list(LineBreaker(text, _PHRASES))))


def _ends(parts: Sequence[str]) -> frozenset[int]:
    ends, at = [], 0
    for part in parts:
        at += len(part)
        ends.append(at)
    return frozenset(ends)


def _may_break(text: str, at: int) -> bool:
    """By the signs on both sides alone: behind single spaces, and where a script has none."""
    before, after = text[at - 1], text[at]
    if after.isspace() or _begins_no_line(text, at) or unicodedata.category(after)[0] == "M":
        return False
    if before.isspace():
        return text[max(0, at - 2)] not in _NOT_LAST
    return before not in _NOT_LAST and (is_unspaced(before) or is_unspaced(after))


def _begins_no_line(text: str, at: int) -> bool:
    """A mark that ends something; of ASCII's, one that begins a word (.NET) does not."""
    sign = text[at]
    return sign in _NOT_FIRST and not (sign.isascii() and text[at + 1 : at + 2].isalnum())


def whole_words(words: Sequence[SpokenWord], rules: LineRules) -> list[SpokenWord]:
    """The same text, what no line may part as one word, as far as a line holds it.

    Args:
        words: of one speaker, in order; signs of scripts without spaces by themselves.
        rules: of the lines.
    """
    text = joined(words)
    places = break_places(text)
    whole: list[SpokenWord] = []
    parts: list[SpokenWord] = []
    at, width = 0, 0.0
    for number, word in enumerate(words):
        space = bool(number) and word.after_space
        at += space
        own = rules.width(word.text)
        wider = width + own + (rules.width(" ") if space else 0.0)
        if parts and (at in places.allowed or wider > rules.line_width):
            whole.append(_as_one(parts))
            parts, wider = [], own
        bound = at in places.inside_phrases
        parts.append(dataclasses.replace(word, is_bound=True) if bound else word)
        width = wider
        at += len(word.text)
    return [*whole, _as_one(parts)] if parts else whole


def _as_one(parts: Sequence[SpokenWord]) -> SpokenWord:
    """Words that stand together; as much in doubt as most of them are."""
    if len(parts) == 1:
        return parts[0]
    return dataclasses.replace(
        parts[0],
        text=joined([dataclasses.replace(parts[0], after_space=False), *parts[1:]]),
        end_ms=max(part.end_ms for part in parts),
        is_doubtful=2 * sum(part.is_doubtful for part in parts) >= len(parts),
        is_estimated=any(part.is_estimated for part in parts),
    )
