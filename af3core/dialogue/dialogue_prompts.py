"""Dialogues by a language model: what it is told, what it must write, what it is asked afterwards.

In its texts a sound is `[sound 1]`: the audio model's own marker would play a sound to it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from af3core.dialogue.chosen_sounds import HeardSound
from af3core.dialogue.knowledge import name_of
from af3core.dialogue.validation import MOST_TURNS, ORDINALS, Exchange
from af3core.embedding.few_shot import one_line

PROMPTS_VERSION = 1
"""Counts up when a prompt changes, so that dialogues are written anew."""

MAX_NEW_TOKENS = 1024

DIALOGUE_SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {
        "turns": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {"user": {"type": "string"}, "assistant": {"type": "string"}},
                "required": ["user", "assistant"],
                "additionalProperties": False,
            },
        }
    },
    "required": ["turns"],
    "additionalProperties": False,
}
VERDICT_SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {"check": {"type": "string", "enum": ["pass", "fail"]}},
    "required": ["check"],
    "additionalProperties": False,
}

_MENTION = re.compile(r"[\[<(]\s*sound[\s_-]*(\d+)\s*[\])>]", re.IGNORECASE)


def writing_prompt(sounds: Sequence[HeardSound]) -> str:
    """The request for a dialogue about sounds, with all that is known of them."""
    return (
        "Write a conversation between a user and an assistant who listen to sounds together.\n"
        f"What is known of the {len(sounds)} sounds:\n{description(sounds)}\n"
        "Rules:\n"
        f"- {len(sounds)} to {MOST_TURNS} turns; each is a question of the user and the"
        " assistant's answer.\n"
        "- Every sound is played exactly once: the user writes [sound 1], [sound 2] and so on where"
        " it is first heard. Afterwards it is called the first sound, the second sound, or it.\n"
        "- Later questions build on earlier ones: they compare sounds, go back to an earlier one,"
        " or ask why, what for, or what may come next.\n"
        "- The assistant answers from what is heard, in one to three sentences, and never says"
        " where its knowledge comes from.\n"
        "- Nobody who speaks in a sound is called by a name.\n"
        'Answer with JSON alone: {"turns": [{"user": "...", "assistant": "..."}]}'
    )


def description(sounds: Sequence[HeardSound]) -> str:
    """What is known of each sound, a line each."""
    return "\n".join(_line(number, sound) for number, sound in enumerate(sounds, 1))


def _line(number: int, sound: HeardSound) -> str:
    parts = [f"[sound {number}] {sound.duration_ms / 1000:.0f} s"]
    if sound.loudness_lufs is not None:
        parts[0] += f", {sound.loudness_lufs:.0f} LUFS"
    parts.append(f"heard: {one_line(sound.caption)}")
    if sound.transcript:
        parts.append(f"said: {one_line(sound.transcript)}")
    parts += [f"{one_line(known.question)} {one_line(known.answer)}" for known in sound.answers]
    return ". ".join(part.rstrip(".") for part in parts) + "."


def read_dialogue(document: dict[str, Any]) -> tuple[Exchange, ...]:
    """The turns of a written document, with the audio model's markers: a user's first mention plays
    a sound, every other mention becomes its name.
    """
    played: set[int] = set()

    def play(match: re.Match[str]) -> str:
        number = int(match[1])
        if number in played:
            return _name(match)
        played.add(number)
        return f"<sound-{number}>"

    return tuple(
        Exchange(
            _MENTION.sub(play, " ".join(turn["user"].split())),
            _MENTION.sub(_name, " ".join(turn["assistant"].split())),
        )
        for turn in document["turns"]
    )


def _name(mention: re.Match[str]) -> str:
    number = int(mention[1])
    return name_of(number - 1) if 1 <= number <= len(ORDINALS) else mention[0]


def check_prompt(sounds: Sequence[HeardSound], exchanges: Sequence[Exchange]) -> str:
    """The question whether a dialogue stands, after AF2's self-verification."""
    spoken = "\n".join(
        f"User: {_with_written_markers(exchange.question)}\n"
        f"Assistant: {_with_written_markers(exchange.answer)}"
        for exchange in exchanges
    )
    return (
        "Check a conversation about sounds.\n"
        f"What is known of the sounds:\n{description(sounds)}\n"
        f"The conversation:\n{spoken}\n"
        "It passes if every answer agrees with what is known, answers its question, can be told"
        " from the sounds alone, and if each mention of a sound is to the right one. Otherwise it"
        ' fails. Answer with JSON alone: {"check": "pass"} or {"check": "fail"}'
    )


def _with_written_markers(text: str) -> str:
    return re.sub(r"<sound-(\d+)>", r"[sound \1]", text)
