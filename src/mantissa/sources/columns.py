"""One value's way into its column: types widen without loss, anything else is refused by name.

Values arrive as JSON text, so that numbers and sub-documents keep every digit and character.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import msgspec

from mantissa.model import ColumnType, Reason
from mantissa.sources.record import RecordError
from mantissa.sources.times import TimeSyntaxError, parse_time

Value = str | int | float | bool | None
"""A value ready for Arrow; JSON columns hold their text, timestamps milliseconds."""

INT64 = 1 << 63
_EXACT = 1 << 53
_INTEGER = re.compile(r"-?\d{1,19}", re.ASCII)
_INTEGRAL = re.compile(r"(-?\d{1,19})\.0+", re.ASCII)
_REAL = re.compile(r"-?\d{1,17}(\.\d{1,17})?([eE][+-]?\d{1,3})?", re.ASCII)
_KINDS = {'"': "text", "{": "an object", "[": "a list", "t": "true", "f": "false"}
_text = msgspec.json.Decoder(str).decode


def kind_of(raw: str) -> str:
    """Name the kind of a JSON value for people."""
    return _KINDS.get(raw[:1], "a number")


def coerce(raw: bytes, column: str, kind: ColumnType) -> Value:
    """Turn the JSON text of one value that is not null into a column's value.

    Raises `RecordError` with `wrong_type` naming the column and the kind of value.
    """
    text = raw.decode()
    value = _CONVERT[kind](_text(raw) if text[0] == '"' else text, text[0])
    if value is _REFUSED:
        shown = text if len(text) <= 40 else text[:40] + "…"
        raise RecordError(
            Reason.WRONG_TYPE, f"column {column} is {kind} and cannot hold {kind_of(text)}: {shown}"
        )
    return value  # type: ignore[no-any-return]


_REFUSED: Any = object()


def _to_string(text: str, first: str) -> Any:
    return text


def _to_json(text: str, first: str) -> Any:
    return msgspec.json.encode(text).decode() if first == '"' else text


def _to_bigint(text: str, first: str) -> Any:
    if first in "{[tf":
        return _REFUSED
    if not text:
        return None
    found = _INTEGER.fullmatch(text) or _INTEGRAL.fullmatch(text)
    number = None if found is None else int(found.group(found.lastindex or 0))
    return number if number is not None and -INT64 <= number < INT64 else _REFUSED


def _to_double(text: str, first: str) -> Any:
    if first in "{[tf":
        return _REFUSED
    if not text:
        return None
    if not _REAL.fullmatch(text):
        return _REFUSED
    number = float(text)
    inexact = _INTEGER.fullmatch(text) and abs(int(text)) > _EXACT
    return _REFUSED if inexact or number in (float("inf"), float("-inf")) else number


def _to_boolean(text: str, first: str) -> Any:
    if first == '"' and not text:
        return None
    word = text.lower() if first == '"' else text
    return {"true": True, "false": False}.get(word, _REFUSED)


def _to_timestamp(text: str, first: str) -> Any:
    if first in "{[tf":
        return _REFUSED
    if not text:
        return None
    try:
        return parse_time(text)
    except TimeSyntaxError:
        return _REFUSED


_CONVERT: dict[ColumnType, Callable[[str, str], Any]] = {
    "string": _to_string,
    "bigint": _to_bigint,
    "double": _to_double,
    "boolean": _to_boolean,
    "timestamp": _to_timestamp,
    "json": _to_json,
}
