"""Several channels heard as one, in bounded memory.

blocks [samples, channels] ──► chunks of about 10 s ──► a clip's samples, at one gain

Two channels become their mean. Of more the plain sum is kept until a clip ends; its gain then
follows from the channels' energies: the mix is as loud as its loudest channel is, moment by moment.
No surround layout's weights are used: a microphone on the channel called LFE is heard as any other.
Where the channels cancel each other, the loudest is heard instead.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

FRAME_SAMPLES = 512
"""32 ms, the frame of the speech detector: the moment in which energies are compared."""
BLOCK_SAMPLES = 24 * FRAME_SAMPLES
"""How much of all channels is held at once: 1.5 MB of 64 channels."""
CHUNK_SAMPLES = 13 * BLOCK_SAMPLES
"""About 10 s."""

_CANCELS_BELOW, _ADDS_UP_ABOVE = 0.25, 0.5
"""Energy of the sum against the summed energies of the channels: 1 where they are independent.
A quarter (-6 dB) is a correlation of -0.75 in stereo, which no recording has by itself."""
_MEMORY = 0.7
"""Share of the channels' energies that still counts a block later: the last 2 s say which is the
loudest."""
_AUDIBLE_POWER = (32768 * 10 ** (-75 / 20)) ** 2
"""Mean square of a block below which nothing is told of its channels: -75 dBFS."""
_HEARD_POWER = (32768 * 10 ** (-60 / 20)) ** 2
"""Mean square of a frame in which somebody may speak: -60 dBFS."""
_LOUDER = 4.0
"""A channel takes another's place where it has four times its energy (6 dB)."""
_FADE_SAMPLES = 160
"""10 ms from one source to the next, so that no change clicks."""
_LONE_PERCENTILE, _LONE_LOSS = 95, 0.5
"""What a lone speaker may lose, 6 dB, if he speaks for a twentieth of what is heard of a clip."""
_DOT_SAMPLES = BLOCK_SAMPLES // 2
"""OpenBLAS starts threads for a product of more than 10,000, which cost more than it."""

Pcm = npt.NDArray[np.int16]
Block = npt.NDArray[np.int16]
"""`[samples, channels]`, interleaved as decoders give it."""
Total = npt.NDArray[np.int32]
Sound = TypeVar("Sound", Pcm, Total)
Energy = npt.NDArray[np.float64]
_NONE: Pcm = np.empty(0, np.int16)


@dataclass(frozen=True)
class Chunk:
    """About 10 s as they are heard.

    Attributes:
        samples: int16 `[samples]`. Of three or more channels at this chunk's own gain, for
            detectors; a clip's are those of `ClipMix`.
        total: their plain sum, int32 `[samples]`; None where `samples` are final.
        energy: of the loudest channel by frame, `[frames]`; None as `total`.
        others: the mean of the channels that are not heard; None where all are.
    """

    samples: Pcm
    total: Total | None = None
    energy: Energy | None = None
    others: Pcm | None = None


@dataclass
class MixReport:
    """Filled while mixing.

    Attributes:
        channels: of what was decoded.
        cancelled_samples: time in which the loudest channel was heard, as the sum cancels.
    """

    channels: int = 0
    cancelled_samples: int = 0


def mix(blocks: Iterable[Block], report: MixReport, channel: int | None = None) -> Iterator[Chunk]:
    """Chunks of CHUNK_SAMPLES (the last is shorter) of all channels, or of one.

    Args:
        blocks: int16 `[samples, channels]`, all but the last of BLOCK_SAMPLES or CHUNK_SAMPLES,
            with the same channels throughout.
        channel: the one that is heard, from 0; None hears all.
    """
    mixer = _Mixer(report)
    held: list[Chunk] = []
    samples = 0
    for block in blocks:
        report.channels = block.shape[1]
        held.append(mixer.all_of(block) if channel is None else _one_of(block, channel))
        samples += len(block)
        if samples >= CHUNK_SAMPLES:
            yield _joined(held)
            held, samples = [], 0
    if held:
        yield _joined(held)


