"""What a stream shows: whole characters, no stop text, and nothing that is taken back."""

from __future__ import annotations

import functools

from hypothesis import given, settings
from hypothesis import strategies as st
from transformers import PreTrainedTokenizerFast

from af3core.model.request import Answer, Decoding
from af3core.model.runtime.detokenizer import Detokenizer, IncrementalText
from af3core.model.streaming.stream import (
    Finished,
    StreamState,
    TextDelta,
)
from af3core.model.weights.checkpoint import find_checkpoint
from af3core.nano.tokenizer import VOCABULARY

END = VOCABULARY + 1_000_000
SCRIPTS = "aé ß漢語 한글 🎵👩‍👩‍👧 العربية\n"


@functools.cache
def tokenizer() -> PreTrainedTokenizerFast:
    return PreTrainedTokenizerFast.from_pretrained(find_checkpoint("nano").folder)


def shown(ids: list[int], stop: tuple[str, ...] = ()) -> tuple[list[str], Answer]:
    """The pieces of an answer of these tokens, each read as soon as it is there."""
    state = StreamState(1)
    (listener,) = state.listeners()
    detokenizer = Detokenizer(Decoding(10_000, stop=stop), frozenset([END]), tokenizer(), listener)
    pieces: list[str] = []
    for token in [*ids, END]:
        done = detokenizer.add(token, -1.0)
        if done:
            listener.finish(detokenizer.answer())
        elif not state._ready:
            continue
        event = state.take()
        if isinstance(event, TextDelta):
            pieces.append(event.text)
            assert not done or state.take() == Finished(0, detokenizer.answer())
        if done:
            break
    return pieces, detokenizer.answer()


@settings(deadline=None)
@given(st.text(st.characters(codec="utf-8") | st.sampled_from(SCRIPTS), max_size=60))
def test_characters_come_whole(text: str) -> None:
    text = text.replace("\N{REPLACEMENT CHARACTER}", "")
    pieces, answer = shown(tokenizer()(text).input_ids)
    assert "".join(pieces) == answer.text
    assert not any("\N{REPLACEMENT CHARACTER}" in piece for piece in pieces)


@settings(deadline=None)
@given(st.lists(st.integers(0, VOCABULARY - 1), max_size=60))
def test_any_tokens_give_the_text_of_all(ids: list[int]) -> None:
    """Broken characters and special tokens too."""
    pieces, answer = shown(ids)
    assert "".join(pieces) == answer.text == tokenizer().decode(ids, skip_special_tokens=True)


@settings(deadline=None)
@given(
    st.text("abé漢\n", max_size=50),
    st.lists(st.text("abé漢\n", min_size=1, max_size=4), max_size=3),
)
def test_stop_texts_are_never_shown(text: str, stop: list[str]) -> None:
    pieces, answer = shown(tokenizer()(text).input_ids, tuple(stop))
    assert "".join(pieces) == answer.text
    assert text.startswith(answer.text)
    assert not any(word in answer.text for word in stop)
    assert answer.text == text or any(word in text for word in stop)


def test_a_piece_comes_as_soon_as_it_is_safe() -> None:
    ids = tokenizer()("漢 the\nrain ends").input_ids
    pieces, _ = shown(ids, ("\n\n",))
    assert pieces == ["漢", " the", "\nra", "in", " e", "nd", "s"]


def test_a_long_answer_is_decoded_in_windows() -> None:
    ids = tokenizer()("The rain falls on the town. " * 200).input_ids
    lengths = []

    class Counting:
        is_fast = False

        def decode(self, some: list[int], skip_special_tokens: bool) -> str:
            lengths.append(len(some))
            text: str = tokenizer().decode(some, skip_special_tokens=skip_special_tokens)
            return text

    safe = IncrementalText(Counting(), ())
    for token in ids:
        text = safe.add(token)
    assert text == "The rain falls on the town. " * 200
    assert len(ids) > 1_000
    assert max(lengths) <= 16
