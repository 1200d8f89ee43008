"""Nothing of what is forgotten is left: under other encoders, in names, behind dead writers."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from af3core.errors import ConfigurationError
from af3core.speakers.campplus_encoder import CAMPPLUS_IDENTITY
from af3core.speakers.identities import IdentityLimits
from af3core.storage.address import store_at
from beam_jobs.cli import main
from beam_jobs.derive.speakers import forgetting, recording_turns, speaker_rows
from beam_jobs.derive.speakers.forgotten_speech import is_forgotten
from beam_jobs.derive.speakers.identities_of_corpus import Placing, speakers_of
from beam_jobs.derive.speakers.recording_turns import space_of
from beam_jobs.framework import publishing
from beam_jobs.framework.corpus_derivation import Candidate, extend_corpus, read_state
from beam_jobs.framework.ledger import Ledger
from beam_jobs.framework.table_snapshot import take_snapshot
from schemas import layout
from schemas.corpus_records import SpeechSpan
from tests.beam_jobs.derive.speakers.spoken_nights import (
    FIRST,
    across,
    by_voice,
    heard_nights,
    speakers,
    table,
    who,
)
from tests.beam_jobs.derive.speakers.test_naming_and_forgetting import vectors_in
from tests.beam_jobs.job_settings import settings_for
from tests.beam_jobs.small_night import rows


@pytest.fixture
def out(shared: Path, untrained: Path, tmp_path: Path) -> Path:
    copy = Path(shutil.copytree(heard_nights(shared, untrained), tmp_path / "out"))
    across(copy, "--date", FIRST)
    return copy


def recording_of(out: Path, name: str) -> str:
    """The identifier of a recording by its file."""
    [found] = [r for r in rows(out, "recordings") if r["object_uri"].endswith(name)]
    return str(found["recording_id"])


def ledger_text(out: Path) -> str:
    return "".join(path.read_text() for path in (out / "ledger").rglob("*.json"))


@pytest.mark.parametrize("name", ["", ".", "..", "../.."])
def test_what_is_no_name_removes_nothing(name: str, out: Path) -> None:
    before = sorted((out / "ledger").rglob("*"))
    assert main(["speakers", "--out", str(out), "--forget", name]) == 2
    assert sorted((out / "ledger").rglob("*")) == before


def test_a_voice_is_forgotten_under_all_encoders(
    out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    earlier = by_voice(out)["woman"]
    speakers(out, "--name", f"{earlier}=Anna")
    monkeypatch.setattr(recording_turns, "DIARIZATION_VERSION", 1_000)
    across(out, "--date", FIRST)
    speakers(out, "--forget", by_voice(out)["woman"])
    assert earlier not in ledger_text(out)
    assert "Anna" not in ledger_text(out)
    talk = recording_of(out, "talk.wav")
    assert vectors_in(out)[talk] == [1]
    monkeypatch.setattr(recording_turns, "DIARIZATION_VERSION", 2_000)
    across(out, "--date", FIRST)
    assert vectors_in(out)[talk] == [1]
    assert not list((out / "ledger" / "derived" / "speech_vectors").rglob(f"{talk}/*"))
    assert [speaker for _, speaker, _ in who(out).values()] == [None, None]


def test_a_name_is_not_known_by_a_forgotten_recording(out: Path) -> None:
    across(out)
    man = by_voice(out)["man"]
    talk = recording_of(out, "talk.wav")
    speakers(out, "--name", f"{man}=Ben")
    speakers(out, "--forget", "talk.wav")
    said = Ledger(store_at(str(out))).corpus_speakers("default")
    assert [(name.speaker, name.name) for name in said.names] == [(man, "Ben")]
    assert said.names[0].example.recording_id == recording_of(out, "call.wav") != talk
    assert table(out)[man]["name"] == "Ben"
    speakers(out, "--forget", man, "--forget", "call.wav")
    said = Ledger(store_at(str(out))).corpus_speakers("default")
    assert (said.names, said.forgotten_speech) == ((), ())


def test_a_day_whose_writer_died_is_ended_without_what_is_forgotten(
    out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = by_voice(out)
    with monkeypatch.context() as stopped:
        stopped.setattr(publishing, "_replace_each", _stop)
        with pytest.raises(KeyboardInterrupt):
            across(out, "--date", FIRST)
    mark = out / layout.replacement_key("default", FIRST, "speakers")
    assert mark.exists()
    speakers(out, "--forget", found["man"])
    assert not mark.exists()
    snapshot = take_snapshot(store_at(str(out)), ["speaker_turns"], "default", FIRST, FIRST)
    published = {row["speaker"] for row in snapshot.rows("speaker_turns", "default", FIRST)}
    assert published == {None, found["woman"]}
    assert table(out).keys() == {found["woman"]}


def test_the_same_command_ends_what_was_stopped_between_the_tables(
    out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = by_voice(out)
    with monkeypatch.context() as stopped:
        stopped.setattr(speaker_rows, "_publish_speakers", _stop)
        with pytest.raises(KeyboardInterrupt):
            speakers(out, "--forget", found["man"])
    assert main(["speakers", "--out", str(out), "--forget", found["man"]]) == 0
    assert table(out).keys() == {found["woman"]}


def test_what_a_run_makes_of_a_recording_that_is_forgotten_meanwhile_is_removed(
    out: Path,
) -> None:
    settings = settings_for("speakers", "--out", out)
    [made] = (out / layout.derived_prefix("speakers", recording_of(out, "talk.wav"))).iterdir()
    data = made.read_bytes()
    with forgetting.forgetting_what_is_said_meanwhile(settings):
        speakers(out, "--forget", "talk.wav")
        made.parent.mkdir(parents=True)
        made.write_bytes(data)
    assert not made.exists()


def test_a_name_of_several_sounds_forgets_none_of_them() -> None:
    forgetting._check_one("news.wav", {"a": "one", "b": "one"})
    with pytest.raises(ConfigurationError, match="2 recordings of several sounds are called so"):
        forgetting._check_one("news.wav", {"a": "one", "b": "other"})


def test_an_object_that_went_meanwhile_has_no_rows(out: Path) -> None:
    gone = layout.shard_key("speaker_turns", "default", FIRST, 0, 4)
    store = store_at(str(out))
    assert speaker_rows._turns_now(store, "default", FIRST, [gone]) == {gone: []}


def test_speech_that_two_encoders_heard_counts_once() -> None:
    spans = [SpeechSpan("r", 0, 4_000), SpeechSpan("r", 0, 4_100)]
    assert not is_forgotten([(0, 6_000), (6_000, 10_000)], spans)
    assert is_forgotten([(0, 6_000), (6_000, 10_000)], [*spans, SpeechSpan("r", 8_000, 9_000)])


def test_turns_that_cannot_be_read_are_placed_later(out: Path) -> None:
    store = store_at(str(out))
    [piece] = (out / layout.derived_prefix("speakers", recording_of(out, "call.wav"))).iterdir()
    encoder = CAMPPLUS_IDENTITY
    gone = Candidate("2026-11-22", piece.parent.name, piece.stem, space_of(encoder))
    data = piece.read_bytes()
    piece.write_bytes(b"{")
    placing = Placing(Ledger(store), "default", IdentityLimits.of(encoder))
    before = read_state(store, "default", "speakers").entries
    state = extend_corpus(store, "default", "speakers", "run", [gone], placing)
    assert (gone.recording_id, gone.piece) not in state.members
    piece.write_bytes(data)
    placing = Placing(Ledger(store), "default", IdentityLimits.of(encoder))
    state = extend_corpus(store, "default", "speakers", "run", [gone], placing)
    assert state.entries == before + 1
    assert [key[0] for key in placing._held] == [recording_of(out, "talk.wav")]  # what is known
    assert set(speakers_of(state)[gone.recording_id, gone.piece].values()) == set(
        by_voice(out).values()
    )


def test_a_voice_is_forgotten_where_its_turns_are_damaged(out: Path) -> None:
    talk = recording_of(out, "talk.wav")
    [piece] = (out / layout.derived_prefix("speakers", talk)).iterdir()
    piece.write_bytes(b'{"vector": "' + b"A" * 800)
    speakers(out, "--forget", by_voice(out)["man"])
    assert not piece.exists()
    said = Ledger(store_at(str(out))).corpus_speakers("default")
    assert {span.recording_id for span in said.forgotten_speech} == {talk}
    across(out, "--date", FIRST)
    assert vectors_in(out)[talk] == [2]


def _stop(*_arguments: object) -> bool:
    raise KeyboardInterrupt
