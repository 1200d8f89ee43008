"""`af3 clean` over real nights: what goes, what stays, and what stops it."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from af3core.errors import ConfigurationError
from af3core.storage.folder import FolderStore
from beam_jobs.clean.clean_job import clean
from beam_jobs.clean.names import NamesLost
from beam_jobs.cli import main
from beam_jobs.derive.export import export_job
from beam_jobs.framework.ledger import Ledger
from beam_jobs.night import annotate, discover, segment
from schemas import layout
from tests.beam_jobs.clean.cleaned import (
    CUT,
    OTHERWISE,
    check_clips,
    check_whole,
    cleaned,
    keys_below,
)
from tests.beam_jobs.job_settings import planned
from tests.beam_jobs.small_night import DAY, night, rows, settings_of
from tests.media import ffmpeg, programme, write


def test_what_would_go_is_said_and_removed_on_request(
    made: Path, place: Path, untrained: Path
) -> None:
    store, out = FolderStore(place / "out"), place / "out"
    answers = keys_below(store, "ledger/annotate/")
    clips = keys_below(store, "clips/")
    said = cleaned(store, removes=False)
    assert said.facts["found"] == {"cut": 2, "clip": 2}
    assert said.facts["removed"] == {}
    assert said.lines[0].startswith("cut      2 objects, 0.0 MB: cuts of recordings that no plan")
    assert said.lines[-1] == "nothing is removed yet; --yes does"
    assert keys_below(store, "clips/") == clips

    done = cleaned(store)
    assert done.facts["removed"] == {"cut": 2, "clip": 2}
    assert done.facts["removed_bytes"] == said.facts["found_bytes"] > 100_000
    assert done.lines[-1] == "removed"
    check_whole(store, out)
    assert len(keys_below(store, "ledger/segment/")) == 2
    assert keys_below(store, "ledger/annotate/") == answers
    assert len(list((out / "clips").iterdir())) == 2
    assert cleaned(store).lines == ["nothing to remove: all is named, or too young (--keep-days)"]

    # what was asked under the cut that went is not asked again
    assert night(made / "arc", out, untrained, *CUT).answers_made == 0
    check_whole(store, out)


def test_what_is_young_stays(place: Path) -> None:
    store = FolderStore(place / "out")
    before = keys_below(store, "")
    assert clean(store, keep_s=3600, removes=True, settled_s=-1).facts["found"] == {}
    # and so does what was planned otherwise until a moment ago
    assert clean(store, keep_s=-1, removes=True).facts["found"] == {}
    assert set(keys_below(store, "")) >= set(before)


def test_a_night_that_waits_to_be_published_keeps_all_of_it(
    made: Path, place: Path, untrained: Path
) -> None:
    store, out = FolderStore(place / "out"), place / "out"
    waiting = settings_of(made / "arc", out, untrained, "--max-clip-s=35")
    discover.discover(waiting)
    segment.run(planned(waiting, "segment"))
    annotate.run(planned(waiting, "annotate"))
    kept = {
        *keys_below(store, "ledger/annotate/"),
        *keys_below(store, f"reports/corpus=default/run={waiting.run_id}/"),
    }
    published = {row["clip_uri"] for row in rows(out, "segments")}
    assert cleaned(store).facts["found"] == {"cut": 2, "clip": 2}
    there = set(keys_below(store, ""))
    assert kept | published <= there
    check_whole(store, out)
    assert night(made / "arc", out, untrained, "--max-clip-s=35").answers_made == 0


def test_a_night_that_waits_keeps_the_clips_that_it_took_over(
    tmp_path: Path, untrained: Path
) -> None:
    """A recording's clips are those of another of its sound, which left the archive since."""
    store, out, day = FolderStore(tmp_path / "out"), tmp_path / "out", tmp_path / "arc" / DAY
    first = write(day / "tape.flac", programme(4))
    ffmpeg("-i", str(first), "-c", "copy", "-metadata", "title=x", str(day / "copy.flac"))
    waiting = settings_of(tmp_path / "arc", out, untrained)
    discover.discover(waiting)
    segment.run(planned(waiting, "segment"))
    [clip] = keys_below(store, "clips/")
    plan = Ledger(store).manifest("default", DAY)
    assert plan is not None
    for recording in plan.recordings:
        if recording.recording_id == layout.recording_of_clip(clip):
            Path(recording.uri).unlink()
    discover.discover(waiting)

    assert "clip" not in cleaned(store).facts["removed"]
    check_clips(store)
    assert annotate.run(planned(waiting, "annotate")).waiting == {}


