"""`python -m af3core.nano.ctc_training`: train nano-ctc on scenes of nano's world.

The world knows when each word is spoken, so that a letter is learnt where it is heard: frames have
letters, evenly over their word. The CTC loss beside it makes the letters a text, and the phones,
which a head that is not kept learns, are what the first layers find soonest. Scenes where nobody
speaks are beds under others at times.

Every quarter of a minute the state is kept in the folder: a run that was ended is gone on with by
the next one.
"""

from __future__ import annotations

import argparse
import math
import pickle
import time
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from random import Random
from typing import Any, cast

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy, ctc_loss

from af3core.errors import ConfigurationError
from af3core.nano.ctc_model import (
    BETWEEN,
    BLANK,
    FRAME_MS,
    VOCABULARY,
    new_ctc_model,
    save_ctc_model,
)
from af3core.nano.espeak_voices import SAMPLE_RATE_HZ, Audio
from af3core.nano.scenes import Scene, make_scene
from af3core.nano.targets import PHONES, targets_of

_PEAK_RATE, _WARMUP_STEPS = 1.5e-3, 60
_SECONDS_PER_STEP, _LONGEST_S = 32, 8.0
_IGNORED = -100
_CTC_WEIGHT = 0.3
_LOSSES = ("letters", "phones", "text")
_PRINT_EVERY = 50
_SAVE_EVERY_MIN = 0.25
_STATE_FILE, _SCENES_FILE = "training.pt", "scenes.npz"
_BED_SHARE, _BED_BELOW_DB = 0.3, (6.0, 25.0)
_FRAME_SAMPLES = FRAME_MS * SAMPLE_RATE_HZ // 1000


@dataclass(frozen=True)
class Spoken:
    """A scene to learn: samples, token and phone of each frame, and the tokens of its text."""

    samples: npt.NDArray[np.int16]
    frames: npt.NDArray[np.integer[Any]]
    phones: npt.NDArray[np.integer[Any]]
    text: tuple[int, ...]


def frame_tokens(scene: Scene, count: int) -> npt.NDArray[np.int64]:
    """The token of each frame: a word's letters evenly over its time, blank where nobody speaks.

    A word's last frame is what stands between words; a letter that follows itself begins with a
    blank.
    """
    tokens = np.full(count, VOCABULARY[BLANK], np.int64)
    for event in scene.events:
        if event.kind != "speech":
            continue
        borders = (*event.word_starts_ms, event.end_ms)
        for word, (start_ms, end_ms) in zip(event.what.split(), pairwise(borders), strict=True):
            start, end = round(start_ms / FRAME_MS), min(count, round(end_ms / FRAME_MS))
            _lay_word(tokens[start:end], word)
    return tokens


def _lay_word(frames: npt.NDArray[np.int64], word: str) -> None:
    letters = [VOCABULARY[letter] for letter in word if letter in VOCABULARY]
    if not letters or not len(frames):
        return
    spoken = max(1, len(frames) - 1)
    places = np.arange(len(frames)) * len(letters) // spoken
    frames[:] = np.asarray(letters)[np.minimum(places, len(letters) - 1)]
    for place in range(1, len(letters)):
        if letters[place] == letters[place - 1]:
            frames[np.searchsorted(places, place) : np.searchsorted(places, place) + 1] = 0
    if len(frames) > len(letters):
        frames[-1] = VOCABULARY[BETWEEN]


