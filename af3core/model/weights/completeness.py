"""Whether a checkpoint's files are all there and whole, by their headers alone.

A safetensors file is 8 bytes of length, a header in JSON with each tensor's place, and the tensors
without gaps to its end (github.com/huggingface/safetensors, Format): its size says whether it is
whole. `model.safetensors.index.json` names the file of each tensor.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from af3core.errors import ConfigurationError, StorageError
from af3core.storage.os_errors import storage_error

SINGLE, INDEX = "model.safetensors", "model.safetensors.index.json"
THINK_CONFIG = "adapter_config.json"
THINK_FOLDERS = ("think", "stage35")
"""In nvidia/audio-flamingo-3-hf, and in nvidia/audio-flamingo-3."""
_OUTPUT_LAYER = "lm_head.weight"
MOST_HEADER_BYTES = 100_000_000
"""Of the format."""
_LENGTH_BYTES = 8
_FETCH = "fetch it again in full"
_OTHER_FILES = (
    (
        b"version https://git-lfs",
        "a pointer of Git LFS instead of the file; run git lfs pull there",
    ),
    (b"<!doctype html", f"a web page instead of the file; {_FETCH}"),
    (b"<html", f"a web page instead of the file; {_FETCH}"),
    (b"PK\x03\x04", "a pickle of PyTorch; give weights as safetensors"),
    (b"\x80\x02", "a pickle of PyTorch; give weights as safetensors"),
    (b"GGUF", "of llama.cpp's format; give weights as safetensors"),
)
_HALF = re.compile(r"(.+)\.lora_([AB])(?:\.default)?\.weight")


@dataclass(frozen=True)
class WeightFiles:
    """A checkpoint whose files are whole.

    Attributes:
        files: how many hold the base weights.
        size_bytes: of them together.
        parameters: numbers in the base weights.
        think_parameters: numbers that the think weights hold besides, once merged.
        has_output_layer: of its own; else it is the embeddings.
    """

    files: int
    size_bytes: int
    parameters: int
    think_parameters: int = 0
    has_output_layer: bool = False


def check_weight_files(name: str, folder: Path) -> WeightFiles:
    """Look at the headers of a checkpoint's files; no weight is read.

    Args:
        name: of the model, as it was given.
        folder: its files; those of think weights lie below it.

    Raises:
        ConfigurationError: a file is missing, cut short or of another format; names it.
        StorageError: the disk or the mount does not answer, or this user may not read.
    """
    shapes: dict[Path, dict[str, list[int]]] = {}
    try:
        wanted = weight_files(name, folder)
        for path in wanted:
            shapes[path] = _shapes(name, path)
            absent = sorted(wanted[path] - shapes[path].keys())
            if absent:
                raise _wrong(name, path, f"has no tensor {absent[0]}, which {INDEX} names", _FETCH)
        think = think_folder(folder)
        think_parameters = _think_parameters(name, think) if think is not None else 0
    except FileNotFoundError as error:
        raise _wrong(name, Path(error.filename or folder), "is missing", _FETCH) from error
    except OSError as error:
        raise unreadable(name, error, error.filename or folder) from error
    return WeightFiles(
        files=len(shapes),
        size_bytes=sum(path.stat().st_size for path in shapes),
        parameters=sum(math.prod(shape) for held in shapes.values() for shape in held.values()),
        think_parameters=think_parameters,
        has_output_layer=any(
            name.endswith(_OUTPUT_LAYER) for held in shapes.values() for name in held
        ),
    )


def think_folder(checkpoint_folder: Path) -> Path | None:
    """The folder of think weights below a checkpoint's, or None if it came without."""
    for name in THINK_FOLDERS:
        if (checkpoint_folder / name / THINK_CONFIG).is_file():
            return checkpoint_folder / name
    return None


def unreadable(name: str, error: OSError, path: Path | str) -> StorageError:
    """What a disk, a mount or missing rights say of a model's file."""
    said = storage_error(error, path)
    return type(said)(f"--model {name}: {said}")