def test_a_recording_that_left_the_archive_goes_with_its_answers(
    made: Path, place: Path, untrained: Path
) -> None:
    store, out = FolderStore(place / "out"), place / "out"
    shutil.copytree(made / "arc", place / "arc")
    # as the archive of the plan: an output is of one source
    night(place / "arc", out, untrained, *OTHERWISE)
    gone = next(
        r["recording_id"] for r in rows(out, "recordings") if r["object_uri"].endswith("long.mp3")
    )
    (place / "arc" / DAY / "long.mp3").unlink()
    night(place / "arc", out, untrained, *OTHERWISE, "--accept-missing")
    # the plan names what it withdrew: its answers are there if it comes back
    assert "answers" not in cleaned(store).facts["removed"]
    assert keys_below(store, f"clips/{gone}/") == []
    night(place / "arc", out, untrained, *OTHERWISE)
    removed = cleaned(store).facts["removed"]
    assert removed["answers"] > 0
    assert keys_below(store, f"ledger/annotate/{gone[:2]}/{gone}/") == []
    check_whole(store, out)


def test_what_is_not_ours_is_named_and_left(place: Path) -> None:
    store = FolderStore(place / "out")
    strange = [
        "clips/notes.txt",
        "music/own.flac",
        "ledger/annotate/ab/mine.json",
        "clips/\x1b[2J.flac",
    ]
    for key in strange:
        store.write(key, b"mine")
    os.symlink(place / "nowhere", place / "out" / "clips" / "dangling")
    done = cleaned(store)
    assert done.facts["foreign"] == 4
    assert store.exists(strange) == [True] * 4
    [line] = [line for line in done.lines if line.startswith("not ours")]
    assert "music/own.flac" in line
    assert "\x1b" not in line


@pytest.mark.parametrize(
    ("lost", "said"),
    [
        ("manifests/corpus=default", "the day is published and its plan is gone"),
        (f"tables/segments/corpus=default/date={DAY}", "published, and not there"),
        ("manifests/configurations", "the options that it names are gone"),
    ],
)
def test_where_names_are_lost_nothing_is_removed(place: Path, lost: str, said: str) -> None:
    store = FolderStore(place / "out")
    shutil.rmtree(place / "out" / lost)
    before = keys_below(store, "clips/")
    with pytest.raises(NamesLost, match=said):
        cleaned(store)
    assert keys_below(store, "clips/") == before


def test_damaged_names_and_tables_of_a_newer_release_stop_it(place: Path) -> None:
    store = FolderStore(place / "out")
    before = keys_below(store, "clips/")
    key = f"tables/melodies/corpus=default/date={DAY}/part-00000-of-00001.parquet"
    store.write(key, b"PAR1")
    with pytest.raises(NamesLost, match="a table of a newer release"):
        cleaned(store)
    store.delete(key)
    manifest = f"manifests/corpus=default/date={DAY}.json"
    store.write(manifest, b"{")
    with pytest.raises(NamesLost, match="run af3 plan over its day again"):
        cleaned(store)
    assert keys_below(store, "clips/") == before


def test_one_shard_of_several_that_is_gone_stops_it(
    tmp_path: Path, made: Path, untrained: Path
) -> None:
    night(made / "arc", tmp_path / "out", untrained, "--shards=2")
    store = FolderStore(tmp_path / "out")
    (
        tmp_path / f"out/tables/segments/corpus=default/date={DAY}/part-00001-of-00002.parquet"
    ).unlink()
    with pytest.raises(NamesLost, match="some of its objects are not there"):
        cleaned(store)


def test_reports_of_runs_that_published_nothing_go(place: Path) -> None:
    store = FolderStore(place / "out")
    store.write("reports/corpus=default/run=stray/index.json", b"{}")
    store.write("reports/corpus=default/run=stray/notes.txt", b"mine")
    named = [key for key in keys_below(store, "reports/") if "stray" not in key]
    assert cleaned(store).facts["removed"]["report"] == 1
    assert keys_below(store, "reports/") == sorted(
        [*named, "reports/corpus=default/run=stray/notes.txt"]
    )


def test_exports_and_states_of_the_index(place: Path) -> None:
    out = place / "out"
    store = FolderStore(out)
    export_job.run(settings_of("", out, Path(), "--until", DAY, job="export"))
    held = keys_below(store, "exports/")
    assert [key.rpartition("/")[2] for key in held] == ["datasheet.md", "train-00000.json"]
    for key in held:  # of a day that is gone
        store.write(key.replace(DAY, "2020-01-01"), b"old")
    store.write("indexes/search/0123456789ab/texts.lance/data/1.lance", b"old")
    # nothing says which state is the index
    removed = cleaned(store).facts["removed"]
    assert removed["export"] == len(held)
    assert "index" not in removed
    assert keys_below(store, "exports/") == held


def test_the_command(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = str(place / "out")
    assert main(["clean", "--out", out]) == 0
    assert (
        capsys.readouterr().out == "nothing to remove: all is named, or too young (--keep-days)\n"
    )
    assert main(["clean", "--out", out, "--keep-days", "0"]) == 2
    assert capsys.readouterr().err == (
        "af3: --keep-days 0: must be 1 or more: running jobs name what they write at their end\n"
    )
    assert main(["clean", "--out", str(place / "typo"), "--yes"]) == 2
    assert f"{place}/typo: no results there; name" in capsys.readouterr().err
    assert not (place / "typo").exists()


def test_an_empty_folder_is_no_output(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="no output there"):
        cleaned(FolderStore(tmp_path))