def spoken_scene(random: Random) -> Spoken:
    """A scene with speech, or without: nobody speaks in some."""
    audio, scene = make_scene(random, longest_s=_LONGEST_S)
    between = VOCABULARY[BETWEEN]
    text: list[int] = []
    for word in scene.words.split():
        text += [between] * bool(text) + [VOCABULARY[letter] for letter in word]
    samples = np.asarray(np.clip(audio * 32767, -32768, 32767), np.int16)
    count = len(samples) // _FRAME_SAMPLES
    phones = targets_of(scene, count // 2 + 1).phones[:count]
    return Spoken(samples, frame_tokens(scene, count), phones, tuple(text))


class Learner(nn.Module):
    """The model and, while it learns, a head for the phones; the bank of filters stays as it is."""

    def __init__(self) -> None:
        super().__init__()
        self.model = new_ctc_model()
        hearing = cast("Any", self.model.wav2vec2.feature_extractor)
        hearing.conv_layers[0].requires_grad_(False)
        # in bfloat16 a CPU takes twenty times as long for the way back through such convolutions
        hearing.forward = torch.autocast("cpu", enabled=False)(hearing.forward)
        self.phones = nn.Linear(self.model.config.hidden_size, len(PHONES))

    def forward(self, sounds: Tensor, heard: Tensor) -> tuple[Tensor, Tensor]:
        """Logits of tokens and of phones, `[scenes, frames, classes]`."""
        hidden = self.model.wav2vec2(sounds, attention_mask=heard).last_hidden_state
        return self.model.lm_head(hidden).float(), self.phones(hidden).float()


def train_ctc(checkpoint: Path, hours: float, minutes: float, seed: int = 0) -> None:
    """Make scenes, train for some minutes of this process's time, and write the model.

    Raises:
        ConfigurationError: the state of an earlier run in the folder cannot be read.
    """
    torch.manual_seed(seed)
    checkpoint.mkdir(parents=True, exist_ok=True)
    scenes = _scenes(checkpoint / _SCENES_FILE, hours, seed)
    beds = [scene.samples for scene in scenes if not scene.text]
    learner = Learner()
    learned = [weight for weight in learner.parameters() if weight.requires_grad]
    optimizer = torch.optim.AdamW(learned, betas=(0.9, 0.98), weight_decay=0.02)
    step, earlier_min = _load_state(checkpoint, learner, optimizer)
    random = Random(f"nano-ctc {seed} {step}")
    queue: list[list[Spoken]] = []
    begun, saved_min, losses = time.process_time(), earlier_min, np.zeros(3)
    while (spent_min := earlier_min + (time.process_time() - begun) / 60) < minutes:
        queue = queue or _batches(scenes, random)
        losses += _train_step(learner, queue.pop(), beds, random)
        torch.nn.utils.clip_grad_norm_(learned, 1.0)
        done = spent_min / minutes
        for group in optimizer.param_groups:
            group["lr"] = _rate(step, done)
        optimizer.step()
        step += 1
        if step % _PRINT_EVERY == 0:
            shown = (f"{n} {x:.3f}" for n, x in zip(_LOSSES, losses / _PRINT_EVERY, strict=True))
            print(f"{done:6.1%}  step {step}  {'  '.join(shown)}", flush=True)
            losses[:] = 0
        if spent_min - saved_min >= _SAVE_EVERY_MIN:
            saved_min = spent_min
            _save_state(checkpoint, learner, optimizer, step, spent_min)
    save_ctc_model(learner.model, checkpoint)
    for name in (_STATE_FILE, _SCENES_FILE):
        (checkpoint / name).unlink(missing_ok=True)


def _scenes(path: Path, hours: float, seed: int) -> list[Spoken]:
    """Those that an earlier run made, or new ones, kept for a later run."""
    of_all = ("samples", "frames", "phones", "text")
    try:
        with np.load(path) as kept:
            if tuple(kept["made"]) == (hours, seed):
                columns = [np.split(kept[name], kept[f"{name}_ends"][:-1]) for name in of_all]
                return [
                    Spoken(samples, frames, phones, tuple(map(int, text)))
                    for samples, frames, phones, text in zip(*columns, strict=True)
                ]
    except (OSError, ValueError, KeyError, zipfile.BadZipFile):
        pass  # none, or not whole: they are made anew
    scenes = _make_scenes(hours, seed)
    arrays: dict[str, npt.NDArray[Any]] = {"made": np.array([hours, seed])}
    for name in of_all:
        rows = [np.asarray(getattr(scene, name), np.int16) for scene in scenes]
        arrays |= {name: np.concatenate(rows), f"{name}_ends": np.cumsum([len(r) for r in rows])}
    part = path.with_suffix(".part")
    with part.open("wb") as file:
        np.savez(file, allow_pickle=False, **arrays)
    part.replace(path)
    return scenes


def _make_scenes(hours: float, seed: int) -> list[Spoken]:
    """Scenes of some hours: the same for the same seed, some 400 times faster than they last."""
    random = Random(f"nano-ctc {seed}")
    scenes: list[Spoken] = []
    made_s = 0.0
    while made_s < 3600 * hours:
        scenes.append(spoken_scene(random))
        made_s += len(scenes[-1].samples) / SAMPLE_RATE_HZ
    print(f"{len(scenes)} scenes, {made_s / 3600:.2f} h", flush=True)
    return scenes


def _save_state(
    checkpoint: Path,
    learner: Learner,
    optimizer: torch.optim.Optimizer,
    step: int,
    spent_min: float,
) -> None:
    """Keep what a later run goes on from; the file is whole or the one before."""
    state = {
        "learner": learner.state_dict(),
        "optimizer": optimizer.state_dict(),
        "step": step,
        "spent_min": spent_min,
    }
    part = checkpoint / f"{_STATE_FILE}.part"
    torch.save(state, part)
    part.replace(checkpoint / _STATE_FILE)


def _load_state(
    checkpoint: Path, learner: Learner, optimizer: torch.optim.Optimizer
) -> tuple[int, float]:
    """Steps and minutes of the earlier runs; 0 where there is none."""
    path = checkpoint / _STATE_FILE
    if not path.is_file():
        return 0, 0.0
    try:
        state = torch.load(path, weights_only=True)
        learner.load_state_dict(state["learner"])
        optimizer.load_state_dict(state["optimizer"])
        return int(state["step"]), float(state["spent_min"])
    except (OSError, RuntimeError, ValueError, KeyError, pickle.UnpicklingError) as error:
        raise ConfigurationError(
            f"{path}: no state of this training ({str(error).splitlines()[0]}); remove it to begin"
            " anew"
        ) from error


def _rate(step: int, done: float) -> float:
    """Warm-up by steps, then down by a cosine of the time."""
    warm = min(1.0, (step + 1) / _WARMUP_STEPS)
    return _PEAK_RATE * warm * max(0.02, 0.5 * (1 + math.cos(math.pi * done)))


def _batches(scenes: list[Spoken], random: Random) -> list[list[Spoken]]:
    """Scenes of like length together, up to the seconds of a step, in random order."""
    batches: list[list[Spoken]] = [[]]
    limit = _SECONDS_PER_STEP * SAMPLE_RATE_HZ
    for scene in sorted(scenes, key=lambda s: len(s.samples) + random.uniform(0, 16_000)):
        if batches[-1] and (len(batches[-1]) + 1) * len(scene.samples) > limit:
            batches.append([])
        batches[-1].append(scene)
    random.shuffle(batches)
    return batches


def _with_bed(sound: Audio, beds: list[npt.NDArray[np.int16]], random: Random) -> Audio:
    """At times the sound of a scene where nobody speaks under another, so many decibels below."""
    if not beds or random.random() > _BED_SHARE:
        return sound
    bed = random.choice(beds)
    turned = np.roll(bed, random.randrange(len(bed)))
    under = np.resize(turned, len(sound)).astype(np.float32) / 32768
    ratio = float(sound.std()) / (float(under.std()) + 1e-5)
    gain = ratio * 10 ** (-random.uniform(*_BED_BELOW_DB) / 20)
    return (sound + under * gain).astype(np.float32)


def _train_step(
    learner: Learner,
    scenes: list[Spoken],
    beds: list[npt.NDArray[np.int16]],
    random: Random,
) -> np.ndarray:
    """Forward and backward; gives the losses of `_LOSSES`, each by frame."""
    longest = max(len(scene.samples) for scene in scenes)
    sounds = torch.zeros(len(scenes), longest)
    heard = torch.zeros(len(scenes), longest, dtype=torch.long)
    for row, scene in enumerate(scenes):
        sound = _with_bed((scene.samples / 32768).astype(np.float32), beds, random)
        samples = torch.from_numpy(sound)
        samples = samples + torch.randn_like(samples) * 10 ** random.uniform(-4.5, -1.8)
        count = len(samples)
        sounds[row, :count] = (samples - samples.mean()) / (samples.std() + 1e-7)
        heard[row, :count] = 1
    with torch.autocast("cpu", dtype=torch.bfloat16):
        letters, phones = learner(sounds, heard)
    count = letters.shape[1]
    by_letter = _frame_loss(letters, [scene.frames for scene in scenes])
    by_phone = _frame_loss(phones, [scene.phones for scene in scenes])
    lengths = [min(count, len(scene.frames)) for scene in scenes]
    text = ctc_loss(
        torch.log_softmax(letters, -1).transpose(0, 1),
        torch.tensor([token for scene in scenes for token in scene.text], dtype=torch.long),
        torch.tensor(lengths),
        torch.tensor([len(scene.text) for scene in scenes]),
        blank=VOCABULARY[BLANK],
        reduction="sum",
        zero_infinity=True,
    )
    by_text = text / sum(lengths)
    learner.zero_grad(set_to_none=True)
    (by_letter + by_phone + _CTC_WEIGHT * by_text).backward()
    return np.array([by_letter.item(), by_phone.item(), by_text.item()])


def _frame_loss(logits: Tensor, classes: Sequence[npt.NDArray[np.integer[Any]]]) -> Tensor:
    """The mean cross-entropy over the frames of all scenes."""
    count = logits.shape[1]
    wanted = torch.full((len(classes), count), _IGNORED)
    for row, known in enumerate(classes):
        wanted[row, : len(known)] = torch.from_numpy(known[:count].astype(np.int64))
    return cross_entropy(logits.flatten(0, 1), wanted.flatten(), ignore_index=_IGNORED)


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(prog="python -m af3core.nano.ctc_training")
    parser.add_argument("checkpoint", type=Path, help="folder to write")
    parser.add_argument("--hours", type=float, default=3.0, help="of scenes (default: 3)")
    parser.add_argument(
        "--minutes", type=float, default=15.0, help="of a core, for training (default: 15)"
    )
    options = parser.parse_args()
    train_ctc(options.checkpoint, options.hours, options.minutes)


if __name__ == "__main__":
    main()
