"""From a stream of samples to clips: every sample once, speech found, silence skipped."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import numpy as np
import pytest

from af3core.audio.clip_stream import CutClip, cut_recording
from af3core.audio.cut_points import Segmentation
from af3core.audio.decode import CHUNK_SAMPLES, Pcm
from tests.media import programme, spoken

_DEFAULT = Segmentation()


def cut(audio: np.ndarray, settings: Segmentation = _DEFAULT) -> tuple[Pcm, list[CutClip]]:
    samples = np.round(audio * 32767).astype(np.int16)
    return samples, list(cut_recording(chunks(samples), settings))


def chunks(samples: Pcm) -> Iterator[Pcm]:
    for start in range(0, len(samples), CHUNK_SAMPLES):
        yield samples[start : start + CHUNK_SAMPLES]


def test_clips_hold_every_sample_once_and_segments_cover_them() -> None:
    samples, clips = cut(programme(100), Segmentation(max_clip_s=40))
    assert np.array_equal(np.concatenate([clip.samples for clip in clips]), samples)
    assert len(clips) == 3
    times = [(s.start_ms, s.end_ms) for clip in clips for s in clip.segments]
    assert times[0][0] == 0
    assert times[-1][1] == round(len(samples) / 16)
    assert all(a[1] == b[0] for a, b in itertools.pairwise(times))
    assert max(end - start for start, end in times) <= 30_000
    assert max(clip.end_ms - clip.start_ms for clip in clips) <= 40_000


def test_speech_is_found_and_cuts_fall_into_pauses() -> None:
    sentence = spoken()
    samples, clips = cut(programme(60, pause_s=1.0))
    period_ms = (len(sentence) + 16_000) / 16
    for segment in clips[0].segments[:-1]:
        into_period = segment.end_ms % period_ms
        assert into_period > len(sentence) / 16 - 100
    spoken_ms = sum(s.speech_ms for clip in clips for s in clip.segments)
    assert spoken_ms / (len(samples) / 16) == pytest.approx(len(sentence) / 16 / period_ms, abs=0.1)


def test_a_cut_inside_speech_is_told_from_one_in_a_pause() -> None:
    _, clips = cut(programme(60, pause_s=1.0))
    assert not any(segment.starts_in_speech for segment in clips[0].segments)
    without_pause = np.tile(spoken(), 12)
    _, clips = cut(without_pause, Segmentation(max_clip_s=20, max_segment_s=2, target_segment_s=2))
    inside = [segment.starts_in_speech for clip in clips for segment in clip.segments]
    assert not inside[0]
    assert sum(inside) > len(inside) / 4


def test_a_zeroed_middle_is_skipped_as_silence() -> None:
    audio = programme(60)
    audio[20 * 16_000 : 40 * 16_000] = 0
    _, clips = cut(audio)
    skipped = [(s.start_ms, s.end_ms) for s in clips[0].segments if s.skip_reason == "silence"]
    assert skipped[0][0] == pytest.approx(20_000, abs=1_500)
    assert skipped[-1][1] == pytest.approx(40_000, abs=1_500)
    assert sum(end - start for start, end in skipped) == pytest.approx(20_000, abs=2_000)


def test_a_recording_shorter_than_a_tenth_of_a_second_is_skipped_by_reason() -> None:
    _, clips = cut(np.full(800, 0.3, np.float32))
    assert [s.skip_reason for s in clips[0].segments] == ["too_short"]
