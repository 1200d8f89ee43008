"""Two writers of one partition, in every order that matters: on disks and in buckets alike."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from af3core.storage.address import open_store
from beam_jobs.derive.export import export_job
from beam_jobs.framework.ledger import Ledger
from beam_jobs.framework.parquet_encoding import decode_rows
from beam_jobs.framework.settings import JobSettings
from beam_jobs.night import annotate, discover, examination, publish, segment
from beam_jobs.search import index_job
from beam_jobs.search.index_reader import IndexReader
from beam_jobs.search.index_state import read_state
from schemas import layout
from schemas.records import AnnotatedClip, Failure
from tests.beam_jobs.rivals import STORES, claims_taken_over, meanwhile, out_in
from tests.beam_jobs.small_night import DAY, all_rows, night, rows, settings_of
from tests.media import programme, spoken, write

CLIPS = ("--max-clip-s", "30")


@pytest.fixture(params=STORES)
def out(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    with out_in(request.param, tmp_path) as address:
        yield address


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("archive")
    write(folder / DAY / "programme.flac", programme(60))
    return folder


def settings(archive: Path, out: str, checkpoint: Path, run: str, *more: str) -> JobSettings:
    return settings_of(archive, out, checkpoint, *CLIPS, "--run-id", run, *more)


def test_a_publisher_that_read_before_anothers_answers_does_not_replace_them(
    archive: Path, out: str, untrained: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Cut off between reading the ledger and writing; another one took its claim over, annotated
    and published; it comes back.
    """
    mine, other = (settings(archive, out, untrained, run) for run in ("mine", "other"))
    discover.run(mine)
    segment.run(mine)
    rival = dataclasses.replace(other)

    def annotate_and_publish() -> None:
        annotate.run(rival)
        with claims_taken_over():
            publish.run(rival)

    calls = meanwhile(monkeypatch, publish, "shard_rows", annotate_and_publish)
    publish.run(mine)
    # mine, the other's, and mine once more
    assert calls == [3]
    undisturbed = tmp_path / "undisturbed"
    night(archive, undisturbed, untrained, *CLIPS)
    assert all_rows(out, str(archive)) == all_rows(undisturbed, str(archive))
    assert sorted(row["source"] for row in rows(out, "runs")) == [str(archive)] * 2


