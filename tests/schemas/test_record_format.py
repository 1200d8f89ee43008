"""Records of a release before and after this one are read; what cannot be read is one line."""

from __future__ import annotations

import dataclasses
import json
import types
from collections.abc import Iterator
from typing import Any, Union, get_args, get_origin, get_type_hints

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from af3core.alignment import attention_calibration
from beam_jobs.browse.sql import sql_process
from beam_jobs.evaluation import acceptance_rules
from beam_jobs.search import index_state
from schemas import (
    accepted_models,
    audit_records,
    corpus_records,
    correction_records,
    records,
    reports,
    retention_records,
    trained_models,
    withdrawal_records,
)
from schemas.record_format import (
    FORM,
    RECORD_FORMAT,
    Record,
    RecordError,
    decoded,
    stored_json,
    unknown_keys,
)
from schemas.records import MediaInfo, Recording, Segment

MODULES = (
    records,
    corpus_records,
    correction_records,
    withdrawal_records,
    retention_records,
    audit_records,
    reports,
    accepted_models,
    trained_models,
    index_state,
    acceptance_rules,
    sql_process,
    attention_calibration,
)
KINDS = sorted(
    {
        kind
        for module in MODULES
        for kind in vars(module).values()
        if isinstance(kind, type) and issubclass(kind, Record) and kind is not Record
    },
    key=lambda kind: kind.__name__,
)
ADDED = st.dictionaries(
    st.sampled_from(["colour", "speaker_map", "zz"]),
    st.none() | st.integers() | st.text(max_size=3) | st.lists(st.integers(), max_size=2),
    max_size=2,
)
MEDIA = MediaInfo("flac", "flac", 16_000, 1, 1349)


def of_type(hint: Any) -> st.SearchStrategy[Any]:
    """Values of a field."""
    if dataclasses.is_dataclass(hint) and isinstance(hint, type):
        hints = get_type_hints(hint)
        return st.builds(hint, **{f.name: of_type(hints[f.name]) for f in dataclasses.fields(hint)})
    origin, arguments = get_origin(hint), get_args(hint)
    if origin in (Union, types.UnionType):
        return st.one_of([of_type(member) for member in arguments])
    if origin is tuple:
        return st.lists(of_type(arguments[0]), max_size=2).map(tuple)
    if origin is list:
        return st.lists(of_type(arguments[0]), max_size=2)
    if origin is dict:
        return st.dictionaries(st.text(max_size=3), of_type(arguments[1]), max_size=2)
    plain: dict[Any, st.SearchStrategy[Any]] = {
        str: st.text(max_size=4),
        int: st.integers(),
        float: st.floats(allow_nan=False, allow_infinity=False),
        bool: st.booleans(),
        type(None): st.none(),
        Any: st.none() | st.integers() | st.text(max_size=3),
    }
    return plain[hint]


def objects_within(kind: Any, value: Any) -> Iterator[tuple[type, dict[str, Any]]]:
    """A record's JSON and that of all records within, each with its class."""
    if dataclasses.is_dataclass(kind) and isinstance(kind, type):
        yield kind, value
        for name, hint in get_type_hints(kind).items():
            yield from objects_within(hint, value[name])
    elif get_origin(kind) in (tuple, list):
        for each in value:
            yield from objects_within(get_args(kind)[0], each)
    elif get_origin(kind) is dict:
        for each in value.values():
            yield from objects_within(get_args(kind)[1], each)


def as_stored(record: Record) -> Any:
    return json.loads(json.dumps(stored_json(record)))


def is_required(field: dataclasses.Field[Any]) -> bool:
    defaults = (field.default, field.default_factory)
    return all(default is dataclasses.MISSING for default in defaults)


def test_all_records_are_looked_at() -> None:
    assert len(KINDS) == 69
    assert {Recording, Segment, index_state.IndexedPartition} < set(KINDS)


@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=25, deadline=None)
@given(data=st.data())
def test_a_record_comes_back(kind: type[Record], data: st.DataObject) -> None:
    record = data.draw(of_type(kind))
    assert kind.from_json(as_stored(record)) == record
    assert kind.from_json(record.to_json()) == record


