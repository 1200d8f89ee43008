"""A few rows of each benchmark of choices and labels, in the files that its publisher gives out.

Rows are invented; file names, fields, nesting and spellings are the publisher's.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from tests.af3core.evaluation import published_labels as labels
from tests.af3core.evaluation.files import csv_file, json_file, json_lines
from tests.af3core.evaluation.sounds import sound

Row = dict[str, Any]
DOG, CAT = "a dog", "a cat"


def write_mmar(folder: Path) -> None:
    row = {
        "question": "What is heard?",
        "choices": [DOG, CAT],
        "modality": "sound",
        "category": "Perception Layer",
        "language": "en",
    }
    named = {"one": DOG, "two": CAT}
    for name in named:
        sound(folder / f"audio/{name}.wav")
    rows = [
        {"id": name, "audio_path": f"./audio/{name}.wav", "answer": answer} | row
        for name, answer in named.items()
    ]
    json_lines(folder / "MMAR-meta.jsonl", rows)


def write_mmau_test_mini(folder: Path) -> None:
    rows = [_mmau("m1", "test-mini", "music", ["Jazz", "Rock"], "Jazz")]
    rows += [_mmau("s1", "test-mini", "sound", ["Man", "Woman", "Child"], "Woman")]
    json_file(folder / "mmau-test-mini.json", rows)
    for name in ("m1", "s1"):
        sound(folder / f"test-mini-audios/{name}.wav")


def write_mmau_test(folder: Path) -> None:
    json_file(folder / "mmau-test.json", [_mmau("t1", "test", "speech", ["Two", "Three"], "")])
    sound(folder / "test-audios/t1.wav")


def _mmau(name: str, split: str, task: str, choices: list[str], answer: str) -> Row:
    return {
        "id": name,
        "audio_id": f"./{split}-audios/{name}.wav",
        "question": f"Based on the given audio, which {task} is it?",
        "choices": choices,
        "answer": answer,
        "dataset": "AudioSet",
        "task": task,
        "split": split,
        "category": "Reasoning",
        "sub-category": "Acoustic Source Inference",
        "difficulty": "medium",
    }


def write_mmau_pro(folder: Path) -> None:
    rows = [
        _mmau_pro("p1", ["data/a.wav"], "sound", ["Rain", "Wind"], "Wind"),
        _mmau_pro("p2", ["data/a.wav", "data/b.wav"], "multi", ["The first", "Both"], "Both"),
        _mmau_pro("p3", ["data/b.wav"], "open", [], "A bell in a tower"),
        _mmau_pro("p4", ["data/b.wav"], "instruction following", [], None, "No Commas"),
        _mmau_pro("p5", ["data/b.wav"], "music", ["Only"], "Only"),
        _mmau_pro("p6", ["data/b.wav"], "instruction following", [], None, "Multiple Format"),
    ]
    pq.write_table(pa.Table.from_pylist(rows), folder / "test.parquet")
    for name in ("a", "b"):
        sound(folder / f"data/{name}.wav")


def _mmau_pro(
    name: str,
    paths: list[str],
    category: str,
    choices: list[str],
    answer: str | None,
    instruction: str | None = None,
) -> Row:
    return {
        "id": name,
        "audio_path": paths,
        "question": "What is heard?",
        "answer": answer,
        "choices": choices,
        "length_type": "short",
        "perceptual_skills": ["Sound source"],
        "reasoning_skills": ["Causal"],
        "category": category,
        "transcription": "",
        "task_classification": "",
        "task_identifier": instruction,
        "kwargs": {"N": 1 if instruction else None, "keyword": None},
        "sub-cat": "",
    }


MMSU_ROW = {
    "question": "Which emotion is heard?",
    "choice_a": "Joy",
    "choice_b": "Anger",
    "choice_c": "Fear",
    "choice_d": "Sadness",
    "answer_gt": "Fear",
    "category": "Perception",
    "sub-category": "Paralinguistics",
    "sub-sub-category": "Speaker Traits",
    "linguistics_sub_discipline": "Paralinguistics",
    "task_name": "emotion_recognition",
}


def write_mmsu(folder: Path) -> None:
    rows = [{"id": "e_1", "audio_path": "audio/e_1.wav"} | MMSU_ROW]
    missing = {"choice_c": None, "choice_d": None, "answer_gt": "Joy"}
    rows += [{"id": "e_2", "audio_path": "audio/e_2.wav"} | MMSU_ROW | missing]
    json_lines(folder / "question/mmsu.jsonl", rows)
    for row in rows:
        sound(folder / row["audio_path"])


def write_mmsu_tables(folder: Path) -> None:
    cell = {"bytes": sound(folder / "made.wav"), "path": "e_1.wav"}
    (folder / "made.wav").unlink()
    rows = [{"id": "e_1", "audio": cell} | MMSU_ROW]
    (folder / "data").mkdir()
    pq.write_table(pa.Table.from_pylist(rows), folder / "data/train-00000-of-00001.parquet")


def write_muchomusic(folder: Path) -> None:
    row = {
        "question": "Which rhythm is it?",
        "correct_answer": "Reggae",
        "distractor_1_answer": "Ska",
        "distractor_2_answer": "Pop",
        "distractor_3_answer": "Samba",
        "genre": "Reggae",
    }
    sdd = {"dataset": "sdd", "dataset_identifier": "415600.json", "music_knowledge": "['metre']"}
    caps = {"dataset": "musiccaps", "dataset_identifier": "a_b-c_4.json", "music_knowledge": ""}
    both = [sdd | row | {"music_reasoning": ""}, caps | row | {"music_reasoning": "['mood']"}]
    csv_file(folder / "muchomusic.csv", both)
    sound(folder / "sdd/audio/00/415600.2min.mp3")
    sound(folder / "musiccaps/audio/[a_b-c]-[30-40].wav")


def write_muchomusic_perceptual(folder: Path) -> None:
    row = {
        "question": "Which instrument carries the melody?",
        "caption": "A reed instrument plays.",
        "correct_answer": "Reed instrument",
        "distractors": ["Flute", "Violin", "Clarinet", "Tabla melody"],
        "PI": 0.98,
    }
    json_file(folder / "RUL-MuchoMusic.json", {"2006": row})
    sound(folder / "audio/2006.mp3")


def write_clotho_aqa(folder: Path) -> None:
    asked = [
        ("river, far.wav", "Are there waves?", ("yes", "yes", "yes")),
        ("river, far.wav", "Is it raining?", ("no", "yes", "no")),
        ("river, far.wav", "What flows?", ("Water", "river", "water")),
        ("dog.wav", "Is a cat heard?", ("no", "no", "no")),
    ]
    rows = [
        {"file_name": file, "QuestionText": question, "answer": answer, "confidence": "yes"}
        for file, question, answers in asked
        for answer in answers
    ]
    csv_file(folder / "clotho_aqa_test.csv", rows)
    for file in ("river, far.wav", "dog.wav"):
        sound(folder / "audio_files" / file)


def _entailment(dataset: str, file: str, caption: str) -> Row:
    return {
        "Prompt": "",
        "Dataset": dataset,
        "Audio file": file,
        "Caption": caption,
        "Entailment": "A machine runs.",
        "Neutral": "A truck waits, at a light.",
        "Contradiction": "A library is quiet.",
        "Full response": "",
    }


def write_entailment_clotho(folder: Path) -> None:
    row = _entailment("ClothoV2", "Santa Motor.wav", "['A machine whines.', 'A motor.']")
    csv_file(folder / "data/CLE/clotho_entailment_evaluation.csv", [row])
    sound(folder / "evaluation/Santa Motor.wav")


def write_entailment_audiocaps(folder: Path) -> None:
    row = _entailment("Audiocaps", "Y7fmOlUlwoNg", "An engine idles")
    csv_file(folder / "data/ACE/audiocaps_entailment_test.csv", [row])
    sound(folder / "test/7fmOlUlwoNg.flac")


def write_music_avqa(folder: Path) -> None:
    filled = {"question_content": "Is the <Object> louder than the <Object>?", "anser": "yes"}
    counted = {"question_content": "How many instruments?", "templ_values": "[]", "anser": "two"}
    filled |= {"templ_values": '["acoustic_guitar", "flute"]'}
    rows = [
        {"type": '["Audio", "Comparative"]', "question_id": 8, "question_deleted": 0} | filled,
        {"type": '["Audio-Visual", "Counting"]', "question_id": 9, "question_deleted": 0} | counted,
        {"type": '["Audio", "Counting"]', "question_id": 10, "question_deleted": 1} | counted,
        {"type": '["Audio", "Counting"]', "question_id": 11, "question_deleted": 0} | counted,
    ]
    rows = [{"video_id": "00000238"} | row for row in rows]
    json_file(folder / "data/json/avqa-test.json", rows)
    sound(folder / "audio/00000238.wav")


def write_cmm(folder: Path) -> None:
    seen = {"sub_category": "visual-language", "modality": "visual", "audio_path": None}
    heard = {"sub_category": "audio-language", "modality": "audio"}
    heard |= {"audio_path": "./reorg_raw_files/audio-language/thunder/1.wav", "video_path": None}
    rows = [
        seen | {"question": "Did you see river in the video? Answer with yes or no."},
        heard | {"question": "Did you hear thunder in the audio? Answer with yes or no."},
        heard | {"question": "Did you hear rain in the audio? Answer with yes or no."},
    ]
    answers = ("yes", "yes", "no")
    level = {"category": "inter-modality_spurious_correlation", "granularity": "event-level"}
    told = [level | row | {"answer": answer} for row, answer in zip(rows, answers, strict=True)]
    json_file(folder / "all_data_final_reorg.json", told)
    sound(folder / "reorg_raw_files/audio-language/thunder/1.wav")


FIXTURES: dict[str, Callable[[Path], None]] = {
    "audio-entailment-audiocaps": write_entailment_audiocaps,
    "audio-entailment-clotho": write_entailment_clotho,
    "clotho-aqa-non-binary": write_clotho_aqa,
    "clotho-aqa-unanimous": write_clotho_aqa,
    "cmm": write_cmm,
    "cochlscene": labels.write_cochlscene,
    "iemocap": labels.write_iemocap,
    "mmar": write_mmar,
    "mmau-pro": write_mmau_pro,
    "mmau-pro-instructions": write_mmau_pro,
    "mmau-pro-open": write_mmau_pro,
    "mmau-test": write_mmau_test,
    "mmau-test-mini": write_mmau_test_mini,
    "mmsu": write_mmsu,
    "muchomusic": write_muchomusic,
    "muchomusic-perceptual": write_muchomusic_perceptual,
    "music-avqa": write_music_avqa,
    "nonspeech7k": labels.write_nonspeech7k,
    "nsynth-instrument": labels.write_nsynth,
    "nsynth-source": labels.write_nsynth,
}
"""By benchmark: writes its files into an empty folder."""
