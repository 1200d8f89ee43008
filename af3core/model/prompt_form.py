"""The two forms in which sounds and words are put to a model: transformers' and the authors'.

`hf` is what the published chat template and processor of a checkpoint make, which the authors'
own training and inference did not send. `authors` is what NVIDIA/audio-flamingo sends (branch
audio_flamingo_3, commit 1337fb9dfffe, llava/utils/media.py and llava/utils/tokenizer.py).
"""

from __future__ import annotations

import re

import numpy as np

from af3core.model.request import Waveform

AUTHORS_CODE = "NVIDIA/audio-flamingo, llava/utils/media.py of commit 1337fb9"
SENT_BY_THE_AUTHORS = (
    f"sent as by {AUTHORS_CODE}: newlines around sounds, peaks at full scale, the first channel"
)

_RUN_OF_SOUNDS = re.compile(r"(\s*[^\S\n])?((?:<sound>)+)")
_SPACE_AT_NEWLINE = re.compile(r"[ \t]*\n[ \t]*")
_NEWLINE = "\n"
_INT16_MAX = np.float32(32767.0)


def turn_in_authors_form(text: str) -> str:
    """A turn's text with a newline between each run of `<sound>` and the words beside it.

    Source: `_wrap_sound_runs`, which also takes the spaces around every newline of such a turn off,
    and `tokenize_conversation`, which strips every turn.
    """

    def wrap(match: re.Match[str]) -> str:
        has_newline = not match[1] and text[match.start() - 1 : match.start()] in ("", "\n")
        ends = text[match.end() : match.end() + 1] in ("", "\n")
        return f"{'' if has_newline else _NEWLINE}{match[2]}{'' if ends else _NEWLINE}"

    if "<sound>" in text:
        text = _SPACE_AT_NEWLINE.sub("\n", _RUN_OF_SOUNDS.sub(wrap, text))
    return text.strip()


def authors_channel(name: str) -> int | None:
    """The channel of a file that the authors' loader hears: the first, or all of an MP3 as one."""
    return None if name.lower().endswith(".mp3") else 0


def samples_in_authors_form(samples: Waveform) -> Waveform:
    """Samples `[samples]` with their peak at full scale, in the steps of 16 bits.

    Source: `_load_audio` and `float32_to_int16`. A sound without a negative sample is stretched
    from -1 to 1, as there; digital silence, of which the authors' loader makes no numbers, stays.
    """
    low, high = float(samples.min()), float(samples.max())
    if low == high == 0.0:
        return samples
    wide = samples.astype(np.float64)
    loud = 2.0 * wide / abs(high) - 1.0 if low >= 0.0 else wide / max(abs(high), abs(low))
    steps = (np.clip(loud, -1.0, 1.0) * _INT16_MAX).astype(np.int16)
    return (steps / _INT16_MAX).astype(np.float32)
