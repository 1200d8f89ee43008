"""Pocket TTS of transformers: frame after frame, decoded while the next ones are written.

transformers' `generate` gives a piece when it is whole, so its loop is walked here, with its rules
for noise and for the end. The codec keeps no state between calls but is causal: it decodes all
frames of the piece so far each time their number has doubled, and what is new goes out.
"""

from __future__ import annotations

import math
import threading
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor
from transformers import PocketTTSForConditionalGeneration, PocketTTSProcessor
from transformers.models.pocket_tts.generation_pocket_tts import PocketTTSEosThresholdCriteria

from af3core.errors import ConfigurationError
from af3core.speech.voice import AudioChunk, Samples, VoiceSettings, chunks_of

_FIRST_FRAMES = 2
"""Frames in the first chunk: 160 ms, as a frame of the released codec has 80."""
_SPEAKER_S = 30.0
"""How much of a speaker's recording is heard at most."""

# what the released checkpoints use, for a generation config that says nothing
_DEFAULTS = {"num_flow_steps": 1, "eos_threshold": -4.0, "min_frames_before_eos": 6}


class PocketVoice:
    """A Pocket TTS checkpoint.

    Args:
        checkpoint: folder or hub id.
        settings: `speaker` is the path of a recording of the speaker, of which the first 30 s are
            heard. Pocket TTS has no speed but its own.

    Raises:
        ConfigurationError: it cannot be loaded, or a setting that it does not have.
    """

    def __init__(self, checkpoint: str, settings: VoiceSettings | None = None) -> None:
        settings = settings or VoiceSettings()
        if settings.speed != 1.0:
            raise ConfigurationError(f"speed {settings.speed:g}: Pocket TTS speaks at 1 alone")
        try:
            processor: Any = PocketTTSProcessor.from_pretrained(checkpoint)
            model = PocketTTSForConditionalGeneration.from_pretrained(checkpoint)
        except (OSError, ValueError, RuntimeError, KeyError, TypeError, AttributeError) as error:
            first_line = (str(error).splitlines() or [""])[0]
            raise ConfigurationError(
                f"voice {checkpoint}: no whole Pocket TTS checkpoint ({first_line}); fetch it again"
            ) from error
        if processor.audio_tokenizer is None or processor.chat_template is None:
            raise ConfigurationError(
                f"voice {checkpoint}: without its codec or chat template; fetch it again"
            )
        self._processor, self._model = processor, model.eval()
        self._checkpoint, self._speaker, self._seed = checkpoint, settings.speaker, settings.seed
        self._reading = threading.Lock()
        self._speaker_latents = self._encode_speaker(settings.speaker) if settings.speaker else None

    @property
    def name(self) -> str:
        shown = Path(self._checkpoint).name if Path(self._checkpoint).is_dir() else self._checkpoint
        return f"{shown}:{Path(self._speaker).stem}" if self._speaker else shown

    @property
    def sample_rate_hz(self) -> int:
        return int(self._processor.audio_tokenizer.config.sampling_rate)

    def speak(self, pieces: Iterable[str]) -> Iterator[AudioChunk]:
        return chunks_of(pieces, self.sample_rate_hz, self._synthesise)

    def _synthesise(self, piece: str) -> Iterator[Samples]:
        frames: list[Tensor] = []
        due, done = _FIRST_FRAMES, 0
        for frame in self._frames(piece):
            frames.append(frame)
            if len(frames) == due:
                samples = self._decode(frames)
                yield samples[done:]
                due, done = 2 * due, len(samples)
        if frames:
            yield self._decode(frames)[done:]

    def _frames(self, piece: str) -> Iterator[Tensor]:
        """Latents `[latent_dim]` of the codec, one by one."""
        inputs = self._read(piece)
        rules = self._rules()
        end = PocketTTSEosThresholdCriteria(
            rules["eos_threshold"], inputs.pop("frames_after_eos"), rules["min_frames_before_eos"]
        )
        ids = inputs["input_ids"]
        generator = torch.Generator().manual_seed(self._seed)
        for _ in range(self._most_frames(ids)):
            written = self._step(inputs)
            noise = torch.randn(1, self._model.config.latent_dim, generator=generator)
            latent = self._latent(written, noise * rules["noise_scale"], rules["num_flow_steps"])
            yield self._model.denormalize_latents(latent)[0]
            if bool(end(ids, written.logits[:, -1, 0].float())):
                return
            inputs = {
                "input_ids": torch.full((1, 1), self._model.config.audio_latent_token_id),
                "audio_latents": latent[:, None],
                "past_key_values": written.past_key_values,
            }

    @torch.no_grad()
    def _step(self, inputs: dict[str, Any]) -> Any:
        return self._model(**inputs, use_cache=True, return_dict=True)

    @torch.no_grad()
    def _latent(self, written: Any, noise: Tensor, flow_steps: int) -> Tensor:
        condition = written.last_hidden_state[:, -1]
        return self._model.sample_latent(condition, noise.to(condition.dtype), flow_steps)

    def _decode(self, frames: list[Tensor]) -> Samples:
        samples = self._processor.decode(torch.stack(frames))
        return np.asarray(samples.clamp(-1, 1).numpy(), np.float32)

    def _read(self, piece: str) -> dict[str, Any]:
        content: list[dict[str, Any]] = [{"type": "text", "text": piece.strip()}]
        voices: dict[str, Any] = {}
        if self._speaker_latents is not None:
            content.insert(0, {"type": "audio"})
            voices = {"audio_prompt_latents": [self._speaker_latents]}
        with self._reading:
            prompt = self._processor.apply_chat_template([{"role": "user", "content": content}])
            return dict(self._processor(text=prompt, return_tensors="pt", **voices))

    def _rules(self) -> dict[str, Any]:
        config = self._model.generation_config
        rules: dict[str, Any] = {
            name: default if (set_to := getattr(config, name, None)) is None else set_to
            for name, default in _DEFAULTS.items()
        }
        temperature = 1.0 if config.temperature is None else config.temperature
        rules["noise_scale"] = math.sqrt(temperature) if config.do_sample else 0.0
        return rules

    def _most_frames(self, ids: Tensor) -> int:
        """transformers' budget for a text that never ends: three tokens a second, and two more."""
        config = self._model.config
        signs = torch.tensor(
            [
                config.audio_prompt_bos_token_id,
                config.audio_prompt_token_id,
                config.audio_bos_token_id,
                config.audio_latent_token_id,
            ]
        )
        words = int((~torch.isin(ids, signs)).sum())
        return math.ceil((words / 3 + 2) * config.frame_rate)

    def _encode_speaker(self, recording: str) -> Tensor:
        """The speaker's latents `[frames, latent_dim]`."""
        waveform = torch.from_numpy(_recording(Path(recording), self.sample_rate_hz))
        content = [{"type": "audio"}, {"type": "text", "text": "a"}]
        prompt = self._processor.apply_chat_template([{"role": "user", "content": content}])
        try:
            inputs = self._processor(
                text=prompt,
                audio=[waveform],
                sampling_rate=self.sample_rate_hz,
                return_tensors="pt",
            )
        except ValueError as error:
            raise ConfigurationError(f"speaker {recording}: not heard ({error})") from error
        latents: Tensor = inputs["audio_prompt_latents"][0]
        return latents


def _recording(path: Path, rate_hz: int) -> Samples:
    """Its first 30 s, mono."""
    import av
    import soundfile

    try:
        with soundfile.SoundFile(str(path)) as file:
            samples = file.read(int(_SPEAKER_S * file.samplerate), "float32", always_2d=True)
            own_rate_hz = file.samplerate
    except (OSError, soundfile.LibsndfileError) as error:
        raise ConfigurationError(
            f"speaker {path}: no sound file that opens; take a WAV or FLAC of one speaker"
        ) from error
    if len(samples) < own_rate_hz:
        raise ConfigurationError(f"speaker {path}: take at least a second of speech")
    frame = av.AudioFrame.from_ndarray(samples.mean(axis=1)[None], format="fltp", layout="mono")
    frame.sample_rate = own_rate_hz
    resampler = av.AudioResampler("fltp", "mono", rate_hz)
    frames = [*resampler.resample(frame), *resampler.resample(None)]
    return np.concatenate([np.asarray(frame.to_ndarray()[0], np.float32) for frame in frames])
