"""Words with times become subtitles: cut where a viewer reads on most easily, shown long enough.

A text is cut by the least sum of costs over all cuts (as of paragraphs into lines: Knuth and Plass
1981). Then each subtitle gets its time: from its first word to its last, longer where it needs
reading and there is room. Where words come faster than they can be shown, subtitles come late
rather than overlap.
"""

from __future__ import annotations

import bisect
import dataclasses
import itertools
import math
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from af3core.subtitles.break_places import whole_words
from af3core.subtitles.cue import Cue, SpokenWord, joined
from af3core.subtitles.line_breaks import SENTENCE, break_cost, lines_of
from af3core.subtitles.line_rules import (
    DEFAULT_FPS,
    FRAMES_BETWEEN,
    LONGEST_MS,
    PAUSE_MS,
    SHORTEST_MS,
    LineRules,
    rules_for,
)

DOUBT_MARK = "[?]"
"""Before the words of a subtitle that is in doubt, where doubt is marked."""
DASH = "- "
"""Before the words of another one than spoke before, in files that name no speakers."""

_EACH_COST, _ORPHAN_COST, _HASTE_COST = 2.0, 4.0, 1.5
_DOUBTFUL_SHARE = 0.5


def make_cues(
    words: Sequence[SpokenWord],
    end_ms: int | None = None,
    fps: float = DEFAULT_FPS,
    mark_doubt: bool = False,
    line_width: int | None = None,
) -> list[Cue]:
    """The subtitles of a recording, in order, without overlap.

    Args:
        words: those of a speaker in the order of their times.
        end_ms: of the recording; no subtitle goes beyond, but for one that needs its second.
        fps: frames a second, for the time between two.
        mark_doubt: write `DOUBT_MARK` before what is in doubt.
        line_width: characters of a line; None is the usual width of the script.
    """
    rules = rules_for(joined(words))
    is_dialogue = len({word.speaker for word in words}) > 1
    before = DASH * is_dialogue + f"{DOUBT_MARK} " * mark_doubt
    widest = rules.line_width if line_width is None else line_width
    narrow = dataclasses.replace(rules, line_width=widest - rules.width(before))
    blocks = [whole_words(block, narrow) for block in _blocks(list(_fitting(words, narrow)))]
    parts = [part for block in blocks for part in _cut(block, narrow)]
    parts.sort(key=lambda part: part[0].start_ms)  # several who speak at once take turns
    gap_ms = math.ceil(1000 * FRAMES_BETWEEN / fps)
    cues = _timed(parts, narrow, gap_ms, end_ms)
    return [_marked(cue) for cue in cues] if mark_doubt else cues


def _marked(cue: Cue) -> Cue:
    if not cue.is_doubtful:
        return cue
    first, *rest = cue.lines
    return dataclasses.replace(cue, lines=(f"{DOUBT_MARK} {first}", *rest))


def _fitting(words: Iterable[SpokenWord], rules: LineRules) -> Iterator[SpokenWord]:
    """The same, a word that is longer than a line in pieces of one."""
    for word in words:
        for place, piece in enumerate(_pieces(word.text, rules)):
            after_space = word.after_space and not place
            yield dataclasses.replace(word, text=piece, after_space=after_space)


def _pieces(text: str, rules: LineRules) -> Iterator[str]:
    """A text in pieces of a line; no sign is parted from its marks."""
    piece, last, width = "", "", 0.0
    for sign in text:
        own = rules.width(sign)
        if piece and width + own > rules.line_width:
            is_mark = unicodedata.category(sign)[0] == "M" and last != piece
            kept = last if is_mark else ""
            yield piece.removesuffix(kept)
            piece, width = kept, rules.width(kept)
        last = last + sign if unicodedata.category(sign)[0] == "M" else sign
        piece, width = piece + sign, width + own
    yield piece


def _blocks(words: Sequence[SpokenWord]) -> list[list[SpokenWord]]:
    """Words between pauses, of one speaker each, who is not answered within; in the order of their
    first ones.
    """
    blocks: list[list[SpokenWord]] = []
    last: dict[str, list[SpokenWord]] = {}
    others = _others(words)
    for word in words:
        block = last.get(word.speaker)
        if (
            block is None
            or word.start_ms - block[-1].end_ms >= PAUSE_MS
            or _is_any_between(others[word.speaker], block[-1].end_ms, word.start_ms)
        ):
            last[word.speaker] = block = []
            blocks.append(block)
        block.append(word)
    return blocks


def _others(words: Sequence[SpokenWord]) -> dict[str, list[tuple[int, int]]]:
    """By speaker the times of all words that somebody else says, in order."""
    speakers = {word.speaker for word in words}
    return {
        each: sorted((word.start_ms, word.end_ms) for word in words if word.speaker != each)
        for each in speakers
    }


