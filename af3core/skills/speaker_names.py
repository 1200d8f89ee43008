"""Names of speakers in a question, found by how names are written and used.

It sees labels ("speaker 2"), titles with a name ("Mrs. Hall"), capitalised names that are made to
speak ("according to Anna", "does Anna mean", "Anna's answer"), and every name by which somebody
presents themselves in the transcript ("my name is anna", "I'm Anna").

It does not see a bare name with any other verb, nor names in lower case by which nobody presents
themselves. Who is only spoken of ("a symphony by Mahler") may be named.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

_NAME = r"[A-Z][a-zà-ÿ'’-]+(?: [A-Z][a-zà-ÿ'’-]+)?"
_SAYS = (
    r"(?:says?|said|asks?|asked|answers?|answered|repl(?:y|ies|ied)|responds?|responded|explains?"
    r"|explained|mentions?|mentioned|claims?|claimed|argues?|argued)"
)
_MAY_SAY = r"(?:thinks?|feels?|sounds?|means?|believes?|wants?|speaks?|talks?|tells?|suggests?)"
_FIXED = (
    re.compile(r"\b[Ss](?:peaker|PEAKER)[ _#-]*(?:\d+|[A-H])\b"),
    re.compile(rf"\b(?:Mr|Mrs|Ms|Miss|Dr|Prof|Professor|Doctor|Sir|Lady)\.? {_NAME}"),
)
_SPEAKING = (
    re.compile(rf"\b(?:[Aa]ccording to|[Tt]old by|[Ss]aid by|[Aa]sked by) ({_NAME})"),
    re.compile(rf"\b({_NAME}) {_SAYS}\b"),
    # not at the start, where every word is capitalised: thunder, too, may sound
    re.compile(rf"(?<=\w )({_NAME}) {_MAY_SAY}\b"),
    re.compile(
        rf"\b({_NAME})(?<=[’']s) (?:voice|answer|reply|question|remark|opinion|tone|mood)\b"
    ),
)
_PRESENTED = (
    re.compile(r"\b(?:my name is|my name's|i am called|they call me) ([^\W\d_]+)", re.IGNORECASE),
    re.compile(r"\b(?:I'm|I’m|I am|[Tt]his is) ([A-Z][a-zà-ÿ-]+)\b"),
)
_NO_NAMES = frozenset(
    "Why What When Where Who Which Whose How Does Did Do Is Are Was Were Has Have Had Can Could"
    " Will Would Should Before After While During In On At If The A An This That These Those He She"
    " It They We You I Someone Somebody Nobody Everyone Everybody One Both Each Speaker Speakers"
    " Narrator Host Guest Presenter Reporter Caller Singer Man Woman Child Boy Girl People".split()
)


def named_speaker(texts: Iterable[str], transcripts: Iterable[str]) -> str:
    """What names a speaker in the texts of a pair; empty where nothing does."""
    presented = {name.lower() for text in transcripts for name in _names_in(text)}
    for text in texts:
        for pattern in _FIXED:
            if match := pattern.search(text):
                return match[0]
        for pattern in _SPEAKING:
            for match in pattern.finditer(text):
                if set(match[1].split()) - _NO_NAMES:
                    return match[0]
        for word in re.findall(r"[^\W\d_]+", text):
            if word.lower() in presented:
                return str(word)
    return ""


def _names_in(transcript: str) -> Iterator[str]:
    """Names by which somebody presents themselves."""
    for pattern in _PRESENTED:
        for match in pattern.finditer(transcript):
            if match[1] not in _NO_NAMES:
                yield match[1]
