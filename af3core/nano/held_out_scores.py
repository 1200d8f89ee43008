"""Figures of a checkpoint on unseen scenes, through the engine that annotates archives."""

from __future__ import annotations

import json
import platform
from collections import defaultdict
from datetime import UTC, datetime
from pathlib import Path
from random import Random

import torch
import transformers

from af3core.model.engines.af3_engine import Af3Engine
from af3core.model.request import Answer, Engine, Request, Sound, ask
from af3core.model.weights.checkpoint import find_checkpoint
from af3core.nano.questions import (
    NO_SPEECH,
    Question,
    caption,
    choice_questions,
    open_questions,
    thinking,
    transcript,
)
from af3core.nano.scenes import Cast, Scene, make_scene
from af3core.tasks.answers import find_choice
from af3core.tasks.thinking import split_thinking

PARTS = {
    "unseen sentences": Cast(held_out_words=True),
    "unseen voices": Cast(held_out_words=True, held_out_voices=True),
}
_ANSWER_TOKENS = 192


def evaluate(checkpoint: Path, scene_count: int) -> dict[str, dict[str, float]]:
    """Print the figures of each part and keep them in the checkpoint's figures.json."""
    engine = Af3Engine.load(find_checkpoint(str(checkpoint)))
    figures = {name: figures_of(engine, name, cast, scene_count) for name, cast in PARTS.items()}
    document = {
        "date": datetime.now(UTC).date().isoformat(),
        "scenes_each": scene_count,
        "hardware": platform.processor() or platform.machine(),
        "versions": {"torch": torch.__version__, "transformers": transformers.__version__},
        "figures": figures,
    }
    (checkpoint / "figures.json").write_text(json.dumps(document, indent=1) + "\n", "utf-8")
    for name, values in figures.items():
        print(name)
        for key, value in values.items():
            print(f"  {key:<28} {value:.3f}")
    return figures


def figures_of(engine: Engine, name: str, cast: Cast, count: int) -> dict[str, float]:
    """Word error rate, and the share of right answers by kind, on `count` scenes of one part."""
    random = Random(f"evaluation {name}")
    scenes = [make_scene(random, cast) for _ in range(count)]
    asked: list[tuple[Scene, Question]] = []
    requests: list[Request] = []
    for audio, scene in scenes:
        sound = Sound(audio)
        for question in _questions(scene, random):
            asked.append((scene, question))
            requests.append(ask(sound, question.prompt, _ANSWER_TOKENS))
    answers = engine.answer(requests)
    errors, words = 0, 0
    right: dict[str, list[bool]] = defaultdict(list)
    for (scene, question), answer in zip(asked, answers, strict=True):
        text = answer.text.strip() if isinstance(answer, Answer) else ""
        if question.kind == "transcript":
            errors += word_errors(scene.words, "" if text == NO_SPEECH else text)
            words += len(scene.words.split())
        elif question.kind == "caption":
            right["caption_names_sound"] += [s in text.lower() for s in set(scene.sounds)]
        elif question.kind.endswith("_thinking"):
            told = split_thinking(text, question.options).answer
            right["thinking"].append(_same_choice(told, question.answer.splitlines()[-1], question))
        elif question.options:
            right[question.kind].append(_same_choice(text, question.answer, question))
        else:
            right[question.kind].append(text == question.answer)
    figures = {"word_error_rate": errors / max(words, 1)}
    return figures | {kind: sum(hits) / len(hits) for kind, hits in sorted(right.items()) if hits}


def _same_choice(text: str, answer: str, question: Question) -> bool:
    """As the tables are filled: by the option that the product reads out of an answer."""
    return find_choice(text, question.options) == find_choice(answer, question.options)


def _questions(scene: Scene, random: Random) -> list[Question]:
    choices = choice_questions(scene, random)
    return [
        Question("transcript", "Transcribe the input speech.", transcript(scene)),
        Question("caption", "Please describe the audio in detail.", caption(scene)),
        *[Question(f"choice_{q.kind}", q.prompt, q.answer, q.options) for q in choices],
        *[Question(f"open_{q.kind}", q.prompt, q.answer) for q in open_questions(scene)],
        thinking(random.choice(choices), scene),
    ]


def word_errors(spoken: str, heard: str) -> int:
    """Substitutions, deletions and insertions between two word sequences."""
    if not spoken:
        return len(heard.split())
    import jiwer

    result = jiwer.process_words(spoken, heard)
    return int(result.substitutions + result.deletions + result.insertions)
