"""Where each decoded frame stands in time: the player's clock.

FFmpeg gives a frame's presentation time; a stream of samples alone has lost it. Late starts and
gaps are filled with silence, what presents the same time twice is dropped, and a clock that jumps
further than can be believed is followed without a fill. Everything that was done is counted.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal, NamedTuple

import numpy as np
import numpy.typing as npt

from af3core.audio import SAMPLE_RATE_HZ, SAMPLES_PER_MS

NO_TIME = -(1 << 63)
"""FFmpeg's AV_NOPTS_VALUE: a frame without a presentation time."""
TOLERANCE_SAMPLES = 4 * SAMPLES_PER_MS
"""Containers round to 1 ms (Matroska, FLV, ASF), and less: what differs by more is no rounding."""
LOOKAHEAD_SAMPLES = SAMPLE_RATE_HZ
"""A frame is moved where all frames of the second from it on say so: stamps that jitter, as those
of live recorders do, move nothing."""
UNSETTLED_SAMPLES = SAMPLE_RATE_HZ // 10
LONGEST_GAP_S = 3600
LONGEST_FILL_S = 6 * 3600
"""Of silence in all; a hostile stamp makes no days of it."""
LONGEST_OVERLAP_S = 1
"""Stamps that go back by more begin another recording, as of joined files: all of it is heard."""
GAPS_LISTED = 1000

Times = npt.NDArray[np.int64]


class Gap(NamedTuple):
    """Silence that stands for what the times leave out, from the start of the recording."""

    start_ms: int
    duration_ms: int


class Step(NamedTuple):
    """What becomes of the next samples: copied or dropped, or silence before them."""

    kind: Literal["copy", "drop", "fill"]
    samples: int


class Zero(NamedTuple):
    """Where a file's clock begins, at 16 kHz; None where the sound is alone and begins it.

    `has_times` is false for a container without times of its own.
    """

    sample: int | None
    has_times: bool = True


@dataclass
class Clock:
    """What placing a recording's frames came to.

    Attributes:
        start_offset_ms: from the start of the file's first track to the first sample.
        gaps: the first `GAPS_LISTED` in order.
        gap_count, gap_ms, overlap_count, overlap_ms: of all.
        jumps: times the clock went where it was not followed with silence, or back.
        unsettled_frames: frames stamped more than 0.1 s off, which those after them contradict.
        frame_count, heard_samples: frames and samples that came of the decoder, at 16 kHz.
    """

    start_offset_ms: int = 0
    gaps: list[Gap] = field(default_factory=list)
    gap_count: int = 0
    gap_ms: int = 0
    overlap_count: int = 0
    overlap_ms: int = 0
    jumps: int = 0
    unsettled_frames: int = 0
    frame_count: int = 0
    heard_samples: int = 0

    @property
    def content_ms(self) -> int:
        """Length of what the decoder gave, without the silence."""
        return round(self.heard_samples / SAMPLES_PER_MS)

    @property
    def notes(self) -> tuple[str, ...]:
        """What was resolved, in words."""
        said = (
            (self.gap_count, f"{self.gap_count} gaps in the times, {self.gap_ms} ms of silence"),
            (self.overlap_count, f"{self.overlap_count} overlaps, {self.overlap_ms} ms dropped"),
            (self.jumps, f"the clock jumped {self.jumps} times, no silence stands for it"),
            (self.unsettled_frames, f"{self.unsettled_frames} frames with times of no use"),
        )
        return tuple(words for count, words in said if count)