@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=25, deadline=None)
@given(data=st.data())
def test_a_newer_release_may_add_keys_anywhere(kind: type[Record], data: st.DataObject) -> None:
    record = data.draw(of_type(kind))
    value = as_stored(record) | {"schema_version": RECORD_FORMAT + 1}
    for _, each in list(objects_within(kind, value)):
        each.update(data.draw(ADDED))
    assert kind.from_json(value) == record


@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=25, deadline=None)
@given(data=st.data())
def test_an_older_release_may_lack_every_key_with_a_default(
    kind: type[Record], data: st.DataObject
) -> None:
    value = as_stored(data.draw(of_type(kind)))
    for name in FORM:
        del value[name]
    for within, each in reversed(list(objects_within(kind, value))):
        for field in dataclasses.fields(within):
            if not is_required(field):
                each.pop(field.name, None)
    read = kind.from_json(value)
    for field in dataclasses.fields(kind):  # type: ignore[arg-type]
        if field.default is not dataclasses.MISSING:
            assert getattr(read, field.name) == field.default


@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=25, deadline=None)
@given(data=st.data())
def test_a_required_key_that_is_missing_or_of_a_wrong_type_is_named(
    kind: type[Record], data: st.DataObject
) -> None:
    value = as_stored(data.draw(of_type(kind)))
    places = [
        (within, each, field.name)
        for within, each in objects_within(kind, value)
        for field in dataclasses.fields(within)
        if is_required(field)
    ]
    if not places:
        return
    within, each, name = data.draw(st.sampled_from(places))
    if data.draw(st.booleans()):
        del each[name]
        wrong = f"{within.__name__}.{name} is missing"
    else:
        each[name] = {"a wrong": "type"}
        if get_origin(get_type_hints(within)[name]) is dict:
            each[name] = 7
        wrong = ""
    with pytest.raises(RecordError) as damaged:
        kind.from_json(value)
    assert str(damaged.value).startswith(f"damaged ({wrong}")
    assert "\n" not in str(damaged.value)
    with pytest.raises(RecordError) as newer:
        kind.from_json(value | {"schema_version": RECORD_FORMAT + 1, "schema_release": "0.9.0"})
    assert str(newer.value).startswith(f"written by a newer release ({wrong}")
    assert str(newer.value).endswith("); needs af3-archive >= 0.9.0")


def test_what_is_stored_names_its_form_and_identities_do_not() -> None:
    assert stored_json(MEDIA) == {
        "container": "flac",
        "codec": "flac",
        "sample_rate_hz": 16_000,
        "channels": 1,
        "declared_duration_ms": 1349,
        "estimated_duration_ms": None,
        "declared_by": "",
        "tracks": (),
        "probed_further": False,
        "schema_version": 2,
        "schema_release": "0.2.0",
    }
    assert "schema_version" not in MEDIA.to_json()


@pytest.mark.parametrize(
    ("data", "line"),
    [
        (b"", "damaged (no bytes)"),
        (b'{"container": "fl', "damaged (no JSON)"),
        (b"\xff\xfe\x00", "damaged (no JSON)"),
        (b"[" * 100_000, "damaged (no JSON)"),
        (b"[]", "damaged (MediaInfo is no object)"),
        (b"{}", "damaged (MediaInfo.container is missing)"),
        (b'{"container": 1}', "damaged (MediaInfo.container is a int)"),
    ],
)
def test_damage_is_one_line(data: bytes, line: str) -> None:
    with pytest.raises(RecordError) as caught:
        MediaInfo.from_bytes(data)
    assert str(caught.value) == line


def test_a_truth_value_is_no_number() -> None:
    with pytest.raises(RecordError, match=r"MediaInfo\.channels is a bool"):
        MediaInfo.from_json(MEDIA.to_json() | {"channels": True})


def test_keys_of_a_newer_release_are_told_apart() -> None:
    value = stored_json(MEDIA) | {"bit_depth": 24}
    assert unknown_keys(MediaInfo, value) == {"bit_depth": 24}


def test_a_plain_dataclass_is_read_with_its_checks() -> None:
    @dataclasses.dataclass(frozen=True)
    class Even:
        number: int = 0

        def __post_init__(self) -> None:
            if self.number % 2:
                raise ValueError("odd")

    assert decoded(Even, {"number": 4, "colour": "red"}) == Even(4)
    with pytest.raises(ValueError, match="odd"):
        decoded(Even, {"number": 3})
