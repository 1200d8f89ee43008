"""Which languages a checkpoint was made for, as its model card says."""

from __future__ import annotations

from collections.abc import Iterable

from af3core.model.weights.checkpoint import NANO
from af3core.tasks.language import Language

BEYOND_MODEL = "language_beyond_model"
"""The flag of a transcript in a language that its checkpoint was not made for."""

LIKELY = 0.9
"""Below it the text may be of another language than the likeliest."""
_ENGLISH = frozenset(("en",))
_MADE_FOR = {
    NANO: _ENGLISH,
    "audio-flamingo-3": _ENGLISH,
    "audio-flamingo-3-chat": _ENGLISH,
    "audio-flamingo-3-hf": _ENGLISH,
    "music-flamingo-hf": _ENGLISH,
    "music-flamingo-2601-hf": _ENGLISH,
}
"""By the last part of a hub id, which is also the name of a folder that it was fetched to: ISO 639
codes, as `language` in the head of the model cards on huggingface.co/nvidia has them (read in
December 2026). Audio Flamingo Next is not here: its cards name several languages and list none."""


def is_beyond_model(spoken: Language, model: str) -> bool:
    """True where a text is most likely of a language that its checkpoint was not made for.

    Args:
        spoken: the language of the text.
        model: the checkpoint's name in the tables; MODEL+THINK is a pair, of which the first
            transcribes. Of a name that is not known nothing is doubted.
    """
    made_for = _MADE_FOR.get(model.partition("+")[0].rpartition("/")[2])
    return made_for is not None and spoken.probability >= LIKELY and spoken.code not in made_for


def is_doubted(flags: Iterable[str]) -> bool:
    """True where a flag speaks against the answer: `BEYOND_MODEL` is of what is spoken."""
    return any(flag != BEYOND_MODEL for flag in flags)
