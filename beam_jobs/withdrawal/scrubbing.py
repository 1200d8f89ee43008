"""Records and rows without what is withdrawn: what is about it goes, the rest stays. Pure.

A dict one of whose own texts is a name of it is about it, and goes from what holds it. A list loses
what is about it. A text that only speaks of it keeps its other words.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from beam_jobs.withdrawal.traces import Traces

GONE = object()
"""Stands for what is about a withdrawn recording."""
_MADE_OF = ("sounds",)
"""Fields whose parts a record is made of: without one of them it is nothing."""
_KEPT = ("forgotten_recordings", "forgotten_sounds", "forgotten_speech")
"""Hashes by which voices stay forgotten, should the recording ever be brought back."""


def scrubbed(value: Any, traces: Traces) -> Any:
    """JSON without what is about withdrawn recordings; GONE where all of it is.

    Gives the same object where nothing had to go.
    """
    if isinstance(value, str):
        if traces.is_name(value):
            return GONE
        return traces.blanked(value) if traces.is_in(value) else value
    if isinstance(value, list):
        kept = [scrubbed(each, traces) for each in value]
        if all(new is old for new, old in zip(kept, value, strict=True)):
            return value
        return [each for each in kept if each is not GONE]
    return _of_dict(value, traces) if isinstance(value, dict) else value


def _of_dict(value: dict[str, Any], traces: Traces) -> Any:
    kept: dict[str, Any] = {}
    for name, held in value.items():
        if name in _KEPT:
            kept[name] = held
            continue
        if traces.is_in(str(name)):
            continue
        new = scrubbed(held, traces)
        if new is GONE or (name in _MADE_OF and new is not held):
            return GONE
        kept[name] = new
    is_same = len(kept) == len(value) and all(kept[name] is value[name] for name in kept)
    return value if is_same else kept


def has_texts(kind: pa.DataType) -> bool:
    """Whether a column holds texts, at whatever depth."""
    if pa.types.is_dictionary(kind):
        return has_texts(kind.value_type)
    if pa.types.is_string(kind) or pa.types.is_large_string(kind):
        return True
    return any(has_texts(kind.field(n).type) for n in range(kind.num_fields))


def texts_in(array: pa.Array[Any]) -> Iterator[str]:
    """The distinct texts of a column, at whatever depth; where a struct is missing, those below it
    too."""
    kind = array.type
    if pa.types.is_dictionary(kind):
        array, kind = array.dictionary_decode(), kind.value_type  # type: ignore[attr-defined]
    if pa.types.is_string(kind) or pa.types.is_large_string(kind):
        yield from (text for text in pc.unique(array).to_pylist() if text is not None)
    elif pa.types.is_struct(kind):
        for number in range(kind.num_fields):
            yield from texts_in(array.field(number))  # type: ignore[attr-defined]
    elif pa.types.is_map(kind):
        yield from texts_in(array.keys)  # type: ignore[attr-defined]
        yield from texts_in(array.items)  # type: ignore[attr-defined]
    elif pa.types.is_nested(kind):
        yield from texts_in(array.flatten())  # type: ignore[attr-defined]


def speaks_of(rows: pa.Table, traces: Traces) -> bool:
    """Whether any text of a table names a withdrawn recording."""
    for column in rows.columns:
        if has_texts(column.type):
            for chunk in column.chunks:
                if any(traces.is_in(text) for text in texts_in(chunk)):
                    return True
    return False


def scrubbed_rows(rows: pa.Table, traces: Traces) -> pa.Table:
    """A table's rows without those about withdrawn recordings; other rows, and columns without
    texts, are the same.
    """
    named = [field.name for field in rows.schema if has_texts(field.type)]
    kept: list[int] = []
    changed: dict[str, dict[int, Any]] = {}
    for number, row in enumerate(rows.select(named).to_pylist()):
        new = scrubbed(row, traces)
        if new is GONE:
            continue
        for name in named:
            if new is not row and new.get(name) is not row[name]:
                changed.setdefault(name, {})[len(kept)] = new.get(name)
        kept.append(number)
    found = rows.take(pa.array(kept, pa.int64()))
    for name, values in changed.items():
        place = found.schema.get_field_index(name)
        field = found.schema.field(place)
        cells = found[name].to_pylist()
        for number, value in values.items():
            cells[number] = value
        found = found.set_column(place, field, pa.array(cells, field.type))
    return found
