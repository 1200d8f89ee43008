"""Whether a text repeats itself, in any script.

A mark that follows itself twelve times is a loop: a model whose numbers overflow writes `!` to its
limit. Else there are two measures over the signs of a text (`text_segmentation.signs_of`): a phrase
that follows itself, and the share of six signs in a row that the text had before. A text of
language repeats short phrases twice or thrice; how large its share is depends on the script, and
was measured (`script_limits`).
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from af3core.tasks.script_limits import limits_of
from af3core.tasks.text_segmentation import signs_of

LONGEST_PERIOD = 120
"""Signs of the longest phrase that is looked for as one that follows itself: a long sentence."""
REPEATS = 4
"""How often a phrase stands in a row in a loop: one that is said three times may be spoken."""
SHORTEST_LOOP = 12
"""Signs of the shortest loop."""
GRAM = 6
"""Signs in a row that are compared: fewer return in language by chance."""
STEP = 4
"""Signs from one stretch that is looked for to the next: a loop of 12 signs has four places where
one begins that returns in it.
"""
WINDOW = 600
"""Signs that a share is of: in a longer text more returns without a loop."""
SHORTEST_SHARED = 60
"""Signs below which no share is taken."""

_REPEATED_MARK = re.compile(rf"([^\w\s]{{1,4}}?)(?:\s*\1){{{SHORTEST_LOOP - 1},}}")
"""An emoji may be of several code points."""
_NEW_WORDS = 0.7
"""Share of words that are not repeated, from which on no limit of a share is reached."""


def is_looping(text: str) -> bool:
    """True where a phrase follows itself four times or a mark twelve times, or more of the text
    stood in it before than language of its script repeats.
    """
    if _REPEATED_MARK.search(text):
        return True
    signs = signs_of(text)
    if len(signs.coded) < SHORTEST_LOOP or not _may_loop(signs.coded):
        return False
    returned = _returned(signs.coded)
    for place in returned:
        if place.distance and _follows_itself(signs.coded, place):
            return True
    share = max(_shares(signs.coded, returned), default=0.0)
    return share > limits_of(signs.script).repeated_share


def _may_loop(coded: str) -> bool:
    """Whether a text can loop, by its words, which takes a fifth of the time.

    Where a phrase stands four times, words that are there three times follow each other; where
    much of a text stood before, many of its words did. A long word may hold a loop itself; a text
    without spaces is one.
    """
    words = coded.split()
    counts = Counter(words)
    if len(counts) < _NEW_WORDS * len(words):
        return True
    length = 0
    for word in words:
        length = length + len(word) + 1 if counts[word] >= REPEATS - 1 else 0
        if length >= SHORTEST_LOOP - 2:
            return True
        if len(word) >= SHORTEST_LOOP and _returned(word):
            return True
    return False


def repeated_share(coded: str) -> float:
    """The greatest share of a window's stretches that stood before in it; 0 for a text that is too
    short for one.
    """
    return max(_shares(coded, _returned(coded)), default=0.0)


class _Returned(NamedTuple):
    """A stretch that stood before in its window: where, and how far before, at most
    `LONGEST_PERIOD`; 0 for further.
    """

    at: int
    distance: int


def _returned(coded: str) -> list[_Returned]:
    """Every fourth stretch of six signs that stood before: in any loop there is one."""
    found = []
    for at in range(0, len(coded) - GRAM + 1, STEP):
        gram = coded[at : at + GRAM]
        if coded.find(gram, max(0, at - WINDOW), at + GRAM - 1) >= 0:
            before = coded.rfind(gram, max(0, at - LONGEST_PERIOD), at + GRAM - 1)
            found.append(_Returned(at, at - before if before >= 0 else 0))
    return found


def _shares(coded: str, returned: Sequence[_Returned]) -> Iterator[float]:
    """The share of each window's stretches that returned."""
    for start in range(0, max(1, len(coded) - WINDOW // 2), WINDOW // 2):
        end = min(start + WINDOW, len(coded))
        if end - start >= SHORTEST_SHARED:
            count = sum(start <= place.at <= end - GRAM for place in returned)
            yield count * STEP / (end - start - GRAM + 1)


def _follows_itself(coded: str, place: _Returned) -> bool:
    """Whether around a place the signs are those of a distance before, as long as in a loop."""
    period = place.distance
    first = last = place.at
    while first > period and coded[first - 1] == coded[first - 1 - period]:
        first -= 1
    while last < len(coded) and coded[last] == coded[last - period]:
        last += 1
    return last - first >= max(SHORTEST_LOOP, REPEATS * period) - period
