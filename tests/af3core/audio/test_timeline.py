"""Frames on the player's clock: what is copied, dropped and filled, and that all of it adds up."""

from __future__ import annotations

import numpy as np
import pytest

from af3core.audio.timeline import NO_TIME, Clock, Gap, Step, Timeline, Zero

FRAME = 320
SECOND = 50


def frames(*starts_ms: int) -> tuple[np.ndarray, np.ndarray]:
    """Runs of a second, each from the time that is named, in frames of 20 ms."""
    times = [start * 16 + np.arange(SECOND) * FRAME for start in starts_ms]
    return np.concatenate(times).astype(np.int64), np.full(SECOND * len(starts_ms), FRAME)


def placed(
    times: np.ndarray, counts: np.ndarray, zero: int | None = 0, chunk: int = 7
) -> tuple[list[Step], Clock]:
    """All steps, with frames that come a few at a time; equal neighbours joined."""
    timeline = Timeline(Clock())
    timeline.zero = Zero(zero, has_times=zero is not None)
    steps: list[Step] = []
    for start in range(0, len(times), chunk):
        steps += timeline.feed(times[start : start + chunk], counts[start : start + chunk])
    steps += timeline.finish()
    joined: list[Step] = []
    for step in steps:
        if joined and joined[-1].kind == step.kind:
            step = Step(step.kind, joined.pop().samples + step.samples)
        joined.append(step)
    return joined, timeline.clock


def test_what_follows_itself_is_copied() -> None:
    steps, clock = placed(*frames(0, 1000, 2000))
    assert steps == [Step("copy", 48_000)]
    assert (clock.content_ms, clock.frame_count, clock.notes) == (3000, 150, ())


def test_a_late_start_is_silence() -> None:
    steps, clock = placed(*frames(5400, 6400), zero=1400 * 16)
    assert steps == [Step("fill", 64_000), Step("copy", 32_000)]
    assert (clock.start_offset_ms, clock.gap_count) == (4000, 0)


def test_a_gap_is_silence_at_its_place() -> None:
    steps, clock = placed(*frames(0, 1000, 12_000, 13_000))
    assert steps == [Step("copy", 32_000), Step("fill", 160_000), Step("copy", 32_000)]
    assert clock.gaps == [Gap(2000, 10_000)]
    assert clock.notes == ("1 gaps in the times, 10000 ms of silence",)


def test_time_that_is_presented_twice_is_heard_once() -> None:
    steps, clock = placed(*frames(0, 1000, 1700, 2700))
    assert steps == [Step("copy", 32_000), Step("drop", 4800), Step("copy", 27_200)]
    assert (clock.overlap_count, clock.overlap_ms, clock.jumps) == (1, 300, 0)


def test_a_clock_that_begins_anew_is_followed_and_all_is_heard() -> None:
    steps, clock = placed(*frames(0, 1000, 0, 1000))
    assert steps == [Step("copy", 64_000)]
    assert (clock.jumps, clock.overlap_ms) == (1, 0)


@pytest.mark.parametrize("hours", [1.01, 24, 24 * 365, 10_000_000])
def test_a_hostile_stamp_makes_no_days_of_silence(hours: float) -> None:
    steps, clock = placed(*frames(0, 1000, int(hours * 3_600_000), int(hours * 3_600_000) + 1000))
    assert steps == [Step("copy", 64_000)]
    assert (clock.jumps, clock.gap_ms) == (1, 0)
    assert clock.notes == ("the clock jumped 1 times, no silence stands for it",)


def test_silence_is_bounded_in_all() -> None:
    hour_ms = 3_600_000
    steps, clock = placed(*frames(*(number * (hour_ms - 1000) for number in range(12))))
    assert clock.gap_count == 6
    assert clock.jumps == 5
    assert clock.gap_ms <= 6 * hour_ms
    assert sum(step.samples for step in steps if step.kind == "copy") == 12 * 16_000


def test_stamps_that_jitter_move_nothing() -> None:
    times, counts = frames(0, 1000, 2000, 3000)
    random = np.random.default_rng(3)
    bursts = times + random.integers(0, 40 * 16, len(times)) * (np.arange(len(times)) % 5 > 0)
    steps, clock = placed(bursts, counts)
    assert steps == [Step("copy", 64_000)]
    assert (clock.gap_ms, clock.overlap_ms, clock.jumps) == (0, 0, 0)


def test_one_wrong_stamp_moves_nothing_and_is_counted() -> None:
    times, counts = frames(0, 1000, 2000)
    times[60] += 7_000_000
    times[80] = NO_TIME
    steps, clock = placed(times, counts)
    assert steps == [Step("copy", 48_000)]
    assert clock.unsettled_frames == 1


def test_a_clock_that_runs_apart_is_followed_in_small_steps() -> None:
    times = (np.arange(30 * SECOND) * FRAME * 1.0005).astype(np.int64)
    steps, clock = placed(times, np.full(len(times), FRAME))
    assert clock.gap_ms == pytest.approx(15, abs=5)
    assert all(step.samples < 100 for step in steps if step.kind == "fill")


def test_rounded_times_of_a_container_without_any_are_no_gaps() -> None:
    """Raw AC-3: 34.83 ms a frame, counted as 34.82."""
    counts = np.full(20_000, 557)
    times = (np.arange(20_000) * 556.9).astype(np.int64)
    steps, clock = placed(times, counts, zero=None, chunk=500)
    assert steps == [Step("copy", 20_000 * 557)]
    times[10_000:] += 557
    steps, clock = placed(times, counts, zero=None, chunk=500)
    assert [step.kind for step in steps] == ["copy", "fill", "copy"]
    assert clock.gap_ms == 35


@pytest.mark.parametrize("seed", range(30))
def test_samples_in_are_samples_copied_and_dropped(seed: int) -> None:
    """Whatever the stamps: nothing is lost beyond what is counted, and the length is bounded."""
    random = np.random.default_rng(seed)
    counts = random.integers(1, 2000, 400)
    times = np.cumsum(counts) - counts
    for _ in range(random.integers(1, 8)):
        place = int(random.integers(0, 400))
        span = int(random.choice([1, 20, 400]))
        by = int(random.choice([-(10**6), -9000, -70, 70, 9000, 10**6, 10**12]))
        times[place : place + span] += by
    times[random.integers(0, 400, 5)] = NO_TIME
    steps, clock = placed(times, counts, zero=int(random.integers(-100, 10_000)))
    total = {kind: sum(s.samples for s in steps if s.kind == kind) for kind in ("copy", "drop")}
    assert total["copy"] + total["drop"] == counts.sum() == clock.heard_samples
    assert total["drop"] / 16 <= clock.overlap_ms + clock.overlap_count
    filled_ms = sum(step.samples for step in steps if step.kind == "fill") / 16
    rounding_ms = clock.gap_count + 1
    assert filled_ms <= clock.gap_ms + clock.start_offset_ms + rounding_ms
    assert filled_ms <= 6 * 3_600_000
