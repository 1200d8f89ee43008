"""Any CTC model of transformers (wav2vec2, HuBERT, MMS and the like), by folder or hub id.

The text's words become the model's own characters: as they are, in the other case, without accents,
or romanised where the model has the Latin letters alone. A word with a character that the model has
no token for is passed over as a star.
"""

from __future__ import annotations

import itertools
import math
import string
import threading
import unicodedata
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch

from af3core.alignment.aligner import Method, Placed
from af3core.alignment.ctc_checkpoint import CtcCheckpoint
from af3core.alignment.ctc_path import (
    STAR,
    Emissions,
    ForcedPath,
    LogProbabilities,
    best_path,
    emissions,
    joined,
)
from af3core.alignment.ctc_windows import windows
from af3core.alignment.romanisation import romaniser
from af3core.alignment.spoken_form import has_numeral, spoken_form
from af3core.alignment.text_words import TextWord
from af3core.audio import SAMPLE_RATE_HZ, SAMPLES_PER_MS
from af3core.errors import ConfigurationError
from af3core.model.request import Waveform

_USUAL_HOP = 320
"""Samples of a frame of wav2vec2 and its kin, where a model does not say its own."""


class CtcAligner:
    """A checkpoint that is loaded.

    Args:
        checkpoint: where its files are.
        device: cpu or cuda.

    Raises:
        ConfigurationError: it holds no CTC model with characters, or is not whole.
    """

    method: Method = "ctc"
    languages = None
    longest_ms = None

    def __init__(self, checkpoint: CtcCheckpoint, device: str = "cpu") -> None:
        from transformers import AutoFeatureExtractor, AutoModelForCTC, AutoTokenizer

        self.name, self.revision = checkpoint.name, checkpoint.revision
        self._turn, self._device = threading.Lock(), device
        folder = str(checkpoint.folder)
        try:
            loaded: Any = AutoModelForCTC.from_pretrained(folder, dtype=torch.float32)
            self._model: Any = loaded.eval().to(device)
            self._features: Any = AutoFeatureExtractor.from_pretrained(folder)
            tokenizer: Any = AutoTokenizer.from_pretrained(folder)
        except (OSError, ValueError, RuntimeError, KeyError, TypeError) as error:
            first_line = (str(error).splitlines() or [""])[0]
            raise ConfigurationError(
                f"--aligner {checkpoint.name}: no whole CTC checkpoint ({first_line})"
            ) from error
        self._tokens: dict[str, int] = tokenizer.get_vocab()
        self._blank = int(tokenizer.pad_token_id)
        self._hop = int(getattr(self._model.config, "inputs_to_logits_ratio", None) or _USUAL_HOP)
        self._between = self._tokens.get(getattr(tokenizer, "word_delimiter_token", None) or "|")
        self._is_latin = all(self._known(letter) for letter in string.ascii_lowercase)
        if sum(len(token) == 1 and token.isalpha() for token in self._tokens) < 2:
            raise ConfigurationError(
                f"--aligner {checkpoint.name}: its tokens are no characters; take a checkpoint that"
                " writes letters"
            )

    def unknown_characters(self, word: TextWord) -> str:
        unknown = [sign for part in _parts(word) for sign in part if not self._known(sign)]
        if not unknown or all(self._spelt(part) for part in _parts(word)):
            return ""
        if has_numeral(word.normal):  # no sign of the text: of its English words
            unknown = [sign for sign in word.normal if sign.isdigit()]
        return "".join(dict.fromkeys(unknown))

    def place(self, samples: Waveform, words: Sequence[TextWord]) -> list[Placed | None]:
        tokens, owners = self._text(words)
        if not any(token != STAR for token in tokens):
            return [None] * len(words)
        with self._turn:
            heard = self._heard(samples, tokens)
        starts = [at for at, owner in enumerate(owners) if at == 0 or owner != owners[at - 1]]
        path = best_path(heard, tokens, starts)
        places: list[Placed | None] = [None] * len(words)
        if path is None:
            return places
        hop_ms = self._hop / SAMPLES_PER_MS
        of_words = itertools.groupby(zip(owners, path.spans, strict=True), key=lambda pair: pair[0])
        for owner, pairs in of_words:
            if owner is not None:
                spans = [span for _, span in pairs]
                start, end = spans[0].start, spans[-1].end
                sure = confidence(heard, path, start, end)
                places[owner] = Placed(round(start * hop_ms), round(end * hop_ms), sure)
        return places

    def _text(self, words: Sequence[TextWord]) -> tuple[list[int], list[int | None]]:
        """Tokens, and the word of each; a star and what is between words are of none."""
        tokens: list[int] = []
        owners: list[int | None] = []
        for number, word in enumerate(words):
            if self._between is not None and tokens:
                tokens.append(self._between)
                owners.append(None)
            parts = [] if self.unknown_characters(word) else list(_parts(word))
            if not parts:
                tokens.append(STAR)
                owners.append(None)
                continue
            for place, part in enumerate(parts):
                if place and self._between is not None:
                    tokens.append(self._between)
                    owners.append(number)
                spelt = self._spelt(part)
                tokens += spelt
                owners += [number] * len(spelt)
        return tokens, owners

    def _spelt(self, part: str) -> list[int]:
        """The tokens of a spoken word, romanised where it has signs that the model lacks.

        None where it cannot be spelt.
        """
        known = [self._known(sign) for sign in part]
        if not all(known):
            romanise = romaniser() if self._is_latin else None
            latin = romanise(part) if romanise else ""
            known = [self._known(sign) for sign in latin if sign.isalnum()]
        return [token for each in known for token in each] if all(known) else []

    def _known(self, sign: str) -> list[int]:
        """The tokens of a character, in the form that the model has; none where it has none."""
        for form in (sign, sign.upper(), sign.lower()):
            if form in self._tokens:
                return [self._tokens[form]]
        base = [c for c in unicodedata.normalize("NFKD", sign) if not unicodedata.combining(c)]
        if base == [sign]:
            return []
        found = [self._known(each) for each in base]
        return [token for each in found for token in each] if all(found) else []

    def _heard(self, samples: Waveform, tokens: Sequence[int]) -> Emissions:
        """What a text's path needs of all frames, heard in windows that overlap."""
        inputs = self._inputs(samples)
        parts = []
        for window in windows(len(samples), self._hop):
            heard = slice(window.start, window.end)
            if "input_values" in inputs:
                piece = {"input_values": inputs["input_values"][:, heard]}
            else:
                piece = self._inputs(samples[heard])
            kept = self._logprobs(piece)[window.first_frame : window.last_frame]
            parts.append(emissions(kept, tokens, self._blank))
        return joined(parts)

    def _inputs(self, samples: Waveform) -> dict[str, Any]:
        """As the checkpoint takes sound: its loudness evened out over all of it, or its bands."""
        return dict(self._features(samples, sampling_rate=SAMPLE_RATE_HZ, return_tensors="pt"))

    def _logprobs(self, inputs: dict[str, Any]) -> LogProbabilities:
        """`[frames, tokens]`."""
        with torch.inference_mode():
            on_device = {name: value.to(self._device) for name, value in inputs.items()}
            logits = self._model(**on_device).logits[0].float()
            return np.asarray(torch.log_softmax(logits, dim=-1).cpu().numpy(), np.float32)


def _parts(word: TextWord) -> tuple[str, ...]:
    """The spoken words; a script whose letters `spoken_form` leaves as they are, as they are."""
    return spoken_form(word.normal)


def confidence(heard: Emissions, path: ForcedPath, start: int, end: int) -> float:
    """That a word is spoken in its frames: how near its tokens are to what is heard without a text.

    The mean, over frames where the word has a token or anything is heard, of how much likelier the
    likeliest token is (goodness of pronunciation, Witt and Young 2000), as a probability.
    """
    forced, free = path.logprobs[start:end], heard.likeliest[start:end]
    counts = path.is_token[start:end] | ~heard.is_silent[start:end]
    return math.exp(float((forced - free)[counts].mean()))
