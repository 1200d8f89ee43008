"""Nothing there is not all done: what was never planned is an error, with the names that exist."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from af3core.storage.address import open_store
from beam_jobs.cli import main
from beam_jobs.framework.known_nights import check_nights, known_corpora
from beam_jobs.framework.manifests import Days
from schemas.jobs import JOBS
from tests.beam_jobs.small_night import DAY
from tests.faulty_network import between
from tests.media import spoken, write
from tests.storage_server import BUCKET, bucket, found_at, server_address

READING = [job.name for job in JOBS if job.reads_nights]
NEEDED = {
    "quality": ["--since", DAY, "--until", DAY],
    "retry": ["--failed-by", "DecoderCrashed"],
    "chat": ["--conversations", "none.yaml"],
}


@pytest.fixture(scope="module")
def out(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One planned day of the corpus radio; to be read, not written to."""
    folder = tmp_path_factory.mktemp("known")
    write(folder / "arc" / DAY / "a.wav", spoken())
    place = ["--out", str(folder / "annotated"), "--corpus", "radio"]
    assert main(["plan", str(folder / "arc"), *place]) == 0
    return folder / "annotated"


def states(folder: Path) -> dict[str, int]:
    return {str(path): path.stat().st_mtime_ns for path in folder.rglob("*")}


@pytest.mark.parametrize("job", READING)
def test_an_unknown_corpus_is_an_error_of_every_job(
    job: str, out: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = states(out)
    capsys.readouterr()
    assert main([job, "--out", str(out), "--corpus", "raido", *NEEDED.get(job, [])]) == 2
    assert capsys.readouterr().err == (
        f"af3: --corpus raido: none of {out}; did you mean radio? there is radio\n"
    )
    assert states(out) == before


@pytest.mark.parametrize("job", READING)
def test_days_that_nobody_planned_are_an_error_of_every_job(
    job: str, out: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    days = ["--since", "2026-11-22", "--until", "2026-11-30"]
    needed = NEEDED.get(job, []) if job != "quality" else []
    capsys.readouterr()
    assert main([job, "--out", str(out), "--corpus", "radio", *days, *needed]) == 2
    assert capsys.readouterr().err == (
        "af3: corpus radio: nothing is planned from 2026-11-22 to 2026-11-30; planned are 1 days"
        f" from {DAY} to {DAY}; correct the days, or run af3 plan --out {out} --corpus radio"
        " over them first\n"
    )


@pytest.mark.parametrize("job", READING)
def test_a_folder_that_is_no_output_is_an_error_and_is_not_made(
    job: str, out: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    missing = out.with_name("anotated")
    capsys.readouterr()
    assert main([job, "--out", str(missing), *NEEDED.get(job, [])]) == 2
    assert capsys.readouterr().err == (
        f"af3: --out {missing}: no night was planned there; did you mean {out}? name the folder"
        " that a night was planned in\n"
    )
    assert not missing.exists()


@pytest.mark.parametrize("reader", [["query", "SELECT 1"], ["search", "storm"], ["browse"]])
def test_a_reader_of_a_folder_that_is_no_output_names_the_one_beside_it(
    reader: list[str], out: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    missing = out.with_name("anotated")
    capsys.readouterr()
    assert main([*reader, "--out", str(missing)]) == 2
    assert capsys.readouterr().err == (
        f"af3: --out {missing}: no tables there; did you mean {out}? name the folder that af3"
        " annotate wrote to\n"
    )
    assert not missing.exists()


def test_tables_without_their_plans_are_known(out: Path, tmp_path: Path) -> None:
    copy = Path(shutil.copytree(out, tmp_path / "copy"))
    shutil.rmtree(copy / "manifests")
    store = open_store(str(copy))
    shard = f"tables/recordings/corpus=tapes/date={DAY}/part-00000-of-00001.parquet"
    store.write(shard, b"")
    assert known_corpora(store) == ["tapes"]
    check_nights(store, Days("tapes", "2026-11-01", "2026-11-30"))


@pytest.mark.storage_server
@pytest.mark.parametrize("until", [DAY, "2026-11-30"])
def test_a_known_night_costs_one_request(until: str) -> None:
    with bucket(), between(server_address()) as network, found_at(network.address):
        store = open_store(f"gs://{BUCKET}/out")
        store.write(f"manifests/corpus=radio/date={DAY}.json", b"{}")
        store.write("manifests/configurations/a.json", b"{}")
        before = len(network.requests)
        check_nights(store, Days("radio", DAY, until))
        assert len(network.requests) - before == 1
        assert known_corpora(store) == ["radio"]
