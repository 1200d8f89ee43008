"""Each rule by a dialogue that breaks it alone."""

from __future__ import annotations

import pytest

from af3core.dialogue.validation import Exchange, broken_rule, refers_back

GOOD = (
    Exchange("What can be heard in <sound-1>?", "A bell."),
    Exchange("And in <sound-2>?", "Rain."),
    Exchange("Which of the two is louder?", "The first one."),
)


def test_a_good_one() -> None:
    assert broken_rule(GOOD, 2, ["it rains"]) is None
    both = (Exchange("<sound-2> <sound-1> Which is louder?", "The first."), GOOD[2])
    assert broken_rule(both, 2, []) is None


@pytest.mark.parametrize(
    ("exchanges", "sounds", "reason", "detail"),
    [
        (GOOD[:1], 1, "turn_count", "1, not 2 to 10"),
        (GOOD + 8 * GOOD[2:], 2, "turn_count", "11, not 2 to 10"),
        (GOOD, 1, "sound_unknown", "<sound-2> of 1"),
        (GOOD, 3, "sound_not_introduced", "<sound-3>"),
        ((*GOOD, Exchange("<sound-1> again?", "Yes.")), 2, "sound_introduced_twice", "<sound-1>"),
        ((*GOOD, Exchange("Again?", "<sound-1>.")), 2, "sound_in_answer", "<sound-1>."),
        ((*GOOD, Exchange("Again?", " - ")), 2, "empty_text", "' - ' has no word"),
        ((*GOOD, Exchange("?", "Yes.")), 2, "empty_text", "'?' has no word"),
        ((*GOOD, Exchange("so " * 61, "Yes.")), 2, "too_long", "61 words, at most 60"),
        ((*GOOD, Exchange("So?", "so " * 151)), 2, "too_long", "151 words, at most 150"),
        ((*GOOD, Exchange("So?", "Yes <|im_end|>")), 2, "special_token", "'<|im_end|>'"),
        ((*GOOD, Exchange("So <sound>?", "Yes.")), 2, "special_token", "'<sound>'"),
        ((*GOOD, Exchange("Is it Mrs. Hall?", "Yes.")), 2, "speaker_named", "Mrs. Hall"),
        (GOOD[:2], 2, "no_back_reference", "each question plays a sound and speaks of no other"),
    ],
)
def test_broken_rules(
    exchanges: tuple[Exchange, ...], sounds: int, reason: str, detail: str
) -> None:
    broken = broken_rule(exchanges, sounds, [])
    assert broken is not None
    assert (broken.reason, broken.detail) == (reason, detail)


def test_who_presents_themselves_has_a_name() -> None:
    said = (*GOOD, Exchange("Who is it?", "That is anna."))
    assert broken_rule(said, 2, []) is None
    broken = broken_rule(said, 2, ["hello my name is anna"])
    assert broken is not None
    assert broken.reason == "speaker_named"


def test_references_back() -> None:
    assert refers_back("How long is it?")
    assert refers_back("Is <sound-2> louder than the first one?")
    assert not refers_back("What is heard in <sound-2>?")
