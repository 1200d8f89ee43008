"""Outputs are marked by whoever writes first, known again, and kept apart from recordings."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from af3core.errors import ConfigurationError
from af3core.storage.address import open_store
from beam_jobs.cli import main
from beam_jobs.framework.outputs import check_apart, is_output_at, mark_output, near_output
from schemas.jobs import JOBS
from schemas.layout import OUTPUT_MARKER_KEY
from tests.beam_jobs.small_night import DAY, make_archive
from tests.faulty_network import between
from tests.media import spoken, write
from tests.storage_server import BUCKET, bucket, found_at, server_address


def test_the_first_of_many_jobs_marks_an_output_and_nobody_again(tmp_path: Path) -> None:
    store = open_store(str(tmp_path / "out"))
    with ThreadPoolExecutor(8) as threads:
        list(threads.map(mark_output, [store] * 16))
    marker = tmp_path / "out" / OUTPUT_MARKER_KEY
    assert marker.read_text().startswith("af3-archive keeps its results here")
    state = marker.stat()
    mark_output(store)
    assert marker.stat() == state
    assert is_output_at(str(tmp_path / "out"))


def test_jobs_that_list_an_archive_or_evaluate_begin_outputs_and_others_read_them() -> None:
    assert [job.name for job in JOBS if job.begins_output] == [
        "discover",
        "plan",
        "night",
        "watch",
        "evaluate",
    ]
    assert [job.name for job in JOBS if not job.reads_nights] == [
        "discover",
        "plan",
        "night",
        "watch",
        "clean",
        "retain",
        "withdraw",
        "evaluate",
        "accept",
    ]


def test_a_plan_marks_its_output(tmp_path: Path) -> None:
    write(tmp_path / "arc" / DAY / "a.wav", spoken())
    assert main(["plan", str(tmp_path / "arc"), "--out", str(tmp_path / "out")]) == 0
    assert is_output_at(str(tmp_path / "out"))


@pytest.mark.parametrize(
    ("made", "is_output"),
    [
        (["ledger/x", "tables/y"], True),
        (["ledger/x", "radio.mp3"], False),
        (["tables/y", "clips/z"], False),
        ([OUTPUT_MARKER_KEY], True),
    ],
)
def test_outputs_before_the_marker_are_told_by_their_folders(
    tmp_path: Path, made: list[str], is_output: bool
) -> None:
    for name in made:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    assert is_output_at(str(tmp_path)) == is_output


def test_results_are_no_recordings(tmp_path: Path) -> None:
    out = tmp_path / "out"
    for folder in ("archive", "clips/rec", "exports"):
        (out / folder).mkdir(parents=True)
    (tmp_path / "link").symlink_to(out / "clips")
    mark_output(open_store(str(out)))
    other = str(tmp_path / "other")
    for source, line in {
        out: f"SOURCE {out}: results of af3 are no recordings, and it holds them",
        out / "clips": f"and it lies among the results of af3 in {out}; name the folder of the",
        out / "clips" / "rec": f"and it lies among the results of af3 in {out}; name",
        tmp_path / "link": f"and it lies among the results of af3 in {out}; name",
    }.items():
        with pytest.raises(ConfigurationError) as caught:
            check_apart(str(source), other)
        assert line in str(caught.value)
    with pytest.raises(ConfigurationError) as caught:
        check_apart(f"{tmp_path}/archive/", f"{tmp_path}/out/../archive")
    assert str(caught.value) == (
        f"SOURCE {tmp_path}/archive/ is --out too, and results would be taken for recordings; name"
        " another folder with --out"
    )
    # recordings beside the results are the archive's, and so are those around them
    check_apart(str(out / "archive"), str(out))
    check_apart(str(tmp_path), str(out))
    check_apart(str(write(out / "a.wav", spoken())), str(out))


@pytest.mark.storage_server
def test_results_in_a_bucket_are_no_recordings() -> None:
    with bucket():
        store = open_store(f"gs://{BUCKET}/nights/out")
        store.write("clips/a.flac", b"")
        old = open_store(f"gs://{BUCKET}/old")
        old.write("ledger/x", b"")
        check_apart(f"gs://{BUCKET}/old", "o")
        old.write("tables/y", b"")
        mark_output(store)
        mark_output(store)
        for source in ("nights/out", "nights/out/clips", "old", "old/tables/"):
            with pytest.raises(ConfigurationError, match="results of af3 are no recordings"):
                check_apart(f"gs://{BUCKET}/{source}", "o")
        with pytest.raises(ConfigurationError, match="is --out too"):
            check_apart(f"gs://{BUCKET}/radio/", f"gs://{BUCKET}/radio")
        check_apart(f"gs://{BUCKET}/nights", f"gs://{BUCKET}/nights/out")
        check_apart(f"gs://{BUCKET}/nights/out/radio", f"gs://{BUCKET}/nights/out")


@pytest.mark.storage_server
def test_a_marked_output_costs_a_job_one_request() -> None:
    with bucket(), between(server_address()) as network, found_at(network.address):
        store = open_store(f"gs://{BUCKET}/marked")
        mark_output(store)
        before = len(network.requests)
        mark_output(store)
        assert len(network.requests) - before == 1


@pytest.mark.parametrize("job", ["discover", "plan", "annotate"])
def test_an_archive_that_is_the_output_is_one_line(
    tmp_path: Path, job: str, capsys: pytest.CaptureFixture[str]
) -> None:
    archive = make_archive(tmp_path)
    assert main([job, str(archive), "--out", str(archive)]) == 2
    assert capsys.readouterr().err.startswith(f"af3: SOURCE {archive} is --out too")
    assert not (archive / OUTPUT_MARKER_KEY).exists()


def test_an_output_of_nearly_the_name_is_said(tmp_path: Path) -> None:
    mark_output(open_store(str(tmp_path / "annotated")))
    (tmp_path / "annotatde").mkdir()
    assert near_output(str(tmp_path / "anotated")) == f"did you mean {tmp_path}/annotated? "
    assert near_output(str(tmp_path / "annotatde")) == f"did you mean {tmp_path}/annotated? "
    assert near_output(str(tmp_path / "radio")) == ""
    assert near_output(str(tmp_path / "gone" / "annotated")) == ""