class _Mixer:
    """Makes one channel of a stream of blocks; knows the last seconds' energies."""

    def __init__(self, report: MixReport) -> None:
        self._report = report
        self._energies: Energy = np.zeros(0)
        self._instead: int | None = None
        """The channel that is heard instead of the sum."""

    def all_of(self, block: Block) -> Chunk:
        """All channels; of three or more only the sum, which has no gain yet."""
        channels = block.shape[1]
        if channels == 1:
            return Chunk(block[:, 0])
        if channels == 2:
            return Chunk(self._heard(block, _mean_of_two(block), *_energies_of_two(block)))
        values = block.astype(np.float32)  # exact: a sum of 64 channels has 22 bits
        total: Total = (values @ np.ones(channels, np.float32)).astype(np.int32)
        energy, of_total = frame_energies(values), frame_energies(total[:, None])
        heard = self._heard(block, total, energy.sum(axis=0), float(of_total.sum()))
        loudest = energy.max(axis=1) if self._instead is None else energy[:, self._instead]
        return Chunk(_NONE, heard, loudest)

    def _heard(self, block: Block, mixed: Sound, of_channels: Energy, of_sum: float) -> Sound:
        """The mix, or the channel that is heard instead of it; a change is faded.

        Args:
            of_channels: energies `[channels]` of the block.
            of_sum: energy of the plain sum.
        """
        is_first = not len(self._energies)
        before = self._instead
        if of_channels.max(initial=0.0) >= _AUDIBLE_POWER * len(block):
            self._instead = self._channel_instead(of_channels, of_sum)
        if self._instead is not None:
            self._report.cancelled_samples += len(block)
        heard = _source(block, mixed, self._instead)
        if self._instead != before and not is_first:
            return _faded(_source(block, mixed, before), heard)
        return heard

    def _channel_instead(self, of_channels: Energy, of_sum: float) -> int | None:
        """The channel to hear instead of the sum of an audible block, or None."""
        if not len(self._energies):
            self._energies = np.zeros(len(of_channels))
        self._energies = _MEMORY * self._energies + of_channels
        share = of_sum / float(of_channels.sum())
        if share > (_CANCELS_BELOW if self._instead is None else _ADDS_UP_ABOVE):
            return None
        loudest = int(np.argmax(self._energies))
        held = self._instead
        if held is not None and self._energies[loudest] < _LOUDER * self._energies[held]:
            return held
        return loudest


