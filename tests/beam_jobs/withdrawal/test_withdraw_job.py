"""Recordings of a real night withdrawn: hidden first, removed whole, wherever that is killed."""

from __future__ import annotations

import json
import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from af3core.storage.folder import FolderStore
from af3core.storage.store import Store
from beam_jobs.cli import main
from beam_jobs.framework.publishing import (
    Assembled,
    Publisher,
    Stamps,
    publish_objects,
)
from beam_jobs.framework.table_snapshot import take_snapshot
from beam_jobs.withdrawal.removal import STAGE_OF_TABLE
from beam_jobs.withdrawal.tombstone_log import read_withdrawn
from schemas import layout
from schemas.tables.derived_tables import ALL_TABLES
from tests.beam_jobs.small_night import DAY, rows
from tests.beam_jobs.withdrawal.conftest import NAME
from tests.beam_jobs.withdrawal.full_output import OTHERS, WITHDRAWN, full_output
from tests.beam_jobs.withdrawal.killed import Killed, dying_at, killed_process, raise_killed
from tests.beam_jobs.withdrawal.remnants import Remnants, remnants_of, without

ASKED = ("--reason", "asked for by a speaker", "--by", "Ada")


def withdraw(out: Path, *options: object, name: str = NAME) -> int:
    return main(["withdraw", name, "--out", str(out), *ASKED, *map(str, options)])


def recording_of(out: Path, name: str = NAME) -> str:
    [found] = [r for r in rows(out, "recordings") if r["object_uri"].endswith(f"/{name}")]
    return str(found["recording_id"])


def certificates(out: Path) -> list[dict[str, Any]]:
    return [json.loads(p.read_text()) for p in out.glob("withdrawals/*/certificates/*.json")]


def tables_without(out: Path, recording: str) -> dict[str, list[dict[str, Any]]]:
    tables = {path.name for path in (out / "tables").iterdir()}
    return {table: without(rows(out, table), recording) for table in sorted(tables)}


def test_every_table_has_its_stage() -> None:
    assert STAGE_OF_TABLE.keys() == {table.name for table in ALL_TABLES}


