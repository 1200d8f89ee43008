"""What a stretch of audio is called: from the model's answers about it to a kind and a label."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from af3core.tasks.answers import find_choice
from af3core.tasks.task import Task

EVENTS_VERSION = 1
"""Counts up when the same answers give other events."""

CAPTION = Task("event_caption", "caption", "Please describe the audio in detail.")
SOUNDS = Task(
    "event_sounds", "question", "What sounds can be heard in the audio?", max_new_tokens=32
)
SPEAKER = Task(
    "event_speaker",
    "question",
    "Who is speaking?",
    options=("a man", "a woman", "several speakers", "nobody"),
    max_new_tokens=24,
)
MUSIC = Task("event_music", "question", "Is there music in the audio?", max_new_tokens=24)
EVENT_TASKS = (CAPTION, SOUNDS, SPEAKER, MUSIC)
"""All are asked of each stretch alone: a label counts where two answers say the same."""

UNKNOWN = "unknown"
MAX_LABEL_WORDS = 6

_LEAST_SPEECH_SHARE = 0.3
_TOLD_AS_SPEECH = re.compile(r"\b(?:speak|talk|voice|say)", re.IGNORECASE)
_FRAME = re.compile(
    r"^(?:(?:the|this) )?(?:sounds?|audio|clip|recording)"
    r"(?: (?:in|of) the (?:audio|clip|recording))?"
    r"(?: that can be heard)? (?:contains?|includes?|features?|is|are)\b(?: of)?\s*"
    r"(?:the sounds? of )?|^the sounds? of ",
    re.IGNORECASE,
)
_NOTHING = re.compile(r"^(?:there (?:are|is) )?(?:no|none|nothing)\b", re.IGNORECASE)
_SPEAKERS = {
    "a man": "a man speaking",
    "a woman": "a woman speaking",
    "several speakers": "several people speaking",
}


@dataclass(frozen=True)
class EventName:
    """What a stretch is: `label` is empty and `kind` unknown where the answers do not agree."""

    kind: str
    label: str
    flags: tuple[str, ...] = ()


def name_event(answers: Sequence[str], speech_share: float) -> EventName:
    """Kind and label of a stretch.

    Args:
        answers: to EVENT_TASKS, in their order.
        speech_share: of the stretch in which the detector hears speech.
    """
    caption, sounds, speaker, music = answers
    who = find_choice(speaker, SPEAKER.options)
    if who in _SPEAKERS and _TOLD_AS_SPEECH.search(caption):
        if speech_share >= _LEAST_SPEECH_SHARE:
            return EventName("speech", _SPEAKERS[who])
        return EventName(UNKNOWN, "", ("answers_differ",))
    if music.lower().startswith("yes"):
        piece = _one_of(label_of(caption))
        is_music = "music" in piece and len(piece.split()) <= MAX_LABEL_WORDS
        return (
            EventName("music", piece) if is_music else EventName(UNKNOWN, "", ("answers_differ",))
        )
    label = _one_of(label_of(sounds))
    if not label:
        return EventName(UNKNOWN, "", ("unnamed",))
    if " and " in label or "," in label or len(label.split()) > MAX_LABEL_WORDS:
        return EventName(UNKNOWN, "", ("several_sounds",))
    # the detector takes barks for speech: it is outvoted where nobody speaks by the answers
    if not _shares_a_word(label, caption) or who in _SPEAKERS:
        return EventName(UNKNOWN, "", ("answers_differ",))
    return EventName("sound", label)


def label_of(text: str) -> str:
    """The words for what is heard: without framing, capital and full stop; empty for nothing."""
    bare = " ".join(text.split()).strip(" .!")
    if not bare or _NOTHING.match(bare):
        return ""
    bare = _FRAME.sub("", bare, count=1).strip(" .:")
    return bare[:1].lower() + bare[1:]


def _one_of(label: str) -> str:
    """The label where it is said once or repeated: "rain, then rain" is rain."""
    parts = {part.strip() for part in re.split(r",? then |,? and |, ", label)}
    return parts.pop() if len(parts) == 1 else label


def _shares_a_word(label: str, caption: str) -> bool:
    words = {word for word in re.findall(r"\w+", label.lower()) if len(word) > 2}
    return bool(words & set(re.findall(r"\w+", caption.lower())))