def weight_files(name: str, folder: Path) -> dict[Path, set[str]]:
    """The files of the base weights, with the tensors that an index wants in each; none where
    there is no index, and all are wanted.

    One whole file goes before an index, as transformers takes them.

    Raises:
        ConfigurationError: there are none, or the index names none.
    """
    if (folder / SINGLE).is_file():
        return {folder / SINGLE: set()}
    index = folder / INDEX
    if not index.is_file():
        others = sorted(folder.glob("*.safetensors"))
        if not others:
            raise ConfigurationError(f"--model {name}: no *.safetensors in {folder}")
        return {path: set() for path in others}
    try:
        named = json.loads(index.read_text("utf-8"))["weight_map"]
        wanted: dict[Path, set[str]] = {}
        for tensor, file in named.items():
            wanted.setdefault(folder / str(file), set()).add(str(tensor))
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise _wrong(name, index, *_what_it_is(index, "is no index of tensors")) from error
    if not wanted:
        raise _wrong(name, index, "names no tensor", _FETCH)
    return dict(sorted(wanted.items()))


def _shapes(name: str, path: Path) -> dict[str, list[int]]:
    """The tensors of a whole file, by their names."""
    header, size = _header(name, path)
    try:
        held = {key: value for key, value in header.items() if key != "__metadata__"}
        shapes = {key: [int(n) for n in value["shape"]] for key, value in held.items()}
        ends = max((int(value["data_offsets"][1]) for value in held.values()), default=0)
    except (KeyError, TypeError, ValueError, IndexError) as error:
        raise _wrong(name, path, "has a damaged header", _FETCH) from error
    if size < ends:
        raise _wrong(name, path, f"is cut short: {size:,} bytes of tensors of {ends:,}", _FETCH)
    if size > ends:
        raise _wrong(name, path, f"has {size - ends:,} bytes too many", _FETCH)
    return shapes


def _header(name: str, path: Path) -> tuple[dict[str, Any], int]:
    """The header of a file, and how many bytes stand behind it."""
    with path.open("rb") as file:
        whole = path.stat().st_size
        length = int.from_bytes(file.read(_LENGTH_BYTES), "little")
        room = whole - _LENGTH_BYTES
        if whole < _LENGTH_BYTES or length > MOST_HEADER_BYTES:
            raise _wrong(name, path, *_what_it_is(path, "is no file of safetensors"))
        if length > room:
            raise _wrong(name, path, *_what_it_is(path, f"is cut short: {whole:,} bytes"))
        try:
            header = json.loads(file.read(length))
        except ValueError as error:
            raise _wrong(name, path, *_what_it_is(path, "has a damaged header")) from error
    if not isinstance(header, dict):
        raise _wrong(name, path, "has a damaged header", _FETCH)
    return header, room - length


def _what_it_is(path: Path, otherwise: str) -> tuple[str, str]:
    """What is wrong with a file and what to do, by its first bytes."""
    with path.open("rb") as file:
        head = file.read(64).lstrip()
    for start, said in _OTHER_FILES:
        if head.lower().startswith(start.lower()):
            what, _, remedy = said.partition("; ")
            return f"is {what}", remedy
    return ("is empty" if not head else otherwise), _FETCH


def _think_parameters(name: str, folder: Path) -> int:
    """Numbers of the weights that a LoRA changes, and of those that come whole beside it."""
    shapes: dict[str, list[int]] = {}
    for path in sorted(folder.glob("*.safetensors")):
        shapes |= _shapes(name, path)
    halves: dict[str, dict[str, list[int]]] = {}
    count = 0
    for key, shape in shapes.items():
        match = _HALF.fullmatch(key)
        if match:
            halves.setdefault(match[1], {})[match[2]] = shape
        else:
            count += math.prod(shape)
    return count + sum(_merged(pair) for pair in halves.values())


def _merged(pair: Mapping[str, list[int]]) -> int:
    """The numbers of B @ A."""
    if pair.keys() != {"A", "B"} or len(pair["A"]) != 2 or len(pair["B"]) != 2:
        return 0
    return pair["B"][0] * pair["A"][1]


def _wrong(name: str, path: Path, what: str, remedy: str) -> ConfigurationError:
    return ConfigurationError(f"--model {name}: {path} {what}; {remedy}")
