"""A new model, cutting or prompt replaces what another one made, and says what."""

from __future__ import annotations

from pathlib import Path

import pytest

from beam_jobs.cli import main
from beam_jobs.night.replaced_rows import Replaced, add_up, replaced_rows, replaced_texts
from tests.beam_jobs.small_night import QUICK_TASKS, TOLERANT, make_archive, rows

HELD = {
    "recordings": [{"recording_id": "r1", "segmentation_hash": "a" * 24}],
    "segments": [{"recording_id": "r1", "segmentation_hash": "a" * 24}] * 3,
    "captions": [
        {
            "recording_id": "r1",
            "task_id": "caption",
            "model": "small",
            "weights_revision": "0123456789abcdef",
            "prompt_id": "p1",
        }
    ]
    * 2,
}


def changed(table: str, **values: str) -> dict[str, list[dict[str, str]]]:
    return HELD | {table: [row | values for row in HELD[table]]}


def test_equal_work_replaces_nothing() -> None:
    assert replaced_rows(HELD, HELD) == ()
    assert replaced_rows({}, HELD) == ()
    assert replaced_rows(HELD, {}) == ()


def test_another_model_or_prompt_replaces_a_tasks_rows() -> None:
    assert replaced_rows(changed("captions", model="large"), HELD) == (
        Replaced("caption", "small at 0123456789ab", "large at 0123456789ab", 1, 2),
    )
    assert replaced_rows(changed("captions", weights_revision="9" * 40), HELD) == (
        Replaced("caption", "small at 0123456789ab", "small at 999999999999", 1, 2),
    )
    assert replaced_rows(changed("captions", prompt_id="p2"), HELD) == (
        Replaced("caption", "prompt p1", "prompt p2", 1, 2),
    )


def test_another_cutting_replaces_segments_and_answers() -> None:
    new = changed("recordings", segmentation_hash="b" * 24)
    new |= {"segments": changed("segments", segmentation_hash="b" * 24)["segments"]}
    replaced = replaced_rows(new, HELD)
    assert replaced == (
        Replaced("caption", "cutting aaaaaaaaaaaa", "cutting bbbbbbbbbbbb", 1, 2),
        Replaced("segments", "cutting aaaaaaaaaaaa", "cutting bbbbbbbbbbbb", 1, 3),
    )
    assert replaced_texts(add_up([*replaced, *replaced])) == [
        "caption: 4 rows of 2 recordings of cutting aaaaaaaaaaaa, now of cutting bbbbbbbbbbbb",
        "segments: 6 rows of 2 recordings of cutting aaaaaaaaaaaa, now of cutting bbbbbbbbbbbb",
    ]


def test_a_night_under_another_cutting_says_what_it_replaces(
    untrained: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "tasks.yaml").write_text(QUICK_TASKS)
    out = tmp_path / "out"
    given = [str(make_archive(tmp_path / "arc")), "--out", str(out), "--model", str(untrained)]
    given += ["--tasks", str(tmp_path / "tasks.yaml")]
    assert main(["annotate", *given, *TOLERANT]) == 0
    assert "replaced" not in capsys.readouterr().out
    assert [row["replaced"] for row in rows(out, "runs")] == [[]]
    captions, segments = len(rows(out, "captions")), len(rows(out, "segments"))
    before = rows(out, "recordings")[0]["segmentation_hash"][:12]

    for job in (["plan", *given, "--max-segment-s", "20"], ["segment"], ["annotate"]):
        assert main([*job, *(["--out", str(out)] if len(job) == 1 else [])]) == 0
    capsys.readouterr()
    assert main(["publish", "--out", str(out), "--run-id", "mine"]) == 0
    after = rows(out, "recordings")[0]["segmentation_hash"][:12]
    what = f"of 2 recordings of cutting {before}, now of cutting {after}"
    said = capsys.readouterr().out
    for line in (
        f"replaced: caption: {captions} rows {what}",
        f"replaced: segments: {segments} rows {what}",
        f"replaced: transcript: {captions} rows {what}",
    ):
        assert line in said.splitlines()
    assert main(["publish", "--out", str(out), "--run-id", "mine"]) == 0
    assert "replaced: " not in capsys.readouterr().out
    assert main(["report", "--out", str(out), "--run-id", "mine"]) == 0
    said = capsys.readouterr().out
    assert f"replaced    caption: {captions} rows {what}" in said.splitlines()
    page = next((out / "reports").rglob("run=mine/report.html")).read_text()
    assert "Replaced by this run" in page
    assert f"segments: {segments} rows {what}" in page
