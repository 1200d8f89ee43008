"""No secret in what a run leaves: tables, run records, reports, ledger, logs."""

from __future__ import annotations

from pathlib import Path

import pytest

from beam_jobs.cli import main
from tests.beam_jobs.small_night import DAY, quick_tasks, rows
from tests.chat_server import chat_server
from tests.media import spoken, write

KEY = "sk-0123456789abcdefghijklmnop"


@pytest.mark.parametrize("refused", [False, True], ids=["answered", "refused"])
def test_a_servers_key_is_nowhere_in_what_a_night_leaves(
    tmp_path: Path,
    refused: bool,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    """Not even where the server repeats it in its refusal."""
    write(tmp_path / "arc" / DAY / "short.wav", spoken())
    out = tmp_path / "nights" / "out"
    out.parent.mkdir()
    with chat_server() as server:
        if refused:
            error = {"error": {"message": f"Incorrect API key provided: {KEY}"}}
            server.replies = [(401, {}, error)] * 40
        told = ["--out", str(out), "--tasks", quick_tasks(out), "--model", "af3"]
        told += ["--engine", "openai", "--endpoint", server.endpoint]
        monkeypatch.setenv("AF3_API_KEY", KEY)
        code = main(["annotate", str(tmp_path / "arc"), *told])
        printed, said = capfd.readouterr()
        assert f"Bearer {KEY}" in server.keys
    if refused:
        assert "API key provided: [key]" in said
    else:
        assert code == 0, said
    left = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert any("/reports/" in str(path) for path in left)
    assert [path for path in left if KEY.encode() in path.read_bytes()] == []
    assert KEY not in printed + said
    # Parquet is compressed: read what it says
    assert KEY not in str([rows(out, table) for table in ("runs", "failures", "answers")])
