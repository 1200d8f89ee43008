"""Any CTC model of transformers (wav2vec2, HuBERT, MMS and the like), by folder or hub id.

The text's words become the model's own characters: as they are, in the other case, or without
accents. A word with a character that the model has no token for is passed over as a star.
"""

from __future__ import annotations

import math
import threading
import unicodedata
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch

from af3core.alignment.aligner import Method, Placed
from af3core.alignment.ctc_checkpoint import CtcCheckpoint
from af3core.alignment.ctc_path import STAR, TokenSpan, best_path
from af3core.alignment.spoken_form import spoken_form
from af3core.alignment.text_words import TextWord
from af3core.audio import SAMPLE_RATE_HZ, SAMPLES_PER_MS
from af3core.errors import ConfigurationError
from af3core.model.request import Waveform

_LONGEST_HEARD_S = 60
"""At once: attention over more takes memory by the square. Longer sounds are heard in pieces."""


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
        self._between = self._tokens.get(getattr(tokenizer, "word_delimiter_token", None) or "|")
        if sum(len(token) == 1 and token.isalpha() for token in self._tokens) < 2:
            raise ConfigurationError(
                f"--aligner {checkpoint.name}: its tokens are no characters; take a checkpoint that"
                " writes letters"
            )

    def unknown_characters(self, word: TextWord) -> str:
        unknown = [sign for part in _parts(word) for sign in part if not self._known(sign)]
        return "".join(dict.fromkeys(unknown))

    def place(self, samples: Waveform, words: Sequence[TextWord]) -> list[Placed | None]:
        tokens, owners = self._text(words)
        if not any(token != STAR for token in tokens):
            return [None] * len(words)
        with self._turn:
            logprobs = self._heard(samples)
        path = best_path(logprobs, tokens, self._blank)
        if path is None:
            return [None] * len(words)
        frame_ms = len(samples) / SAMPLES_PER_MS / len(logprobs)
        spans: list[list[TokenSpan]] = [[] for _ in words]
        for owner, span in zip(owners, path, strict=True):
            if owner is not None:
                spans[owner].append(span)
        return [_placed(found, frame_ms) if found else None for found in spans]

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
                known = [token for sign in part for token in self._known(sign)]
                tokens += known
                owners += [number] * len(known)
        return tokens, owners

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

    def _heard(self, samples: Waveform) -> np.ndarray:
        """Log-probabilities `[frames, tokens]`."""
        piece = _LONGEST_HEARD_S * SAMPLE_RATE_HZ
        count = max(1, math.ceil(len(samples) / piece))
        pieces = np.array_split(samples, count)
        with torch.inference_mode():
            return np.concatenate([self._logprobs(each) for each in pieces])

    def _logprobs(self, samples: Waveform) -> np.ndarray:
        inputs = self._features(samples, sampling_rate=SAMPLE_RATE_HZ, return_tensors="pt")
        logits = self._model(**inputs.to(self._device)).logits[0].float()
        return np.asarray(torch.log_softmax(logits, dim=-1).cpu().numpy(), np.float32)


def _parts(word: TextWord) -> tuple[str, ...]:
    """The spoken words; a script whose letters `spoken_form` leaves as they are, as they are."""
    return spoken_form(word.normal)


def _placed(spans: Sequence[TokenSpan], frame_ms: float) -> Placed:
    start, end = spans[0].start, spans[-1].end
    frames = sum(span.end - span.start for span in spans)
    mean = sum(span.mean_logprob * (span.end - span.start) for span in spans) / frames
    return Placed(round(start * frame_ms), round(end * frame_ms), math.exp(mean))
