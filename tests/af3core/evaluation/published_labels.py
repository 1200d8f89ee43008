"""A few sounds of each data set of labels, in the files that its publisher gives out."""

from __future__ import annotations

import json
from pathlib import Path

from tests.af3core.evaluation.sounds import sound


def write_nsynth(folder: Path) -> None:
    folder = folder / "nsynth-test"
    notes = {
        "bass_synthetic_068-049-025": ("bass", "synthetic"),
        "synth_lead_synthetic_000-060-100": ("synth_lead", "synthetic"),
        "flute_acoustic_002-060-100": ("flute", "acoustic"),
    }
    examples = {}
    for note, (family, source) in notes.items():
        sound(folder / f"audio/{note}.wav")
        examples[note] = {
            "note_str": note,
            "instrument_family_str": family,
            "instrument_source_str": source,
            "pitch": 60,
            "velocity": 100,
            "qualities_str": [],
        }
    (folder / "examples.json").write_text(json.dumps(examples), "utf-8")


def write_cochlscene(folder: Path) -> None:
    sound(folder / "CochlScene/Test/Park/Park_user0807_14976869_001.wav")
    sound(folder / "CochlScene/Test/SubwayStation/SubwayStation_user0802_14892039_004.wav")
    sound(folder / "CochlScene/Train/Bus/Bus_user0001_1_001.wav")


def write_nonspeech7k(folder: Path) -> None:
    (folder / "metadata of test set.csv").write_text(
        "Filename,File ID,Duration in ms,Class ID,Classname,augmentation  id,Augmentation  type,"
        "source\n"
        "111_4_0.wav,111,1000,4,screaming,0,Original,https://freesound.org/\n"
        "c_0_0.wav,5,1000,0,Breath,0,Original,https://freesound.org/\n",
        "utf-8",
    )
    for name in ("111_4_0.wav", "c_0_0.wav"):
        sound(folder / "test" / name)


def write_iemocap(folder: Path) -> None:
    turns = [("F000", "neu"), ("F001", "exc"), ("M002", "fru"), ("M003", "xxx"), ("M004", "ang")]
    for session in (1, 5):
        dialogue = f"Ses{session:02d}F_impro01"
        emotions = folder / f"Session{session}/dialog/EmoEvaluation"
        (emotions / "Categorical").mkdir(parents=True)
        (emotions / "Categorical" / f"{dialogue}_e1_cat.txt").write_text("Ses05F :Neutral; ()\n")
        lines = ["% [START_TIME - END_TIME] TURN_NAME EMOTION [V, A, D]", ""]
        for turn, emotion in turns:
            name = f"{dialogue}_{turn}"
            lines += [f"[6.2901 - 8.2357]\t{name}\t{emotion}\t[2.5000, 2.5000, 2.5000]"]
            lines += ["C-E2:\tNeutral;\t()", ""]
            sound(folder / f"Session{session}/sentences/wav/{dialogue}/{name}.wav")
        (emotions / f"{dialogue}.txt").write_text("\n".join(lines))
