"""When the audio model's own answer counts as the right one."""

from __future__ import annotations

import pytest

from af3core.skills.audio_agreement import agrees, question_task, read_heard
from af3core.skills.catalogue import catalogue
from af3core.skills.pair import Pair

OPTIONS = ("a bell", "a dog", "rain", "wind")
CHOSEN = Pair("temporal_order", "What comes after thunder?", "rain", 0, 9000, OPTIONS)
YES_NO = Pair("general_reasoning_yes_no", "Is a bell heard?", "No", 0, 9000)
SUMMARY = Pair("summary", "What is it about?", "Two storms over the northern sea.", 0, 9000)


def test_the_question_has_the_form_of_the_audio_models_training() -> None:
    task = question_task(CHOSEN, catalogue()[CHOSEN.skill])
    assert task.prompt_text == (
        "What comes after thunder? Choose the correct option from the following options:\n"
        "(A) a bell\n(B) a dog\n(C) rain\n(D) wind"
    )
    assert question_task(SUMMARY, catalogue()["summary"]).prompt_text == "What is it about?"


@pytest.mark.parametrize(
    ("pair", "said", "right"),
    [
        (CHOSEN, "(C) rain", True),
        (CHOSEN, "(C)", True),
        (CHOSEN, "Rain.", True),
        (CHOSEN, "(A) a bell", False),
        (CHOSEN, "rain or wind", False),
        (CHOSEN, "", False),
        (YES_NO, "No, there is no bell.", True),
        (YES_NO, "Yes.", False),
        (YES_NO, "There is no bell.", False),
        (SUMMARY, "A talk of storms in the north, of 2 storms over the sea", True),
        (SUMMARY, "Storms of the northern SEA", True),
        (SUMMARY, "the sea", False),
        (SUMMARY, "", False),
    ],
)
def test_agreement(pair: Pair, said: str, right: bool) -> None:
    assert agrees(pair, catalogue()[pair.skill], read_heard(pair, said)) == right
