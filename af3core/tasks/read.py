"""Tasks from YAML, read strictly: a wrong key or value is named with its file and line."""

from __future__ import annotations

import dataclasses
from importlib import resources
from pathlib import Path
from typing import Any, cast

import yaml

from af3core.errors import ConfigurationError
from af3core.tasks.task import Task

_KEYS = {field.name: field for field in dataclasses.fields(Task) if field.name != "task_id"}
_REQUIRED = ("kind", "prompt")
_TYPES: dict[str, type | tuple[type, ...]] = {
    "kind": str,
    "prompt": str,
    "options": list,
    "unit": str,
    "max_new_tokens": int,
    "thinking": bool,
    "repetition_penalty": (int, float),
}


def default_tasks() -> tuple[Task, ...]:
    """Caption, transcript and five questions."""
    text = resources.files("af3core.tasks").joinpath("default_tasks.yaml").read_text("utf-8")
    return parse_tasks(text, "default_tasks.yaml")


def read_tasks(path: Path) -> tuple[Task, ...]:
    """The tasks of a file.

    Raises:
        ConfigurationError: it cannot be read, or a line of it is wrong.
    """
    try:
        text = path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"{path}: cannot be read as a task file ({error})") from error
    return parse_tasks(text, str(path))


def parse_tasks(text: str, name: str) -> tuple[Task, ...]:
    """The tasks of a YAML text; `name` is what errors call it."""
    try:
        root = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = f":{mark.line + 1}" if mark else ""
        problem = getattr(error, "problem", None) or "no YAML"
        raise ConfigurationError(f"{name}{line}: {problem}") from error
    if not isinstance(root, yaml.MappingNode) or not root.value:
        raise ConfigurationError(f"{name}: a task file maps names to tasks; see default_tasks.yaml")
    tasks: dict[str, Task] = {}
    for key, node in root.value:
        if key.value in tasks:
            raise _error(name, key, f"task {key.value} stands twice")
        tasks[key.value] = _task(name, key, node)
    return tuple(tasks.values())


def _task(name: str, key: yaml.Node, node: yaml.Node) -> Task:
    if not isinstance(node, yaml.MappingNode):
        raise _error(name, node, f"task {key.value}: needs kind and prompt below it")
    values: dict[str, object] = {}
    for field, value_node in node.value:
        if field.value not in _KEYS:
            raise _error(
                name,
                field,
                f"task {key.value}: unknown key {field.value!r}; known are {', '.join(_KEYS)}",
            )
        if field.value in values:
            raise _error(name, field, f"task {key.value}: key {field.value!r} stands twice")
        values[field.value] = _value(name, key, field, value_node)
    for required in _REQUIRED:
        if required not in values:
            raise _error(name, key, f"task {key.value}: key {required!r} is missing")
    try:
        return Task(task_id=str(key.value), **values)  # type: ignore[arg-type]
    except ConfigurationError as error:
        raise _error(name, key, str(error)) from error


def _value(name: str, key: yaml.Node, field: yaml.Node, node: yaml.Node) -> Any:
    loader = yaml.SafeLoader("")
    try:
        value = loader.construct_object(node, deep=True)
    finally:
        loader.dispose()
    wanted = _TYPES[field.value]
    if not isinstance(value, wanted) or (isinstance(value, bool) and wanted is not bool):
        names = wanted.__name__ if isinstance(wanted, type) else "number"
        raise _error(name, node, f"task {key.value}: {field.value} must be a {names}")
    if field.value == "options":
        options = cast("list[Any]", value)
        if not all(isinstance(option, str) for option in options):
            raise _error(name, node, f"task {key.value}: options must be texts; quote yes, no, 1")
        return tuple(options)
    return value


def _error(name: str, node: yaml.Node, message: str) -> ConfigurationError:
    return ConfigurationError(f"{name}:{node.start_mark.line + 1}: {message}")