def _is_any_between(times: Sequence[tuple[int, int]], start_ms: int, end_ms: int) -> bool:
    """Whether a word lies wholly between two times."""
    following = itertools.islice(times, bisect.bisect_left(times, (start_ms, 0)), None)
    within = itertools.takewhile(lambda time: time[0] <= end_ms, following)
    return any(end <= end_ms for _, end in within)


def _cut(words: Sequence[SpokenWord], rules: LineRules) -> Iterator[Sequence[SpokenWord]]:
    """The words in parts of at most two lines and the longest time, at the least cost."""
    block = _Block.of(words, rules)
    cost, cut_before = [0.0] + [math.inf] * len(words), [0] * (len(words) + 1)
    for end in range(1, len(words) + 1):
        for start in range(end - 1, -1, -1):
            is_single = end - start == 1
            if not is_single and (
                words[end - 1].end_ms - words[start].start_ms > LONGEST_MS
                or not block.fits_two_lines(start, end)
            ):
                break
            total = cost[start] + block.cost(start, end)
            if total < cost[end]:
                cost[end], cut_before[end] = total, start
    ends = [len(words)]
    while ends[-1] > 0:
        ends.append(cut_before[ends[-1]])
    for start, end in zip(ends[:0:-1], ends[-2::-1], strict=True):
        yield words[start:end]


@dataclass(frozen=True)
class _Block:
    """Words between pauses, with what their cuts cost, reckoned once.

    Attributes:
        ends: how wide the text is up to each word, and with it.
        spaces: how wide the space before each word is.
        breaks: what a break before each word costs; of the first and behind the last none.
        sentences: how many sentences end before each word.
    """

    words: Sequence[SpokenWord]
    rules: LineRules
    ends: Sequence[float]
    spaces: Sequence[float]
    breaks: Sequence[float]
    sentences: Sequence[int]

    @classmethod
    def of(cls, words: Sequence[SpokenWord], rules: LineRules) -> _Block:
        spaces = [rules.width(" ") if word.after_space else 0.0 for word in words]
        widths = [space + rules.width(word.text) for word, space in zip(words, spaces, strict=True)]
        inner = [break_cost(words, at) for at in range(1, len(words))]
        breaks = [SENTENCE, *inner, SENTENCE]
        found = itertools.accumulate((cost == SENTENCE for cost in inner), initial=0)
        ends = list(itertools.accumulate(widths, initial=0.0))
        return cls(words, rules, ends, spaces, breaks, list(found))

    def fits_two_lines(self, start: int, end: int) -> bool:
        """Whether `lines_of` has lines for these words."""
        begin = self.ends[start] + self.spaces[start]
        line_width = self.rules.line_width
        if self.ends[end] - begin <= line_width:
            return True
        # the longest first line leaves the shortest second one
        second = bisect.bisect_right(self.ends, begin + line_width, start + 1, end) - 1
        if second <= start:
            return False
        return self.ends[end] - self.ends[second] - self.spaces[second] <= line_width

    def cost(self, start: int, end: int) -> float:
        """Of a subtitle: its own, of the break behind it, of one word alone, of haste."""
        part = self.words[start:end]
        orphan = _ORPHAN_COST if len(part) == 1 and len(self.words) > 1 else 0.0
        shown_s = max(SHORTEST_MS, part[-1].end_ms - part[0].start_ms) / 1000
        width = self.ends[end] - self.ends[start] - self.spaces[start]
        too_fast = max(0.0, width / shown_s / self.rules.characters_per_s - 1)
        inside = self.sentences[end - 1] - self.sentences[start]
        return _EACH_COST + self.breaks[end] + orphan + _HASTE_COST * too_fast + 0.5 * inside


def _timed(
    parts: Sequence[Sequence[SpokenWord]], rules: LineRules, gap_ms: int, end_ms: int | None
) -> list[Cue]:
    cues: list[Cue] = []
    for number, part in enumerate(parts):
        lines = lines_of(part, rules) or (joined(part),)
        free_ms = cues[-1].end_ms + gap_ms if cues else 0
        start = max(part[0].start_ms, free_ms)
        needed_ms = round(1000 * sum(map(rules.width, lines)) / rules.characters_per_s)
        wanted = max(part[-1].end_ms, start + needed_ms)
        if number + 1 < len(parts):
            wanted = min(wanted, parts[number + 1][0].start_ms - gap_ms)
        elif end_ms is not None:
            wanted = min(wanted, end_ms)
            start = min(start, max(free_ms, end_ms - SHORTEST_MS))
        end = min(max(wanted, start + SHORTEST_MS), start + LONGEST_MS)
        doubtful = sum(word.is_doubtful for word in part) >= _DOUBTFUL_SHARE * len(part)
        cues.append(Cue(start, end, lines, doubtful, part[0].speaker, tuple(part)))
    return cues
