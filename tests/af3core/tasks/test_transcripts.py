"""Transcripts out of answers: framing goes, and no word that may have been spoken."""

from __future__ import annotations

import re
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from af3core.nano.lexicon import TOPICS, all_words
from af3core.nano.sentences import sentence
from af3core.tasks.transcripts import NO_SPEECH_ANSWERS, is_no_speech_answer, read_transcript


@pytest.mark.parametrize(
    ("raw", "words"),
    [
        ("The spoken content of the audio is 'good evening'.", "good evening"),
        ('The content of the input audio is: "it\'s late"', "it's late"),
        ("The content of the input audio is 'it's late'.", "it's late"),
        ("The transcription of the audio is “good evening.”", "good evening."),
        ("The transcription of the audio is: good evening", "good evening"),
        ('The content of the input audio is "".', ""),
        ('The content of the input audio is "She said "no" to him.".', 'She said "no" to him.'),
        ('The content of the input audio is ""No", she said."', '"No", she said.'),
        ("The content of the input audio is 'rock 'n' roll'.", "rock 'n' roll"),
        ("The content of the input audio is “She said “no”.”", "She said “no”."),
        ("the transcription of the audio is: 'a' and 'b'", "'a' and 'b'"),
        # a speaker may have said these
        ("good evening listeners", "good evening listeners"),
        ("'quoted' he said", "'quoted' he said"),
        *[
            (said, said)
            for said in (
                "The transcription of the audio is hard work.",
                "The spoken content of the audio is what matters to us.",
                "The content of the input audio is 'yes' or 'no'.",
                'The content of the input audio is "yes" or "no".',
                "The content of the input audio is “yes” or “no”.",
                'The content of the input audio is "yes", "no" or "maybe".',
                "The content of the input audio is 'the dogs' bowl'.",
                "The transcription of the audio is",
                "No speech can capture the sorrow of war.",
                "There is no speech without a speaker.",
                "The audio contains no speech of his.",
                "There is no speech, there is no song.",
                "No speech today, said the president.",
                # heard as speech, these may have been said too
                "There is no speech.",
                "No speech detected in the audio.",
            )
        ],
    ],
)
def test_where_speech_is_heard_the_framing_alone_goes(raw: str, words: str) -> None:
    assert read_transcript(raw, hears_speech=True) == words


@pytest.mark.parametrize(
    ("raw", "words"),
    [
        ("There is no speech.", ""),
        (" No speech detected in the audio. ", ""),
        ("[NO SPEECH]", ""),
        ("The audio contains no speech.", ""),
        ("there is no one speaking in the recording", ""),
        ("No speech can capture the sorrow of war.", "No speech can capture the sorrow of war."),
        ("There is no speech in the garden.", "There is no speech in the garden."),
        ("There is no speech. Good evening.", "There is no speech. Good evening."),
        ("thank you", "thank you"),
        ("", ""),
    ],
)
def test_where_none_is_heard_an_answer_that_says_so_has_no_words(raw: str, words: str) -> None:
    assert read_transcript(raw, hears_speech=False) == words


_OWN = sorted(
    {word for answer in NO_SPEECH_ANSWERS for word in answer.split()}
    | set("the spoken content of the audio is the transcription of the input audio is".split())
)
_VOCABULARY = sorted(all_words())
_FORMS = (
    "No speech can {verb} the {noun} of {noun}",
    "No speech, no {noun}",
    "No speech in the {noun}",
    "There is no speech like the {noun}",
    "There is no one speaking but the {noun}",
    "There is no spoken content that {verb} it",
    "The audio contains no speech about the {noun}",
    "The audio has no speech and no {noun}",
    "The transcription of the audio is {adjective}",
    "The transcription of the audio is a {adjective} {noun}",
    "The spoken content of the audio is not the {noun}",
    "The content of the input audio is {adjective}, the {noun} {verb} it",
    "the {noun} {verb} the {noun}: there is no speech",
)


@st.composite
def sentences(draw: st.DrawFn) -> str:
    """A sentence of nano's world, one that begins like the answers, or words of both in a row."""
    topic = draw(st.sampled_from(TOPICS))
    kind = draw(st.integers(0, 2))
    if kind == 0:
        return sentence(topic, Random(draw(st.integers(0, 2**32))))
    if kind == 1:
        return draw(st.sampled_from(_FORMS)).format(
            noun=draw(st.sampled_from(topic.nouns)),
            verb=draw(st.sampled_from(topic.verbs)),
            adjective=draw(st.sampled_from(topic.adjectives)),
        )
    words = st.one_of(st.sampled_from(_OWN), st.sampled_from(_VOCABULARY))
    return " ".join(draw(st.lists(words, max_size=12)))


def _words(text: str) -> list[str]:
    return re.findall(r"\w+", text)


@settings(max_examples=2_000)
@given(sentences(), st.booleans(), st.sampled_from(("", ".", "!", "?", " ", '"')))
def test_no_word_of_a_sentence_is_ever_removed(said: str, hears: bool, end: str) -> None:
    """But of the listed answers, where nobody is heard."""
    is_listed = " ".join(_words(said.lower())) in NO_SPEECH_ANSWERS
    read = read_transcript(said + end, hears_speech=hears)
    if is_listed and not hears:
        assert read == ""
    else:
        assert _words(read) == _words(said)


@given(sentences(), st.sampled_from(("'", '"')))
def test_a_framed_sentence_is_the_sentence(said: str, quote: str) -> None:
    framed = f"The spoken content of the audio is {quote}{said}{quote}."
    assert read_transcript(framed, hears_speech=True) == said.strip()


@given(st.text(max_size=60), st.booleans())
def test_what_is_read_stands_in_the_answer(raw: str, hears: bool) -> None:
    assert read_transcript(raw, hears_speech=hears) in raw


def test_the_known_answers() -> None:
    assert len(NO_SPEECH_ANSWERS) == 16 * 15 + 5 * 5
    assert all(is_no_speech_answer(f"{each.capitalize()}.") for each in NO_SPEECH_ANSWERS)
