"""The demo archive spread over ten days: one piece of each recording per day."""

from __future__ import annotations

import datetime
import subprocess
from importlib import resources
from pathlib import Path

import imageio_ffmpeg

DAYS = 10
_DEMO = "demo_archive/2026-11-21"
_ARCHIVES = {
    "radio": {"history_evening.mp3": 54, "cooking_show.opus": 15},
    "tapes": {"sport_magazine.m4a": 15},
}
"""Archive: recording and the seconds of one day's piece."""


def make_demo_days(folder: Path, last_day: datetime.date) -> list[str]:
    """Write `ARCHIVE/YYYY-MM-DD/RECORDING` for ten days up to `last_day`, where it is missing.

    Returns:
        The days, oldest first.
    """
    days = [last_day - datetime.timedelta(days=n) for n in range(DAYS - 1, -1, -1)]
    source = Path(str(resources.files("af3core.nano").joinpath(_DEMO)))
    for archive, recordings in _ARCHIVES.items():
        for name, seconds in recordings.items():
            for number, day in enumerate(days):
                target = folder / archive / day.isoformat() / name
                if not target.exists():
                    _cut(source / name, number * seconds, seconds, target)
    return [day.isoformat() for day in days]


def _cut(source: Path, start_s: int, seconds: int, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-loglevel", "error", "-ss", str(start_s)]
    command += ["-i", str(source), "-t", str(seconds), "-c", "copy", str(target)]
    subprocess.run(command, check=True, stdin=subprocess.DEVNULL)