def test_two_run_records_at_once_are_both_kept(
    archive: Path, out: str, untrained: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mine, other = (settings(archive, out, untrained, run) for run in ("mine", "other"))
    discover.run(mine)

    def publish_the_other() -> None:
        with claims_taken_over():
            publish.publish_day(DAY, [publish.assemble_shard(DAY, 0, 1, other)], other)

    assembled = publish.assemble_shard(DAY, 0, 1, mine)
    calls = meanwhile(monkeypatch, publish, "_run_row", publish_the_other)
    publish.publish_day(DAY, [assembled], mine)
    # mine, the other's, and mine once more
    assert calls == [3]
    store = open_store(out)
    with store.open(layout.shard_key("runs", "default", DAY, 0, 1)) as file:
        assert [r["run_id"] for r in decode_rows(file)] == ["other", "mine"]


def test_a_zombies_answers_change_nothing(archive: Path, out: str, untrained: Path) -> None:
    """Yesterday's attempt ends its clip after today's has asked it."""
    mine = settings(archive, out, untrained, "today")
    for job in (discover, segment, annotate):
        job.run(mine)
    ledger = Ledger(open_store(out))
    [recording] = {key.split("/")[3] for key in next(ledger.store.walk(["ledger/annotate/"]))}
    [known] = ledger.annotated([recording])
    before = dict(known)
    for entries in known.values():
        for entry in entries:
            ledger.put_annotated(dataclasses.replace(entry, run_id="yesterday", model_ms=1))
    assert ledger.annotated([recording]) == [before]
    [segmented] = ledger.segmented([recording], mine.segmentation_hash)
    assert segmented is not None
    ledger.put_segmented(dataclasses.replace(segmented, run_id="yesterday"))
    assert ledger.segmented([recording], mine.segmentation_hash) == [segmented]


def test_a_zombies_failure_does_not_set_attempts_back(out: str) -> None:
    ledger = Ledger(open_store(out))

    def failure(attempts: int, run: str) -> Failure:
        return Failure("segment", "u", "c", DAY, "DecodeStalled", "m", attempts, False, run)

    ledger.put_failed("key", failure(2, "today"))
    ledger.put_failed("key", failure(1, "yesterday"))
    assert ledger.failed("segment", ["key"]) == [failure(2, "today")]
    ledger.put_failed("key", failure(3, "tomorrow"))
    assert ledger.failed("segment", ["key"]) == [failure(3, "tomorrow")]


def test_the_plan_of_the_later_listing_stays(
    tmp_path: Path, out: str, untrained: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A plan that was listed before another recording came in is made anew after the newer one."""
    archive = tmp_path / "growing"
    write(archive / DAY / "first.wav", spoken())
    early = settings(archive, out, untrained, "early", "--shards", "2")

    def a_recording_comes_and_is_planned() -> None:
        write(archive / DAY / "second.wav", spoken("a train by the sea"))
        discover.run(settings(archive, out, untrained, "late", "--shards", "3"))

    meanwhile(monkeypatch, examination, "examined_object", a_recording_comes_and_is_planned)
    discover.run(early)
    manifest = Ledger(open_store(out)).manifest("default", DAY)
    assert manifest is not None
    assert (manifest.run_id, len(manifest.recordings)) == ("early", 2)
    assert manifest.shards == 3


def test_a_date_keeps_the_shards_of_its_first_plan(
    archive: Path, out: str, untrained: Path
) -> None:
    night(archive, out, untrained, *CLIPS, "--shards", "2")
    night(archive, out, untrained, *CLIPS, "--shards", "3")
    names = [key.rpartition("/")[2] for key in next(open_store(out).walk(["tables/recordings/"]))]
    assert names == ["part-00000-of-00002.parquet", "part-00001-of-00002.parquet"]


def test_two_indexers_lose_nothing(
    archive: Path,
    out: str,
    untrained: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Both have seen what is to be done; one comes first, and the other takes up its index."""
    monkeypatch.setattr("beam_jobs.search.index_files.CACHE", tmp_path / "cache")
    for corpus in ("first", "second"):
        night(archive, out, untrained, *CLIPS, "--corpus", corpus)
    first, second = (
        settings_of(archive, out, untrained, "--words-only", "--corpus", corpus, job="index")
        for corpus in ("first", "second")
    )
    calls = meanwhile(monkeypatch, index_job, "_todo", lambda: index_job.run(second))
    index_job.run(first)
    assert calls == [4]
    state = read_state(open_store(out))
    assert state is not None
    assert list(state.partitions) == [f"corpus={name}/date={DAY}" for name in ("first", "second")]
    documents = IndexReader.open(out, open_store(out)).documents
    assert documents is not None
    counts = [documents.count_rows(f"corpus = '{name}'") for name in ("first", "second")]
    assert counts == [entry.documents for entry in state.partitions.values()]
    assert min(counts) > 0


def test_an_export_beside_another_is_whole(archive: Path, out: str, untrained: Path) -> None:
    """Sounds are there before the list that names them."""
    night(archive, out, untrained, *CLIPS)
    mine = settings_of(archive, out, untrained, job="export")
    export_job.run(mine)
    export_job.run(mine)
    store = open_store(out)
    folder = layout.export_prefix("default", DAY, DAY, "af3")
    records = json.loads(store.read(folder + "train-00000.json") or b"")
    sounds = [folder + record["sound"] for record in records]
    assert store.exists(sounds) == [True] * len(sounds)


def test_an_answer_record_is_what_it_was(archive: Path, out: str, untrained: Path) -> None:
    """Two annotators on one clip, both past the claim: the first answers stay, whole."""
    mine, other = (settings(archive, out, untrained, run) for run in ("mine", "other"))
    discover.run(mine)
    segment.run(mine)
    work = next(annotate.missing_work(mine))
    ledger = Ledger(open_store(out))
    tasks = mine.task_hashes()
    annotate._ask_and_store(work, tasks, ledger, mine, {}, None)
    annotate._ask_and_store(work, tasks, ledger, other, {}, None)
    found: list[AnnotatedClip] = ledger.annotated_clip(work.clip.recording_id, work.clip.clip_id)
    assert [entry.run_id for entry in found] == ["mine"]
