"""What can be asked of sounds with certainty: of one, of two, of all so far."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations

from af3core.dialogue.chosen_sounds import HeardSound
from af3core.dialogue.validation import LONGEST_ANSWER_WORDS, ORDINALS
from af3core.skills.speaker_names import named_speaker

CLEARLY_LOUDER_LU = 3.0
"""A difference that anyone hears; half a LU is the measure's own tolerance (EBU Tech 3341)."""

CLEARLY_LONGER_SHARE = 1.25
CLEARLY_LONGER_MS = 2000

_LONGEST_QUESTION_WORDS = 25
_IN_THE_AUDIO = re.compile(
    r" (?:in|of) (?:the|this) (?:input |given )?(?:audio|recording|clip|sound|segment)(?=[?.,])",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Fact:
    """A question with its one right answer. `kind` is the same for the same question of another
    sound; `ways` are wordings of the question.
    """

    kind: str
    ways: tuple[str, ...]
    answer: str


def name_of(number: int) -> str:
    """`the first sound` for 0."""
    return f"the {ORDINALS[number]} sound"


def facts_of(sound: HeardSound) -> Iterator[Fact]:
    """What is known of one sound: caption, length, words, answers of the night."""
    if _fits(sound.caption):
        ways = ("What can be heard?", "What do you hear?", "Describe what is heard.")
        yield Fact("heard", ways, sentence(sound.caption))
    seconds = max(1, round(sound.duration_ms / 1000))
    shown = "about one second" if seconds == 1 else f"about {seconds} seconds"
    yield Fact(
        "length", ("How long is it?", "How long does it last?"), sentence(f"it lasts {shown}")
    )
    # words that name whoever speaks are left to the transcripts
    if sound.transcript and _fits(sound.transcript) and not named_speaker([sound.transcript], ()):
        ways = ("What is said?", "Which words are spoken?", "Write down what is said.")
        yield Fact("said", ways, " ".join(sound.transcript.split()))
    for known in sound.answers:
        question = _IN_THE_AUDIO.sub("", " ".join(known.question.split()))
        short = len(question.split()) <= _LONGEST_QUESTION_WORDS
        if short and question.endswith("?") and _fits(known.answer):
            yield Fact(f"asked {question}", (question,), sentence(known.answer))


def _fits(text: str) -> bool:
    return bool(text.strip()) and len(text.split()) < LONGEST_ANSWER_WORDS


def comparisons(sounds: Sequence[HeardSound]) -> Iterator[Fact]:
    """What can be said of two of the sounds so far, or of all of them, where it is clear."""
    for one, other in combinations(range(len(sounds)), 2):
        yield from _of_two(sounds, one, other)
    if len(sounds) > 2:
        yield from _of_all(sounds)


def _of_two(sounds: Sequence[HeardSound], one: int, other: int) -> Iterator[Fact]:
    pair = (sounds[one], sounds[other])
    names = (name_of(one), name_of(other))
    both = f"{names[0]} or {names[1]}"
    louder = clearly_louder(*pair)
    if louder is not None:
        ways = (f"Which is louder, {both}?", f"Of the two, {both}: which one is louder?")
        yield Fact(f"louder {one} {other}", ways, sentence(f"{names[louder]} is louder"))
    longer = clearly_longer(*pair)
    if longer is not None:
        ways = (f"Which lasts longer, {both}?", f"Is it {both} that lasts longer?")
        yield Fact(f"longer {one} {other}", ways, sentence(f"{names[longer]} lasts longer"))
    chosen = [{known.question: known.answer for known in s.answers if known.chosen} for s in pair]
    for question in chosen[0]:
        if question in chosen[1]:
            first, second = (answers[question] for answers in chosen)
            asked = _IN_THE_AUDIO.sub("", question)
            said = (
                f"Yes, in both: {first}."
                if first == second
                else f"No. In {names[0]}: {first}. In {names[1]}: {second}."
            )
            ways = (
                f"Take {names[0]} and {names[1]}. {asked} Is the answer the same for both?",
                f"{asked} Is that the same in {names[0]} and in {names[1]}?",
            )
            yield Fact(f"same {one} {other} {question}", ways, said)


def _of_all(sounds: Sequence[HeardSound]) -> Iterator[Fact]:
    count = len(sounds)
    by_length = sorted(range(count), key=lambda n: -sounds[n].duration_ms)
    longest, next_longest = by_length[:2]
    if clearly_longer(sounds[longest], sounds[next_longest]) == 0:
        ways = ("Which of the sounds so far is the longest?", "Which one so far lasts longest?")
        answer = f"{name_of(longest)} is the longest"
        yield Fact(f"longest of {count}", ways, sentence(answer))
    levels = [sound.loudness_lufs for sound in sounds]
    if all(level is not None for level in levels):
        loudest, next_loudest = sorted(range(count), key=lambda n: -(levels[n] or 0.0))[:2]
        if clearly_louder(sounds[loudest], sounds[next_loudest]) == 0:
            ways = ("Which of the sounds so far is the loudest?", "Which one so far is loudest?")
            answer = f"{name_of(loudest)} is the loudest"
            yield Fact(f"loudest of {count}", ways, sentence(answer))


def clearly_louder(one: HeardSound, other: HeardSound) -> int | None:
    """0 or 1: which of two is louder by 3 LU or more; None where none is, or it is not known."""
    if one.loudness_lufs is None or other.loudness_lufs is None:
        return None
    difference_lu = one.loudness_lufs - other.loudness_lufs
    return None if abs(difference_lu) < CLEARLY_LOUDER_LU else int(difference_lu < 0)


def clearly_longer(one: HeardSound, other: HeardSound) -> int | None:
    """0 or 1: which of two is longer by a quarter, and by two seconds; None where none is."""
    shorter_ms, longer_ms = sorted((one.duration_ms, other.duration_ms))
    clear = longer_ms >= max(CLEARLY_LONGER_SHARE * shorter_ms, shorter_ms + CLEARLY_LONGER_MS)
    return int(other.duration_ms > one.duration_ms) if clear else None


def sentence(text: str) -> str:
    """With a capital and a full stop."""
    line = " ".join(text.split())
    ended = line if line[-1:] in ".!?…”\"'" else f"{line}."
    return ended[:1].upper() + ended[1:]
