"""Asking for thinking, and thinking and answer apart, in the styles that models write them.

<think>…</think> answer                       AF-Next
<SUMMARY>… <REASONING>… <CONCLUSION>answer    AF2
reasons. Therefore, the answer is (B) text    AF3: free text, then words that announce the answer
reasons ⏎ (B) text                            nano, and AF3 where it ends with a line of its own
(B) text. Reasons                             the option first

Where none of these is met the words stay together: a wrong cut would make thinking an answer.
"""

from __future__ import annotations

import re
import string
from collections.abc import Sequence
from dataclasses import dataclass

THINK_SUFFIX = "\nPlease think and reason about the input audio before you respond."
"""AF3's own words (README of the released code); the answer follows the reasoning."""

_THINK = re.compile(r"^\s*(?:<think>)?(.*?)</think>(.*)$", re.DOTALL)
_OPEN_THINK = re.compile(r"^\s*<think>(.*)$", re.DOTALL)
_SECTION = re.compile(r"</?(SUMMARY|CAPTION|REASONING|CONCLUSION)>")
_NAMED = (
    r"(?:(?:final|correct|right|best|most likely|most suitable|most appropriate) )*"
    r"(?:answer|option|choice)"
)
_ANNOUNCED = re.compile(
    rf"(?:^|(?<=[.!?:;,\n])\s*|(?<=\s))[*#\s]*"
    rf"(?:(?:therefore|thus|hence|so|in conclusion|overall)\W+)?"
    rf"(?:{_NAMED}\s*(?:\*\*)?\s*:|(?:the|my) {_NAMED}\s+(?:is|would be|must be)\b(?! not\b)\s*:?)"
    rf"[\s*]*",
    re.IGNORECASE,
)
_CONCLUDED = re.compile(r"^(?:therefore|thus|hence|so|in conclusion)\b\W*", re.IGNORECASE)
_REASONS = re.compile(
    r"(?:^|(?<=\s))[*#]*(?:reason(?:ing|s)?|explanation|rationale)[*]*\s*:[\s*]*", re.IGNORECASE
)
_SENTENCES = re.compile(r"(?<=[.!?])(?<!\b[A-Z]\.)\s+")
_MARKS = " \t\n.,;:!?*\"'"


def with_think_suffix(prompt: str) -> str:
    """A prompt that asks the model to think before it answers."""
    return prompt + THINK_SUFFIX


@dataclass(frozen=True)
class SplitAnswer:
    """Thinking and answer; where `found` is false the answer holds all words."""

    thinking: str
    answer: str
    found: bool = True


def split_thinking(text: str, options: Sequence[str] = ()) -> SplitAnswer:
    """Take apart what a model wrote that was asked to think first.

    Args:
        options: of a multiple-choice question; they tell an answer from a reason.
    """
    text = text.strip()
    return (
        _split_tags(text)
        or _split_announced(text, options)
        or _answer_alone(text, options)
        or _option_first(text, options)
        or _last_line(text, options)
        or _last_sentence(text, options)
        or SplitAnswer("", text, found=False)
    )


def _split_tags(text: str) -> SplitAnswer | None:
    """By tags. A thought that never ends was cut off: there is no answer."""
    closed = _THINK.match(text)
    if closed:
        return SplitAnswer(closed[1].strip(), closed[2].strip())
    unclosed = _OPEN_THINK.match(text)
    if unclosed:
        return SplitAnswer(unclosed[1].strip(), "")
    if not _SECTION.search(text):
        return None
    before, *rest = _SECTION.split(text)
    sections = {"": before}
    for name, words in zip(rest[::2], rest[1::2], strict=True):
        sections[name] = f"{sections.get(name, '')} {words}".strip()
    if not sections.get("CONCLUSION"):
        return SplitAnswer("", text, found=False)
    answer = sections.pop("CONCLUSION")
    return SplitAnswer(_join_words(*sections.values()), answer)


