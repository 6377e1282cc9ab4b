"""Types widen without loss or the value is refused by name."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mantissa.model import ColumnType, Reason
from mantissa.sources.columns import coerce
from mantissa.sources.record import RecordError


@pytest.mark.parametrize(
    ("raw", "kind", "value"),
    [
        ('"x"', "string", "x"),
        ('""', "string", ""),
        ("1", "string", "1"),
        ("1.10", "string", "1.10"),
        ("12345678901234567890123", "string", "12345678901234567890123"),
        ("true", "string", "true"),
        ('{"a":[1]}', "string", '{"a":[1]}'),
        ("443", "bigint", 443),
        ('"443"', "bigint", 443),
        ("-7", "bigint", -7),
        ("443.0", "bigint", 443),
        ("1e3", "bigint", 1000),
        ('""', "bigint", None),
        ("9223372036854775807", "bigint", 2**63 - 1),
        ("1", "double", 1.0),
        ('"1.5"', "double", 1.5),
        ("-1.5e-3", "double", -0.0015),
        ("true", "boolean", True),
        ('"False"', "boolean", False),
        ('"2026-03-04T12:00:00Z"', "timestamp", 1_772_625_600_000),
        ("1772625600", "timestamp", 1_772_625_600_000),
        ('{"a":1}', "json", '{"a":1}'),
        ('"x"', "json", '"x"'),
    ],
)
def test_values_that_fit(raw: str, kind: ColumnType, value: object) -> None:
    found = coerce(raw.encode(), "c", kind)
    assert found == value
    assert type(found) is type(value)


@pytest.mark.parametrize(
    ("raw", "kind"),
    [
        ('"x"', "bigint"),
        ("1.5", "bigint"),
        ('"1.0"', "bigint"),
        ("true", "bigint"),
        ("9223372036854775808", "bigint"),
        ('"0x10"', "bigint"),
        ('" 1"', "bigint"),
        ('"١"', "bigint"),
        ("[1]", "bigint"),
        ("9007199254740993", "double"),
        ("1e999", "double"),
        ('"nan"', "double"),
        ("1", "boolean"),
        ('"yes"', "boolean"),
        ("{}", "boolean"),
        ('"soon"', "timestamp"),
        ("[2026]", "timestamp"),
    ],
)
def test_values_that_would_lose_something_are_refused(raw: str, kind: ColumnType) -> None:
    with pytest.raises(RecordError) as caught:
        coerce(raw.encode(), "dstport", kind)
    assert caught.value.reason is Reason.WRONG_TYPE
    assert "dstport" in caught.value.detail
    assert kind in caught.value.detail


def test_the_refusal_names_the_kind_of_value_and_stays_short() -> None:
    with pytest.raises(RecordError, match="an object") as caught:
        coerce(('{"a":"' + "x" * 5000 + '"}').encode(), "port", "bigint")
    assert len(caught.value.detail) < 200


@given(st.integers(-(2**63), 2**63 - 1))
def test_every_64_bit_integer_survives_as_number_and_text(number: int) -> None:
    for raw in (str(number), json.dumps(str(number))):
        assert coerce(raw.encode(), "c", "bigint") == number
        assert coerce(raw.encode(), "c", "string") == str(number)


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_every_float_survives(number: float) -> None:
    text = json.dumps(number)
    if "." in text or "e" in text:
        assert coerce(text.encode(), "c", "double") == number
