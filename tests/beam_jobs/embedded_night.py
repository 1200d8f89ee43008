"""A night of nano over three demo programmes, with captions, one question, and embeddings."""

from __future__ import annotations

import shutil
from pathlib import Path

from af3core.nano.demo_archive import ARCHIVE, DATE
from beam_jobs.derive import embed_job
from beam_jobs.framework.settings import JobSettings
from schemas.jobs import JobName, job_named
from schemas.options.archive import Source
from schemas.options.night import Tasks
from tests.beam_jobs.job_settings import settings_for
from tests.beam_jobs.run_night import run_night
from tests.made_once import made_once

SPEAKER = """\
%s:
  kind: question
  prompt: Who is speaking?
  options: [a man, a woman, several speakers, nobody]
  max_new_tokens: 24
"""
TASKS = (
    "caption: {kind: caption, prompt: Please describe the audio in detail.}\n"
    "transcript: {kind: transcript, prompt: Transcribe the input speech., max_new_tokens: 160}\n"
) + SPEAKER % "speaker"
NAMES = ("cooking_show.opus", "reel_17.wav", "concert_break.ogg")


def settings_with(
    out: Path, *options: str, tasks: str = TASKS, job: JobName = "night", source: str = str(ARCHIVE)
) -> JobSettings:
    """Settings as the command line gives them, with these tasks where the job has tasks."""
    file = out.parent / f"{abs(hash(tasks))}.yaml"
    file.write_text(tasks)
    given = ["--tasks", str(file)] if Tasks in job_named(job).accepted else []
    given += [source] if Source in job_named(job).accepted else []
    return settings_for(job, "--out", out, *given, *options)


def embedded_night(shared: Path) -> Path:
    """Annotated, published and embedded, once in a run of the tests; to be read, not written to."""
    return made_once(shared, "embedded-night", _make) / "out"


def _make(folder: Path) -> None:
    archive = folder / "archive"
    (archive / DATE).mkdir(parents=True)
    for name in NAMES:
        shutil.copy(ARCHIVE / DATE / name, archive / DATE)
    out = folder / "out"
    run_night(settings_with(out, source=str(archive)))
    embed_job.run(settings_with(out, job="embed"))
