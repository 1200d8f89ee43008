"""Whether a transcript can have been spoken in the time of its speech.

Speech of any language tells about as much in a second (39 bits: Coupé, Oh, Dediu and Pellegrino,
Science Advances 5, 2019, eaaw2594). So the same declaration takes about the same time in each
language, and the letters that its translations have, against the English one, say how many letters
a second a script's languages have where English has `SLOWEST` or `FASTEST`.
"""

from __future__ import annotations

from af3core.tasks.script_limits import limits_of
from af3core.tasks.text_segmentation import signs_of

SLOWEST = 1.5
"""Letters of English a second: a fifth of slow speech (100 words a minute, 5 letters a word), so
that lines that are sung, and speech between pauses, are not below it."""
FASTEST = 30.0
"""Letters of English a second: 360 words a minute, twice as fast as news is read."""
SPEECH_JUDGED_MS = 5_000
"""Speech below which few letters are no doubt: a laugh, a name."""
SPEECH_UNHEARD_MS = 1_000
"""Speech that the detector may have missed, such as the start and end of words."""


def is_implausible_rate(text: str, speech_ms: int) -> bool:
    """True where a transcript has more letters than can be spoken in its time of speech, or far
    fewer than are, such as marks alone; false for an empty one, and where no speech was heard,
    which have flags of their own.
    """
    signs = signs_of(text)
    letters = signs.letters
    if not text.strip() or speech_ms <= 0:
        return False
    limits = limits_of(signs.script)
    if letters > limits.fastest * (speech_ms + SPEECH_UNHEARD_MS) / 1000:
        return True
    return speech_ms >= SPEECH_JUDGED_MS and letters < limits.slowest * speech_ms / 1000
