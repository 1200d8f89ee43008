"""A few rows of each benchmark of open answers, in the files that its publisher gives out.

Rows are invented; file names, fields, nesting and spellings are the publisher's, as far as the
adapters say that they could be checked.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from tests.af3core.evaluation.files import csv_file, json_file
from tests.af3core.evaluation.sounds import sound

Row = dict[str, Any]


def write_compa_r(folder: Path) -> None:
    pairs = [
        {"instruction": "Why might the engine slow down?", "output": "A siren comes near."},
        {"instruction": "Where is this?", "output": "On a busy street."},
    ]
    json_file(folder / "CompA-R-test.json", [{"audio_id": "Ya1.wav", "instruction_output": pairs}])
    sound(folder / "compa_r_test_audios/Ya1.wav")


def _evaluation_file(task: str, row: Row) -> Row:
    about = {"dataset_path": "/data", "split": "test", "split_path": ".", "total_num": 1}
    return about | {"flamingo_task": task, "data": {"0": row}}


def write_long_audio_bench(folder: Path) -> None:
    asked = {"name": "film.wav", "prompt": "<sound>\nWhat happens?", "output": "A ship sinks."}
    spoken = {"name": "talk.wav", "prompt": "What do they agree on?", "output": "A date."}
    json_file(folder / "long.json", _evaluation_file("Plot", asked))
    spoken |= {"category": "Topic relationship"}
    json_file(folder / "long_speech.json", _evaluation_file("LongSpeechQA", spoken))
    for name in ("film", "talk"):
        sound(folder / f"sounds/{name}.wav")


def write_librisqa(folder: Path) -> None:
    row = {
        "speech_path": "test-clean/61/70968/61-70968-0000.wav",
        "text": "HE BEGAN A CONFUSED COMPLAINT AGAINST THE WIZARD",
        "question": "Whom does he complain about?",
        "answer": "He complains about the wizard.",
        "duration": 4.9,
    }
    json_file(folder / "LibriSQA-PartI/LibriSQA-PartI-test.json", [row])
    sound(folder / "LibriSpeech/test-clean/61/70968/61-70968-0000.flac")


def write_music_instruct(folder: Path) -> None:
    asked = {"question": "Describe the music.", "answer": "A slow waltz for piano."}
    rows = [
        asked | {"ytid": "a_b-c", "is_audioset_eval": False, "sampling_rate": 44100},
        asked | {"ytid": "-d.e_f", "is_audioset_eval": True, "sampling_rate": 44100},
    ]
    json_file(folder / "MusicInstruct/music_instruct_long.json", {"QA": rows})
    sound(folder / "MusicCaps_audio/-d.e_f.wav")


OPENBOOKQA = (
    "What warms the earth?\nA. the sun\nB. the moon\nC. the sea\nD. a dog",
    "Which of these melts? A. stone B. ice C. air D. sand.",
)


def write_voice_bench(subset: str, folder: Path) -> None:
    spoken = sound(folder / "made.wav")
    (folder / "made.wav").unlink()
    prompts = OPENBOOKQA if subset == "openbookqa" else ("How tall are trees?", "Tell me a joke.")
    (folder / subset).mkdir()
    for number, prompt in enumerate(prompts):
        row: Row = {"audio": {"bytes": spoken, "path": f"{number}.wav"}, "prompt": prompt}
        if subset == "openbookqa":
            row |= {"reference": "AB"[number]}
        name = f"test-{number:05d}-of-00002.parquet"
        pq.write_table(pa.Table.from_pylist([row]), folder / subset / name)


def _open_audio(folder: Path, task: str, row: Row) -> None:
    name = f"{task}_0.mp3"
    csv_file(folder / f"eval_datas/{task}/{task}.csv", [row | {"audio_filename": name}])
    sound(folder / f"eval_datas/{task}/audios/{name}")


def write_open_audio_alpaca(folder: Path) -> None:
    _open_audio(folder, "alpaca_eval", {"instruction": "How do trees drink?"})


def write_open_audio_llama(folder: Path) -> None:
    _open_audio(folder, "llama_questions", {"Questions": "Who wrote Faust?", "Answer": "Goethe "})


def write_open_audio_trivia(folder: Path) -> None:
    row = {
        "question": "Which river runs through Paris?",
        "answer_normalized_value": "seine",
        "answer_normalized_aliases": "river seine,seine, la seine",
    }
    _open_audio(folder, "trivia_qa", row)


def write_af_chat(folder: Path) -> None:
    turns = [
        ("human", "<sound-3>\nWhat is heard?"),
        ("gpt", "A dog, as in <sound-1>."),
        ("human", "<sound-1>\nAnd here,\nwhich of both is nearer?"),
        ("gpt", "The dog of <sound-3>."),
    ]
    row = {
        "id": "chat-1",
        "sound": ["Ya.wav", "Yb.wav", "Yc.wav"],
        "conversations": [{"from": side, "value": text} for side, text in turns],
    }
    json_file(folder / "afchat/sound.json", [row])
    for name in "abc":
        sound(folder / f"audioset/Y{name}.wav")


FIXTURES: dict[str, Callable[[Path], None]] = {
    "af-chat": write_af_chat,
    "compa-r": write_compa_r,
    "librisqa": write_librisqa,
    "long-audio-bench": write_long_audio_bench,
    "music-instruct-long": write_music_instruct,
    "openaudiobench-alpaca": write_open_audio_alpaca,
    "openaudiobench-llama": write_open_audio_llama,
    "openaudiobench-trivia": write_open_audio_trivia,
    "voicebench-advbench": partial(write_voice_bench, "advbench"),
    "voicebench-alpacaeval": partial(write_voice_bench, "alpacaeval"),
    "voicebench-commoneval": partial(write_voice_bench, "commoneval"),
    "voicebench-openbookqa": partial(write_voice_bench, "openbookqa"),
}
"""By benchmark: writes its files into an empty folder."""
