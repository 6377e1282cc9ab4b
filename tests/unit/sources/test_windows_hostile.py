"""Whatever a record holds, it becomes fields or a `RecordError`, never another exception."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mantissa.sources.record import RecordError
from mantissa.sources.windows.normalise import normalise
from support import windows_events as shapes

LEAVES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=12),
    st.sampled_from(["-", "0x", "%%1842", "<a>", "<Event/>", "{}", "/Date(9e9)/", "99" * 40]),
)
VALUES = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(
            st.sampled_from(["#text", "#attributes", "@Name", "Name", "Data", "Value", "x", ""]),
            inner,
            max_size=3,
        ),
    ),
    max_leaves=6,
)
JSON_SHAPES = [f for name, f in shapes.SHAPES.items() if name != "xml"]


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    found = [path] if path else []
    children = value.items() if isinstance(value, dict) else ()
    for key, child in children:
        found += places(child, (*path, key))
    return found


def with_changed(record: Any, path: tuple[Any, ...], value: Any) -> Any:
    for key in path[:-1]:
        record = record[key]
    record[path[-1]] = value


def encoded(value: Any) -> bytes:
    return json.dumps(value, allow_nan=True).encode("utf-8", "surrogatepass")


@given(
    st.sampled_from(JSON_SHAPES),
    st.sampled_from([shapes.SYSMON_1, shapes.LOGON]),
    st.data(),
)
def test_any_value_in_any_place(shape: Any, event: shapes.Event, data: st.DataObject) -> None:
    record = json.loads(shape(event))
    for _ in range(data.draw(st.integers(1, 3))):
        path = data.draw(st.sampled_from(places(record)))
        with_changed(record, path, data.draw(VALUES))
    with suppress(RecordError):
        msgspec.json.encode(normalise(encoded(record)))


@given(st.binary(max_size=200))
def test_any_bytes(raw: bytes) -> None:
    with suppress(RecordError):
        normalise(raw)


@given(st.text("<>/&;#x0'\"= \tEventSysmData![]-?\n", max_size=120))
def test_anything_like_xml(text: str) -> None:
    with suppress(RecordError):
        normalise(f"<Event>{text}".encode())


@given(st.integers(0, 900), st.integers(0, 255))
def test_any_damaged_byte_of_xml(place: int, byte: int) -> None:
    raw = bytearray(shapes.xml(shapes.SYSMON_1))
    raw[place % len(raw)] = byte
    with suppress(RecordError):
        normalise(bytes(raw))


@pytest.mark.parametrize("depth", [100, 300, 900, 5000])
def test_deep_values_inside_embedded_text(depth: int) -> None:
    event = json.loads(shapes.flat(shapes.LOGON)) | {"Extra": "DEEP"}
    text = json.dumps(event).replace('"DEEP"', '{"a":' * depth + "1" + "}" * depth)
    record = {"message": text.replace('"Extra"', '"Data"')}
    with suppress(RecordError):
        msgspec.json.encode(normalise(encoded(record)))


@given(VALUES)
def test_any_json(value: Any) -> None:
    with suppress(RecordError):
        normalise(encoded(value))
