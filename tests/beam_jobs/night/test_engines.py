"""A night through each engine: the same tables from ours and the reference, a server's words."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from af3core.errors import ConfigurationError
from tests.beam_jobs.small_night import make_archive, night, rows, settings_of
from tests.chat_server import chat_server

ENGINE_DECIDES = {"engine", "mean_logprob", "task_hash"}


def test_ours_and_the_reference_fill_the_same_tables(untrained: Path, tmp_path: Path) -> None:
    archive = make_archive(tmp_path / "archive")
    tables = {}
    for engine in ("af3", "transformers"):
        out = tmp_path / engine
        night(archive, out, untrained, "--engine", engine)
        tables[engine] = rows(out, "captions") + rows(out, "transcripts")
        assert {row["engine"] for row in tables[engine]} == {engine}
    assert len(tables["af3"]) >= 8
    for ours, theirs in zip(tables["af3"], tables["transformers"], strict=True):
        assert ours["mean_logprob"] == pytest.approx(theirs["mean_logprob"], abs=1e-4)
        assert {k: v for k, v in ours.items() if k not in ENGINE_DECIDES} == {
            k: v for k, v in theirs.items() if k not in ENGINE_DECIDES
        }


def test_a_night_through_a_server(tmp_path: Path) -> None:
    archive = make_archive(tmp_path / "archive")
    with chat_server() as server:
        options = ("--engine", "openai", "--endpoint", server.endpoint)
        night(archive, tmp_path / "out", Path("af3"), *options)
        asked = len(server.bodies)
        night(archive, tmp_path / "out", Path("af3"), *options)
        assert len(server.bodies) == asked, "a finished night asks the server nothing"
    captions = rows(tmp_path / "out", "captions")
    assert len(captions) + len(rows(tmp_path / "out", "transcripts")) == asked
    for row in captions:
        seconds = (row["end_ms"] - row["start_ms"]) / 1000
        match = re.fullmatch(r"user\[(\d+\.\d\d)s\|Describe the audio\.\]", row["text"])
        assert match
        assert float(match[1]) == pytest.approx(seconds, abs=0.011)  # rounded on both sides
        assert (row["model"], row["weights_revision"], row["engine"]) == (
            "af3",
            "served:af3",
            "openai",
        )


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--engine", "openai"], "--engine openai needs --endpoint"),
        (["--endpoint", "http://x/v1"], "--endpoint is of --engine openai, not of af3"),
        (["--server", "vllm"], "--server is of --engine openai, not of af3"),
        (
            ["--engine", "openai", "--endpoint", "http://x/v1", "--prompt-form", "authors"],
            "--prompt-form authors is of --engine af3 and transformers, not of openai: a server"
            " puts sounds and words together by itself",
        ),
    ],
)
def test_wrong_pairs_of_options(
    untrained: Path, tmp_path: Path, options: list[str], message: str
) -> None:
    with pytest.raises(ConfigurationError, match=message):
        settings_of(tmp_path, tmp_path / "out", untrained, *options)
