"""The demo archive as two benchmarks: its scripts as questions, in forms that are published.

`python -m af3core.nano.demo_benchmark FOLDER` writes `mmau/` in MMAU's form, with excerpts of
at most 15 s, and `long/` in the form of AF3's evaluation files, as LongAudioBench is read, with
whole recordings. All sentences are held out of nano's training, and the voices of `reel_17.wav`.
What nano scores is a floor that the tests hold.
"""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import soundfile

from af3core.audio.decode import decode_whole
from af3core.nano.demo_archive import ARCHIVE, DATE, PROGRAMMES, SCRIPTS
from af3core.nano.demo_score import script_events
from af3core.nano.espeak_voices import SAMPLE_RATE_HZ
from af3core.nano.questions import Question, choice_questions, open_questions
from af3core.nano.scenes import Event, Scene

LIST = "mmau/mmau-test-mini.json"
SOUNDS = "mmau/test-mini-audios"
LONG_LIST = "long/demo_speech.json"
_LONGEST_MS = 15_000
_AROUND_MS = 150
_ASKED = " Choose the correct option"
_TASKS = {"which_sound": "sound", "how_many": "sound", "order": "sound"}
"""MMAU's task by nano's kind of question; all others are about speech."""


@dataclass(frozen=True)
class Excerpt:
    """Some events of a recording, and its samples around them."""

    name: str
    scene: Scene
    start_ms: int
    end_ms: int


def write_benchmark(folder: Path) -> int:
    """Write lists and sounds; gives the number of questions. The same bytes each time."""
    (folder / SOUNDS).mkdir(parents=True, exist_ok=True)
    (folder / LONG_LIST).parent.mkdir(exist_ok=True)
    rows: list[dict[str, Any]] = []
    long_rows: list[dict[str, str]] = []
    scripts = script_events(SCRIPTS)
    for programme in PROGRAMMES:
        samples = _samples(ARCHIVE / DATE / programme.file)
        known = "held out" if programme.held_out_voices else "known"
        for excerpt in excerpts(programme.file, scripts[programme.file]):
            questions = choice_questions(excerpt.scene, Random(f"benchmark {excerpt.name}"))
            _write(folder, excerpt, samples)
            rows += [_row(excerpt, question, known) for question in questions]
        shutil.copyfile(ARCHIVE / DATE / programme.file, folder / "long" / programme.file)
        long_rows += _long_rows(programme.file, scripts[programme.file])
    (folder / LIST).write_text(json.dumps(rows, indent=1) + "\n", "utf-8")
    document = {
        "split": "test",
        "flamingo_task": "demo-LongSpeechQA",
        "data": {str(number): row for number, row in enumerate(long_rows)},
    }
    (folder / LONG_LIST).write_text(json.dumps(document, indent=1) + "\n", "utf-8")
    return len(rows) + len(long_rows)


def excerpts(file: str, events: list[Event]) -> Iterator[Excerpt]:
    """Whole events side by side, at most 15 s of them; music is left out."""
    held: list[Event] = []
    for event in events:
        is_music = event.kind == "music"
        if held and (is_music or event.end_ms - held[0].start_ms > _LONGEST_MS):
            yield _excerpt(file, held)
            held = []
        held += [] if is_music else [event]
    if held:
        yield _excerpt(file, held)


def _excerpt(file: str, events: list[Event]) -> Excerpt:
    start_ms = max(0, events[0].start_ms - _AROUND_MS)
    end_ms = events[-1].end_ms + _AROUND_MS
    moved = tuple(e.moved_to(e.start_ms - start_ms, e.end_ms - start_ms) for e in events)
    name = f"{file.partition('.')[0]}-{start_ms // 1000:04d}"
    return Excerpt(name, Scene(moved, "", end_ms - start_ms), start_ms, end_ms)


def _row(excerpt: Excerpt, question: Question, voices: str) -> dict[str, Any]:
    """A row with MMAU's fields."""
    return {
        "id": f"{excerpt.name}-{question.kind}",
        "audio_id": f"./{Path(SOUNDS).name}/{excerpt.name}.wav",
        "question": question.prompt.partition(_ASKED)[0],
        "choices": list(question.options),
        "answer": question.answer.partition(") ")[2],
        "dataset": "demo",
        "task": _TASKS.get(question.kind, "speech"),
        "split": "test-mini",
        "category": question.kind,
        "sub-category": f"{voices} voices",
        "difficulty": "easy",
    }


def _long_rows(file: str, events: list[Event]) -> list[dict[str, str]]:
    """What may be asked of a whole recording, with the true answer."""
    scene = Scene(tuple(events), "", events[-1].end_ms)
    return [
        {"name": file, "prompt": question.prompt, "output": question.answer}
        for question in open_questions(scene)
    ]


def _samples(path: Path) -> np.ndarray[Any, np.dtype[np.int16]]:
    return decode_whole(path, path.name, limit_s=3600.0)


def _write(folder: Path, excerpt: Excerpt, samples: np.ndarray[Any, np.dtype[np.int16]]) -> None:
    start, end = (ms * SAMPLE_RATE_HZ // 1000 for ms in (excerpt.start_ms, excerpt.end_ms))
    path = folder / SOUNDS / f"{excerpt.name}.wav"
    soundfile.write(path, samples[start:end], SAMPLE_RATE_HZ, subtype="PCM_16")


def main(arguments: list[str]) -> int:
    """`python -m af3core.nano.demo_benchmark FOLDER`."""
    if len(arguments) != 1:
        print("usage: python -m af3core.nano.demo_benchmark FOLDER", file=sys.stderr)
        return 2
    count = write_benchmark(Path(arguments[0]))
    print(f"{count} questions: {arguments[0]}/{LIST}, {arguments[0]}/{LONG_LIST}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
