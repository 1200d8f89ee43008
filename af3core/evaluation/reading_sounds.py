"""The sounds of a benchmark's items as the model hears them: mono, 16 kHz."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from af3core.audio.clip_file import as_waveform
from af3core.audio.decode import Pcm, decode_whole
from af3core.errors import DecodeFailed
from af3core.evaluation.benchmark_files import BenchmarkData, Data
from af3core.evaluation.item import SoundFile
from af3core.evaluation.made_sounds import make_sound
from af3core.model.audio_limits import SAMPLE_RATE_HZ
from af3core.model.prompt_form import authors_channel
from af3core.model.request import Waveform
from schemas.options.night import DEFAULT_PROMPT_FORM, PromptFormName

_LIMIT_S = 24 * 3600.0


def read_sound(data: Data, file: SoundFile, form: PromptFormName = DEFAULT_PROMPT_FORM) -> Waveform:
    """A sound `[samples]`, of all channels, or of those that the authors' loader hears.

    Raises:
        BenchmarkData: there is no such object, row or column.
        MediaError: it cannot be decoded, or ends before its part begins.
    """
    if file.made:
        return make_sound(file.made)
    name = data.store.address(file.key) + (f", row {file.row}" if file.row is not None else "")
    channel = authors_channel(file.key) if form == "authors" else None
    if file.start_s or file.end_s is not None:
        entire = replace(file, start_s=0.0, end_s=None)
        whole = _decode_cached(data, entire, _stamp(data, file), name, channel)
    else:
        whole = _decode(data, file, name, channel)
    start = round(file.start_s * SAMPLE_RATE_HZ)
    end = None if file.end_s is None else round(file.end_s * SAMPLE_RATE_HZ)
    samples: Waveform = as_waveform(whole[start:end])
    if not len(samples):
        raise DecodeFailed(f"{name}: it ends before {file.start_s:g} s")
    return samples


def _decode(data: Data, file: SoundFile, name: str, channel: int | None) -> Pcm:
    with _local(data, file, name) as path:
        return decode_whole(path, name, _LIMIT_S, channel)


@lru_cache(maxsize=1)
def _decode_cached(
    data: Data, file: SoundFile, _stamp: str | None, name: str, channel: int | None
) -> Pcm:
    """The last recording that a part was cut from: lists give a talk's parts one after another."""
    return _decode(data, file, name, channel)


def _stamp(data: Data, file: SoundFile) -> str | None:
    [stamp] = data.store.stamps([file.key])
    return stamp


@contextmanager
def _local(data: Data, file: SoundFile, name: str) -> Iterator[Path]:
    """The sound's file on this machine."""
    content = _cell(data, file, name) if file.row is not None else data.store.read(file.key)
    if content is None:
        raise BenchmarkData(f"{name}: there is no such sound")
    with tempfile.NamedTemporaryFile(suffix=Path(file.key).suffix) as copy:
        copy.write(content)
        copy.flush()
        yield Path(copy.name)


def _cell(data: Data, file: SoundFile, name: str) -> bytes:
    """The bytes of an audio file in a table."""
    try:
        with data.store.open(file.key) as opened:
            value = _value(pq.ParquetFile(opened), file, name)
    except (OSError, ValueError, KeyError) as error:
        raise BenchmarkData(f"{name}: no table with a column {file.column} ({error})") from error
    content = value.get("bytes") if isinstance(value, dict) else value
    if not isinstance(content, bytes):
        raise BenchmarkData(f"{name}: the column {file.column} holds no audio file")
    return content


def _value(table: pq.ParquetFile, file: SoundFile, name: str) -> Any:
    """A cell, of which its row group alone is read."""
    row = -1 if file.row is None else file.row
    for group in range(table.num_row_groups):
        size = table.metadata.row_group(group).num_rows
        if 0 <= row < size:
            return table.read_row_group(group, columns=[file.column])[file.column][row].as_py()
        row -= size
    raise BenchmarkData(f"{name}: there is no such row")
