"""An output with all that an archive's nights leave, to be copied and withdrawn from."""

from __future__ import annotations

import shutil
from pathlib import Path

from af3core.nano.demo_archive import DATE
from beam_jobs.cli import main
from beam_jobs.corrections.adding import add_corrections
from tests.beam_jobs.embedded_night import embedded_night
from tests.beam_jobs.small_night import rows
from tests.made_once import made_once

WITHDRAWN = "reel_17.wav"
OTHERS = ("cooking_show.opus", "concert_break.ogg")
REASON = "asked for by a speaker"
DERIVED: tuple[tuple[str, ...], ...] = (
    ("events",),
    ("align", "--aligner", "interpolation"),
    ("summarise",),
    ("dialogues",),
    ("export",),
    ("export", "--format", "webdataset"),
    ("index",),
    ("quality", "--date", DATE),
    ("report",),
)


def full_output(shared: Path) -> Path:
    """Made once in a run of the tests; to be copied."""
    night = embedded_night(shared)

    def make(folder: Path) -> None:
        out = folder / "out"
        shutil.copytree(night, out)
        fill(out)

    return made_once(shared, "full-output", make) / "out"


def fill(out: Path) -> None:
    for job, *options in DERIVED:
        assert main([job, "--out", str(out), *options]) in (0, 3), job
    corrected = []
    for row in rows(out, "transcripts"):
        if row["text"]:
            corrected.append(
                {
                    "recording": row["recording_id"],
                    "start_ms": row["start_ms"],
                    "end_ms": row["end_ms"],
                    "task_id": row["task_id"],
                    "new_value": f"Corrected: {row['text']}",
                }
            )
    add_corrections(str(out), corrected, by="Ada")
