"""A task's question about a sound, as the engine is asked it."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

from af3core.embedding.few_shot import Example, sounds_with, with_examples
from af3core.model.engines.engine_registry import EngineSettings
from af3core.model.request import Request, Sound, ask
from af3core.tasks.task import Task


def request_of(
    sound: Sound, task: Task, engine: EngineSettings, examples: Sequence[Example] = ()
) -> Request:
    """A task's question about a sound; to think, or to hear long sounds, the checkpoint's think
    weights if it has them.
    """
    alone = ask(
        sound,
        with_examples(task.prompt_text, task.prompt, examples),
        task.max_new_tokens,
        task.repetition_penalty,
        weights=engine.weights_for(thinking=task.thinking, longest_samples=len(sound.samples)),
    )
    return dataclasses.replace(alone, sounds=sounds_with(sound, examples))
