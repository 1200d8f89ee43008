"""A night of nano over three demo programmes, with captions, one question, and embeddings."""

from __future__ import annotations

import argparse
import shutil
from pathlib import Path

from af3core.nano.demo_archive import ARCHIVE, DATE
from beam_jobs import embed
from beam_jobs.job_names import JobName
from beam_jobs.night import run_night
from beam_jobs.options import add_arguments
from beam_jobs.settings import NightSettings, read_settings

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
    out: Path, *options: str, tasks: str = TASKS, job: JobName = "annotate", source: str = ""
) -> NightSettings:
    """Settings as the command line gives them."""
    file = out.parent / f"{abs(hash(tasks))}.yaml"
    file.write_text(tasks)
    parser = argparse.ArgumentParser()
    parser.add_argument("--source")
    add_arguments(parser)
    given = ["--out", str(out), "--tasks", str(file), *options]
    given += ["--source", source] if source else []
    return read_settings(parser.parse_args(given), job)


def make_embedded(folder: Path) -> Path:
    """Annotate, publish and embed; gives the output folder."""
    archive = folder / "archive"
    (archive / DATE).mkdir(parents=True)
    for name in NAMES:
        shutil.copy(ARCHIVE / DATE / name, archive / DATE)
    out = folder / "out"
    settings = settings_with(out, job="night", source=str(archive))
    run_night(settings)
    embed.run(settings)
    return out
