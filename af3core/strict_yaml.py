"""YAML into frozen dataclasses, strictly: a wrong key or value is named with its file and line."""

from __future__ import annotations

import dataclasses
import functools
import types
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

import yaml

from af3core.errors import ConfigurationError
from schemas.options.option import OptionError, key_of

Read = TypeVar("Read")

_NAMES: dict[Any, str] = {
    str: "a text; quote yes, no, dates and numbers",
    int: "a whole number",
    float: "a number",
    bool: "true or false",
}


@dataclass(frozen=True)
class YamlMapping:
    """A mapping of a YAML file, with its place for errors.

    `title` stands before each error, such as `task caption: `; it is empty at the top of a file.
    `head` is the key that the mapping stands below: errors about the whole point there.
    """

    node: yaml.MappingNode
    file: str
    head: yaml.Node
    title: str = ""

    def items(self) -> Iterator[tuple[str, yaml.Node, yaml.Node]]:
        """Key, its node and its value's node.

        Raises:
            ConfigurationError: a key stands twice.
        """
        seen: set[str] = set()
        for key, value in self.node.value:
            if not isinstance(key, yaml.ScalarNode):
                raise self.error(key, "a key must be a text")
            if key.value in seen:
                raise self.error(key, f"key {key.value!r} stands twice")
            seen.add(key.value)
            yield str(key.value), key, value

    def below(self, key: yaml.Node, node: yaml.Node, title: str) -> YamlMapping:
        """The mapping under a key.

        Raises:
            ConfigurationError: there is no mapping.
        """
        if not isinstance(node, yaml.MappingNode):
            raise self.error(key, f"{title.removeprefix(self.title)} needs keys below it")
        return YamlMapping(node, self.file, key, f"{title}: ")

    def error(self, node: yaml.Node, message: str) -> ConfigurationError:
        """An error that names the file and the node's line."""
        line = node.start_mark.line + 1
        return ConfigurationError(f"{self.file}:{line}: {self.title}{message}")


def read_text(path: Path, what: str) -> str:
    """The text of a file that a person wrote; `what` names its kind for the error.

    Raises:
        ConfigurationError: it cannot be read.
    """
    try:
        return path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"{path}: cannot be read as {what} ({error})") from error


def parse_mapping(text: str, file: str, remedy: str) -> YamlMapping:
    """The mapping that a YAML text is; `remedy` says what a file of this kind holds.

    Raises:
        ConfigurationError: it is no YAML, empty, or no mapping.
    """
    try:
        root = _compose(text)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = f":{mark.line + 1}" if mark else ""
        problem = getattr(error, "problem", None) or "no YAML"
        raise ConfigurationError(f"{file}{line}: {problem}") from error
    if not isinstance(root, yaml.MappingNode) or not root.value:
        raise ConfigurationError(f"{file}: {remedy}")
    return YamlMapping(root, file, root)


def fill(cls: type[Read], mapping: YamlMapping, given: Mapping[str, Any] | None = None) -> Read:
    """A dataclass from a mapping's keys; fields in `given` come from elsewhere and are no keys.

    Raises:
        ConfigurationError: a key is unknown, missing or twice there, a value has the wrong type, or
            the class itself refuses the values.
    """
    values = dict(given or {})
    types_by_name = _types_of(cls)  # type: ignore[arg-type]
    fields: tuple[dataclasses.Field[Any], ...] = dataclasses.fields(cls)  # type: ignore[arg-type]
    required = sorted(fields, key=_is_optional)
    names = {key_of(field): field.name for field in required if field.name not in values}
    names.pop("", None)
    for name, key, node in mapping.items():
        if name not in names:
            known = ", ".join(names)
            raise mapping.error(key, f"unknown key {name!r}; known are {known}")
        values[names[name]] = _value(types_by_name[names[name]], key, node, mapping)
    for field in fields:
        if field.name not in values and not _is_optional(field):
            raise mapping.error(mapping.head, f"key {key_of(field)!r} is missing")
    try:
        return cls(**values)
    except OptionError as error:
        raise mapping.error(mapping.head, error.in_file) from error
    except ConfigurationError as error:
        message = str(error).removeprefix(mapping.title)
        raise mapping.error(mapping.head, message) from error


