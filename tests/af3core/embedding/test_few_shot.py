"""Examples stand before the question, on a line each, and hold nothing that a tokenizer obeys."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from af3core.embedding.few_shot import MAX_CHARACTERS, Example, one_line, with_examples
from af3core.model.prompt import check_request, place_sounds
from af3core.model.request import Sound, ask

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
    examples = [Example(text, text) for text in texts]
    request = ask(Sound(np.zeros(16_000, np.float32)), with_examples(PROMPT, QUESTION, examples), 8)
    check_request(request)
    numbers, placed = place_sounds(request)
    assert numbers == [0]
    assert placed[0].count("<sound>") == 1
