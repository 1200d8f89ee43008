"""Which clips start on a GPU, within its pages and slots. Knows lengths alone, no tensors.

First come, first served: what waits for room holds up what comes behind, so that a long recording
is not passed over for ever.
"""

from __future__ import annotations

from dataclasses import replace

from af3core.model.network.kv_pool import pages_for
from af3core.model.runtime.scheduler import Group, Question, WaitingGroups

_START_FREE_SHARE = 0.25
"""Share of pages and of slots that must be free before clips start beside running ones: a prefill
of several clips costs less than one of each."""


class PagedSchedule(WaitingGroups):
    """Clips that wait.

    Args:
        pages, slots: that there are.
        most_prefix, most_own: pages of a prefix, and of a question with its answer.

    Attributes:
        pages: that there are.
        too_large: questions that no budget holds; they are left out.
    """

    def __init__(self, pages: int, slots: int, most_prefix: int, most_own: int) -> None:
        self.pages, self._slots = pages, slots
        self._most_prefix, self._most_own = most_prefix, most_own
        super().__init__()

    @property
    def busy(self) -> bool:
        """Whether a clip waits."""
        return bool(self._waiting)

    def admit(self, free_pages: int, free_slots: int) -> list[Group]:
        """Groups to start now, given what is free."""
        if free_slots < self._slots and (
            free_pages < _START_FREE_SHARE * self.pages
            or free_slots < _START_FREE_SHARE * self._slots
        ):
            return []
        admitted = []
        while self._waiting:
            pages, slots = _pages_of(self._waiting[0]), len(self._waiting[0].questions)
            if pages > free_pages or slots > free_slots:
                break
            free_pages, free_slots = free_pages - pages, free_slots - slots
            admitted.append(self._waiting.popleft())
        return sorted(admitted, key=lambda group: -group.prefix_tokens)

    def _split(self, group: Group) -> list[Group]:
        """The group in as many parts as pages and slots ask for."""
        prefix = pages_for(group.prefix_tokens)
        parts: list[list[Question]] = [[]]
        pages = prefix
        for question in group.questions:
            own = pages_for(question.tokens)
            if prefix > self._most_prefix or own > self._most_own or prefix + own > self.pages:
                self.too_large.append(question)
                continue
            if pages + own > self.pages or len(parts[-1]) == self._slots:
                parts.append([])
                pages = prefix
            parts[-1].append(question)
            pages += own
        return [replace(group, questions=tuple(part)) for part in parts if part]


def _pages_of(group: Group) -> int:
    """Of its prefix and of all its questions with their answers."""
    own = sum(pages_for(question.tokens) for question in group.questions)
    return pages_for(group.prefix_tokens) + own
