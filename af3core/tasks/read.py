"""Tasks from YAML, read strictly."""

from __future__ import annotations

from importlib import resources
from pathlib import Path

from af3core.errors import ConfigurationError
from af3core.storage.address import is_bucket, split_object
from af3core.strict_yaml import fill, parse_mapping, read_text
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
    if not is_bucket(address):
        return parse_tasks(read_text(Path(address), "a task file"), address)
    store, key = split_object(address)
    data = store.read(key)
    if data is None:
        raise ConfigurationError(f"{address}: there is no such object")
    return parse_tasks(data.decode("utf-8", errors="replace"), address)


def parse_tasks(text: str, name: str) -> tuple[Task, ...]:
    """The tasks of a YAML text; `name` is what errors call it."""
    remedy = "a task file maps names to tasks; see default_tasks.yaml"
    tasks = parse_mapping(text, name, remedy)
    return tuple(
        fill(Task, tasks.below(key, node, f"task {task_id}"), {"task_id": task_id})
        for task_id, key, node in tasks.items()
    )
