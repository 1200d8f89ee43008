"""What a clip takes of memory and model."""

from __future__ import annotations

from af3core.tasks.task import Task
from beam_jobs.framework.room import Need
from beam_jobs.night.admission import need_of
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
