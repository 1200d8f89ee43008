"""The spoken words out of a model's answer: its framing off, and an answer that there are none.

No word is taken away that could have been spoken: a frame goes only where a colon or quotes set
it apart from the words, an answer of no speech only as one of the sentences that are listed here.
"""

from __future__ import annotations

import itertools
import re

_FRAME = re.compile(
    r"(?:The spoken content of the audio|The transcription of the audio"
    r"|The content of the input audio) is\s*(:?)\s*",
    re.IGNORECASE,
)
_CLOSING = {"'": "'", '"': '"', "‘": "’", "“": "”"}
_PLACES = (
    "",
    *(
        f"in {which} {what}"
        for which in ("the", "this")
        for what in ("audio", "audio clip", "input audio", "clip", "recording", "segment", "sound")
    ),
)
_NOTHING_SPOKEN = (
    "no speech",
    "no speech detected",
    "no speech heard",
    "no speech is detected",
    "no speech was detected",
    "no speech is heard",
    "no speech can be heard",
    "no spoken content",
    "there is no speech",
    "there is no speech detected",
    "there is no spoken content",
    "there is no one speaking",
    "there is nobody speaking",
    "no one is speaking",
    "nobody is speaking",
    "nobody speaks",
)
_SOUNDS = ("the audio", "the audio clip", "the input audio", "the clip", "the recording")
_LACKING = (
    "contains no speech",
    "contains no spoken content",
    "has no speech",
    "does not contain speech",
    "does not contain any speech",
)
NO_SPEECH_ANSWERS = frozenset(
    (
        *(f"{said} {place}".strip() for said, place in itertools.product(_NOTHING_SPOKEN, _PLACES)),
        *(f"{sound} {lacks}" for sound, lacks in itertools.product(_SOUNDS, _LACKING)),
    )
)
"""Whole answers that say that nobody speaks, as words in lower case."""


def read_transcript(text: str, *, hears_speech: bool) -> str:
    """The spoken words: without the framing of AF3's answers and its quotes.

    "The transcription of the audio is: hard work" and "… is 'hard work'." are hard work; "The
    transcription of the audio is hard work" stays, as a speaker may have said it.

    Args:
        hears_speech: by the detector. Where it hears none, an answer that says so has no words;
            elsewhere it stays, since someone may have said it.
    """
    text = text.strip()
    if not hears_speech and is_no_speech_answer(text):
        return ""
    frame = _FRAME.match(text)
    if not frame:
        return text
    rest = text[frame.end() :]
    quoted = _within_quotes(rest)
    if quoted is not None:
        return quoted.strip()
    return rest if frame[1] else text


def is_no_speech_answer(text: str) -> bool:
    """True for a whole answer that says that nobody speaks, but for case and punctuation."""
    return " ".join(re.findall(r"[^\W_]+", text.lower())) in NO_SPEECH_ANSWERS


def _within_quotes(text: str) -> str | None:
    """What stands in quotes that hold all of a text but a full stop; None for any other text."""
    bare = text.strip().removesuffix(".").rstrip()
    closing = _CLOSING.get(bare[:1])
    if closing is None or len(bare) < 2 or bare[-1] != closing:
        return None
    inner = bare[1:-1]
    return inner if _is_whole(inner, bare[0], closing) else None


def _is_whole(inner: str, opening: str, closing: str) -> bool:
    """True where quotes inside open before they close: 'yes" or "no' closes what is around it."""
    is_open = False
    for mark in re.finditer(f"[{opening}{closing}]", inner):
        before, after = inner[: mark.start()][-1:], inner[mark.end() :][:1]
        if before.isalnum() and after.isalnum():  # an apostrophe
            continue
        if not is_open and (before.isalnum() or not after.strip() or mark[0] != opening):
            return False
        if is_open and (not before.strip() or mark[0] != closing):
            return False
        is_open = not is_open
    return not is_open
