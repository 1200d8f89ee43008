"""What waits for a model: who asks takes turns, so that a long clip holds up no short question."""

from __future__ import annotations

import math
from collections import Counter, deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from af3core.model.audio_limits import audio_tokens
from af3core.model.request import Request, Weights

_CHARACTERS_A_TOKEN = 4
"""Of prompts, roughly: what waits is measured, not planned."""

Item = TypeVar("Item")


def words_tokens(text: str) -> int:
    """About so many tokens are words."""
    return len(text) // _CHARACTERS_A_TOKEN


@dataclass(frozen=True, eq=False)
class WaitingGroup(Generic[Item]):
    """Requests of one caller about the same sounds: they share an encoding, and go together.

    Attributes:
        items: the requests, with whatever belongs to them.
        weights: that answer them.
        tokens: about so many take their keys and values, the sounds once.
    """

    items: tuple[Item, ...]
    weights: Weights
    tokens: int


class FairQueue(Generic[Item]):
    """Groups that wait, by who asked them; a group of each is taken in turn.

    It is not locked: who shares it between threads does that.

    Args:
        request_of: the request of an item.
    """

    def __init__(self, request_of: Callable[[Item], Request]) -> None:
        self._request_of = request_of
        self._lines: deque[deque[WaitingGroup[Item]]] = deque()
        self._waiting: Counter[Weights] = Counter()

    def __bool__(self) -> bool:
        return bool(self._lines)

    def put(self, items: Sequence[Item]) -> None:
        """What one caller asks, behind what waits."""
        if items:
            self._lines.append(deque(self._groups(items)))
            self._waiting.update(group.weights for group in self._lines[-1])

    def next_weights(self, last: Weights | None) -> Weights | None:
        """Which weights have their turn after those that ran last: others, where any wait."""
        waiting = [weights for weights, count in self._waiting.items() if count]
        return next((each for each in waiting if each != last), last if waiting else None)

    def holds_other(self, weights: Weights) -> bool:
        """Whether something waits for other weights."""
        return any(n for other, n in self._waiting.items() if other != weights)

    def take(
        self, weights: Weights | None = None, most_tokens: float = math.inf
    ) -> WaitingGroup[Item] | None:
        """The first group of the caller whose turn it is, if it is of the weights and no larger.

        A group that is too large keeps its turn: smaller ones do not pass it by.

        Args:
            weights: of the groups that are wanted; None: of any.
            most_tokens: that it may take.
        """
        for _ in range(len(self._lines)):
            line = self._lines[0]
            group = next((g for g in line if weights in (None, g.weights)), None)
            if group is not None and group.tokens > most_tokens:
                return None
            self._lines.popleft()
            if group is not None:
                line.remove(group)
                self._waiting[group.weights] -= 1
            if line:
                self._lines.append(line)
            if group is not None:
                return group
        return None

    def remove(self, item: Item) -> bool:
        """Leave an item out; whether it waited."""
        for line in self._lines:
            for place, group in enumerate(line):
                if any(each is item for each in group.items):
                    left = [each for each in group.items if each is not item]
                    del line[place]
                    self._waiting[group.weights] -= not left
                    if left:
                        line.insert(place, self._group(left))
                    if not line:
                        self._lines.remove(line)
                    return True
        return False

    def _groups(self, items: Sequence[Item]) -> Iterator[WaitingGroup[Item]]:
        alike: dict[tuple[object, ...], list[Item]] = {}
        for item in items:
            request = self._request_of(item)
            alike.setdefault((request.weights, *map(id, request.sounds)), []).append(item)
        for group in alike.values():
            yield self._group(group)

    def _group(self, items: Sequence[Item]) -> WaitingGroup[Item]:
        requests = [self._request_of(item) for item in items]
        own = sum(
            words_tokens("".join(turn.text for turn in request.turns))
            + request.decoding.max_new_tokens
            for request in requests
        )
        heard = sum(audio_tokens(len(sound.samples)) for sound in requests[0].sounds)
        return WaitingGroup(tuple(items), requests[0].weights, heard + own)
