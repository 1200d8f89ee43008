"""What stands in a prompt in each form, token by token, and how its sounds are scaled."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from af3core.model.engines.af3_engine import Af3Engine
from af3core.model.engines.engine_registry import EngineName, EngineSettings
from af3core.model.engines.transformers_engine import TransformersEngine
from af3core.model.prompt import PromptBuilder
from af3core.model.prompt_form import (
    authors_channel,
    samples_in_authors_form,
    turn_in_authors_form,
)
from af3core.model.request import Decoding, Request, Sound, Turn, ask
from af3core.model.weights.checkpoint import Checkpoint, find_checkpoint
from af3core.model.weights.loading import limit_of_processor, load_processor
from schemas.options.night import PromptFormName
from tests.af3core.model.asking import answers_of, assert_same_answers, sound_of

WHO = "Who is speaking?"
SYSTEM = "<|im_start|>system\nYou are a helpful assistant.<|im_end|>\n"


@pytest.fixture(scope="module")
def processor() -> Any:
    return load_processor(find_checkpoint("nano"))


def builder(processor: Any, form: PromptFormName) -> PromptBuilder:
    return PromptBuilder(processor, 131_072, limit_of_processor(processor), form)


def sent(processor: Any, request: Request, form: PromptFormName) -> str:
    """The prompt's ids as text, a sound's tokens as one `<sound>`."""
    ids = builder(processor, form).build(request).ids
    text: str = processor.tokenizer.decode(list(ids))
    return re.sub(r"(?:<sound>)+", "<sound>", text)


def test_the_authors_ids_are_those_written_by_hand(processor: Any) -> None:
    """`<sound>` 25 times for a second, a newline, the words; nothing else differs."""
    text = SYSTEM + "<|im_start|>user\n" + "<sound>" * 25 + f"\n{WHO}<|im_end|>\n"
    by_hand = processor.tokenizer(text + "<|im_start|>assistant\n").input_ids
    request = ask(sound_of(1.0), WHO, 4)
    assert builder(processor, "authors").build(request).ids == tuple(by_hand)
    (newline,) = processor.tokenizer("\n").input_ids
    at = by_hand.index(processor.audio_token_id) + 25
    assert by_hand[at] == newline
    assert builder(processor, "hf").build(request).ids == (*by_hand[:at], *by_hand[at + 1 :])


@given(
    words=st.text(
        st.characters(codec="utf-8", exclude_characters="<>|\x00"), min_size=1, max_size=40
    ),
    tenths=st.integers(1, 20),
)
@example(words="\n two \n lines ", tenths=3)
def test_hf_ids_are_those_of_transformers_processor(
    processor: Any, words: str, tenths: int
) -> None:
    sound = Sound(np.full(tenths * 1600, 0.25, np.float32))
    content = [{"type": "audio"}, {"type": "text", "text": words}]
    text = processor.apply_chat_template(
        [{"role": "user", "content": content}], add_generation_prompt=True, tokenize=False
    )
    theirs = processor(text=[text], audio=[sound.samples])["input_ids"][0].tolist()
    prompt = builder(processor, "hf").build(ask(sound, words, 4))
    assert list(prompt.ids) == theirs
    assert prompt.sounds == (sound,)


CHAT = (
    Turn("user", "Hear <sound-1> and then <sound-2>."),
    Turn("assistant", "Yes."),
    Turn("user", "  Which <sound-1>"),
)


@pytest.mark.parametrize(
    ("form", "turns"),
    [
        (
            "hf",
            ("Hear <sound> and then <sound>.", "Yes.", "  Which <sound>"),
        ),
        (
            "authors",
            ("Hear\n<sound>\nand then\n<sound>\n.", "Yes.", "Which\n<sound>"),
        ),
    ],
)
def test_sounds_among_words(processor: Any, form: PromptFormName, turns: tuple[str, ...]) -> None:
    request = Request((sound_of(0.5), sound_of(1.0)), CHAT, Decoding(4))
    one, two, three = turns
    assert sent(processor, request, form) == (
        f"{SYSTEM}<|im_start|>user\n{one}<|im_end|>\n<|im_start|>assistant\n{two}<|im_end|>\n"
        f"<|im_start|>user\n{three}<|im_end|>\n<|im_start|>assistant\n"
    )


def authors_turn(text: str) -> str:
    """`_wrap_sound_runs` of NVIDIA/audio-flamingo (1337fb9, llava/utils/media.py, MIT licence) as
    it stands, then `tokenize_conversation`'s strip.
    """
    out: list[str] = []
    last = 0
    for m in re.finditer("(?:<sound>)+", text):
        i, j = m.span()
        out.append(text[last:i])
        if i > 0 and text[i - 1] != "\n":
            if out and out[-1]:
                out[-1] = out[-1].rstrip()
            out.append("\n")
        out.append(m.group(0))
        if j < len(text) and text[j : j + 1] != "\n":
            out.append("\n")
        last = j
    out.append(text[last:])
    return re.sub(r"[ \t]*\n[ \t]*", "\n", "".join(out)).rstrip("\n").strip()


@given(st.lists(st.sampled_from(["<sound>", " ", "\n", "\t", "a", "b\u2003", "."]), max_size=12))
def test_newlines_are_where_the_authors_code_puts_them(parts: list[str]) -> None:
    text = "<sound>" + "".join(parts)
    assert turn_in_authors_form(text) == authors_turn(text)
    assert turn_in_authors_form("".join(parts[:1]) + text) == authors_turn(
        "".join(parts[:1]) + text
    )


def test_words_without_a_sound_keep_their_lines() -> None:
    assert turn_in_authors_form(" a\n  b ") == "a\n  b"


@pytest.mark.parametrize(
    ("samples", "steps"),
    [
        ([0.0, 0.25, -0.5], [0, 16383, -32767]),
        ([0.5, 2.0, -1.0], [8191, 32767, -16383]),  # louder than full scale
        ([0.0, 0.25, 0.5], [-32767, 0, 32767]),  # never negative: stretched from -1
        ([0.0, 0.0], [0, 0]),
        ([-0.1, -0.4], [-8191, -32767]),
    ],
)
def test_peaks_are_at_full_scale(samples: list[float], steps: list[int]) -> None:
    made = samples_in_authors_form(np.array(samples, np.float32))
    assert made.dtype == np.float32
    assert made.tolist() == pytest.approx([step / 32767 for step in steps], abs=1e-7)


@given(st.lists(st.integers(-524_288, 524_288), min_size=1, max_size=20))
def test_the_same_sound_louder_or_not_is_one(steps: list[int]) -> None:
    given_samples = np.array(steps, np.float32) / np.float32(32768)
    made = samples_in_authors_form(given_samples)
    assert np.isfinite(made).all()
    if given_samples.any():
        assert np.abs(made).max() == 1.0
    assert np.array_equal(samples_in_authors_form(given_samples * np.float32(0.5)), made)


def test_questions_about_one_sound_share_its_prefix(processor: Any) -> None:
    prompts, sound = builder(processor, "authors"), sound_of(1.0)
    one, other = (prompts.build(ask(sound, words, 4)) for words in (WHO, "What is heard?"))
    assert one.prefix_key == other.prefix_key
    assert one.sounds[0] is other.sounds[0] is not sound
    assert np.abs(one.sounds[0].samples).max() == 1.0


def test_both_engines_answer_in_the_authors_form_as_hf_would_the_prepared(untrained: Any) -> None:
    """Newline and peak made by hand and sent as they are, against the form that makes them."""
    checkpoint = find_checkpoint(str(untrained))
    quiet = Sound(sound_of(1.5).samples * np.float32(0.3))
    prepared = Sound(samples_in_authors_form(quiet.samples))
    by_hand = answers_of(Af3Engine.load(checkpoint), [ask(prepared, f"\n{WHO}", 6)])
    for engine in (Af3Engine, TransformersEngine):
        authors = engine.load(checkpoint, prompt_form="authors")
        assert_same_answers(answers_of(authors, [ask(quiet, WHO, 6)]), by_hand)


@pytest.mark.parametrize("name", ["af3", "transformers", "openai"])
def test_the_form_is_in_the_identity_where_it_is_not_hf(name: EngineName, tmp_path: Any) -> None:
    checkpoint = Checkpoint("m", "r", tmp_path, "")
    settings = EngineSettings(name, checkpoint, "float32", "cpu", 1000)
    assert (settings.identity, settings.label) == (f"r/float32/{name}", name)
    other = EngineSettings(name, checkpoint, "float32", "cpu", 1000, prompt_form="authors")
    assert (other.identity, other.label) == (f"r/float32/{name}/authors", f"{name}+authors")
    assert other.hearing_identity == settings.identity


def test_the_authors_hear_the_first_channel_but_of_an_mp3() -> None:
    assert [authors_channel(name) for name in ("a.wav", "a.FLAC", "a.MP3")] == [0, 0, None]
