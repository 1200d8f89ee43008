"""What a language model is shown of a recording, and whether its words can be trusted.

Prompts stay within PROMPT_TOKENS, whatever the recording's length: AF3's decoder has 32k positions,
but was trained on far shorter texts.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from af3core.longform.extractive import GENERIC
from af3core.longform.passages import Passage
from af3core.longform.word_forms import first_words, stems_of
from af3core.tasks.looping import is_looping

PROMPT_TOKENS = 7000
"""Of evidence in one prompt; with the request and the answer below 8k."""

SUMMARY_WORDS, TITLE_WORDS = 90, 10
SUMMARY_TOKENS = 256

_LATIN_CHARS_PER_TOKEN, _OTHER_CHARS_PER_TOKEN = 3.5, 1.0
_IN_EVIDENCE = 0.5
_LABEL = re.compile(r"^[\s*#]*(title|summary)[\s*]*:[\s*]*", re.IGNORECASE)


@dataclass(frozen=True)
class TitledSummary:
    """Title and summary as a language model wrote them, either of which may be empty."""

    title: str
    summary: str


def clock(time_ms: int) -> str:
    """Hours, minutes and seconds, as 2:41:07."""
    seconds = time_ms // 1000
    return f"{seconds // 3600}:{seconds // 60 % 60:02d}:{seconds % 60:02d}"


def evidence_line(passage: Passage, number: int | None = None) -> str:
    """A passage with its time, as the model is shown it."""
    mark = clock(passage.start_ms) if number is None else f"{number} | {clock(passage.start_ms)}"
    said = f' said: "{plain(passage.said)}"' if passage.said else ""
    heard = f" heard: {plain(passage.heard)}" if passage.heard else ""
    return f"[{mark}]{heard}{said}"


def plain(text: str) -> str:
    """One line without what a prompt's special tokens begin with."""
    return " ".join(text.replace("<", "‹").split())


def rough_tokens(text: str) -> int:
    """Tokens of a text, rather too many than too few."""
    latin = sum(character < "\u0250" for character in text)
    others = (len(text) - latin) / _OTHER_CHARS_PER_TOKEN
    return int(latin / _LATIN_CHARS_PER_TOKEN + others) + 1


def pack_lines(lines: Iterable[str], budget: int = PROMPT_TOKENS) -> list[list[str]]:
    """Lines in their order, in groups that fit a prompt; a line too long for one is shortened."""
    groups: list[list[str]] = [[]]
    room = budget
    for line in lines:
        fitting = line if rough_tokens(line) < budget else line[: budget // 2] + " …"
        cost = rough_tokens(fitting) + 1
        if cost > room and groups[-1]:
            groups.append([])
            room = budget
        groups[-1].append(fitting)
        room -= cost
    return [group for group in groups if group]


def summary_prompt(lines: Sequence[str], what: str) -> str:
    """Ask for a title and a summary of `what`, of which the lines are all that is known."""
    evidence = "\n".join(lines)
    return (
        f"Below is what is said and heard in {what}, with times.\n\n{evidence}\n\n"
        "Write in the language of the speech, from these lines alone. Answer in two lines:\n"
        f"Title: at most {TITLE_WORDS} words on what it is about\n"
        f"Summary: at most {SUMMARY_WORDS} words on what is said and what happens"
    )


def read_summary(text: str) -> TitledSummary:
    """Title and summary out of the model's words; what has no label is the summary."""
    found = {"title": "", "summary": ""}
    part = "summary"
    for line in text.strip().splitlines():
        label = _LABEL.match(line)
        if label:
            part = label[1].lower()
        words = line[label.end() :] if label else line
        found[part] = f"{found[part]} {words.strip()}".strip()
    title = first_words(found["title"].strip('"“”*. '), 2 * TITLE_WORDS)
    return TitledSummary(title, first_words(found["summary"], 2 * SUMMARY_WORDS))


def doubt_flag(text: str, evidence: Iterable[str]) -> str:
    """The flag of a text that cannot be trusted, or "".

    empty_answer      nothing was written
    looping_text      it repeats itself
    not_in_evidence   less than half of its telling words stand in what the model was shown
    """
    if not text.strip():
        return "empty_answer"
    if is_looping(text):
        return "looping_text"
    telling = set(stems_of(text)) - GENERIC
    known: set[str] = set()
    for line in evidence:
        known.update(telling & set(stems_of(line)))
    return "" if telling and len(known) >= _IN_EVIDENCE * len(telling) else "not_in_evidence"