class ClipMix:
    """What was heard since the last cut, at most `capacity` samples: final, or a sum that has no
    gain yet.
    """

    def __init__(self, capacity: int) -> None:
        self._capacity = capacity
        self._held: Pcm | Total = np.empty(0, np.int16)
        self._energy: Energy = np.zeros(0)
        self.filled = 0

    @property
    def is_sum(self) -> bool:
        """Whether a clip's samples differ from those of its chunks."""
        return self._held.dtype == np.int32

    def add(self, chunk: Chunk) -> None:
        """Take in the next chunk."""
        given = chunk.samples if chunk.total is None else chunk.total
        if not len(self._held):
            self._held = np.empty(self._capacity, given.dtype)
        self._held[self.filled : self.filled + len(given)] = given
        self.filled += len(given)
        if chunk.energy is not None:
            self._energy = np.concatenate([self._energy, chunk.energy])

    def take(self, samples: int) -> Pcm:
        """The first samples, whole frames or all that there is, at their gain; what is left stays
        for the next clip.
        """
        held, frames = self._held, -(-samples // FRAME_SAMPLES)
        left = held[samples : self.filled]
        # the clip keeps the old buffer; a new one takes memory only as it fills
        self._held = np.empty_like(held)
        self._held[: len(left)] = left
        self.filled -= samples
        energy, self._energy = self._energy[:frames], self._energy[frames:]
        if held.dtype == np.int16:
            return np.asarray(held[:samples], np.int16)
        return at_gain(np.asarray(held[:samples], np.int32), energy)


def at_gain(total: Total, energy: Energy) -> Pcm:
    """A sum of channels as int16 `[samples]`, at one gain; peaks beyond full scale are lowered with
    their neighbourhood of a tenth of a second.

    Args:
        total: int32 `[samples]`.
        energy: of the loudest channel, `[frames]`.
    """
    gain = gain_of(frame_energies(total[:, None])[:, 0], energy)
    peaks = _by_frame(total[:, None], lambda frames: np.abs(frames).max(axis=1))[:, 0]
    limits = np.minimum(1.0, 32767 / np.maximum(gain * peaks, 1e-9))
    edges = np.minimum(np.append(limits[0:1], limits), np.append(limits, limits[-1:]))
    samples = np.empty(len(total), np.int16)
    ramp = np.arange(FRAME_SAMPLES, dtype=np.float32) / FRAME_SAMPLES
    is_limited = bool((limits < 1).any())
    for start in range(0, len(total), CHUNK_SAMPLES):
        piece = total[start : start + CHUNK_SAMPLES] * np.float32(gain)
        if is_limited:
            first = start // FRAME_SAMPLES
            last = first + -(-len(piece) // FRAME_SAMPLES)
            steps = edges[first:last, None] + np.diff(edges[first : last + 1])[:, None] * ramp
            piece *= steps.astype(np.float32).reshape(-1)[: len(piece)]
        samples[start : start + len(piece)] = np.rint(piece)
    return samples


def gain_of(of_sum: Energy, of_loudest: Energy) -> float:
    """The gain of a clip's sum, at most 1: with it the clip has the energy that its loudest channel
    has, frame by frame, so that silent channels do not count. One who speaks alone loses at most
    6 dB, however loud all channels are at other times.

    Args:
        of_sum, of_loudest: energies `[frames]`.
    """
    if not of_sum.sum():
        return 1.0
    gain = float(np.sqrt(of_loudest.sum() / of_sum.sum()))
    heard = (of_loudest > _HEARD_POWER * FRAME_SAMPLES) & (of_sum > 0)
    if heard.any():
        share = np.sqrt(of_loudest[heard] / of_sum[heard])
        gain = max(gain, _LONE_LOSS * min(1.0, float(np.percentile(share, _LONE_PERCENTILE))))
    return min(1.0, gain)


def _one_of(block: Block, channel: int) -> Chunk:
    """One channel, and the mean of the others."""
    heard = np.ascontiguousarray(block[:, channel])
    count = block.shape[1]
    if count == 1:
        return Chunk(heard)
    rest = block.sum(axis=1, dtype=np.int32) - heard
    return Chunk(heard, others=np.asarray(rest // (count - 1), np.int16))


def _joined(chunks: list[Chunk]) -> Chunk:
    totals = [c.total for c in chunks if c.total is not None]
    if totals:
        total = np.concatenate(totals)
        energy = np.concatenate([c.energy for c in chunks if c.energy is not None])
        return Chunk(at_gain(total, energy), total, energy)
    if len(chunks) == 1:
        return chunks[0]
    others = [c.others for c in chunks if c.others is not None]
    samples = np.concatenate([c.samples for c in chunks])
    return Chunk(samples, others=np.concatenate(others) if others else None)


def frame_energies(samples: npt.NDArray[np.number[Any]]) -> Energy:
    """Sums of squares of `[samples, channels]` by frame of 32 ms, `[frames, channels]`."""
    return _by_frame(samples, lambda frames: np.einsum("fsc,fsc->fc", frames, frames))


def _by_frame(
    samples: npt.NDArray[np.number[Any]],
    measure: Callable[[npt.NDArray[np.float32]], npt.NDArray[np.floating[Any]]],
) -> Energy:
    """A measure of each frame, `[frames, channels]`, in pieces; the last frame is filled with
    zeros.
    """
    found = []
    for start in range(0, len(samples), BLOCK_SAMPLES):
        piece = samples[start : start + BLOCK_SAMPLES].astype(np.float32, copy=False)
        if padding := -len(piece) % FRAME_SAMPLES:
            piece = np.pad(piece, ((0, padding), (0, 0)))
        found.append(measure(piece.reshape(-1, FRAME_SAMPLES, piece.shape[1])))
    return np.concatenate(found).astype(np.float64)


def _mean_of_two(block: Block) -> Pcm:
    """`(left + right + 1) >> 1`: float32 holds a sum and its half exactly."""
    values = block.astype(np.float32)
    mean = values[:, 0] + values[:, 1]
    mean += 1
    mean *= np.float32(0.5)
    return np.floor(mean, out=mean).astype(np.int16)


def _energies_of_two(block: Block) -> tuple[Energy, float]:
    """The energies of left and right, and that of their sum: exact, so that channels of equal
    energy are equal.
    """
    pairs = block.astype(np.float64, order="C").view(np.complex128)[:, 0]
    both = differing = 0.0j
    for start in range(0, len(pairs), _DOT_SAMPLES):
        piece = pairs[start : start + _DOT_SAMPLES]
        both += complex(np.vdot(piece, piece))  # ll + rr
        differing += complex(np.dot(piece, piece))  # ll - rr + 2j lr
    left, right = (both.real + differing.real) / 2, (both.real - differing.real) / 2
    return np.array([left, right]), both.real + differing.imag


def _source(block: Block, mixed: Sound, channel: int | None) -> Sound:
    return mixed if channel is None else block[:, channel].astype(mixed.dtype)


def _faded(before: Sound, now: Sound) -> Sound:
    """`now`, its start faded from `before`."""
    count = min(_FADE_SAMPLES, len(now))
    weight = np.arange(1, count + 1) / (count + 1)
    faded = now.copy()
    faded[:count] = np.rint(before[:count] * (1 - weight) + now[:count] * weight)
    return faded
