"""Names that must never change: a changed hash would annotate every archive anew."""

from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.identity import (
    canonical_json,
    clip_id,
    configuration_hash,
    content_hash,
    recording_id,
    segment_id,
    shard_of,
)

ABC = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"


@dataclass(frozen=True)
class Settings:
    window_s: int
    names: tuple[str, ...]


def test_content_hash_is_the_sha256_of_all_chunks() -> None:
    assert content_hash([b"ab", b"c"]) == ABC
    assert recording_id(ABC) == "ba7816bf8f01cfea414140de"


def test_canonical_json_sorts_keys_and_spells_dataclasses_as_objects() -> None:
    assert canonical_json({"b": 1, "a": Settings(30, ("ä",))}) == (
        '{"a":{"names":["ä"],"window_s":30},"b":1}'
    )


def test_canonical_json_refuses_what_has_no_single_spelling() -> None:
    with pytest.raises(TypeError, match="no canonical JSON for set"):
        canonical_json({1, 2})


def test_identifiers_are_these_for_ever() -> None:
    assert configuration_hash({"b": 1, "a": [1, 2]}) == "94a786c3662bc7beeb598efa"
    assert clip_id("r" * 24, "s" * 24, 0, 600_000) == "a73b8619844874982089e1c3"
    assert segment_id("c" * 24, 0, 30_000) == "d4cdf4e9f60b727fc79dba1c"


def test_shard_of_known_recordings() -> None:
    assert shard_of("0" * 24, 7) == 0
    assert shard_of("ff" * 12, 7) == 0


@given(st.binary(max_size=64), st.integers(1, 1000))
def test_a_recording_is_always_in_one_existing_shard(content: bytes, shard_count: int) -> None:
    recording = recording_id(content_hash([content]))
    assert 0 <= shard_of(recording, shard_count) < shard_count
    assert shard_of(recording, shard_count) == shard_of(recording, shard_count)