def test_nothing_is_left_of_it_wherever_the_removal_was_killed(
    shared: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = shutil.copytree(full_output(shared), tmp_path / "out")
    remnants, recording = remnants_of(out, WITHDRAWN), recording_of(out, WITHDRAWN)
    before = tables_without(out, recording)
    assert len(remnants.found_in(out)) > 30
    arguments = ("withdraw", WITHDRAWN, "--out", out, *ASKED, "--grace-days", 0)
    for key in ("tables/transcripts", "exports/", "withdrawals/corpus=default/certificates/"):
        assert killed_process(key, *arguments) == 9
        assert certificates(out) == []
    capsys.readouterr()
    assert main([str(each) for each in arguments]) == 0
    told = capsys.readouterr().out
    assert remnants.found_in(out) == {}
    [certificate] = certificates(out)
    assert {"clips/", "indexes/", "ledger/annotate/", "reports/"} <= certificate["removed"].keys()
    assert {"tables/transcripts/", "corrections/"} <= certificate["rewritten"].keys()
    assert len(certificate["exports"]) == 2
    assert f"removed {recording} of corpus default" in told
    assert "  may remain: the source" in told
    assert tables_without(out, recording) == before
    # what is made of the rest is made as ever
    assert len([*out.glob("reports/*/*/report.html")]) == 1
    for job in ("index", "export"):
        assert main([job, "--out", str(out)]) == 0
    assert main(["search", "the", "--out", str(out), "--mode", "words"]) == 0
    assert any(name in capsys.readouterr().out for name in OTHERS)
    assert remnants.found_in(out) == {}


def test_killed_at_each_change_and_run_again_it_ends_the_same(made: Path, tmp_path: Path) -> None:
    remnants = remnants_of(made, NAME)
    ends = set[str]()
    step, is_over = 0, False
    while not is_over:
        out = shutil.copytree(made, tmp_path / str(step))
        try:
            with dying_at(lambda _, count, at=step: count == at, raise_killed):  # type: ignore[misc]
                withdraw(out, "--grace-days", 0)
            is_over = True
        except Killed:
            assert withdraw(out, "--grace-days", 0) == 0
        assert remnants.found_in(out) == {}
        [certificate] = certificates(out)
        ends.add(json.dumps([certificate["removed"], certificate["rewritten"]]))
        assert len([*out.glob("withdrawn/*/*.json")]) == 1
        assert [*out.glob("withdrawals/*/removing/*")] == []
        shutil.rmtree(out)
        step += 3
    assert step > 20
    assert len(ends) <= 3  # of reports and copies that killed runs left


def test_it_is_hidden_first_and_removed_when_its_grace_time_is_over(
    out: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = remnants_of(out, NAME)
    held = before.found_in(out)
    assert withdraw(out) == 0
    assert "hidden from now on; removed by af3 withdraw --due" in capsys.readouterr().out
    assert before.found_in(out).keys() >= held.keys()
    [tombstone] = [json.loads(p.read_text()) for p in out.glob("withdrawn/*/*.json")]
    assert NAME not in json.dumps(tombstone)
    assert "Ada" not in json.dumps(tombstone)
    assert withdraw(out) == 0  # it stands
    assert len([*out.glob("withdrawn/*/*.json")]) == 1
    assert main(["withdraw", "--due", "--out", str(out)]) == 0
    assert "nothing is due" in capsys.readouterr().out
    assert before.found_in(out).keys() >= held.keys()
    _let_time_pass(out)
    assert main(["clean", "--out", str(out)]) == 0
    assert "1 withdrawn recordings are due" in capsys.readouterr().out
    assert main(["clean", "--out", str(out), "--yes"]) == 0
    assert before.found_in(out) == {}
    assert len(certificates(out)) == 1


def _let_time_pass(out: Path) -> None:
    """Set the grace time of all tombstones to an end long ago."""
    for path in out.glob("withdrawn/*/*.json"):
        value = json.loads(path.read_text())
        path.write_text(json.dumps(value | {"remove_after": "2026-01-01T00:00:00.000+00:00"}))


def test_it_is_restored_while_its_grace_time_lasts(
    out: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    recording = recording_of(out)
    restore = ["restore", NAME, "--out", str(out)]
    assert main(restore) == 2
    assert f"{NAME}: nothing withdrawn has this name" in capsys.readouterr().err
    assert withdraw(out) == 0
    assert main(restore) == 0
    assert capsys.readouterr().out.endswith(f"restored {recording} of corpus default\n")
    assert read_withdrawn(FolderStore(out)) == []
    assert withdraw(out, "--grace-days", 0) == 0
    assert withdraw(out, "--grace-days", 0) == 0, "it is done"
    assert len(certificates(out)) == 1
    by_id = ["restore", recording, "--out", str(out)]
    assert main(by_id) == 2
    assert "with --anew its tombstone is lifted" in capsys.readouterr().err
    assert main([*by_id, "--anew"]) == 0
    assert read_withdrawn(FolderStore(out)) == []
    logged = [path.read_text() for path in out.glob("audit_log/*/*.json")]
    actions = [entry["action"] for text in logged for entry in json.loads(text)["entries"]]
    assert sorted(actions) == ["restore", "restore", "withdraw", "withdraw"]
    assert NAME not in "".join(logged)


def test_what_is_held_is_kept_and_hidden(out: Path, capsys: pytest.CaptureFixture[str]) -> None:
    remnants = remnants_of(out, NAME)
    assert withdraw(out, "--until", "2027-01-01") == 0
    assert withdraw(out, "--legal-hold") == 0
    assert withdraw(out, "--grace-days", 0) == 0, "a hold comes first"
    assert remnants.found_in(out)
    assert certificates(out) == []
    assert main(["restore", NAME, "--out", str(out), "--holds"]) == 0
    assert main(["withdraw", "--due", "--out", str(out)]) == 0
    assert remnants.found_in(out), "until 2027 it is only hidden"
    for path in out.glob("withdrawn/*/*.json"):
        value = json.loads(path.read_text())
        path.write_text(json.dumps(value | {"until": value["until"] and "2026-01-01"}))
    assert main(["withdraw", "--due", "--out", str(out)]) == 0
    assert remnants.found_in(out) == {}


def test_a_day_whose_publisher_died_becomes_what_readers_saw(out: Path) -> None:
    store, recording = FolderStore(out), recording_of(out)
    remnants = remnants_of(out, NAME)
    before = tables_without(out, recording)
    with pytest.raises(Killed), dying_at(_is_second_table, raise_killed):
        _publish_nothing(store)
    assert withdraw(out, "--grace-days", 0) == 0
    assert remnants.found_in(out) == {}
    assert tables_without(out, recording) == before
    tables = take_snapshot(store, ["captions", "transcripts"]).by_table()
    assert tables.keys() == {"captions", "transcripts"}


def _is_second_table(key: str, _: int) -> bool:
    return key.startswith("tables/transcripts")


def _publish_nothing(store: Store) -> None:
    """Begin to replace a day's captions and transcripts by damage."""
    prefixes = [layout.partition_prefix(t, "default", DAY) for t in ("captions", "transcripts")]

    def keys() -> list[str]:
        return [key for found in store.walk(prefixes) for key in found]

    def assemble(stamps: Stamps) -> Assembled[None]:
        return Assembled(dict.fromkeys(sorted(stamps), b"damage"), None)

    claim = layout.publish_claim_key("default", DAY, "night")
    publish_objects(store, claim, Publisher("night", "died"), keys, assemble)


def test_names_that_are_none_are_said_on_the_terminal_alone(
    out: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert withdraw(out, name="nobody_knows.wav") == 2
    error = capsys.readouterr().err
    assert "nobody_knows.wav: no recording of corpus default has this name" in error
    reports = [p.read_text() for p in out.glob("reports/*/*/withdraw.json")]
    assert len(reports) == 1
    assert "nobody_knows" not in reports[0]
    for arguments, said in {
        ("withdraw", NAME, "--by", "Ada"): "--reason is missing",
        ("withdraw", NAME, "--reason", "so"): "--by is missing",
        ("withdraw",): "RECORDING is missing",
        ("withdraw", NAME, "--due"): "--due takes no RECORDING",
        ("withdraw", NAME, *ASKED, "--until", "2026-01-01"): "--until 2026-01-01: has passed",
        ("withdraw", NAME, "--by", "Ada", "--reason", f"no {NAME}"): "--reason names the recording",
        ("withdraw", NAME, *ASKED, "--until", "soon"): "write a day as YYYY-MM-DD",
        ("restore",): "RECORDING is missing",
    }.items():
        assert main([*arguments, "--out", str(out)]) == 2
        assert said in capsys.readouterr().err
    assert [*out.glob("withdrawn/**/*.json")] == []


def test_a_file_that_is_not_ours_is_named_and_nothing_is_certified(
    out: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (out / "notes.txt").write_text(f"heard in {NAME}")
    assert withdraw(out, "--grace-days", 0) == 1
    assert "notes.txt: names what is withdrawn, and is not of af3" in capsys.readouterr().err
    assert certificates(out) == []
    (out / "notes.txt").unlink()
    assert main(["withdraw", "--due", "--out", str(out)]) == 0
    assert len(certificates(out)) == 1


def late_object(out: Path, recording: str) -> Path:
    return out / layout.annotated_key(recording, "a" * 24, "b" * 24)


def test_what_a_job_wrote_late_goes_with_the_next_look(
    out: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    recording = recording_of(out)
    assert withdraw(out, "--grace-days", 0) == 0
    late = late_object(out, recording)
    late.parent.mkdir(parents=True)
    late.write_text("{}")
    assert main(["withdraw", "--due", "--out", str(out)]) == 0
    assert "removed 1 objects that jobs wrote after a removal" in capsys.readouterr().out
    assert not late.exists()


def test_two_at_once_remove_what_each_withdrew(out: Path) -> None:
    remnants = [remnants_of(out, name) for name in (NAME, "long.mp3")]
    with ThreadPoolExecutor(2) as both:
        done = both.map(
            lambda name: withdraw(out, "--grace-days", 0, name=name), (NAME, "long.mp3")
        )
        assert list(done) == [0, 0]
    assert [each.found_in(out) for each in remnants] == [{}, {}]
    assert len(certificates(out)) == 2
    assert rows(out, "recordings") == []


def test_remnants_are_found() -> None:
    """The test's own search finds what it should."""
    assert Remnants(frozenset({"x"}), frozenset()).found_in(Path(__file__).parent)
