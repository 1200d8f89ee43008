"""Many channels as one: every channel is heard, nothing clips, and what cancels is told."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from af3core.audio.channel_mix import (
    BLOCK_SAMPLES,
    CHUNK_SAMPLES,
    FRAME_SAMPLES,
    Block,
    ClipMix,
    MixReport,
    Pcm,
    mix,
)

RATE = 16_000


def tone(seconds: float, level_dbfs: float, hz: float = 440.0) -> np.ndarray:
    """A sine `[samples]` of this peak, in steps of 16 bits."""
    times = np.arange(round(seconds * RATE)) / RATE
    return 32767 * 10 ** (level_dbfs / 20) * np.sin(2 * np.pi * hz * times)


def noise(seconds: float, level_dbfs: float, seed: int) -> np.ndarray:
    """Noise of this effective level."""
    count = round(seconds * RATE)
    return 32768 * 10 ** (level_dbfs / 20) * np.random.default_rng(seed).standard_normal(count)


def heard(channels: list[np.ndarray], channel: int | None = None) -> tuple[Pcm, MixReport]:
    """What one clip of these channels sounds like."""
    report = MixReport()
    clip = ClipMix(len(channels[0]))
    for chunk in mix(blocks(channels), report, channel):
        clip.add(chunk)
    return clip.take(clip.filled), report


def blocks(channels: list[np.ndarray]) -> Iterator[Block]:
    together = np.round(np.stack(channels, axis=1)).clip(-32768, 32767).astype(np.int16)
    size = CHUNK_SAMPLES if len(channels) == 1 else BLOCK_SAMPLES
    for start in range(0, len(together), size):
        yield together[start : start + size]


def level(samples: np.ndarray) -> float:
    """Effective level in dBFS, one decimal."""
    return round(10 * float(np.log10((samples.astype(float) ** 2).mean() / 32768**2)), 1)


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 64), st.data())
def test_a_tone_in_any_of_up_to_64_channels_is_heard(count: int, data: st.DataObject) -> None:
    place = data.draw(st.integers(0, count - 1))
    channels = [np.zeros(2 * RATE)] * count
    channels[place] = tone(2, -30)
    samples, report = heard(channels)
    assert level(samples) == (-39.0 if count == 2 else -33.0)
    assert report == MixReport(channels=count)


def test_two_channels_are_their_mean_to_the_last_bit() -> None:
    left, right = noise(12, -20, 1).round(), noise(12, -26, 2).round()
    samples, _ = heard([left, right])
    assert np.array_equal(samples, np.floor((left + right + 1) / 2))


def test_one_channel_is_not_touched() -> None:
    only = noise(12, -20, 1).round()
    assert np.array_equal(heard([only])[0], only)


def test_a_lone_speaker_among_sixteen_open_microphones_loses_nothing() -> None:
    channels = [noise(20, -70, seed) for seed in range(16)]
    channels[11] = channels[11] + tone(20, -20)
    assert level(heard(channels)[0]) == -23.0


def test_sixteen_speakers_in_turn_are_as_loud_as_each_is_alone() -> None:
    turns = []
    for number in range(16):
        mine = noise(32, -75, number)
        mine[number * 2 * RATE : (number + 1) * 2 * RATE] += tone(2, -20)
        turns.append(mine)
    assert level(heard(turns)[0]) == -23.0


def test_a_lone_speaker_loses_at_most_6_db_where_all_microphones_hear_applause() -> None:
    channels = [noise(20, -20, seed) for seed in range(16)]
    for each in channels:
        each[8 * RATE :] = 0
    channels[3][8 * RATE :] = tone(12, -20)
    samples, _ = heard(channels)
    assert level(samples[9 * RATE :]) == -29.0


def test_sixteen_microphones_before_one_source_are_as_loud_as_one() -> None:
    assert level(heard([tone(4, -20)] * 16)[0]) == -23.0


def test_noise_of_64_channels_does_not_add_up_to_sound() -> None:
    assert level(heard([noise(4, -75, seed) for seed in range(64)])[0]) == -74.4


def test_a_slam_in_all_microphones_neither_clips_nor_silences_the_speaker() -> None:
    channels = [np.zeros(20 * RATE) for _ in range(16)]
    channels[5] = tone(20, -20)
    for each in channels:
        each[10 * RATE : 10 * RATE + 800] = tone(0.05, -1, 100)
    samples, _ = heard(channels)
    assert np.abs(samples.astype(int)).max() <= 32767
    assert (level(samples[: 9 * RATE]), level(samples[11 * RATE :])) == (-29.0, -29.0)


@pytest.mark.parametrize("count", [2, 3, 8])
def test_channels_that_cancel_give_the_loudest_of_them(count: int) -> None:
    speech = noise(20, -20, 1)
    samples, report = heard([speech, -speech, *[np.zeros(20 * RATE)] * (count - 2)])
    assert level(samples) == -20.0
    assert report == MixReport(count, cancelled_samples=20 * RATE)


def test_a_louder_inverted_channel_is_the_one_that_is_heard() -> None:
    speech = noise(20, -20, 1).round()
    samples, report = heard([0.9 * speech, -speech])
    assert np.array_equal(samples, -speech)
    assert report.cancelled_samples == 20 * RATE


def test_wide_stereo_does_not_cancel() -> None:
    middle, side = noise(20, -30, 1), noise(20, -26, 2)
    _, report = heard([middle + side, middle - side])
    assert report.cancelled_samples == 0


def test_what_cancels_for_a_while_is_heard_and_the_rest_is_mixed() -> None:
    speech = noise(30, -20, 1)
    other = speech.copy()
    other[10 * RATE : 20 * RATE] *= -1
    samples, report = heard([speech, other])
    assert report.cancelled_samples / RATE == pytest.approx(10, abs=1.6)
    assert level(samples[2 * RATE : 9 * RATE]) == pytest.approx(-20.0, abs=0.1)
    assert level(samples[13 * RATE : 19 * RATE]) == pytest.approx(-20.0, abs=0.1)
    assert level(samples[23 * RATE :]) == pytest.approx(-20.0, abs=0.1)


def test_a_quiet_recording_with_an_inverted_channel_is_heard_too() -> None:
    speech = noise(10, -62, 1)
    samples, report = heard([speech, -speech])
    assert level(samples) == pytest.approx(-62.0, abs=0.1)
    assert report.cancelled_samples == 10 * RATE


def test_one_channel_of_several_is_heard_alone_beside_the_mean_of_the_others() -> None:
    channels = [tone(3, -20, hz).round() for hz in (300, 400, 500)]
    samples, report = heard(channels, channel=1)
    assert np.array_equal(samples, channels[1])
    assert report == MixReport(channels=3)
    (chunk,) = mix(blocks(channels), MixReport(), 1)
    assert chunk.others is not None
    assert np.abs(chunk.others - (channels[0] + channels[2]) / 2).max() <= 1


def test_clips_keep_every_sample_and_their_own_gain() -> None:
    channels = [np.zeros(40 * RATE), tone(40, -20), np.zeros(40 * RATE)]
    channels[0][24 * RATE :] = tone(16, -20, 300)
    clip = ClipMix(60 * RATE)
    for chunk in mix(blocks(channels), MixReport()):
        clip.add(chunk)
    first = clip.take(375 * 2 * FRAME_SAMPLES)
    rest = clip.take(clip.filled)
    assert (len(first), len(rest)) == (24 * RATE, 16 * RATE)
    assert (level(first), level(rest)) == (-23.0, -23.0)
