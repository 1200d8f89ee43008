"""Thinking and answer apart: every style of the reference, and what is no style."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from af3core.tasks.thinking import SplitAnswer, split_thinking

WHO = ("a man", "a woman", "several speakers", "nobody")
HIGH = "The voice is high."


@pytest.mark.parametrize(
    ("text", "thinking", "answer"),
    [
        ("<think>a dog, then rain</think>\n(B) a woman", "a dog, then rain", "(B) a woman"),
        ("a dog, then rain</think>(B) a woman", "a dog, then rain", "(B) a woman"),
        ("<think>a dog, then", "a dog, then", ""),
        (
            "<SUMMARY>Who?</SUMMARY><CAPTION>A voice.</CAPTION>\n<REASONING>High.</REASONING>"
            "<CONCLUSION>(B) a woman</CONCLUSION>",
            "Who? A voice. High.",
            "(B) a woman",
        ),
        (
            "<SUMMARY> Who? <CAPTION> A voice. <REASONING> High. <CONCLUSION> B",
            "Who? A voice. High.",
            "B",
        ),
    ],
)
def test_tags_tell_them_apart(text: str, thinking: str, answer: str) -> None:
    assert split_thinking(text, WHO) == SplitAnswer(thinking, answer)


@pytest.mark.parametrize(
    ("end", "answer"),
    [
        ("The answer is (B)", "(B)"),
        ("The answer is (B) a woman.", "(B) a woman"),
        ("The correct answer is B.", "B."),
        ("The correct answer is B: a woman.", "B: a woman"),
        ("Therefore, the correct option is (B) a woman.", "(B) a woman"),
        ("Thus the best choice would be a woman.", "a woman"),
        ("\nAnswer: a woman", "a woman"),
        ("\n**Answer:** (B) a woman", "(B) a woman"),
        ("\n\nFinal answer: B", "B"),
        ("The answer is not (A). The answer is (B) a woman", "(B) a woman"),
    ],
)
def test_an_announced_option_ends_the_thinking(end: str, answer: str) -> None:
    found = split_thinking(f"{HIGH} {end}", WHO)
    assert (found.answer, found.found) == (answer, True)
    assert found.thinking.startswith(HIGH)


@pytest.mark.parametrize(
    ("end", "answer"),
    [
        ("(B) a woman", "(B) a woman"),
        ("B", "B"),
        ("B.", "B."),
        ("B. a woman", "B. a woman"),
        ("a woman", "a woman"),
        ("Option B", "Option B"),
    ],
)
@pytest.mark.parametrize("between", ["\n", "\n\n", " "])
def test_an_option_alone_at_the_end_is_the_answer(end: str, between: str, answer: str) -> None:
    assert split_thinking(f"I hear speech. {HIGH}{between}{end}", WHO) == SplitAnswer(
        f"I hear speech. {HIGH}", answer
    )


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        (f"(B) a woman. {HIGH}", "(B) a woman"),
        (f"(B) a woman\n{HIGH}", "(B) a woman"),
        (f"B. a woman\n\nReasoning: {HIGH}", "B. a woman"),
        (f"B. {HIGH}", "B."),
        (f"A woman.\n{HIGH}", "A woman"),
        (f"**Answer:** (B) a woman\n**Explanation:** {HIGH}", "(B) a woman"),
        (f"The answer is B. {HIGH}", "B."),
    ],
)
def test_an_option_first_and_then_reasons(text: str, answer: str) -> None:
    assert split_thinking(text, WHO) == SplitAnswer(HIGH, answer)


@pytest.mark.parametrize("text", ["(B) a woman", "B", "B.", "(B)", "a woman", "A WOMAN.", ""])
def test_only_an_option_has_no_thinking(text: str) -> None:
    assert split_thinking(text, WHO) == SplitAnswer("", text)


def test_options_that_are_weighed_one_by_one() -> None:
    weighed = "(A) a man: too low. (B) a woman: it fits."
    assert split_thinking(f"{weighed} The answer is (B).", WHO) == SplitAnswer(weighed, "(B).")
    assert split_thinking("(A) a man.\nNo, it is high.\n(B) a woman", WHO) == SplitAnswer(
        "(A) a man. No, it is high.", "(B) a woman"
    )


@pytest.mark.parametrize(
    ("text", "thinking", "answer"),
    [
        ("I hear fast organ music, then rain.\nThe weather.", "I hear fast organ music, then rain.",
         "The weather."),
        ("I hear a dog. So it is a dog.", "I hear a dog.", "So it is a dog."),
        ("I hear a horn. The final answer is: a car. It is fast.", "I hear a horn.",
         "a car. It is fast."),
        ("Answer: a car. Reason: a horn.", "a horn.", "a car."),
        ("A dog barks.", "", "A dog barks."),
    ],
)  # fmt: skip
def test_an_open_question(text: str, thinking: str, answer: str) -> None:
    assert split_thinking(text) == SplitAnswer(thinking, answer)


@pytest.mark.parametrize(
    ("text", "options"),
    [
        ("A man may speak. Or a woman. It is hard to say.", WHO),
        ("A man speaks first. Then a woman.", WHO),
        ("The voice is high. So it is a woman or a man.", WHO),
        ("The low voice suggests a man", WHO),
        ("The answer is hard to give. (F) a crowd", WHO),
        ("<SUMMARY>Who?</SUMMARY><CAPTION>A voice", WHO),
        ("I hear the news. It is long.", ()),
        ("I hear the news.\nThen sport.\nThen rain.", ()),
        ("An option is missing. What is the answer to this?", ()),
    ],
)
def test_what_is_no_style_is_not_guessed(text: str, options: tuple[str, ...]) -> None:
    assert split_thinking(text, options) == SplitAnswer("", text, found=False)


@given(st.text(alphabet="AB() .:\n<>/thinkawomSUMRY", max_size=60), st.sampled_from([WHO, ()]))
def test_words_come_from_the_text_and_unseparated_ones_stay_whole(
    text: str, options: tuple[str, ...]
) -> None:
    found = split_thinking(text, options)
    assert found.answer in text
    assert found.found or (found.thinking, found.answer) == ("", text.strip())
