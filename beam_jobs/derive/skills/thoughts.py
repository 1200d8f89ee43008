"""A clip's thinking: written for each pair, checked by rules, by its writer, and blind."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from af3core.errors import ModelError
from af3core.model.language_model import Ask, Document, write_documents
from af3core.skills.pair import Evidence, Pair
from af3core.skills.proposals import CHECK_SCHEMA, CHECK_TOKENS
from af3core.skills.written_thinking import (
    BLIND_SCHEMA,
    CHOICE_TOKENS,
    THINKING_SCHEMA,
    THINKING_TOKENS,
    blind_prompt,
    broken_thinking_rule,
    chosen_option,
    thinking_prompt,
    verdict_prompt,
)
from beam_jobs.derive.skills.pairs import not_written
from beam_jobs.framework.derivation import Row

LEADS_ELSEWHERE = "leads_elsewhere"


@dataclass(frozen=True)
class Thought:
    """Thinking about one pair; `row` is the pair's."""

    row: Row
    thinking: str = ""

    @property
    def pair(self) -> Pair:
        return pair_of(self.row)


@dataclass(frozen=True)
class RejectedThought:
    """Thinking that is not kept; of a reply that holds none it is empty."""

    thought: Thought
    reason: str
    detail: str


@dataclass
class ThoughtCollection:
    """What has become of a clip's thinking: what stands, what does not, and counts.

    The counts' keys are `kept: SKILL`, `rejected: SKILL: REASON` and `nothing_to_think: SKILL`.
    """

    kept: list[Thought] = field(default_factory=list)
    rejected: list[RejectedThought] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)

    def reject(self, thought: Thought, reason: str, detail: str) -> None:
        """Count and keep the reason."""
        self.counts[f"rejected: {thought.row['skill']}: {reason}"] += 1
        self.rejected.append(RejectedThought(thought, reason, detail))

    def sift(self, broken: Callable[[Thought], tuple[str, str] | None]) -> None:
        """Reject what `broken` has a reason and a detail against."""
        standing, self.kept = self.kept, []
        for thought in standing:
            found = broken(thought)
            if found:
                self.reject(thought, *found)
            else:
                self.kept.append(thought)


def pair_of(row: Row) -> Pair:
    """The pair of a row of `pairs`."""
    return Pair(
        skill=row["skill"],
        question=row["question"],
        answer=row["answer"],
        start_ms=row["start_ms"],
        end_ms=row["end_ms"],
        options=tuple(row["options"]),
        evidence=tuple(Evidence(**one) for one in row["evidence"]),
        made_by=row["made_by"],
    )


def make_thoughts(rows: Sequence[Row], ask: Ask, seed: int) -> ThoughtCollection:
    """The thinking of a clip's pairs that passes every check.

    Raises:
        ModelError: the writer did not answer, and may do so later.
    """
    making = ThoughtCollection()
    _write([Thought(row) for row in rows], ask, seed, making)
    making.sift(_broken_rule)
    _judge(ask, seed, making)
    _choose_blind(ask, seed, making)
    making.counts.update(f"kept: {thought.row['skill']}" for thought in making.kept)
    return making


def _write(due: Sequence[Thought], ask: Ask, seed: int, making: ThoughtCollection) -> None:
    prompts = [thinking_prompt(thought.pair) for thought in due]
    replies = write_documents(ask, prompts, THINKING_SCHEMA, THINKING_TOKENS, seed)
    for thought, reply in zip(due, replies, strict=True):
        if isinstance(reply, ModelError):
            making.reject(thought, *not_written(reply))
        elif reply.value["thinking"] is None:
            making.counts[f"nothing_to_think: {thought.row['skill']}"] += 1
        else:
            words = " ".join(reply.value["thinking"].split())
            making.kept.append(Thought(thought.row, words))


def _broken_rule(thought: Thought) -> tuple[str, str] | None:
    found = broken_thinking_rule(thought.thinking, thought.pair)
    return (found.reason, found.detail) if found else None


def _judge(ask: Ask, seed: int, making: ThoughtCollection) -> None:
    """The writer holds its thinking against what is known."""
    asked = [(t, verdict_prompt(t.pair, t.thinking)) for t in making.kept]

    def against(_: Thought, verdict: dict[str, Any]) -> tuple[str, str] | None:
        return None if verdict["check"] == "pass" else ("self_check_failed", verdict["reason"])

    _check(asked, ask, (CHECK_SCHEMA, CHECK_TOKENS, seed), making, "self_check", against)


def _choose_blind(ask: Ask, seed: int, making: ThoughtCollection) -> None:
    """Where there are options, the thinking alone must lead to the right one."""
    asked = [(t, blind_prompt(t.pair, t.thinking)) for t in making.kept if t.row["options"]]

    def against(thought: Thought, chosen: dict[str, Any]) -> tuple[str, str] | None:
        option = chosen_option(thought.pair, chosen["option"])
        return None if option == thought.pair.answer else (LEADS_ELSEWHERE, option or "no option")

    _check(asked, ask, (BLIND_SCHEMA, CHOICE_TOKENS, seed), making, "blind", against)


def _check(
    asked: Sequence[tuple[Thought, str]],
    ask: Ask,
    how: tuple[dict[str, Any], int, int],
    making: ThoughtCollection,
    check: str,
    against: Callable[[Thought, dict[str, Any]], tuple[str, str] | None],
) -> None:
    """Ask about thoughts in one batch, and reject those that a reply speaks against."""
    replies = write_documents(ask, [prompt for _, prompt in asked], *how) if asked else []
    given = {id(thought): reply for (thought, _), reply in zip(asked, replies, strict=True)}

    def broken(thought: Thought) -> tuple[str, str] | None:
        reply = given.get(id(thought))
        if reply is None:
            return None
        if isinstance(reply, Document):
            return against(thought, reply.value)
        reason, detail = not_written(reply)
        return f"{check}_{reason}", detail

    making.sift(broken)
