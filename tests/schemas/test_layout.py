"""Where objects lie."""

from schemas import layout
from schemas.layout import (
    annotated_key,
    clip_key,
    clip_of_annotated_key,
    description_key,
    description_of,
    failed_key,
    manifest_key,
    object_key,
    outputs_among,
    probed_key,
    report_key,
    segmented_key,
    shard_count_of,
    shard_key,
)


def test_every_object_has_its_place() -> None:
    assert shard_key("captions", "bbc", "2026-11-21", 3, 16) == (
        "tables/captions/corpus=bbc/date=2026-11-21/part-00003-of-00016.parquet"
    )
    assert clip_key("rec", "seg", 0, 600_000) == "clips/rec/seg/000000000-000600000.flac"
    assert clip_key("rec", "seg", 0, 600_000, 3) == "clips/rec/seg/000000000-000600000-c03.flac"
    assert manifest_key("bbc", "2026-11-21") == "manifests/corpus=bbc/date=2026-11-21.json"
    assert probed_key("ab12") == "ledger/probe/ab/ab12.json"
    assert segmented_key("rec", "seg") == "ledger/segment/rec/seg.json"
    assert annotated_key("cd34", "clip", "group") == "ledger/annotate/cd/cd34/clip/group.json"
    assert clip_of_annotated_key(annotated_key("cd34", "clip", "group")) == "clip"
    assert object_key("ef56") == "ledger/objects/ef/ef56.json"
    assert report_key("bbc", "r1", "annotate") == "reports/corpus=bbc/run=r1/annotate.json"
    assert report_key("bbc", "r1", "annotate", (0, 4)) == (
        "reports/corpus=bbc/run=r1/annotate-0-of-4.json"
    )
    assert description_key("bbc", "2026-11-21", "rec", "said") == (
        "descriptions/corpus=bbc/date=2026-11-21/rec/said.opus"
    )
    assert failed_key("segment", "rec") == "ledger/failed/segment/rec.json"


def test_outputs_are_told_among_objects() -> None:
    keys = ["a/ledger/x", "a/b/af3-output.txt", "a/tables/y/z", "c/ledger/tables/x", "c/tables.wav"]
    assert outputs_among(keys) == ["a/"]
    assert outputs_among([*keys, "c/tables/x", "d/my-af3-output.txt"]) == ["a/", "c/"]
    assert outputs_among(["ledger/x", "tables/y", "e/af3-output.txt"]) == [""]
    assert outputs_among(["noledger/x", "tables/y", "af3-output.txt/x"]) == []


def test_every_folder_of_an_output_is_known() -> None:
    """The module's own list of what lies where."""
    listed = [line.split()[0] for line in (layout.__doc__ or "").splitlines() if "  " in line]
    folders = {place.split("/")[0] for place in listed if "/" in place}
    assert folders == set(layout.OUTPUT_FOLDERS)
    assert layout.OUTPUT_MARKER_KEY in listed


def test_shard_count_is_read_from_an_objects_name_and_from_nothing_else() -> None:
    assert shard_count_of(shard_key("captions", "bbc", "2026-11-21", 3, 16)) == 16
    assert shard_count_of("tables/captions/corpus=a/date=b/part-3-of-16.parquet") is None
    assert shard_count_of("tables/captions/notes.txt") is None


def test_a_description_is_known_by_its_key_and_nothing_else_is_one() -> None:
    assert description_of(description_key("bbc", "2026-11-21", "rec", "said")) == ("rec", "said")
    assert description_of("descriptions/corpus=bbc/date=2026-11-21/notes.txt") is None
    assert description_of("descriptions/corpus=bbc/date=2026-11-21/notes.opus") is None
    assert description_of("descriptions/corpus=bbc/date=2026-11-21/a/b/c.opus") is None
