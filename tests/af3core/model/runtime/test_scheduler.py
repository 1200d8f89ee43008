"""The scheduler keeps its budget, starts every question once, and does not wait for the longest."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from af3core.model.runtime.scheduler import Group, Question, Scheduler

LENGTHS = st.integers(1, 300)
GROUPS = st.lists(
    st.tuples(LENGTHS, st.lists(st.tuples(st.integers(1, 40), st.integers(1, 60)), min_size=1)),
    max_size=12,
)


def groups_of(shapes: list[tuple[int, list[tuple[int, int]]]]) -> list[Group]:
    """Groups with questions numbered through."""
    groups, number = [], 0
    for prefix, questions in shapes:
        numbered = []
        for prompt, answer in questions:
            numbered.append(Question(number, prompt, answer))
            number += 1
        groups.append(Group(prefix, tuple(numbered)))
    return groups


@given(GROUPS, st.integers(1, 1500), st.randoms())
def test_every_question_runs_once_within_the_budget(shapes, budget, random) -> None:  # type: ignore[no-untyped-def]
    groups = groups_of(shapes)
    scheduler = Scheduler(groups, budget)
    started: list[int] = []
    running: dict[int, list[int]] = {}
    while scheduler.busy:
        for plan in scheduler.admit():
            started += [question.number for question in plan.questions]
            running[plan.number] = list(range(len(plan.questions)))
            shortest = min(group.prefix_tokens for group in plan.groups)
            assert shortest >= 0.8 * plan.groups[0].prefix_tokens
        assert scheduler.tokens <= budget
        batch = random.choice(sorted(running))
        row = random.choice(running[batch])
        running[batch].remove(row)
        scheduler.finish(batch, row)
        for shrunk, stay in scheduler.shrink():
            assert stay == running[shrunk]
            running[shrunk] = list(range(len(stay)))
            if not stay:
                del running[shrunk]
    large = {question.number for question in scheduler.too_large}
    alone = {q.number for g in groups for q in g.questions if g.prefix_tokens + q.tokens > budget}
    assert large == alone
    assert sorted(started) == sorted({q.number for g in groups for q in g.questions} - large)


def test_groups_wait_for_room_and_not_for_the_longest_answer() -> None:
    short, long = Question(0, 10, 10), Question(1, 10, 90)
    groups = [Group(100, (short, long)), Group(90, (Question(2, 10, 10),))]
    scheduler = Scheduler(groups, 320)
    (first,) = scheduler.admit()
    assert [question.number for question in first.questions] == [0, 1]
    assert scheduler.tokens == 100 + 2 * 100
    assert scheduler.admit() == []
    scheduler.finish(first.number, 0)
    assert scheduler.shrink() == [(first.number, [1])]
    (second,) = scheduler.admit()
    assert [question.number for question in second.questions] == [2]


def test_questions_of_one_clip_are_split_where_they_do_not_fit_together() -> None:
    questions = tuple(Question(number, 10, 40) for number in range(5))
    scheduler = Scheduler([Group(100, questions)], 210)
    (first,) = scheduler.admit()
    assert [question.number for question in first.questions] == [0, 1]
