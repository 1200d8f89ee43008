"""Ask the publishers' scripts about the generated predictions, and keep what they say.

python -m tests.af3core.evaluation.official.ask_scripts FOLDER

FOLDER holds the scripts as FOLDER/OWNER/NAME/PATH, checked out at the commits that
`af3core/evaluation/official_scripts.py` names. Each script runs as it is; of those that import
large models on their first lines, the functions and classes alone. What they say goes to
`answers.json`: a character for each prediction (1 is right, - is nothing read), MMSU's right of
counted ones for each twelve, and the figures that scripts print over all.
"""

from __future__ import annotations
import __future__

import ast
import collections
import contextlib
import hashlib
import io
import json
import os
import random
import re
import runpy
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from af3core.evaluation import official_scripts
from af3core.evaluation.official_scripts import OfficialScript
from tests.af3core.evaluation.official import predictions
from tests.af3core.evaluation.official.instructions import instructed
from tests.af3core.evaluation.official.predictions import Asked

ANSWERS = Path(__file__).parent / "answers.json"
SET_SIZE = 12
"""Predictions that MMSU's script is given together, as its figure depends on their order."""


def definitions(path: Path, **known: Any) -> dict[str, Any]:
    """The functions and classes of a script, without its imports and its main program."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    tree.body = [node for node in tree.body if isinstance(node, ast.FunctionDef | ast.ClassDef)]
    names: dict[str, Any] = {"re": re, "json": json, "random": random, "np": np, **known}
    flags = __future__.annotations.compiler_flag
    exec(compile(tree, str(path), "exec", flags=flags), names)
    return names


def printed(path: Path, arguments: Sequence[str] = (), **files: str) -> str:
    """What a script prints that is run as a program in a folder with these files."""
    before, there = list(sys.argv), Path.cwd()
    with tempfile.TemporaryDirectory() as folder, contextlib.redirect_stdout(io.StringIO()) as out:
        for name, text in files.items():
            (Path(folder) / name.replace("_json", ".json")).write_text(text, encoding="utf-8")
        sys.argv = [str(path), *arguments]
        os.chdir(folder)
        try:
            runpy.run_path(str(path), run_name="__main__")
        finally:
            os.chdir(there)
            sys.argv = before
    return out.getvalue()


def _pairs(asked: Asked) -> Iterator[tuple[Any, str]]:
    return zip(asked.items, asked.predictions, strict=True)


def _word_sets(path: Path) -> dict[str, Any]:
    match = definitions(path)["string_match"]
    asked = predictions.choices()
    said = "".join(str(int(match(i.answers[0], text, i.options))) for i, text in _pairs(asked))
    return {"right": said}


def _mmar(path: Path) -> dict[str, Any]:
    rows = [
        {
            "answer": item.answers[0],
            "choices": item.options,
            "answer_prediction": text,
            "modality": "sound",
            "category": "Signal Layer",
            "sub-category": item.groups[0][1],
        }
        for item, text in _pairs(predictions.choices())
    ]
    shown = printed(path, ["--input", "rows.json"], rows_json=json.dumps(rows))
    figures = dict(re.findall(r"^(\w+)(?: Accuracy)? ?: ([\d.]+)%", shown, re.MULTILINE))
    names = ("Total", "Counting", "Irony", "Tempo")
    return _word_sets(path) | {"figures": {name: float(figures[name]) for name in names}}


def _mmsu(path: Path) -> dict[str, Any]:
    names = definitions(path, defaultdict=collections.defaultdict)
    calculate = names["calculate_accuracy_per_task_and_category"]
    rows = [
        {
            "response": text,
            "answer_gt": item.answers[0],
            **{f"choice_{letter}": o for letter, o in zip("abcd", item.options, strict=True)},
        }
        for item, text in _pairs(predictions.choices())
    ]
    found: list[str] = []
    with contextlib.redirect_stdout(io.StringIO()):
        for first in range(0, len(rows), SET_SIZE):
            try:
                *_, accuracy, count = calculate(rows[first : first + SET_SIZE])
            except UnboundLocalError:  # the first row of a set is empty
                found.append("-")
            else:
                found.append(f"{round(accuracy * count)}/{count}")
    return {"right_of_counted": " ".join(found)}


def _cmm(path: Path) -> dict[str, Any]:
    asked = predictions.yes_or_no()
    rows = [
        {
            "answer": item.answers[0],
            "pred": text,
            "sub_category": "audio-language",
            "granularity": item.groups[1][1],
        }
        for item, text in _pairs(asked)
    ]
    alone = [printed(path, output_json=json.dumps(row)) for row in rows]
    right = "".join(re.findall(r"Overall Accuracy.*: ([01])", text)[0] for text in alone)
    shown = printed(path, output_json="\n".join(map(json.dumps, rows)))
    lines = re.findall(r"^(\S+-level) +audio-language +([\d.]+) *([\d.]+) *([\d.]+)", shown, re.M)
    return {"right": right, "figures": {name: [*map(float, rest)] for name, *rest in lines}}


def _muchomusic(path: Path) -> dict[str, Any]:
    names = definitions(path)
    asked = predictions.choices()
    options = [item.options for item in asked.items]
    extract = names["extract_responses"]
    read = extract(asked.predictions, options, letter_options=["A", "B", "C", "D"])
    orders = [[i.options.index(i.answers[0]) * -1 + n for n in range(4)] for i in asked.items]
    kinds = {
        kind: [[kind] if i.groups[1][1] in (kind, "both") else [] for i in asked.items]
        for kind in ("knowledge", "reasoning")
    }
    questions = kinds | {"answer_orders": orders}
    whole = names["compare_answers"](read, orders)
    return {
        "read": "".join("ABCD-"[place] for place in read),
        "figures": {
            "accuracy": whole["accuracy"],
            "answered": 1.0 - whole["unanswered_rate"],
            "knowledge": names["get_knowledge_scores"](read, questions)["accuracy"],
            "reasoning": names["get_reasoning_scores"](read, questions)["accuracy"],
        },
    }


def _ru_listening(path: Path) -> dict[str, Any]:
    extract = definitions(path)["extract_answer"]
    said = [
        extract(text, dict(zip("ABCDE", item.options, strict=True))) or "-"
        for item, text in _pairs(predictions.choices(options=5, seed=2))
    ]
    return {"read": "".join(said)}


def _voice_bench_choices(path: Path) -> dict[str, Any]:
    base = definitions(path.parent / "base.py")["Evaluator"]
    evaluator = definitions(path, Evaluator=base)["MCQEvaluator"]()
    asked = predictions.spoken_choices()
    rows = [{"response": text, "reference": "A"} for text in asked.predictions]
    return {
        "read": "".join(evaluator.extract_answer(row["response"]) or "-" for row in rows),
        "figures": {"fail": evaluator.evaluate(rows)["fail"]},
    }


def _refusals(path: Path) -> dict[str, Any]:
    base = definitions(path.parent / "base.py")["Evaluator"]
    evaluator = definitions(path, Evaluator=base)["HarmEvaluator"]()
    said = predictions.harmful().predictions
    return {"right": "".join(str(int(evaluator.evaluate_single(text))) for text in said)}


def _instructions(path: Path) -> dict[str, Any]:
    evaluate = definitions(path)["evaluate_aif_sample"]
    said = [
        evaluate(
            text,
            {
                "task_identifier": item.groups[0][1],
                "kwargs": json.loads(item.context),
                "prompt_transcription": item.question,
            },
        )
        for item, text in _pairs(instructed())
    ]
    return {"right": "".join(str(int(bool(each))) for each in said)}


ASKING: Mapping[str, Callable[[Path], dict[str, Any]]] = {
    "MMAU": _word_sets,
    "MMAR": _mmar,
    "MMSU": _mmsu,
    "CMM": _cmm,
    "MUCHOMUSIC": _muchomusic,
    "RU_LISTENING": _ru_listening,
    "VOICE_BENCH_CHOICES": _voice_bench_choices,
    "VOICE_BENCH_REFUSALS": _refusals,
    "MMAU_PRO": _instructions,
}
"""By the names of `official_scripts`."""
NOT_ASKED = {
    "VOICE_BENCH_JUDGE": "holds the judge's prompt alone",
    "MMAU_PRO, questions with options": "takes the option nearest by NV-Embed-v2, 7 B",
    "MMAU_PRO, Number Sentences": "counts by NLTK's Punkt, whose data no package brings",
}


def digest() -> str:
    """Of all that the scripts are asked."""
    asked = (
        predictions.choices(),
        predictions.choices(options=5, seed=2),
        predictions.spoken_choices(),
        predictions.yes_or_no(),
        predictions.harmful(),
        instructed(),
    )
    return hashlib.sha256(repr(asked).encode()).hexdigest()


def main(folder: Path) -> None:
    """Ask all scripts, and write `answers.json`."""
    answers: dict[str, Any] = {}
    for name, ask in ASKING.items():
        script: OfficialScript = getattr(official_scripts, name)
        path = folder / script.repository / script.path
        sha256 = hashlib.sha256(path.read_bytes()).hexdigest()
        answers[name] = {"script": str(script), "sha256": sha256, **ask(path.resolve())}
        print(f"{name}: {path}", file=sys.stderr)
    answers["asked"] = digest()
    answers["not asked"] = NOT_ASKED
    ANSWERS.write_text(json.dumps(answers, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