class Timeline:
    """Places the frames of one stream, or of one part of a chained one.

    Without times in the container FFmpeg's are sums of rounded lengths: they drift, and tell only
    of a packet that it left out.

    Args:
        clock: counted into; the same for all parts of a recording.
        first_sample: where in the recording the part begins.
    """

    def __init__(self, clock: Clock, first_sample: int = 0) -> None:
        self.clock = clock
        self.zero: Zero | None = None
        self._is_first_part = first_sample == 0
        self._placed = first_sample
        self._offset: int | None = None
        self._taken = 0
        self._dropping = 0
        self._drift = 0
        self._last_shift: int | None = None
        self._shifts: Times = np.zeros(0, np.int64)
        self._counts: Times = np.zeros(0, np.int64)
        self._steps: list[Step] = []

    def feed(self, times: Times, counts: Times) -> list[Step]:
        """What to do with samples that came; some wait for the second after them.

        `zero` is set before.

        Args:
            times: presentation times of frames `[frames]` at 16 kHz, or `NO_TIME`.
            counts: their samples `[frames]`.
        """
        self._append(times, counts)
        return self._place(is_last=False)

    def finish(self) -> list[Step]:
        """What to do with the samples that waited: none comes after them."""
        return self._place(is_last=True)

    def _place(self, is_last: bool) -> list[Step]:
        self._steps = []
        if self._offset is None:
            if not len(self._counts):
                return []
            if not (is_last or int(self._counts.sum()) >= LOOKAHEAD_SAMPLES):
                return []
            self._start()
        if self._is_settled():
            self._take(int(self._counts.sum()), len(self._counts))
        else:
            self._settle(is_last)
        return self._steps

    def _append(self, times: Times, counts: Times) -> None:
        """Keep frames by their shift: presentation time less the samples before them."""
        if not len(times):
            return
        before = self._taken + int(self._counts.sum())
        shifts = times - (before + np.cumsum(counts) - counts)
        for index in np.flatnonzero(times == NO_TIME):
            shifts[index] = shifts[index - 1] if index else (self._last_shift or 0)
        if self.zero is not None and not self.zero.has_times:
            shifts = self._without_drift(shifts)
        self._last_shift = int(shifts[-1])
        self._shifts = np.concatenate([self._shifts, shifts])
        self._counts = np.concatenate([self._counts, counts])

    def _without_drift(self, shifts: Times) -> Times:
        last = int(shifts[0]) if self._last_shift is None else self._last_shift + self._drift
        changes = np.diff(shifts, prepend=last)
        drift = self._drift + np.cumsum(np.where(changes > TOLERANCE_SAMPLES, 0, changes))
        self._drift = int(drift[-1])
        return np.asarray(shifts - drift)

    def _start(self) -> None:
        """Place the first frame, and silence before it where it starts late."""
        within = np.cumsum(self._counts) - self._counts < LOOKAHEAD_SAMPLES
        start = int(self._shifts[within].min())
        zero = self.zero.sample if self.zero else None
        late = 0 if zero is None else max(0, start - zero)
        self._offset = start
        if late <= TOLERANCE_SAMPLES:
            return
        if not self._may_fill(late):
            self.clock.jumps += 1
        elif self._is_first_part:
            self._fill(late)
            self.clock.start_offset_ms = round(late / SAMPLES_PER_MS)
        else:
            self._count_gap(late)
            self._fill(late)

    def _is_settled(self) -> bool:
        if not len(self._shifts):
            return True
        offset = self._offset or 0
        return bool(
            self._shifts.max() <= offset + TOLERANCE_SAMPLES
            and self._shifts.min() >= offset - TOLERANCE_SAMPLES
        )

    def _settle(self, is_last: bool) -> None:
        """Place frame by frame, as far as the second after each is known."""
        ends = np.cumsum(self._counts)
        done = 0
        for index, shift in enumerate(self._shifts.tolist()):
            offset = self._offset or 0
            if abs(shift - offset) > TOLERANCE_SAMPLES:
                start = int(ends[index] - self._counts[index])
                is_seen = bool(ends[-1] >= start + LOOKAHEAD_SAMPLES)
                if not (is_last or is_seen):
                    break
                stop = int(np.searchsorted(ends, start + LOOKAHEAD_SAMPLES)) + 1
                # few frames are left at the end to agree: a small step may be jitter
                if is_seen or abs(shift - offset) > UNSETTLED_SAMPLES:
                    self._move(self._shifts[index:stop])
            self._take(int(self._counts[index]), 1)
            done = index + 1
        self._shifts, self._counts = self._shifts[done:], self._counts[done:]

    def _move(self, shifts: Times) -> None:
        """Move the clock where a second's frames agree that it has moved."""
        offset = self._offset or 0
        least, most = int(shifts.min()), int(shifts.max())
        if least > offset + TOLERANCE_SAMPLES:
            self._offset = least
            if self._may_fill(least - offset):
                self._count_gap(least - offset)
                self._fill(least - offset)
            else:
                self.clock.jumps += 1
        elif most < offset - TOLERANCE_SAMPLES:
            self._offset = most
            if offset - most <= LONGEST_OVERLAP_S * SAMPLE_RATE_HZ:
                self._dropping += offset - most
                self.clock.overlap_count += 1
                self.clock.overlap_ms += round((offset - most) / SAMPLES_PER_MS)
            else:
                self.clock.jumps += 1
        else:
            self.clock.unsettled_frames += abs(shifts[0] - offset) > UNSETTLED_SAMPLES

    def _may_fill(self, samples: int) -> bool:
        filled_ms = self.clock.gap_ms + self.clock.start_offset_ms
        left = LONGEST_FILL_S * SAMPLE_RATE_HZ - filled_ms * SAMPLES_PER_MS
        return samples <= min(LONGEST_GAP_S * SAMPLE_RATE_HZ, left)

    def _count_gap(self, samples: int) -> None:
        gap = Gap(round(self._placed / SAMPLES_PER_MS), round(samples / SAMPLES_PER_MS))
        self.clock.gap_count += 1
        self.clock.gap_ms += gap.duration_ms
        if len(self.clock.gaps) < GAPS_LISTED:
            self.clock.gaps.append(gap)

    def _fill(self, samples: int) -> None:
        # what is still to be dropped presents time that silence would fill
        dropped = min(samples, self._dropping)
        self._dropping -= dropped
        self._placed += samples - dropped
        self._steps.append(Step("fill", samples - dropped))

    def _take(self, samples: int, frames: int) -> None:
        dropped = min(samples, self._dropping)
        self._dropping -= dropped
        self._taken += samples
        self._placed += samples - dropped
        self.clock.frame_count += frames
        self.clock.heard_samples += samples
        if dropped:
            self._steps.append(Step("drop", dropped))
        if samples > dropped:
            if self._steps and self._steps[-1].kind == "copy":
                samples += self._steps.pop().samples
            self._steps.append(Step("copy", samples - dropped))
        if frames == len(self._counts):
            self._shifts, self._counts = self._shifts[:0], self._counts[:0]
