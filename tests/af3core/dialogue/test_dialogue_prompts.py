"""What a writer is told, and how its document becomes turns."""

from __future__ import annotations

import jsonschema
import pytest

from af3core.dialogue.dialogue_prompts import (
    DIALOGUE_SCHEMA,
    check_prompt,
    description,
    read_dialogue,
    writing_prompt,
)
from af3core.dialogue.validation import Exchange, broken_rule
from af3core.model.language_model import text_request
from af3core.model.prompt import check_request, place_sounds
from af3core.model.request import Decoding
from tests.af3core.dialogue.known import sound

SOUNDS = [
    sound("rain", 20.4, -14.2, "a woman", transcript="it is <sound-1> late"),
    sound("wind", 10.0, None, "nobody"),
]


def test_all_that_is_known_is_told() -> None:
    assert description(SOUNDS).splitlines() == [
        "[sound 1] 20 s, -14 LUFS. heard: A bell, then rain. said: it is < sound-1> late."
        " Who is speaking? a woman. What sounds can be heard in the audio? a bell.",
        "[sound 2] 10 s. heard: A bell, then wind. Who is speaking? nobody."
        " What sounds can be heard in the audio? a bell.",
    ]


def test_prompts_hold_no_marker() -> None:
    exchanges = [Exchange("<sound-1> What is it?", "Rain."), Exchange("And <sound-2>?", "Wind.")]
    for prompt in (writing_prompt(SOUNDS), check_prompt(SOUNDS, exchanges)):
        request = text_request(prompt, Decoding(8))
        check_request(request)
        assert place_sounds(request) == ([], [prompt])
    assert "User: [sound 1] What is it?\nAssistant: Rain.\n" in check_prompt(SOUNDS, exchanges)


def test_first_mentions_play_and_others_name() -> None:
    document = {
        "turns": [
            {"user": "Hear [sound 1]\nand [Sound 2].", "assistant": "[sound 1] is rain."},
            {"user": "Is [sound_1] louder than <sound-2>?", "assistant": "Yes."},
        ]
    }
    jsonschema.validate(document, DIALOGUE_SCHEMA)
    made = read_dialogue(document)
    assert made == (
        Exchange("Hear <sound-1> and <sound-2>.", "the first sound is rain."),
        Exchange("Is the first sound louder than the second sound?", "Yes."),
    )
    assert broken_rule(made, 2, []) is None


def test_sounds_that_are_not_there_are_found_by_the_rules() -> None:
    document = {"turns": [{"user": f"Hear [sound {n}].", "assistant": "Yes."} for n in (1, 2, 9)]}
    broken = broken_rule(read_dialogue(document), 2, [])
    assert broken is not None
    assert broken.reason == "sound_unknown"


@pytest.mark.parametrize("document", [{}, {"turns": [{"user": "a"}]}, {"turns": "none"}])
def test_other_documents_are_malformed(document: object) -> None:
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(document, DIALOGUE_SCHEMA)
