"""How far people agree on answers that two of them judged. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass
from itertools import combinations
from typing import Any


@dataclass(frozen=True)
class PairAgreement:
    """Two people's verdicts on the same answers.

    Attributes:
        first, second: names, in order of the alphabet.
        both_right, both_wrong, first_alone, second_alone: counts of answers; alone is who alone
            holds the answer right.
    """

    first: str
    second: str
    both_right: int
    both_wrong: int
    first_alone: int
    second_alone: int

    @property
    def count(self) -> int:
        """Answers that both judged."""
        return self.both_right + self.both_wrong + self.first_alone + self.second_alone

    @property
    def agreed(self) -> int:
        """Answers on which they agree."""
        return self.both_right + self.both_wrong

    @property
    def kappa(self) -> float | None:
        """Cohen's kappa: (p_o - p_e) / (1 - p_e), of Cohen (1960), A coefficient of agreement for
        nominal scales; None where it has no value, as where both say the same of all answers.
        """
        if not self.count:
            return None
        first = (self.both_right + self.first_alone) / self.count
        second = (self.both_right + self.second_alone) / self.count
        expected = first * second + (1 - first) * (1 - second)
        if expected >= 1:
            return None
        return (self.agreed / self.count - expected) / (1 - expected)

    def to_json(self) -> dict[str, Any]:
        """The counts with what follows from them."""
        return {
            "people": [self.first, self.second],
            "count": self.count,
            "agreed": self.agreed,
            "both_right": self.both_right,
            "both_wrong": self.both_wrong,
            "only_first_right": self.first_alone,
            "only_second_right": self.second_alone,
            "kappa": None if self.kappa is None else round(self.kappa, 3),
        }


def agreement(verdicts: Mapping[Hashable, Mapping[str, bool]]) -> list[PairAgreement]:
    """The agreement of each two people, by name.

    Args:
        verdicts: of each answer who holds the model's answer right (True) or wrong.
    """
    found: defaultdict[tuple[str, str], list[tuple[bool, bool]]] = defaultdict(list)
    for by_person in verdicts.values():
        for first, second in combinations(sorted(by_person), 2):
            found[first, second].append((by_person[first], by_person[second]))
    return [_pair(*people, found[people]) for people in sorted(found)]


def _pair(first: str, second: str, verdicts: Iterable[tuple[bool, bool]]) -> PairAgreement:
    listed = list(verdicts)
    return PairAgreement(
        first,
        second,
        listed.count((True, True)),
        listed.count((False, False)),
        listed.count((True, False)),
        listed.count((False, True)),
    )
