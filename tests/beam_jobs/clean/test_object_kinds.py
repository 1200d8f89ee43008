"""Keys of an output and their kinds; all that `schemas.layout` makes is known."""

from __future__ import annotations

import pytest

from beam_jobs.clean.object_kinds import Place, is_kept, place_of
from schemas import layout

RECORDING, HASH, OTHER = "0a" * 12, "1b" * 12, "2c" * 12
DAY = ("radio", "2026-11-21")


@pytest.mark.parametrize(
    ("key", "place"),
    [
        (layout.segmented_key(RECORDING, HASH), Place("cut", RECORDING, HASH)),
        (layout.clip_key(RECORDING, HASH, 0, 600_000), Place("clip", RECORDING, HASH)),
        (layout.clip_key(RECORDING, HASH, 0, 9, 1, 2), Place("clip", RECORDING, HASH)),
        (layout.annotated_key(RECORDING, HASH, OTHER), Place("answers", RECORDING)),
        (layout.derived_key("events", RECORDING, HASH), Place("derived", RECORDING)),
        (layout.report_key("radio", "r.1", "annotate", (0, 4)), Place("report", "radio/run=r.1")),
        (layout.report_page_key("radio", "r"), Place("report", "radio/run=r")),
        (layout.listing_key("radio", "r"), Place("report", "radio/run=r")),
        (
            layout.export_prefix("radio", "2026-11-21", "2026-11-22", "af3") + "datasheet.md",
            Place(
                "export", "exports/corpus=radio/from=2026-11-21,until=2026-11-22/af3/", "0 sheet"
            ),
        ),
        (layout.index_prefix("ab12") + "a/1.lance", Place("index", "ab12", "a/1.lance")),
    ],
)
def test_what_may_go(key: str, place: Place) -> None:
    assert place_of(key) == place
    assert not is_kept(key) or place.kind == "derived"


@pytest.mark.parametrize(
    "key",
    [
        layout.shard_key("segments", *DAY, 0, 1),
        layout.published_key(*DAY),
        layout.replacement_key(*DAY, "night"),
        layout.superseded_key(layout.shard_key("segments", *DAY, 0, 1), "12-34"),
        layout.manifest_key(*DAY),
        layout.configuration_key(HASH),
        layout.corpus_tasks_key("radio"),
        layout.probed_key("ab" * 32),
        layout.sound_key("ab" * 32),
        layout.first_of_sound_key("ab" * 32),
        layout.cut_of_sound_key("ab" * 32, HASH),
        layout.object_key(HASH),
        layout.derived_key("evaluate", RECORDING, HASH),
        layout.derived_key("describe", RECORDING, HASH),
        layout.failed_key("segment", HASH),
        layout.retry_key("segment", HASH),
        layout.rate_key("radio"),
        layout.publish_claim_key(*DAY, "night"),
        layout.audit_key(*DAY),
        layout.INDEX_STATE_KEY,
        layout.OUTPUT_MARKER_KEY,
        layout.correction_key("radio", "20261121T101500123Z-0a1b2c3d4e5f"),
        layout.ACCEPTED_KEY,
        layout.quality_key("radio", "2026-11-21", "2026-11-21"),
        layout.trained_key("radio", HASH),
        layout.description_key(*DAY, RECORDING, HASH),
    ],
)
def test_what_stays(key: str) -> None:
    assert place_of(key) is None
    assert is_kept(key)


@pytest.mark.parametrize(
    "key", ["clips/own.flac", "own/clips/x.flac", f"clips/{RECORDING}/{HASH}/0-1.wav", "note.txt"]
)
def test_what_is_not_ours(key: str) -> None:
    assert place_of(key) is None
    assert not is_kept(key)
