"""What a clip takes of memory and model, and that it is held no longer than it is needed."""

from __future__ import annotations

import pytest

from af3core.tasks.task import Task
from beam_jobs.framework.budget import Budget
from beam_jobs.night import admission
from beam_jobs.night.admission import Need, Room, need_of
from beam_jobs.night.pending_questions import PendingQuestion

CAPTION = Task("caption", "caption", "Describe this sound.", max_new_tokens=100)
MOOD = Task("mood", "question", "Is it sad?", max_new_tokens=10)
WHOLE = Task("whole", "question", "What is it?", unit="clip", max_new_tokens=50)
HEARD = Task("heard", "question", "Who?", max_new_tokens=5, examples=2, examples_form="sounds")
TASKS = {task.task_id: task for task in (CAPTION, MOOD, WHOLE, HEARD)}


def question(task: Task, start_s: int, end_s: int) -> PendingQuestion:
    return PendingQuestion(task.task_id, "s", 1000 * start_s, 1000 * end_s, 0)


def test_a_stretch_is_heard_once_for_all_questions_about_it() -> None:
    questions = [question(task, 0, 10) for task in (CAPTION, MOOD)]
    questions += [question(CAPTION, 10, 20), question(WHOLE, 0, 20)]
    # 40 seconds: 64 bytes a millisecond of samples and 51 of log-mel; 25 tokens each
    tokens = 40 * 25 + (5 + 100) + (2 + 10) + (5 + 100) + (2 + 50)
    assert need_of(questions, TASKS, 30_000) == Need(40_000 * 115, tokens)


def test_sounds_of_examples_count_as_the_longest_there_are() -> None:
    need = need_of([question(HEARD, 0, 10)], TASKS, 30_000)
    assert need == Need(70_000 * 115, 70 * 25 + (1 + 5))
    assert need_of([], TASKS, 30_000) == Need(0, 0)


def test_room_is_given_back_as_what_it_has_become(monkeypatch: pytest.MonkeyPatch) -> None:
    heard, asked = Budget(1000), Budget(100)
    monkeypatch.setattr(admission, "heard", heard)
    monkeypatch.setattr(admission, "asked", asked)
    room = Room(Need(600, 60))
    for _ in range(2):  # a claim is tried twice
        with room:
            assert (heard._held, asked._held) == (600, 60)
            room.fit(Need(200, 20))
            room.fit_sounds(700)
            assert (heard._held, asked._held) == (700, 20)
        assert (heard._held, asked._held) == (0, 0)


def test_who_waits_for_memory_and_gives_up_holds_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    heard, asked = Budget(1000), Budget(100)
    monkeypatch.setattr(admission, "heard", heard)
    monkeypatch.setattr(admission, "asked", asked)

    def give_up() -> None:
        if heard._queue:
            raise ValueError("given up")

    monkeypatch.setattr(admission, "check_wanted", give_up)
    heard.take(600)
    with pytest.raises(ValueError, match="given up"), Room(Need(600, 60)):
        pass
    assert (heard._held, asked._held) == (600, 0)
