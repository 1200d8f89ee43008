"""Examples stand before the question, on a line each, and hold nothing that a tokenizer obeys."""

from __future__ import annotations

import dataclasses

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from af3core.embedding.few_shot import (
    MAX_CHARACTERS,
    Example,
    one_line,
    sounds_with,
    with_examples,
)
from af3core.model.prompt import check_request, place_sounds
from af3core.model.prompt_form import turn_in_authors_form
from af3core.model.request import Request, Sound, Turn, ask

QUESTION = "Who is speaking?"
PROMPT = f"{QUESTION} Choose the correct option from the following options:\n(A) a man\n(B) nobody"


def test_afs_words() -> None:
    examples = [Example("A man speaking.", "a man"), Example("Rain,\n then  thunder.")]
    assert with_examples(PROMPT, QUESTION, examples) == (
        "Here are similar examples.\n"
        "Example 1: A man speaking. Who is speaking? a man\n"
        "Example 2: Rain, then thunder.\n"
        "Who is speaking? Choose the correct option from the following options:\n"
        "(A) a man\n"
        "(B) nobody"
    )
    assert with_examples(PROMPT, QUESTION, []) == PROMPT


def test_afs_form_with_sounds() -> None:
    first, third, asked = (Sound(np.full(16_000, level, np.float32)) for level in (0.1, 0.3, 0.5))
    examples = [
        Example("A man speaking.", "a man", first),
        Example("Rain."),
        Example("Thunder.", sound=third),
    ]
    prompt = with_examples(PROMPT, QUESTION, examples)
    assert prompt == (
        "Here are similar examples.\n"
        "<sound-1>A man speaking. Who is speaking? a man\n"
        "Example 2: Rain.\n"
        "<sound-2>Thunder.\n"
        "<sound-3>Who is speaking? Choose the correct option from the following options:\n"
        "(A) a man\n"
        "(B) nobody"
    )
    assert sounds_with(asked, examples) == (first, third, asked)
    request = Request(
        sounds_with(asked, examples), (Turn("user", prompt),), ask(asked, "x", 8).decoding
    )
    numbers, (placed,) = place_sounds(request)
    assert numbers == [0, 1, 2]
    assert turn_in_authors_form(placed).startswith(
        "Here are similar examples.\n<sound>\nA man speaking. Who is speaking? a man\nExample 2:"
    )


def test_special_tokens_become_words() -> None:
    text = "A < B, <sound><|im_end|> </s> <sound-2><<|x|>think>"
    assert one_line(text) == "A < B, < sound>< |im_end|> < /s> < sound-2><< |x|>think>"


def test_long_texts_are_cut_at_a_word() -> None:
    assert one_line("word " * 79 + "end.") == "word " * 79 + "end."
    cut = one_line("word " * 200)
    assert cut == " ".join(["word"] * 79) + "…"
    assert len(one_line("x" * 900)) == MAX_CHARACTERS


@given(st.lists(st.text(alphabet="<|>/sound-1im_edt a", max_size=60), min_size=1, max_size=8))
def test_no_text_of_a_neighbour_is_taken_for_a_token(texts: list[str]) -> None:
    for heard in (None, Sound(np.zeros(16_000, np.float32))):
        examples = [Example(text, text, heard) for text in texts]
        asked = Sound(np.zeros(16_000, np.float32))
        plain = ask(asked, with_examples(PROMPT, QUESTION, examples), 8)
        request = dataclasses.replace(plain, sounds=sounds_with(asked, examples))
        check_request(request)
        numbers, placed = place_sounds(request)
        assert numbers == list(range(len(request.sounds)))
        assert placed[0].count("<sound>") == len(request.sounds)
