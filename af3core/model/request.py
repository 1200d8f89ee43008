"""What an engine is asked and what it gives back."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal, Protocol

import numpy as np
import numpy.typing as npt

from af3core.errors import AudioTooLong, EmptyAudio, InvalidAudio, ModelError
from af3core.model.audio_limits import AF3_LIMIT, SAMPLE_RATE_HZ, AudioLimit, audio_tokens

Waveform = npt.NDArray[np.float32]
Vector = npt.NDArray[np.float32]
Weights = Literal["base", "think"]
LOUDEST = 16.0
"""24 dB above full scale. Louder samples are integers that were not scaled, or damage; from 1e19 on
their squares overflow the spectrogram, and an answer would be made of nan.
"""


class HeardWindow(np.ndarray[tuple[int], np.dtype[np.float32]]):
    """A window's samples with their log-mel `[mel, frames]`, which was computed ahead."""

    log_mel: npt.NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Sound:
    """Mono audio `[samples]`. Requests that share the object share its encoding and prefix.

    `log_mels` are those of its windows, where they were computed ahead.
    """

    samples: Waveform = field(repr=False)
    sample_rate_hz: int = SAMPLE_RATE_HZ
    log_mels: tuple[npt.NDArray[np.float32], ...] = field(default=(), repr=False)

    def windows(self, limit: AudioLimit) -> list[Waveform]:
        """Its stretches of a window, as the encoder hears them; the last may be shorter. A rest
        that gives no token is not one of them.
        """
        size = limit.window_samples
        pieces = [self.samples[start : start + size] for start in range(0, len(self.samples), size)]
        windows = [piece for piece in pieces if audio_tokens(len(piece))]
        if not self.log_mels:
            return windows
        return [_heard(piece, mel) for piece, mel in zip(windows, self.log_mels, strict=True)]


def _heard(samples: Waveform, log_mel: npt.NDArray[np.float32]) -> HeardWindow:
    window = samples.view(HeardWindow)
    window.log_mel = log_mel
    return window


def check_sound(sound: Sound, limit: AudioLimit = AF3_LIMIT) -> None:
    """Refuse audio that the model cannot encode.

    Raises:
        InvalidAudio: no mono 16 kHz waveform of finite numbers within ±`LOUDEST`.
        EmptyAudio: less than one audio token.
        AudioTooLong: more windows than the model hears.
    """
    samples = sound.samples
    if samples.ndim != 1:
        raise InvalidAudio(f"audio must be mono [samples], not {list(samples.shape)}")
    if sound.sample_rate_hz != SAMPLE_RATE_HZ:
        raise InvalidAudio(
            f"audio has {sound.sample_rate_hz} Hz: resample it to {SAMPLE_RATE_HZ} Hz"
        )
    if not audio_tokens(len(samples)):
        raise EmptyAudio(f"{len(samples)} samples: less than the 30 ms of one audio token")
    if len(samples) > limit.max_samples:
        raise AudioTooLong(
            f"{len(samples) / SAMPLE_RATE_HZ:.1f} s of audio: the model takes at most {limit};"
            " cut it into clips"
        )
    low, high = float(samples.min()), float(samples.max())  # nan and inf stay themselves in both
    if not (math.isfinite(low) and math.isfinite(high)):
        raise InvalidAudio("audio holds samples that are no numbers")
    if max(high, -low) > LOUDEST:
        raise InvalidAudio(
            f"audio reaches {max(high, -low):g}: full scale is 1, and at most {LOUDEST:g} is heard;"
            " divide integers by their full scale, such as 32768"
        )


@dataclass(frozen=True)
class Turn:
    """One side's words. `<sound-1>` in a user's text stands for the request's first sound."""

    role: Literal["user", "assistant"]
    text: str


@dataclass(frozen=True)
class Decoding:
    """How an answer is written. Temperature 0 takes the likeliest token.

    Attributes:
        max_new_tokens: where the answer is cut.
        min_new_tokens: the answer does not end before.
        repetition_penalty: above 1 makes tokens that stand in prompt or answer less likely
            (Keskar et al. 2019).
        temperature, top_k, top_p, seed: of sampling; a seed gives the same answer whatever else
            is in the batch. 0 and 1.0 leave top_k and top_p out.
        stop: the answer ends before the first of these texts.
        json_schema: a JSON schema as text; the answer is then a document that fits it.
    """

    max_new_tokens: int
    min_new_tokens: int = 0
    repetition_penalty: float = 1.0
    temperature: float = 0.0
    top_k: int = 0
    top_p: float = 1.0
    seed: int = 0
    stop: tuple[str, ...] = ()
    json_schema: str | None = None


@dataclass(frozen=True)
class Request:
    """A conversation that ends with a user's turn, to be answered.

    Where no turn names a sound, the sounds stand before the first turn's text. `weights` chooses
    between the checkpoint and its think adapter.
    """

    sounds: tuple[Sound, ...]
    turns: tuple[Turn, ...]
    decoding: Decoding
    weights: Weights = "base"


@dataclass(frozen=True)
class Answer:
    """The model's words; `finish_reason` is `stop` or `length`.

    `token_ids` are the tokens of the text, `logprobs` theirs and the end token's, where the engine
    knows them; `mean_logprob` is the mean of `logprobs`.
    """

    text: str
    token_count: int
    mean_logprob: float | None
    finish_reason: str
    token_ids: tuple[int, ...] = field(default=(), repr=False)
    logprobs: tuple[float, ...] = field(default=(), repr=False)


class Engine(Protocol):
    """Answers requests, in order, one result each: a bad request fails alone."""

    name: str

    def answer(self, requests: Sequence[Request]) -> list[Answer | ModelError]:
        """One answer or one error per request."""
        ...


class SoundEmbedder(Protocol):
    """An engine that hears on this machine; a served one gives its states to nobody."""

    def embed(self, sounds: Sequence[Sound]) -> list[Vector | ModelError]:
        """For each sound the encoder's states before the projector, averaged over time,
        `[width]`; or one error.
        """
        ...


class RequestRefuser(Protocol):
    """An engine that knows without computing what it takes: one on this machine."""

    def refusal(self, request: Request) -> ModelError | None:
        """Why it would not take a request: its audio, its words, or their length."""


def ask(
    sound: Sound,
    prompt: str,
    max_new_tokens: int,
    repetition_penalty: float = 1.0,
    weights: Weights = "base",
) -> Request:
    """One question about one sound."""
    decoding = Decoding(max_new_tokens, repetition_penalty=repetition_penalty)
    return Request((sound,), (Turn("user", prompt),), decoding, weights)
