"""Names that must never change: a changed hash would annotate every archive anew."""

from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from af3core.audio.cut_points import Segmentation
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


def test_a_channel_enters_a_clip_only_where_it_was_cut_by_itself() -> None:
    assert clip_id("r" * 24, "s" * 24, 0, 600_000, None) == "a73b8619844874982089e1c3"
    assert clip_id("r" * 24, "s" * 24, 0, 600_000, 0) == "73125c5a4e3953ffc1b66f81"
    assert clip_id("r" * 24, "s" * 24, 0, 600_000, None, (0,)) == "a73b8619844874982089e1c3"
    assert clip_id("r" * 24, "s" * 24, 0, 600_000, None, (1,)) == "d1d132228a8b5542ba9fc150"
    assert clip_id("r" * 24, "s" * 24, 0, 600_000, 1) == "4b570b5f4e4bff1e88a98817"


def test_an_option_that_came_later_enters_no_hash_at_its_default() -> None:
    """What 0.1.0 cut stays cut."""
    assert configuration_hash(Segmentation()) == "7fcb113e398c8543a347b03b"
    assert configuration_hash(Segmentation(channels="each")) == "bd1e6a4e8af50bd26031e929"
    assert configuration_hash(Segmentation(track="deu")) == "df250515e959534cc7b8657b"
    assert configuration_hash(Segmentation(silence="auto")) == "881d5e173314872ac3b13cff"


def test_shard_of_known_recordings() -> None:
    assert shard_of("0" * 24, 7) == 0
    assert shard_of("ff" * 12, 7) == 0


@given(st.binary(max_size=64), st.integers(1, 1000))
def test_a_recording_is_always_in_one_existing_shard(content: bytes, shard_count: int) -> None:
    recording = recording_id(content_hash([content]))
    assert 0 <= shard_of(recording, shard_count) < shard_count
    assert shard_of(recording, shard_count) == shard_of(recording, shard_count)
