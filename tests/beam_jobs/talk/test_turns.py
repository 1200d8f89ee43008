"""What the model is asked in a conversation."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from af3core.model.prompt import check_request, place_sounds
from af3core.model.request import Sound, Turn
from beam_jobs.talk.answerer import request_about
from beam_jobs.talk.turns import Exchange, Question, question_limit_s, request_after

RATE_HZ = 16_000


def silence(seconds: float) -> Sound:
    return Sound(np.zeros(round(seconds * RATE_HZ), np.float32))


ABOUT, ASKED = silence(20), silence(3)


def test_earlier_questions_and_answers_stand_before_the_question() -> None:
    earlier = [Exchange("Is there music?", "Yes."), Exchange(ASKED, "A <sound> of |rain|.")]
    request = request_after(ABOUT, earlier, "Where?")
    assert request.turns == (
        Turn("user", "<sound-1>Is there music?"),
        Turn("assistant", "Yes."),
        Turn("user", "<sound-2>"),
        Turn("assistant", "A < sound> of |rain|."),
        Turn("user", "Where?"),
    )
    assert request.sounds == (ABOUT, ASKED)


def test_the_first_question_is_asked_as_a_single_one() -> None:
    spoken = request_after(ABOUT, [], ASKED)
    assert spoken.sounds == (ASKED, ABOUT)
    assert spoken.turns == request_about(ABOUT, ASKED).turns
    written, single = request_after(ABOUT, [], "Who?"), request_about(ABOUT, "Who?")
    assert place_sounds(written) == place_sounds(single)


def test_what_is_too_long_to_be_heard_is_left_out_with_all_before_it() -> None:
    about = silence(500)
    earlier = [Exchange(silence(1), "a"), Exchange(silence(50), "b"), Exchange(silence(40), "c")]
    request = request_after(about, earlier, silence(55))
    assert [turn.text for turn in request.turns if turn.role == "assistant"] == ["c"]
    assert question_limit_s(about) == 60.0
    assert question_limit_s(silence(570)) == 30.0


questions = st.one_of(st.text(min_size=1), st.integers(1, 60).map(silence))


@given(
    st.integers(1, 540).map(silence),
    st.lists(st.builds(Exchange, questions, st.text()), max_size=12),
    questions,
)
def test_every_conversation_can_be_asked(
    about: Sound, earlier: list[Exchange], question: Question
) -> None:
    request = request_after(about, earlier, question)
    check_request(request)
    numbers, texts = place_sounds(request)
    assert sorted(numbers) == list(range(len(request.sounds)))
    assert request.sounds.count(about) == 1
    assert sum(len(sound.samples) for sound in request.sounds) <= 600 * RATE_HZ
    assert len(texts) <= 17
    assert [turn.role for turn in request.turns] == ["user", "assistant"] * (len(texts) // 2) + [
        "user"
    ]
