"""Words of transcripts and captions: which carry meaning, which are the same, which to quote."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence

_WORD = re.compile(r"[぀-ヿ㐀-鿿]|[^\W_]+(?:['’][^\W_]+)*")
_SENTENCE = re.compile(r"(?<=[.!?。！？])\s+|(?<=[。！？])")
_SUFFIXES = ("ing", "ed", "es", "ly", "s", "e")

STOP_WORDS = frozenset(
    """a about above after again against all also am an and any are as at be because been before
    behind being below between both but by can could did do does doing down during each either
    every few for from further had has have having he her here hers him his how i if in inside into
    is it its itself just least less like many may me might more most much must my near neither no
    nor not now of off often on once one only or other our out outside over own per perhaps please
    quite rather really same shall she should so some such than that the their them then there
    these they this those though through to too toward towards under until up us very was we were
    what when where which while who whom whose why will with within without would yes yet you your
    recording audio say says said tell tells told mention mentions mentioned talk talks talked
    talking speak speaks spoke spoken speaking happen happens happened anything something""".split()
)
"""What a question or a text is rarely about, though it holds it."""


def words_of(text: str) -> list[str]:
    """Words in lower case, without punctuation; each sign of a script without spaces is one."""
    return [word.replace("’", "'") for word in _WORD.findall(text.casefold())]


def is_same_word(one: str, other: str) -> bool:
    """True for the same word, whatever its capitals and marks."""
    return words_of(one) == words_of(other) != []


def stem(word: str) -> str:
    """One form for flood, floods, flooded and flooding: enough to find, too rough to show."""
    word = word.removesuffix("'s")
    for suffix in _SUFFIXES:
        if word.endswith(suffix) and len(word) - len(suffix) >= 3 and not word.endswith("ss"):
            word = word.removesuffix(suffix)
            break
    if len(word) > 3 and word[-1] == word[-2] and word[-1] not in "lsz0123456789":
        word = word[:-1]
    return word[:-1] + "i" if len(word) > 3 and word.endswith("y") else word


def stems_of(text: str) -> list[str]:
    """Stems of the words that carry meaning, in their order."""
    return [stem(w) for w in words_of(text) if w not in STOP_WORDS and (len(w) > 1 or w.isdigit()
            or ord(w) > 0x3000)]  # fmt: skip


def sentences_of(text: str) -> list[str]:
    """The sentences; a text without punctuation is one."""
    return [part.strip() for part in _SENTENCE.split(text) if part and part.strip()]


def first_words(text: str, most_words: int) -> str:
    """The first words, with an ellipsis where more follow."""
    words = text.split()
    return " ".join(words) if len(words) <= most_words else " ".join(words[:most_words]) + " …"


def quote(text: str, wanted: Collection[str], most_words: int = 24) -> str:
    """The stretch of a text that holds most of the wanted stems, in its own words.

    Of equal stretches the one that begins soonest before its first hit.
    """
    words = text.split()
    if len(words) <= most_words:
        return " ".join(words)
    hits = [bool(set(stems_of(word)) & set(wanted)) for word in words]
    start = _best_start(hits, [set(stems_of(word)) & set(wanted) for word in words], most_words)
    end = start + most_words
    before, after = ("… " if start else ""), (" …" if end < len(words) else "")
    return before + " ".join(words[start:end]) + after


def _best_start(hits: Sequence[bool], found: Sequence[set[str]], size: int) -> int:
    """Start of the window with the most distinct stems, its hits near the middle."""
    best, best_start = (-1, 0), 0
    last = len(hits) - size
    for start in range(last + 1):
        window = range(start, start + size)
        distinct = len(set().union(*(found[i] for i in window)))
        places = [i - start for i in window if hits[i]]
        off_middle = abs(places[0] + places[-1] - size) if places else 0
        if (distinct, -off_middle) > best:
            best, best_start = (distinct, -off_middle), start
    return best_start
