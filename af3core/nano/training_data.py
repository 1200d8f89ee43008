"""Training data: scenes as log-mels in shards, made once and read many times."""

from __future__ import annotations

import dataclasses
import functools
import json
import os
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from af3core.nano.espeak_voices import SAMPLE_RATE_HZ, Audio
from af3core.nano.scenes import Cast, Event, Scene, make_scene

SCENES_PER_SHARD = 400
MEL_BINS = 128
_HOP, _WINDOW = 160, 400
Mel = npt.NDArray[np.float16]


@dataclasses.dataclass(frozen=True)
class Example:
    """A scene and its log-mel `[mel, frames]`, as WhisperFeatureExtractor gives it, unpadded."""

    mel: Mel
    scene: Scene


def log_mel(audio: Audio) -> Mel:
    """Log-mel `[128, frames]` on the real length, 100 frames a second.

    The maximum that Whisper's dynamic range hangs on is the recording's own, as in a padded
    window, since padding is never the loudest.
    """
    padded = torch.nn.functional.pad(
        torch.from_numpy(np.asarray(audio, np.float32)), (0, 2 * _WINDOW)
    )
    spectrum = torch.stft(
        padded, _WINDOW, _HOP, window=torch.hann_window(_WINDOW), return_complex=True
    )
    frames = -(-len(audio) // _HOP)
    power = spectrum[:, :frames].abs().square()
    levels = torch.clamp(_mel_filters() @ power, min=1e-10).log10()
    levels = torch.maximum(levels, levels.max() - 8.0)
    return ((levels + 4.0) / 4.0).to(torch.float16).numpy()


@functools.cache
def _mel_filters() -> torch.Tensor:
    from transformers import WhisperFeatureExtractor

    filters = WhisperFeatureExtractor(feature_size=MEL_BINS).mel_filters
    return torch.from_numpy(np.asarray(filters, np.float32).T.copy())


def make_shard(folder: Path, index: int, cast: Cast, count: int = SCENES_PER_SHARD) -> float:
    """Write one shard of scenes; gives its hours. The index seeds it."""
    random = Random(f"{index}-{cast}")
    mels, scenes, samples = [], [], 0
    for _ in range(count):
        audio, scene = make_scene(random, cast)
        mels.append(log_mel(audio))
        scenes.append(dataclasses.asdict(scene))
        samples += len(audio)
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{index:04d}.npz"
    temporary = path.with_suffix(".writing.npz")
    np.savez(
        temporary,
        mel=np.concatenate(mels, axis=1),
        frames=np.array([mel.shape[1] for mel in mels]),
        scenes=np.array(json.dumps(scenes)),
    )
    os.replace(temporary, path)
    return samples / SAMPLE_RATE_HZ / 3600


def read_shard(path: Path) -> list[Example]:
    """The scenes of one shard."""
    with np.load(path) as shard:
        mel, frames = shard["mel"], shard["frames"]
        scenes = [_scene(entry) for entry in json.loads(str(shard["scenes"]))]
    ends = np.cumsum(frames)
    return [
        Example(np.ascontiguousarray(mel[:, end - count : end]), scene)
        for end, count, scene in zip(ends, frames, scenes, strict=True)
    ]


def _scene(entry: dict[str, Any]) -> Scene:
    events = []
    for event in entry["events"]:
        values: dict[str, Any] = {
            k: tuple(v) if isinstance(v, list) else v for k, v in event.items()
        }
        events.append(Event(**values))
    return Scene(tuple(events), entry["bed"], entry["duration_ms"])


def shard_paths(folder: Path) -> list[Path]:
    """Finished shards."""
    return sorted(p for p in folder.glob("*.npz") if ".writing" not in p.name)
