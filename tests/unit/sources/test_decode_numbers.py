"""Which bytes are looked at more closely for integers that need more than 64 bits."""

from __future__ import annotations

import pytest

from mantissa.sources.decoding.check import _may_hold_long_number

LONG = b"1234567890123456789012"


@pytest.mark.parametrize(
    "text",
    [
        b'{"a":' + LONG + b"}",
        b'{"a" : \n -' + LONG + b"}",
        b"[" + LONG + b"]",
        b"[[ -" + LONG + b"]]",
        b"[1, " + LONG + b"]",
        LONG,
    ],
)
def test_where_a_number_can_stand(text: bytes) -> None:
    assert _may_hold_long_number(text)


@pytest.mark.parametrize(
    "text", [b'{"a":"' + LONG + b'"}', b'{"a":"role:' + LONG + b'"}', b'{"a":"i-' + LONG + b'"}']
)
def test_identifiers_are_not_numbers(text: bytes) -> None:
    assert not _may_hold_long_number(text)
