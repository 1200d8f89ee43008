"""Clips that several recordings of one sound have in common: one object, under the names of each.

The object was cut of one of them, its origin. All that is made of the sound alone is made once, and
what it is made of has a name in each recording. Pure.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

from schemas import identity, layout
from schemas.records import Clip, SegmentedRecording


def taken_over_from(recording_id: str, clip_uri: str) -> str:
    """The recording that a clip's object was cut of, where that is another; else empty."""
    origin = layout.clip_origin(clip_uri)
    return origin.recording_id if origin and origin.recording_id != recording_id else ""


def heard_tracks(cut: SegmentedRecording) -> tuple[int, ...]:
    """The tracks that a cut is of: the first, where an earlier release made it."""
    return cut.heard.tracks if cut.heard else (0,)


def clip_of(recording_id: str, clip: Clip, tracks: tuple[int, ...], retry: int = 0) -> Clip:
    """A clip's object as the clip of another recording of the sound.

    Args:
        recording_id: whose it is to be.
        clip: as the clip of any of them; its object is below `clips/`.
        tracks: that are heard in it.
        retry: the request by which it was cut, where it was cut of that recording.
    """
    origin = layout.clip_origin(clip.clip_uri)
    if origin is None:
        raise ValueError(f"{clip.clip_uri}: no clip's object")
    span = (clip.start_ms, clip.end_ms)
    clip_id = identity.clip_id(
        recording_id, origin.segmentation_hash, *span, clip.channel, tracks, retry
    )
    segments = tuple(
        dataclasses.replace(s, segment_id=identity.segment_id(clip_id, s.start_ms, s.end_ms))
        for s in clip.segments
    )
    return dataclasses.replace(clip, clip_id=clip_id, recording_id=recording_id, segments=segments)


def original_clip(clip: Clip, tracks: tuple[int, ...]) -> Clip | None:
    """A clip as that of the recording which it was cut of; None where that is its own."""
    origin = layout.clip_origin(clip.clip_uri)
    if origin is None or origin.recording_id == clip.recording_id:
        return None
    return clip_of(origin.recording_id, clip, tracks, origin.retry)


def names_of_origin(cut: SegmentedRecording) -> dict[str, str]:
    """What a recording, its clips and its segments are called in the recording that the clips were
    cut of; empty where they are its own, or of several.
    """
    tracks, names, origins = heard_tracks(cut), dict[str, str](), set[str]()
    for clip in cut.clips:
        original = original_clip(clip, tracks)
        if original is None:
            return {}
        origins.add(original.recording_id)
        names[clip.clip_id] = original.clip_id
        for mine, its in zip(clip.segments, original.segments, strict=True):
            names[mine.segment_id] = its.segment_id
    if len(origins) != 1:
        return {}
    return names | {cut.recording_id: origins.pop()}


def with_names(value: Any, names: Mapping[str, str]) -> Any:
    """A value of JSON with names in the place of others, keys left alone."""
    if isinstance(value, str):
        return names.get(value, value)
    if isinstance(value, dict):
        return {key: with_names(each, names) for key, each in value.items()}
    if isinstance(value, list):
        return [with_names(each, names) for each in value]
    return value
