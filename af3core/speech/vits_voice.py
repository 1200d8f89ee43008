"""VITS and MMS voices of transformers: a piece at once, cheap on a CPU."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator
from pathlib import Path

import torch
from transformers import VitsModel, VitsTokenizer
from transformers.utils import is_phonemizer_available

from af3core.errors import ConfigurationError
from af3core.speech.voice import AudioChunk, Samples, VoiceSettings, chunks_of


class VitsVoice:
    """A VITS checkpoint, such as those of MMS. Signs that it does not know are not spoken.

    Args:
        checkpoint: folder or hub id.
        settings: `speaker` is the number of one of the checkpoint's speakers.

    Raises:
        ConfigurationError: it cannot be loaded, or has no such speaker.
    """

    def __init__(self, checkpoint: str, settings: VoiceSettings | None = None) -> None:
        settings = settings or VoiceSettings()
        try:
            self._tokenizer = VitsTokenizer.from_pretrained(checkpoint)
            self._model = VitsModel.from_pretrained(checkpoint).eval()
        except (OSError, ValueError, RuntimeError, KeyError, TypeError) as error:
            first_line = (str(error).splitlines() or [""])[0]
            raise ConfigurationError(
                f"voice {checkpoint}: no whole VITS checkpoint ({first_line}); fetch it again"
            ) from error
        if self._tokenizer.phonemize and not is_phonemizer_available():
            raise ConfigurationError(
                f"voice {checkpoint}: reads phonemes; pip install phonemizer, or take another voice"
            )
        self._speaker = _speaker(settings.speaker, self._model.config.num_speakers)
        self._speed, self._seed = settings.speed, settings.seed
        self._checkpoint = checkpoint

    @property
    def name(self) -> str:
        shown = Path(self._checkpoint).name if Path(self._checkpoint).is_dir() else self._checkpoint
        return shown if self._speaker is None else f"{shown}:{self._speaker}"

    @property
    def sample_rate_hz(self) -> int:
        return int(self._model.config.sampling_rate)

    def speak(self, pieces: Iterable[str]) -> Iterator[AudioChunk]:
        return chunks_of(pieces, self.sample_rate_hz, lambda piece: [self._synthesise(piece)])

    def _synthesise(self, piece: str) -> Samples:
        tokens = self._tokenizer(piece.strip(), return_tensors="pt")
        ids = tokens["input_ids"]
        if (ids == self._tokenizer.pad_token_id).all():
            return torch.zeros(0).numpy()
        # noise comes from torch's own generator, which threads share
        with _NOISE, torch.inference_mode(), torch.random.fork_rng(devices=[]):
            torch.manual_seed(self._seed)
            spoken = self._model(
                input_ids=ids,
                attention_mask=tokens["attention_mask"],
                speaker_id=self._speaker,
                speaking_rate=self._model.config.speaking_rate * self._speed,
            )
        return spoken.waveform[0].clamp(-1, 1).float().numpy()


_NOISE = threading.Lock()


def _speaker(wanted: str, count: int) -> int | None:
    """Its number, or None for a voice of one."""
    if not wanted:
        return 0 if count > 1 else None
    if not (wanted.isdecimal() and int(wanted) < count) or count == 1:
        there = f"0 to {count - 1}" if count > 1 else "one alone; leave the speaker out"
        raise ConfigurationError(f"speaker {wanted}: the voice has {there}")
    return int(wanted)
