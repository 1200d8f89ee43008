"""A recording whose tags, name or container changed is neither decoded nor asked again."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from af3core.audio.decode import ffmpeg_binary
from af3core.storage.address import store_at
from beam_jobs.framework.ledger import Ledger
from beam_jobs.framework.manifests import Days, manifests
from beam_jobs.framework.progress import clock
from beam_jobs.night import annotate, discover, plan, publish, segment
from schemas.records import NightManifest
from tests.beam_jobs.job_settings import planned
from tests.beam_jobs.small_night import DAY, TOLERANT, night, rows, settings_of
from tests.media import ffmpeg, programme, write

ANSWERS = ("captions", "transcripts")
OWN = {"recording_id", "clip_id", "segment_id"}


def answers(out: Path) -> list[dict[str, Any]]:
    """All answers, without the names of what they are of."""
    found = [row for table in ANSWERS for row in rows(out, table)]
    return [{name: value for name, value in row.items() if name not in OWN} for row in found]


def clips(out: Path) -> list[str]:
    return [key for keys in store_at(str(out)).walk(["clips/"]) for key in keys]


def test_a_changed_title_and_container_ask_nothing_again(untrained: Path, tmp_path: Path) -> None:
    archive, out = tmp_path / "arc", tmp_path / "out"
    first = write(archive / DAY / "tape.mp3", programme(20), "-metadata", "title=wrong")
    before = night(archive, out, untrained)
    [row_before], answers_before, clips_before = rows(out, "recordings"), answers(out), clips(out)
    assert before.answers_made == len(answers_before) > 0

    ffmpeg("-i", str(first), "-c", "copy", "-metadata", "title=right", str(tmp_path / "new.mp3"))
    (tmp_path / "new.mp3").replace(first)
    after = night(archive, out, untrained)
    [row] = rows(out, "recordings")
    assert (after.answers_made, row["status"]) == (0, "annotated")
    assert row["recording_id"] != row_before["recording_id"]
    assert row["content_sha256"] != row_before["content_sha256"]
    assert row["sound_sha256"] == row_before["sound_sha256"]
    assert answers(out) == answers_before
    assert {r["recording_id"] for table in ANSWERS for r in rows(out, table)} == {
        row["recording_id"]
    }
    assert {r["clip_uri"] for r in rows(out, "segments")} == set(clips_before)
    assert clips(out) == clips_before

    ffmpeg("-i", str(first), "-c", "copy", str(first.with_suffix(".mka")))
    first.unlink()
    assert night(archive, out, untrained).answers_made == 0
    [row] = rows(out, "recordings")
    assert (row["container"], row["status"]) == ("matroska,webm", "annotated")
    assert answers(out) == answers_before
    assert clips(out) == clips_before


DEADLINE_S = 240
NEXT_DAY = "2026-11-22"
SPLIT = ("--max-clip-s", "30")


def copies(archive: Path, seconds: float = 20, day: str = DAY) -> list[Path]:
    """Three files of one sound: one that is retagged, and one in another container."""
    first = write(archive / DAY / "tape.mp3", programme(seconds), "-metadata", "title=one")
    retagged, other = (first.with_name(name) for name in ("take two.mp3", "tape.mka"))
    for copy in (retagged, other):
        folder = archive / day if copy is other else archive / DAY
        folder.mkdir(exist_ok=True)
        ffmpeg("-i", str(first), "-c", "copy", "-metadata", "title=x", str(folder / copy.name))
    return [first, retagged, archive / day / other.name]


def by_recording(out: Path) -> dict[str, list[Any]]:
    """The answers of each recording, without names."""
    found: dict[str, list[Any]] = {}
    for table in ANSWERS:
        for row in rows(out, table):
            kept = {name: value for name, value in row.items() if name not in OWN}
            found.setdefault(row["recording_id"], []).append((table, kept))
    return found


def days(out: Path) -> list[NightManifest]:
    """The plans of all days."""
    everything = Days("default", "0001-01-01", "9999-12-31")
    return list(manifests(Ledger(store_at(str(out))), everything))


def check_whole(out: Path, recordings: int) -> None:
    """Each recording has the same answers, and its seconds are annotated or skipped."""
    found = by_recording(out)
    first, *others = found.values()
    assert len(found) == recordings
    assert all(each == first for each in others)
    for row in rows(out, "recordings"):
        skipped_ms = sum(part["duration_ms"] for part in row["skipped"])
        assert (row["status"], row["duration_ms"]) == (
            "annotated",
            row["annotated_ms"] + skipped_ms,
        )


def test_copies_that_are_new_in_one_night_are_asked_once(untrained: Path, tmp_path: Path) -> None:
    archive, out, alone = (tmp_path / name for name in ("arc", "out", "alone"))
    copies(archive, 40)
    made = night(archive, out, untrained, *SPLIT)
    check_whole(out, 3)
    found = rows(out, "recordings")
    first = min(row["recording_id"] for row in found)
    assert {row["recording_id"]: row["taken_over_from"] for row in found} == {
        row["recording_id"]: None if row["recording_id"] == first else first for row in found
    }
    assert {clip.split("/")[1] for clip in clips(out)} == {first}
    assert made.answers_made == len(by_recording(out)[first])
    assert (made.recordings, made.recordings_taken_over) == (3, 2)
    assert made.taken_over_ms * 3 == made.duration_ms * 2
    said = "2 recordings have the answers of another one of the same sound"
    assert f"equal sound {said}, {clock(made.taken_over_ms)} of audio" in made.lines()
    [run] = rows(out, "runs")
    assert (run["recordings_taken_over"], run["taken_over_ms"]) == (2, made.taken_over_ms)
    assert run["answers_made"] == made.answers_made
    again = night(archive, out, untrained, *SPLIT)
    assert (again.answers_made, again.recordings_taken_over) == (0, 2)

    lone = next(row for row in found if row["recording_id"] == first)
    (alone / "arc" / DAY).mkdir(parents=True)
    Path(lone["object_uri"]).rename(alone / "arc" / DAY / "tape.mp3")
    assert night(alone / "arc", alone / "out", untrained, *SPLIT).answers_made == made.answers_made
    assert by_recording(alone / "out")[first] == by_recording(out)[first]


def test_copies_in_two_days_of_a_plan_that_is_run_in_pieces(
    untrained: Path, tmp_path: Path
) -> None:
    archive, out = tmp_path / "arc", tmp_path / "out"
    copies(archive, 40, day=NEXT_DAY)
    whole = settings_of(archive, out, untrained, *SPLIT, "--run-id", "r", job="plan")
    planned_facts = plan.run(whole).facts
    found = sorted((r for day in days(out) for r in day.recordings), key=lambda r: r.recording_id)
    length_ms, *others_ms = (recording.media.likely_duration_ms for recording in found)
    assert planned_facts["to_cut_ms"] == length_ms
    assert (planned_facts["taken_over"], planned_facts["taken_over_ms"]) == (2, sum(others_ms))
    assert segment.run(planned(whole, "segment")).facts["recordings_cut"] == 1
    between = plan.run(whole)
    assert 0 < between.facts["to_ask_ms"] <= length_ms
    assert (between.facts["taken_over"], between.facts["to_cut_ms"]) == (2, 0)
    assert f"equal sound 2 of them, {clock(between.facts['taken_over_ms'])}" in str(between.lines)

    parts = [planned(whole, "annotate", "--part", f"{n}/2") for n in (0, 1)]
    facts = [annotate.run(part).facts for part in parts]
    assert sum(each.get("asked_ms", 0) for each in facts) == between.facts["to_ask_ms"]
    asked = sum(each["answers_made"] for each in facts)
    publish.run(planned(whole, "publish"))
    check_whole(out, 3)
    assert sum(map(len, by_recording(out).values())) == 3 * asked
    assert sum(row["recordings_taken_over"] for row in rows(out, "runs")) == 2
    done = plan.run(whole).facts
    assert (done["to_cut_ms"], done["to_ask_ms"], done["taken_over"]) == (0, 0, 2)
    assert done["held_ms"] == between.facts["to_ask_ms"]


def test_days_that_are_run_apart_share_too(untrained: Path, tmp_path: Path) -> None:
    """The day whose copy is no first of its sound comes first; another task comes later."""
    archive, out = tmp_path / "arc", tmp_path / "out"
    copies(archive, day=NEXT_DAY)
    discover.run(settings_of(archive, out, untrained, job="night"))
    made = night(archive, out, untrained, "--date", NEXT_DAY)
    assert made.answers_made > 0
    assert night(archive, out, untrained, "--date", DAY).answers_made == 0
    check_whole(out, 3)
    more = ("--ask", "mood=Is it sad?")
    assert night(archive, out, untrained, "--date", DAY, *more).answers_made == 1
    tasks = settings_of(archive, out, untrained, "--date", NEXT_DAY, *more, job="plan")
    assert plan.run(tasks).facts["to_ask_ms"] == 0
    after = night(archive, out, untrained, "--date", NEXT_DAY, *more)
    assert after.answers_made == 0
    assert len(rows(out, "answers")) == 3


def test_machines_that_work_at_once_cut_and_ask_once(untrained: Path, tmp_path: Path) -> None:
    """One machine for each day, from the listing to the tables."""
    archive, out = tmp_path / "arc", tmp_path / "out"
    copies(archive, 40, day=NEXT_DAY)
    settings_of(archive, out, untrained)  # writes the tasks
    command = [sys.executable, "-m", "beam_jobs", "annotate", str(archive), "--out", str(out)]
    command += [
        *SPLIT,
        *TOLERANT,
        "--model",
        str(untrained),
        "--tasks",
        str(tmp_path / "quick_tasks.yaml"),
    ]
    reports = {day: tmp_path / f"{day}.json" for day in (DAY, NEXT_DAY)}
    processes = [
        subprocess.Popen([*command, "--date", day, "--run-id", day, "--report", str(report)])
        for day, report in reports.items()
    ]
    assert [process.wait(DEADLINE_S) for process in processes] == [0, 0]
    facts = [json.loads(report.read_text())["facts"] for report in reports.values()]
    check_whole(out, 3)
    assert len({clip.split("/")[1] for clip in clips(out)}) == 1
    assert sum(each["recordings_taken_over"] for each in facts) == 2
    answers_made = sum(each["answers_made"] for each in facts)
    assert answers_made * 3 == sum(map(len, by_recording(out).values())) > 0


LOST = ("ledger/segment/", "ledger/annotate/")


@pytest.mark.parametrize("lost", [LOST[:1], LOST[1:], LOST])
def test_killed_after_any_write_nothing_is_asked_twice(
    lost: tuple[str, ...], untrained: Path, tmp_path: Path
) -> None:
    """What a copy was given is gone, as if the run had died before it wrote it."""
    archive, out = tmp_path / "arc", tmp_path / "out"
    copies(archive)
    night(archive, out, untrained)
    before = {name: sorted(map(str, found)) for name, found in by_recording(out).items()}
    _, *others = sorted(row["recording_id"] for row in rows(out, "recordings"))
    for copy in others:
        found = [key for prefix in lost for key in (out / prefix).rglob("*.json")]
        for key in [key for key in found if copy in str(key)]:
            key.unlink()
    again = night(archive, out, untrained)
    assert (again.answers_made, again.recordings_taken_over) == (0, 2)
    after = {name: sorted(map(str, found)) for name, found in by_recording(out).items()}
    assert after == before


def test_where_the_first_copy_cannot_be_read_the_next_is_tried(
    untrained: Path, tmp_path: Path
) -> None:
    archive, out = tmp_path / "arc", tmp_path / "out"
    copies(archive)
    settings = settings_of(archive, out, untrained)
    discover.run(settings)
    [day] = days(out)
    first, second, third = day.recordings
    away = Path(first.uri).rename(tmp_path / "away")
    found = segment.run(settings)
    assert (found.facts["recordings_cut"], found.facts["recordings_taken_over"]) == (1, 1)
    assert found.waiting == {"UnreadableObject": 1}
    made = annotate.run(settings).facts["answers_made"]
    publish.run(settings)
    statuses = {row["recording_id"]: row["status"] for row in rows(out, "recordings")}
    assert statuses == {
        first.recording_id: "waiting",
        second.recording_id: "annotated",
        third.recording_id: "annotated",
    }
    assert [row["object_uri"] for row in rows(out, "failures")] == [first.uri]
    away.rename(first.uri)
    again = night(archive, out, untrained)
    assert made > 0
    assert (again.answers_made, again.recordings_taken_over) == (0, 2)
    check_whole(out, 3)
    assert {clip.split("/")[1] for clip in clips(out)} == {second.recording_id}


def test_a_question_that_fails_fails_for_each_copy_by_its_name(
    untrained: Path, tmp_path: Path
) -> None:
    archive, out = tmp_path / "arc", tmp_path / "out"
    copies(archive)
    settings = settings_of(archive, out, untrained)
    discover.run(settings)
    segment.run(settings)
    [clip] = clips(out)
    whole = (out / clip).read_bytes()
    (out / clip).write_bytes(b"no sound")
    annotate.run(settings)
    publish.run(settings)
    failures = rows(out, "failures")
    found = {row["recording_id"]: 0 for row in rows(out, "recordings")}
    for row in failures:
        found[row["recording_id"]] += 1
    assert len(found) == 3
    assert len(set(found.values())) == 1 < max(found.values())
    (out / clip).write_bytes(whole)


def test_another_sound_under_the_same_name_is_asked(untrained: Path, tmp_path: Path) -> None:
    archive, out = tmp_path / "arc", tmp_path / "out"
    write(archive / DAY / "tape.flac", programme(4))
    night(archive, out, untrained)
    write(archive / DAY / "tape.flac", programme(4)[:40_000])
    assert night(archive, out, untrained).answers_made == 2


def test_a_recording_that_is_refused_leaves_no_clips(untrained: Path, tmp_path: Path) -> None:
    archive, out = tmp_path / "arc", tmp_path / "out"
    sound = write(tmp_path / "long.wav", programme(100)[: 100 * 16_000])
    (archive / DAY).mkdir(parents=True)
    streamed = subprocess.run(  # whose length nobody declares
        [ffmpeg_binary(), "-loglevel", "error", "-i", str(sound), "-f", "matroska", "pipe:1"],
        check=True,
        capture_output=True,
    )
    (archive / DAY / "long.mka").write_bytes(streamed.stdout)
    night(archive, out, untrained, "--max-recording-h", "0.02", "--max-clip-s", "30")
    [failure] = rows(out, "failures")
    assert (failure["stage"], failure["error_class"]) == ("segment", "TooLong")
    assert clips(out) == []
