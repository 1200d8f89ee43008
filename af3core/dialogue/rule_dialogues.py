"""Dialogues by rules: every answer follows from what is published of the sounds.

A sound is played when it is first asked about; between and after, questions stay with it, go back
to earlier ones, or compare. Wordings are drawn, so that dialogues differ.
"""

from __future__ import annotations

from collections.abc import Sequence
from random import Random

from af3core.dialogue.chosen_sounds import HeardSound
from af3core.dialogue.knowledge import Fact, comparisons, facts_of, name_of
from af3core.dialogue.validation import MOST_TURNS, Exchange

RULES_VERSION = 1
"""Counts up when the same sounds make another dialogue."""

_FIRST = (
    "{sound} {question}",
    "Listen to {sound}. {question}",
    "Here is a sound: {sound} {question}",
)
_NEXT = (
    "Now listen to {sound}. {question}",
    "Here is another one: {sound} {question}",
    "Next comes {sound}. {question}",
)
_STAY = ("{question}", "And staying with it: {question}", "One more about it: {question}")
_BACK = (
    "Back to {name}: {question}",
    "Think of {name} again. {question}",
    "Let us go back to {name}. {question}",
)
_SHORT = ("And in {name}?", "What about {name}?")
_COMPARE = (
    "{question}",
    "From what you have heard so far: {question}",
    "One question across the sounds: {question}",
)


def dialogue_by_rules(sounds: Sequence[HeardSound], random: Random) -> tuple[Exchange, ...]:
    """A dialogue of two to ten turns about two to eight sounds, in their order.

    At least one turn refers back: of each sound caption and length are known, and each is asked
    about once at most when it is played.
    """
    talk = _Talk(sounds, random)
    spare = random.randint(1, MOST_TURNS - len(sounds))
    for number in range(len(sounds)):
        talk.play(number)
        # one is kept for the end, when there is most to refer to
        while spare > 1 and random.random() < 0.5 and talk.follow_up():
            spare -= 1
    while spare and talk.follow_up():
        spare -= 1
    return tuple(talk.exchanges)


class _Talk:
    """A dialogue that is being made: what was said, what is known and was not asked yet."""

    def __init__(self, sounds: Sequence[HeardSound], random: Random) -> None:
        self.exchanges: list[Exchange] = []
        self._sounds = sounds
        self._random = random
        self._unasked = [list(facts_of(sound)) for sound in sounds]
        self._compared: set[str] = set()
        self._played = 0
        self._current = 0
        self._kind = ""

    def play(self, number: int) -> None:
        """Play a sound and ask about it, by preference what the one before was asked."""
        marker, facts = f"<sound-{number + 1}>", self._unasked[number]
        again = [fact for fact in facts if fact.kind == self._kind and self._kind != "length"]
        self._played, self._current = number + 1, number
        if again and self._random.random() < 0.5:
            self._say(self._random.choice(_SHORT), again[0], name=marker)
        else:
            fact = self._random.choice([fact for fact in facts if fact.kind != "length"] or facts)
            self._say(self._random.choice(_NEXT if number else _FIRST), fact, sound=marker)

    def follow_up(self) -> bool:
        """Ask one thing more without playing anything; False where all has been asked."""
        earlier = [n for n in range(self._played) if n != self._current and self._unasked[n]]
        compared = [
            fact
            for fact in comparisons(self._sounds[: self._played])
            if fact.kind not in self._compared
        ]
        stays = self._current >= 0 and self._unasked[self._current]
        ways = [self._stay] * bool(stays)
        ways += [lambda: self._back(earlier)] * (2 * bool(earlier))
        ways += [lambda: self._compare(compared)] * (2 * bool(compared))
        if ways:
            self._random.choice(ways)()
        return bool(ways)

    def _stay(self) -> None:
        fact = self._random.choice(self._unasked[self._current])
        self._say(self._random.choice(_STAY), fact)

    def _back(self, earlier: Sequence[int]) -> None:
        self._current = self._random.choice(earlier)
        facts, name = self._unasked[self._current], name_of(self._current)
        again = [fact for fact in facts if fact.kind == self._kind and self._kind != "length"]
        if again:
            self._say(self._random.choice(_SHORT), again[0], name=name)
        else:
            self._say(self._random.choice(_BACK), self._random.choice(facts), name=name)

    def _compare(self, compared: Sequence[Fact]) -> None:
        fact = self._random.choice(compared)
        self._compared.add(fact.kind)
        question = self._random.choice(fact.ways)
        forms = _COMPARE if question.startswith("Which") else _COMPARE[:1]
        text = self._random.choice(forms).format(question=question)
        self.exchanges.append(Exchange(text, fact.answer))
        # what "it" is after a comparison is not clear: the next question names its sound
        self._current, self._kind = -1, ""

    def _say(self, form: str, fact: Fact, sound: str = "", name: str = "") -> None:
        question = self._random.choice(fact.ways)
        text = form.format(sound=sound, name=name, question=question)
        self.exchanges.append(Exchange(text, fact.answer))
        self._unasked[self._current].remove(fact)
        self._kind = fact.kind
