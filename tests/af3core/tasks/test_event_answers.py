"""From answers about a stretch to its kind and label."""

from __future__ import annotations

import pytest

from af3core.tasks.event_answers import EventName, label_of, name_event

DIFFER = EventName("unknown", "", ("answers_differ",))


@pytest.mark.parametrize(
    ("answers", "speech_share", "named"),
    [
        (
            ("A dog barking.", "A dog barking.", "(D) nobody", "No."),
            0.0,
            EventName("sound", "a dog barking"),
        ),
        # the detector takes barks for speech, and is outvoted
        (
            ("A dog barking.", "A dog barking.", "(D) nobody", "No."),
            0.9,
            EventName("sound", "a dog barking"),
        ),
        (
            ("A woman speaking about cooking.", "No sounds.", "(B) a woman", "No."),
            0.8,
            EventName("speech", "a woman speaking"),
        ),
        (
            ("Two people talk in a hall.", "Voices.", "(C) several speakers", "No."),
            0.8,
            EventName("speech", "several people speaking"),
        ),
        # told as speech, but the detector hears none
        (("A man speaking about sport.", "No sounds.", "(A) a man", "No."), 0.1, DIFFER),
        (
            ("Fast piano music, then fast piano music.", "No sounds.", "(D) nobody", "Yes."),
            0.0,
            EventName("music", "fast piano music"),
        ),
        (("Thunder.", "No sounds.", "(D) nobody", "Yes, slow organ music."), 0.0, DIFFER),
        (("Rain.", "A bell.", "(D) nobody", "No."), 0.0, DIFFER),
        (("Rain.", "Rain.", "(A) a man", "No."), 0.0, DIFFER),
        (
            ("Rain, then a bell.", "Rain and a bell.", "(D) nobody", "No."),
            0.0,
            EventName("unknown", "", ("several_sounds",)),
        ),
        (("Rain.", "No sounds.", "(D) nobody", "No."), 0.0, EventName("unknown", "", ("unnamed",))),
        (("", "", "", ""), 0.0, EventName("unknown", "", ("unnamed",))),
    ],
)
def test_an_event_has_a_name_where_two_answers_agree(
    answers: tuple[str, ...], speech_share: float, named: EventName
) -> None:
    assert name_event(answers, speech_share) == named


@pytest.mark.parametrize(
    ("text", "label"),
    [
        ("A dog barking.", "a dog barking"),
        ("The audio contains the sound of rain.", "rain"),
        ("The sounds in the audio are footsteps", "footsteps"),
        ("The sound of a bell.", "a bell"),
        ("This clip features a siren.", "a siren"),
        ("Isolated knocking.", "isolated knocking"),
        ("Sounds of nature", "sounds of nature"),
        ("No sounds.", ""),
        ("There are no sounds.", ""),
        ("Nothing can be heard.", ""),
        ("", ""),
    ],
)
def test_a_label_is_the_words_for_what_is_heard(text: str, label: str) -> None:
    assert label_of(text) == label
