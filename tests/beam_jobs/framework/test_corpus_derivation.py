"""A corpus's log: each piece placed once, in order, whoever comes first and whatever is killed."""

from __future__ import annotations

import multiprocessing
import os
import signal
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from af3core.storage.address import store_at
from beam_jobs.framework import corpus_derivation
from beam_jobs.framework.corpus_derivation import (
    Candidate,
    CorpusState,
    change_members,
    corpus_claim,
    extend_corpus,
    publish_changed_rows,
    read_state,
)
from beam_jobs.framework.ledger import LedgerError
from beam_jobs.framework.parquet_encoding import decode_rows
from beam_jobs.framework.publishing import Publisher
from schemas import layout
from schemas.corpus_records import CorpusMember
from schemas.tables.derived_tables import CHAPTERS
from tests.beam_jobs.rivals import claims_taken_over, meanwhile

CORPUS, STAGE = "radio", "numbers"
FIRST = [Candidate("2026-11-21", name, "p", "s") for name in ("b", "a", "c")]
SECOND = [Candidate("2026-11-22", name, "p", "s") for name in ("d", "e")]


def numbered(state: CorpusState, candidates: Sequence[Candidate]) -> list[dict[str, Any]]:
    """Each candidate has the next number: two that saw the same state have the same."""
    return [{"number": len(state.members) + n} for n, _ in enumerate(candidates)]


def extend(out: Path, candidates: Sequence[Candidate]) -> dict[str, int]:
    """Extend the log; gives the numbers by recording."""
    state = extend_corpus(store_at(str(out)), CORPUS, STAGE, "run", candidates, numbered)
    return {key[0]: member.value["number"] for key, member in state.members.items()}


def test_pieces_are_placed_once_and_stay_when_others_come(tmp_path: Path) -> None:
    assert extend(tmp_path, FIRST) == {"a": 0, "b": 1, "c": 2}
    assert extend(tmp_path, [*SECOND, *FIRST]) == {"a": 0, "b": 1, "c": 2, "d": 3, "e": 4}
    before = sorted(path.name for path in (tmp_path / "ledger").rglob("*.json"))
    extend(tmp_path, [*SECOND, *FIRST])
    assert sorted(path.name for path in (tmp_path / "ledger").rglob("*.json")) == before
    assert before == ["00000001.json", "00000002.json"]


def test_nights_come_in_any_order(tmp_path: Path) -> None:
    assert extend(tmp_path, SECOND) == {"d": 0, "e": 1}
    assert extend(tmp_path, FIRST) == {"d": 0, "e": 1, "a": 2, "b": 3, "c": 4}


@hypothesis_settings(max_examples=25, deadline=None)
@given(nights=st.lists(st.lists(st.sampled_from([*FIRST, *SECOND])), max_size=5))
def test_whatever_comes_each_has_one_place(
    nights: list[list[Candidate]], tmp_path_factory: pytest.TempPathFactory
) -> None:
    out = tmp_path_factory.mktemp("out")
    seen: dict[str, int] = {}
    for night in nights:
        now = extend(out, night)
        assert {name: now[name] for name in seen} == seen
        seen = now
    assert sorted(seen.values()) == list(range(len(seen)))
    assert seen.keys() == {each.recording_id for night in nights for each in night}


def _extend_until_killed(out: Path) -> None:
    def place(state: CorpusState, batch: Sequence[Candidate]) -> list[dict[str, Any]]:
        if state.entries == 2:
            os.kill(os.getpid(), signal.SIGKILL)
        return numbered(state, batch)

    corpus_derivation.BATCH_RECORDINGS = 1  # type: ignore[attr-defined]
    extend_corpus(store_at(str(out)), CORPUS, STAGE, "killed", FIRST, place)


def test_a_killed_run_is_gone_on_with(tmp_path: Path) -> None:
    child = multiprocessing.get_context("fork").Process(
        target=_extend_until_killed, args=(tmp_path,)
    )
    child.start()
    child.join()
    assert child.exitcode == -signal.SIGKILL
    state = read_state(store_at(str(tmp_path)), CORPUS, STAGE)
    assert [key[0] for key in state.members] == ["a", "b"]
    assert extend(tmp_path, FIRST) == {"a": 0, "b": 1, "c": 2}


def test_two_at_once_see_each_others_places(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with claims_taken_over():
        calls = meanwhile(
            monkeypatch, corpus_derivation, "read_state", lambda: extend(tmp_path, SECOND)
        )
        numbers = extend(tmp_path, FIRST)
    assert calls[0] >= 3
    assert numbers == {"d": 0, "e": 1, "a": 2, "b": 3, "c": 4}
    assert extend(tmp_path, [*FIRST, *SECOND]) == numbers


def test_what_is_forgotten_is_out_and_the_others_stay(tmp_path: Path) -> None:
    extend(tmp_path, FIRST)
    extend(tmp_path, SECOND)
    store = store_at(str(tmp_path))

    def without_b(member: CorpusMember) -> CorpusMember | None:
        return None if member.recording_id == "b" else member

    with corpus_claim(store, CORPUS, STAGE):
        change_members(store, CORPUS, STAGE, without_b)
    held = {k[0]: m.value["number"] for k, m in read_state(store, CORPUS, STAGE).members.items()}
    assert held == {"a": 0, "c": 2, "d": 3, "e": 4}


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (lambda path: path.write_bytes(b""), "00000001.json: damaged (no bytes); restore it"),
        (lambda path: path.unlink(), "00000001.json: missing; restore it from a backup, or remove"),
    ],
)
def test_a_damaged_log_stops_with_one_line(damage: Any, said: str, tmp_path: Path) -> None:
    extend(tmp_path, FIRST)
    extend(tmp_path, SECOND)
    damage(tmp_path / layout.corpus_entry_key(STAGE, CORPUS, 1))
    with pytest.raises(LedgerError) as caught:
        extend(tmp_path, SECOND)
    assert said in str(caught.value)


def title(recording: str, text: str) -> dict[str, Any]:
    row = CHAPTERS.empty_row() | {"recording_id": recording, "title": text}
    return {name: row[name] for name in row if name not in ("run_id", "generated_at")}


def publish(out: Path, run_id: str, titles: dict[str, list[dict[str, Any]]]) -> int:
    """Publish chapters by day."""
    keys = {day: layout.shard_key("chapters", CORPUS, day, 0, 1) for day in titles}
    return publish_changed_rows(
        store_at(str(out)),
        Publisher("titles", run_id),
        layout.claim_key("publish", "titles"),
        CHAPTERS,
        lambda: list(keys.values()),
        lambda wanted: {keys[day]: rows for day, rows in titles.items() if keys[day] in wanted},
    )


def test_only_objects_whose_rows_changed_are_replaced(tmp_path: Path) -> None:
    first, second = [title("a", "one")], [title("b", "two"), title("c", "three")]
    assert publish(tmp_path, "r1", {"2026-11-21": first, "2026-11-22": second}) == 2
    assert publish(tmp_path, "r2", {"2026-11-21": first, "2026-11-22": second}) == 0
    second[1] = title("c", "four")
    assert publish(tmp_path, "r3", {"2026-11-21": first, "2026-11-22": second}) == 1
    rows = decode_rows(
        (tmp_path / layout.shard_key("chapters", CORPUS, "2026-11-22", 0, 1)).open("rb")
    )
    assert [(row["title"], row["run_id"]) for row in rows] == [("two", "r1"), ("four", "r3")]
    assert publish(tmp_path, "r4", {"2026-11-23": []}) == 0
    assert publish(tmp_path, "r5", {"2026-11-21": []}) == 1