def _split_announced(text: str, options: Sequence[str]) -> SplitAnswer | None:
    """By the last words that announce an answer. What follows an option is a reason again."""
    found = [m for m in _ANNOUNCED.finditer(text) if text[m.end() :].strip(_MARKS)]
    if not found:
        return None
    before, after = text[: found[-1].start()], text[found[-1].end() :].strip()
    if options:
        length = _option_length(after, options, announced=True)
        if not length:
            return None
        return SplitAnswer(
            _join_words(before, _after_option(after[length:])), after[:length].strip()
        )
    reasons = _REASONS.search(after)
    if reasons:
        return SplitAnswer(
            _join_words(before, after[reasons.end() :]), after[: reasons.start()].strip()
        )
    return SplitAnswer(_join_words(before), after)


def _answer_alone(text: str, options: Sequence[str]) -> SplitAnswer | None:
    """One option, or one sentence: an answer without thinking."""
    if _is_option(text, options) or not text:
        return SplitAnswer("", text)
    single = len(_SENTENCES.split(text)) == 1 and "\n" not in text
    return SplitAnswer("", text) if single and not options else None


def _option_first(text: str, options: Sequence[str]) -> SplitAnswer | None:
    """An option that is set off from what follows, unless a last line names one too."""
    length = _option_length(text, options)
    if not length or (text[length : length + 1] not in ".\n" and text[length - 1] not in ".\n"):
        return None
    first, rest = text[:length].strip(), text[length:]
    if _is_option(_SENTENCES.split(rest.splitlines()[-1])[-1].strip(), options):
        return None
    return SplitAnswer(_after_option(rest), first)


def _last_line(text: str, options: Sequence[str]) -> SplitAnswer | None:
    """A last line that is an option; without options, the second of two lines."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    if len(lines) < 2 or (not options and len(lines) > 2):
        return None
    if options and not _is_option(lines[-1], options):
        return None
    return SplitAnswer(" ".join(lines[:-1]), lines[-1])


def _last_sentence(text: str, options: Sequence[str]) -> SplitAnswer | None:
    """A last sentence that is an option, or that concludes ("So it is a dog.")."""
    *before, last = (part.strip() for part in _SENTENCES.split(text) if part.strip())
    concluded = _CONCLUDED.match(last)
    if not before or not (_is_option(last, options) or concluded):
        return None
    if concluded and options and not _is_option(last, options):
        named = [o for o in options if re.search(rf"\b{re.escape(o)}\b", last, re.IGNORECASE)]
        letters = re.findall(r"\(([A-Z])\)", last)
        if len(named) != 1 and len(letters) != 1:
            return None
    return SplitAnswer(_join_words(*before), last)


def _is_option(words: str, options: Sequence[str]) -> bool:
    """True where the words are an option and nothing else."""
    length = _option_length(words, options)
    return length > 0 and not words[length:].strip(_MARKS)


def _option_length(text: str, options: Sequence[str], announced: bool = False) -> int:
    """Length of the option that a text begins with: its letter, its words or both; 0 if none.

    A letter without a mark may be the article "A": it counts where it stands alone, or where the
    answer was announced.
    """
    mark = re.match(r"[\s*\"']*(?i:option )?(?:\(([A-Z])\)|([A-Z])[).:](?=\s|\*|$))[:.*\s]*", text)
    start = mark.end() if mark else 0
    length = start + _words_length(text[start:], options)
    if length > start:
        return length
    if mark and _is_letter(mark[1] or mark[2], options):
        return len(text[:start].rstrip())
    bare = re.match(r"[\s*\"']*(?i:option )?([A-Z])(?=\W|$)", text)
    if (
        bare
        and _is_letter(bare[1], options)
        and (announced or not text[bare.end() :].strip(_MARKS))
    ):
        return bare.end()
    return 0


def _words_length(text: str, options: Sequence[str]) -> int:
    """Length of the longest option whose words begin the text and end at a mark."""
    lead = len(text) - len(text.lstrip(" \"'"))
    lengths = [
        lead + len(option)
        for option in options
        if re.match(rf"{re.escape(option)}(?=[\s\"']*(?:[^\w\s\"']|\n|$))", text[lead:], re.I)
    ]
    return max(lengths, default=0)


def _is_letter(letter: str, options: Sequence[str]) -> bool:
    return letter in string.ascii_uppercase[: len(options)]


def _after_option(text: str) -> str:
    """The reasons that follow an option, without their heading."""
    return _REASONS.sub("", text.lstrip(_MARKS), count=1)


def _join_words(*parts: str) -> str:
    return " ".join(filter(None, (" ".join(part.split()) for part in parts)))
