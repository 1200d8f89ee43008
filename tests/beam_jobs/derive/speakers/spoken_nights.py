"""Two days of conversations between two voices, their turns found once in a run of the tests."""

from __future__ import annotations

import itertools
from collections import defaultdict
from pathlib import Path
from typing import Any

import numpy as np

from af3core.audio import SAMPLE_RATE_HZ
from af3core.nano.espeak_voices import Audio, Speaker, speak
from beam_jobs.derive.speakers import speakers_job
from beam_jobs.framework.job import Outcome
from tests.beam_jobs.job_settings import settings_for
from tests.beam_jobs.small_night import TOLERANT, night, rows
from tests.made_once import made_once
from tests.media import write

FIRST, SECOND = "2026-11-21", "2026-11-22"
MAN = Speaker("en-us", "m3", "man", 40, 150)
WOMAN = Speaker("en-gb-x-rp", "f2", "woman", 60, 165)
LINES = {
    FIRST: (
        (MAN, "the storm will be loud tomorrow because the river flooded this garden in london"),
        (WOMAN, "nobody told the farmers that the road over the mountain is closed this winter"),
        (MAN, "seven old trains left the harbour before the doctor heard the bells of the town"),
    ),
    SECOND: (
        (WOMAN, "my sister bought three apples and a loaf of bread at the market near the church"),
        (MAN, "a quiet morning follows and the people of the town walk along the cold water"),
        (WOMAN, "we have heard from the mayor who says that the bridge will open on monday"),
    ),
}
NAMES = {FIRST: "talk.wav", SECOND: "call.wav"}


def conversation(day: str) -> Audio:
    """Three lines with half a second between them."""
    pause = np.zeros(SAMPLE_RATE_HZ // 2, np.float32)
    parts = [part for who, line in LINES[day] for part in (pause, 0.4 * speak(who, line).audio)]
    return np.concatenate([*parts, pause]).astype(np.float32)


def heard_nights(shared: Path, untrained: Path) -> Path:
    """Both days, with turns and without identities; to be copied."""

    def make(folder: Path) -> None:
        archive, out = folder / "archive", folder / "out"
        for day, name in NAMES.items():
            write(archive / day / name, conversation(day))
        night(archive, out, untrained, *TOLERANT)
        speakers(out)

    return made_once(shared, "heard-nights", make) / "out"


def speakers(out: Path, *options: object) -> Outcome:
    """Run the job."""
    return speakers_job.run(settings_for("speakers", "--out", out, *options), [])


def across(out: Path, *options: object) -> Outcome:
    """Run the job over the corpus."""
    return speakers(out, "--across", "corpus", *options)


def lines(out: Path) -> dict[str, list[list[dict[str, Any]]]]:
    """The turns of each line in order, by the recording's file: espeak-ng draws its noise anew, and
    a line may have a pause in it.
    """
    files = {r["recording_id"]: r["object_uri"].rpartition("/")[2] for r in rows(out, "recordings")}
    found: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for turn in sorted(rows(out, "speaker_turns"), key=lambda turn: turn["start_ms"]):
        found[files[turn["recording_id"]]].append(turn)
    return {
        file: [list(line) for _, line in itertools.groupby(turns, key=lambda turn: turn["voice"])]
        for file, turns in found.items()
    }


def who(out: Path) -> dict[str, list[str | None]]:
    """Who speaks each line, by the recording's file."""
    return {file: [line[0]["speaker"] for line in each] for file, each in lines(out).items()}


def by_voice(out: Path) -> dict[str, str]:
    """The identities of the man and the woman, by the recording of the first day."""
    man, woman, again = (speaker or "" for speaker in who(out)["talk.wav"])
    assert man == again != woman
    return {"man": man, "woman": woman}


def table(out: Path) -> dict[str, dict[str, Any]]:
    """The rows of speakers by identity."""
    return {row["speaker"]: row for row in rows(out, "speakers")}
