"""Names that are computed, not given: the same input has the same name on any machine, on any day.

Every identifier is a prefix of a SHA-256 over content and resolved configuration. Runs, paths,
dates and worker counts are in no identifier, so the same work is recognised wherever it returns.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Iterable
from typing import Any

UNHASHED_DEFAULT = {"unhashed_default": True}
"""Metadata of a dataclass's field that came later: at its default it enters no hash, so that what
was made before the field was there keeps its name."""

ID_LENGTH = 24
"""Hexadecimal digits kept of a hash: 96 bits, no collision to fear below 10^12 pieces of work."""


def content_hash(chunks: Iterable[bytes]) -> str:
    """SHA-256 of a stream of bytes, as 64 hexadecimal digits."""
    digest = hashlib.sha256()
    for chunk in chunks:
        digest.update(chunk)
    return digest.hexdigest()


def canonical_json(value: Any) -> str:
    """One spelling per value: sorted keys, no spaces, dataclasses as objects."""
    return json.dumps(
        value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, default=_plain
    )


def configuration_hash(value: Any) -> str:
    """The identifier of a resolved configuration (dataclass, dict, list or scalar)."""
    return hashlib.sha256(canonical_json(value).encode()).hexdigest()[:ID_LENGTH]


def recording_id(content_sha256: str) -> str:
    """A recording is its bytes: two copies of one file are one recording."""
    return content_sha256[:ID_LENGTH]


def clip_id(
    recording: str,
    segmentation_hash: str,
    start_ms: int,
    end_ms: int,
    channel: int | None = None,
    tracks: tuple[int, ...] = (0,),
    retry: int = 0,
) -> str:
    """A clip is a stretch of a recording under one segmentation; of one channel, where each is cut
    by itself, of other tracks than the first, where those are heard, and of the request to cut it
    again by which it sounds otherwise.
    """
    heard: list[Any] = [] if channel is None else [channel]
    if tracks != (0,):
        heard.append({"tracks": tracks})
    if retry:
        heard.append({"retry": retry})
    return configuration_hash([recording, segmentation_hash, start_ms, end_ms, *heard])


def segment_id(clip: str, start_ms: int, end_ms: int) -> str:
    """A segment is a stretch of a clip; times count from the start of the recording."""
    return configuration_hash([clip, start_ms, end_ms])


def shard_of(recording: str, shard_count: int) -> int:
    """The shard that holds all rows of a recording, the same in every table and run."""
    return int(recording[:12], 16) % shard_count


def hashed_fields(value: Any) -> dict[str, Any]:
    """The fields of a dataclass that its hash is of, by name."""
    return {
        f.name: held
        for f in dataclasses.fields(value)
        if (held := getattr(value, f.name)) != f.default
        or f.metadata.get("unhashed_default") is not True
    }


def _plain(value: Any) -> Any:
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return hashed_fields(value)
    raise TypeError(f"no canonical JSON for {type(value).__name__}")
