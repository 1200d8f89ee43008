"""The sounds of a benchmark's items as the model hears them: mono, 16 kHz."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq

from af3core.audio.decode import DecodeReport, decode
from af3core.evaluation.data import BenchmarkData, Data
from af3core.evaluation.item import SoundFile
from af3core.evaluation.made_sounds import make_sound
from af3core.model.limits import SAMPLE_RATE_HZ
from af3core.model.request import Waveform

_LIMIT_S = 24 * 3600.0


def read_sound(data: Data, file: SoundFile) -> Waveform:
    """A sound `[samples]`.

    Raises:
        BenchmarkData: there is no such object, row or column.
        MediaError: it cannot be decoded.
    """
    if file.made:
        return make_sound(file.made)
    name = data.store.address(file.key) + (f", row {file.row}" if file.row is not None else "")
    with _local(data, file, name) as path:
        chunks = list(decode(path, name, DecodeReport(), _LIMIT_S))
    samples: Waveform = np.concatenate(chunks).astype(np.float32) / np.float32(32768)
    start = round(file.start_s * SAMPLE_RATE_HZ)
    end = None if file.end_s is None else round(file.end_s * SAMPLE_RATE_HZ)
    return samples[start:end]


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
    with data.store.open(file.key) as table:
        values = pq.read_table(table, columns=[file.column])[file.column]
    if file.row is None or not 0 <= file.row < len(values):
        raise BenchmarkData(f"{name}: there is no such row")
    value = values[file.row].as_py()
    content = value.get("bytes") if isinstance(value, dict) else value
    if not isinstance(content, bytes):
        raise BenchmarkData(f"{name}: the column {file.column} holds no audio file")
    return content
