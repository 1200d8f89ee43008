"""Tasks from YAML, read strictly."""

from __future__ import annotations

from importlib import resources

from af3core.storage.texts import read_text_at
from af3core.strict_yaml import fill, parse_mapping
from af3core.tasks.task import Task


def default_tasks() -> tuple[Task, ...]:
    """Caption, transcript and five questions."""
    text = resources.files("af3core.tasks").joinpath("default_tasks.yaml").read_text("utf-8")
    return parse_tasks(text, "default_tasks.yaml")


def read_tasks(address: str) -> tuple[Task, ...]:
    """The tasks of a file, or of an object of a bucket.

    Raises:
        ConfigurationError: it cannot be read, or a line of it is wrong.
    """
    return parse_tasks(read_text_at(address, "a task file"), address)


def parse_tasks(text: str, name: str) -> tuple[Task, ...]:
    """The tasks of a YAML text; `name` is what errors call it."""
    remedy = "a task file maps names to tasks; see default_tasks.yaml"
    tasks = parse_mapping(text, name, remedy)
    return tuple(
        fill(Task, tasks.below(key, node, f"task {task_id}"), {"task_id": task_id})
        for task_id, key, node in tasks.items()
    )
