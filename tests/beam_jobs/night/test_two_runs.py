"""Two runs at once over one night: no clip is asked twice, and the tables are those of one run."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from beam_jobs.night import discover, publish, segment
from schemas.tables.night_tables import TABLES
from tests.beam_jobs.small_night import DAY, night, rows, settings_of
from tests.media import programme, write

DEADLINE_S = 240
CLIPS = ("--max-clip-s", "30")


def test_two_runs_share_the_clips_and_publish_what_one_would(
    untrained: Path, tmp_path: Path
) -> None:
    archive = tmp_path / "arc"
    write(archive / DAY / "long.flac", programme(150))
    undisturbed, shared = tmp_path / "undisturbed", tmp_path / "shared"
    night(archive, undisturbed, untrained, *CLIPS)
    clips = len({row["clip_id"] for row in rows(undisturbed, "segments")})
    assert clips >= 5

    settings = settings_of(archive, shared, untrained, *CLIPS)
    discover.run(settings)
    segment.run(settings)
    reports = [tmp_path / f"{name}.json" for name in ("one", "two")]
    command = [sys.executable, "-m", "beam_jobs", "annotate", "--out", str(shared), *CLIPS]
    command += ["--model", str(untrained), "--tasks", str(tmp_path / "quick_tasks.yaml")]
    processes = [
        subprocess.Popen(
            [*command, "--run-id", report.stem, "--report", str(report)],
            stderr=subprocess.PIPE,
            text=True,
        )
        for report in reports
    ]
    for process in processes:
        _, error = process.communicate(timeout=DEADLINE_S)
        assert process.returncode == 0, error

    facts: list[dict[str, Any]] = [json.loads(path.read_text())["facts"] for path in reports]
    # a run that finds all answered counts nothing
    assert sum(fact.get("clips_asked", 0) for fact in facts) == clips
    answers = len(rows(undisturbed, "captions")) + len(rows(undisturbed, "transcripts"))
    assert sum(fact.get("answers_made", 0) for fact in facts) == answers
    assert len(list((shared / "ledger" / "annotate").rglob("*.json"))) == clips
    assert [path for path in (shared / "claims").rglob("*") if path.is_file()] == []

    publish.run(settings)
    for table in TABLES:
        if table.name != "runs":
            assert rows(shared, table.name) == rows(undisturbed, table.name), table.name
