"""What a stream shows: whole characters, no stop text, and nothing that is taken back."""

from __future__ import annotations

import functools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from transformers import PreTrainedTokenizerFast

from af3core.model.request import Answer, Decoding
from af3core.model.streaming import Board, Cancelled, Event, Finished, Stream, TextDelta
from af3core.model.streaming_text import SafeText
from af3core.model.writing import Writing
from af3core.nano.tokenizer import VOCABULARY, train_tokenizer

END = VOCABULARY + 1_000_000
SCRIPTS = "aé ß漢語 한글 🎵👩‍👩‍👧 العربية\n"


@functools.cache
def tokenizer() -> PreTrainedTokenizerFast:
    return train_tokenizer()


def shown(ids: list[int], stop: tuple[str, ...] = ()) -> tuple[list[str], Answer]:
    """The pieces of an answer of these tokens, each read as soon as it is there."""
    board = Board(1)
    (listener,) = board.listeners()
    writing = Writing(Decoding(10_000, stop=stop), frozenset([END]), tokenizer(), listener)
    pieces: list[str] = []
    for token in [*ids, END]:
        done = writing.add(token, -1.0)
        if done:
            listener.finish(writing.answer())
        elif not board._news:
            continue
        event = board.take()
        if isinstance(event, TextDelta):
            pieces.append(event.text)
            assert not done or board.take() == Finished(0, writing.answer())
        if done:
            break
    return pieces, writing.answer()


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
        def decode(self, some: list[int], skip_special_tokens: bool) -> str:
            lengths.append(len(some))
            text: str = tokenizer().decode(some, skip_special_tokens=skip_special_tokens)
            return text

    safe = SafeText(Counting(), ())
    for token in ids:
        text = safe.add(token)
    assert text == "The rain falls on the town. " * 200
    assert len(ids) > 1_000
    assert max(lengths) <= 16


def test_what_is_not_read_is_joined_and_requests_take_turns() -> None:
    board = Board(2)
    first, second = board.listeners()
    for text in ("a", "ab", "abc"):
        first.say(text)
    second.say("x")
    assert [board.take(), board.take()] == [TextDelta(0, "abc"), TextDelta(1, "x")]
    first.say("abcd")
    second.say("xy")
    board.cancel([0])
    answer = Answer("xyz", 3, None, "stop")
    second.finish(answer)
    first.finish(Answer("abcde", 5, None, "stop"))
    events: list[Event] = list(Stream(board, lambda: None))
    (cancelled,) = [e for e in events if e.request == 0]
    assert isinstance(cancelled, Finished)
    assert isinstance(cancelled.result, Cancelled)
    assert [e for e in events if e.request == 1] == [TextDelta(1, "yz"), Finished(1, answer)]


@pytest.mark.parametrize("begun", ["ab", "abx"])
def test_an_answer_that_begins_anew_goes_on_where_it_was(begun: str) -> None:
    board = Board(1)
    (listener,) = board.listeners()
    listener.say("abc")
    assert board.take() == TextDelta(0, "abc")
    listener.say(begun)
    listener.finish(Answer("abcd", 2, None, "stop"))
    event = board.take()
    if begun == "ab":
        assert event == TextDelta(0, "d")
    else:
        assert isinstance(event, Finished)
        assert str(event.result) == "the answer was begun anew and went another way; ask again"
