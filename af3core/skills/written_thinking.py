"""Thinking that leads from a sound to a pair's answer, as AF-Think has it: asked for, and checked.

AF-Think (section 4 of the paper of Audio Flamingo 3) gives a language model the audio, the question
and its answer, and has it write some 40 words of thinking, which then stand before the answer. Here
the writer hears nothing: what the pair was made from stands for the audio. The paper's limit is
enforced, and each of these rules refuses:

thinking_too_short   fewer than 20 words
thinking_too_long    more than 60 words
special_token        it holds a token of the model's
speaker_named        a speaker has a name
source_mentioned     it speaks of captions or transcripts, not of what is heard
nothing_added        all that it says stands in the question and the answer
"""

from __future__ import annotations

import string
from typing import Any

from af3core.skills.pair import Evidence, Pair
from af3core.skills.pair_rules import BrokenRule, content_words, mentioned_source, special_token
from af3core.skills.speaker_names import named_speaker

THINKING_RULES_VERSION = 1
"""Counts up when a rule or a prompt changes, so that thinking is written anew."""

WORDS = 40
"""Of the paper's thinking, about."""
FEWEST_WORDS, MOST_WORDS = 20, 60
FEWEST_NEW_WORDS = 4
"""That neither question nor answer holds: fewer are no reason."""

THINKING_TOKENS = 192
CHOICE_TOKENS = 32

THINKING_SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {"thinking": {"type": ["string", "null"], "maxLength": 600}},
    "required": ["thinking"],
    "additionalProperties": False,
}

_LETTERS = string.ascii_uppercase[:6]
BLIND_SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {"option": {"enum": list(_LETTERS)}},
    "required": ["option"],
    "additionalProperties": False,
}
"""Of a blind choice: a writer proposes six options at most."""


def thinking_prompt(pair: Pair) -> str:
    """Asks the writer for the thinking before a pair's answer."""
    return "\n".join(
        [
            "Write what a listener thinks before the answer to a question about an audio. The"
            " listener hears the audio and sees nothing of what is written here.",
            "",
            "What is known of the audio:",
            *_known(pair),
            "",
            *_question(pair),
            f"Answer: {pair.answer}",
            "",
            "Rules:",
            f"- The thinking has about {WORDS} words: at least {FEWEST_WORDS}, at most"
            f" {MOST_WORDS}.",
            "- It names what is heard that decides, and why that leads to the answer and to nothing"
            " else.",
            "- It says nothing that is not known above or common knowledge.",
            "- Speakers have no names: write the speaker, the first speaker, the woman.",
            "- Nothing speaks of captions, transcripts or descriptions; all is heard.",
            "Reply with one JSON object with the key thinking, and nothing else.",
            "Where what is known does not lead to the answer, thinking is null.",
        ]
    )


def broken_thinking_rule(thinking: str, pair: Pair) -> BrokenRule | None:
    """The first rule that thinking breaks, in the order above; None where it may be kept."""
    count = len(thinking.split())
    if count < FEWEST_WORDS:
        return BrokenRule("thinking_too_short", f"{count} words, at least {FEWEST_WORDS}")
    if count > MOST_WORDS:
        return BrokenRule("thinking_too_long", f"{count} words, at most {MOST_WORDS}")
    if token := special_token(thinking):
        return BrokenRule("special_token", repr(token))
    spoken = [one.text for one in pair.evidence if one.kind == "transcript"]
    if speaker := named_speaker([thinking], spoken):
        return BrokenRule("speaker_named", speaker)
    if source := mentioned_source(thinking):
        return BrokenRule("source_mentioned", source)
    told = content_words(" ".join([pair.question, pair.answer, *pair.options]))
    added = content_words(thinking) - told
    if len(added) < FEWEST_NEW_WORDS:
        return BrokenRule("nothing_added", f"{len(added)} words of its own: {thinking}")
    return None


def verdict_prompt(pair: Pair, thinking: str) -> str:
    """Asks the writer to judge thinking against what the pair was made from."""
    return "\n".join(
        [
            "Judge what a listener thinks before the answer to a question about an audio.",
            "",
            "What is known of the audio:",
            *_known(pair),
            "",
            *_question(pair),
            f"Answer: {pair.answer}",
            f"Thinking: {thinking}",
            "",
            "It passes if all of this holds: it says nothing of the audio that is not known; what"
            " it names is enough for the answer; it contradicts neither itself nor the answer.",
            "Reply with one JSON object with the keys check (pass or fail) and reason (one"
            " sentence), and nothing else.",
        ]
    )


def blind_prompt(pair: Pair, thinking: str) -> str:
    """Asks for the option that thinking leads to, of somebody who knows nothing else."""
    lettered = [
        f"({letter}) {option}" for letter, option in zip(_LETTERS, pair.options, strict=False)
    ]
    return "\n".join(
        [
            "Choose the option that the thinking leads to. You do not hear the audio.",
            "",
            f"Question: {pair.question}",
            *lettered,
            f"Thinking: {thinking}",
            "",
            "Reply with one JSON object with the key option, which is the letter of the option,"
            " and nothing else.",
        ]
    )


def chosen_option(pair: Pair, letter: str) -> str:
    """The option of a letter; empty where there is none."""
    return dict(zip(_LETTERS, pair.options, strict=False)).get(letter, "")


def _known(pair: Pair) -> list[str]:
    return [_line(one, pair.start_ms) for one in pair.evidence]


def _line(one: Evidence, from_ms: int) -> str:
    start_s, end_s = ((time_ms - from_ms) / 1000 for time_ms in (one.start_ms, one.end_ms))
    return f"{start_s:.1f} to {end_s:.1f} s, {one.kind}: {one.text}"


def _question(pair: Pair) -> list[str]:
    options = [f"Options: {'; '.join(pair.options)}"] if pair.options else []
    return [f"Question: {pair.question}", *options]