@functools.cache
def _types_of(cls: type[Any]) -> dict[str, Any]:
    """The types of a class's fields: finding them takes as long as all else of a small file."""
    return get_type_hints(cls)


def _compose(text: str) -> yaml.Node | None:
    """The file's nodes, by libyaml where PyYAML has it: it takes a tenth of the time.

    Raises:
        yaml.YAMLError: of the parser in Python, which says what is wrong in the same words on
            every machine.
    """
    try:
        return yaml.compose(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    except yaml.YAMLError:
        return yaml.compose(text, Loader=yaml.SafeLoader)


def _is_optional(field: dataclasses.Field[Any]) -> bool:
    no_value, no_factory = field.default, field.default_factory
    return no_value is not dataclasses.MISSING or no_factory is not dataclasses.MISSING


def _value(wanted: Any, key: yaml.Node, node: yaml.Node, mapping: YamlMapping) -> Any:
    origin, name = get_origin(wanted), key.value
    if isinstance(wanted, type) and dataclasses.is_dataclass(wanted):
        return fill(wanted, mapping.below(key, node, f"{mapping.title}{name}"))
    if origin in (types.UnionType, Union):
        kinds = [kind for kind in get_args(wanted) if kind is not type(None)]
        value = _plain(node, name, mapping)
        if value is None and len(kinds) < len(get_args(wanted)):
            return None
        words = [w for kind in kinds[1:] if get_origin(kind) is Literal for w in get_args(kind)]
        return value if value in words else _value(kinds[0], key, node, mapping)
    if origin is dict:
        return _dict(get_args(wanted)[1], node, name, mapping)
    value = _plain(node, name, mapping)
    if origin is Literal:
        if value not in get_args(wanted):
            known = ", ".join(get_args(wanted))
            raise mapping.error(node, f"{name} must be one of {known}, not {value!r}")
        return value
    if origin is tuple:
        if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
            raise mapping.error(node, f"{name} must be a list of texts; quote yes, no, 1")
        return tuple(value)
    if not _fits(value, wanted):
        raise mapping.error(node, f"{name} must be {_NAMES[wanted]}")
    return _float(value, node, name, mapping) if wanted is float else value


def _float(value: float, node: yaml.Node, name: str, mapping: YamlMapping) -> float:
    try:
        return float(value)
    except OverflowError as error:
        raise mapping.error(node, f"{name} is too large a number") from error


def _fits(value: Any, wanted: type) -> bool:
    if isinstance(value, bool):
        return wanted is bool
    return isinstance(value, (int, float) if wanted is float else wanted)


def _dict(of: type, node: yaml.Node, name: str, mapping: YamlMapping) -> dict[str, Any]:
    if dataclasses.is_dataclass(of):
        return _dict_of_mappings(of, node, name, mapping)
    if not isinstance(node, yaml.MappingNode):
        raise mapping.error(node, f"{name} must map names to values; each is {_NAMES[of]}")
    values = {}
    for key, _, item in YamlMapping(node, mapping.file, node, f"{mapping.title}{name}: ").items():
        values[key] = _plain(item, name, mapping)
        if not _fits(values[key], of):
            raise mapping.error(item, f"{name} must map names to values; each is {_NAMES[of]}")
    return values


def _dict_of_mappings(of: type, node: yaml.Node, name: str, mapping: YamlMapping) -> dict[str, Any]:
    """A dataclass by name; an empty one is written `{}`."""
    if not isinstance(node, yaml.MappingNode):
        raise mapping.error(node, f"{name} must map names to keys")
    inner = YamlMapping(node, mapping.file, node, f"{mapping.title}{name}: ")
    return {
        key: fill(of, inner.below(head, item, f"{inner.title}{key}"))
        for key, head, item in inner.items()
    }


def _plain(node: yaml.Node, name: str, mapping: YamlMapping) -> Any:
    loader = yaml.SafeLoader("")
    try:
        return loader.construct_object(node, deep=True)
    except (yaml.YAMLError, ValueError, TypeError) as error:
        raise mapping.error(node, f"{name} holds no plain value; quote it") from error
    finally:
        loader.dispose()
