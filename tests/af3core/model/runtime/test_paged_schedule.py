"""Clips start in order, within pages and slots, each question once."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from af3core.model.network.kv_pool import pages_for
from af3core.model.runtime.paged_schedule import PagedSchedule
from af3core.model.runtime.scheduler import Group, Question
from tests.af3core.model.runtime.test_scheduler import GROUPS, groups_of


@given(GROUPS, st.integers(2, 25), st.integers(1, 9), st.randoms())
def test_every_question_starts_once_within_pages_and_slots(  # type: ignore[no-untyped-def]
    shapes, pages, slots, random
) -> None:
    groups = groups_of(shapes)
    schedule = PagedSchedule(pages, slots, 4, 1)
    schedule.add(groups)
    running: list[Group] = []
    started: list[int] = []
    while schedule.busy or running:
        used = sum(map(pages_of, running)), sum(len(g.questions) for g in running)
        admitted = schedule.admit(pages - used[0], slots - used[1])
        assert admitted or running, "what fits an empty device starts"
        running += admitted
        started += [question.number for group in admitted for question in group.questions]
        assert sum(map(pages_of, running)) <= pages
        assert sum(len(group.questions) for group in running) <= slots
        running.remove(random.choice(running))
    large = {question.number for question in schedule.too_large}
    every = {question.number: group for group in groups for question in group.questions}
    assert sorted([*started, *large]) == sorted(every)
    for group in groups:
        for question in group.questions:
            fits = pages_for(group.prefix_tokens) <= 4 and pages_for(question.tokens) <= 1
            fits &= pages_for(group.prefix_tokens) + 1 <= pages
            assert (question.number in large) != fits


def pages_of(group: Group) -> int:
    own = sum(pages_for(question.tokens) for question in group.questions)
    return pages_for(group.prefix_tokens) + own


def test_a_long_clip_is_not_passed_over() -> None:
    schedule = PagedSchedule(20, 4, 20, 20)
    schedule.add([Group(64, (Question(0, 10, 10),))])
    schedule.add([Group(64 * 18, (Question(1, 10, 10),))])
    schedule.add([Group(64, (Question(2, 10, 10),))])
    assert [g.questions[0].number for g in schedule.admit(20, 4)] == [0]
    assert schedule.admit(18, 3) == []
    assert [g.questions[0].number for g in schedule.admit(20, 4)] == [1]
