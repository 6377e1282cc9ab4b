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
_INTEGER = re.compile(r"-?\d{1,400}", re.ASCII)
_REAL = re.compile(r"-?\d{1,400}(\.\d{1,400})?([eE][+-]?\d{1,4})?", re.ASCII)
_INFINITE = (float("inf"), float("-inf"))
_WORDS = {"true": True, "false": False}
_KINDS = {'"': "text", "{": "an object", "[": "a list", "t": "true", "f": "false"}
_text = msgspec.json.Decoder(str).decode


def kind_of(raw: str) -> str:
    """Name the kind of a JSON value for people."""
    return _KINDS.get(raw[:1], "a number")


def coerce(raw: bytes, column: str, kind: ColumnType) -> Value:
    """Turn the JSON text of one value that is not null into a column's value.

    Raises `RecordError` with `wrong_type` naming the column and the kind of value.
    """
    written = raw.decode()
    if kind == "json":
        return written
    quoted = written[0] == '"'
    if quoted and kind == "string":
        return _text(raw)
    text = _text(raw) if quoted else written
    value = None if quoted and not text else _CONVERT[kind](text, quoted)
    if value is _REFUSED:
        shown = written if len(written) <= 40 else written[:40] + "…"
        found = kind_of(written)
        raise RecordError(
            Reason.WRONG_TYPE, f"column {column} is {kind} and cannot hold {found}: {shown}"
        )
    return value


_REFUSED: Any = object()


def _to_string(text: str, quoted: bool) -> Any:
    return text


def _to_bigint(text: str, quoted: bool) -> Any:
    if _INTEGER.fullmatch(text):
        number = int(text)
    elif not quoted and _REAL.fullmatch(text) and abs(float(text)) <= _EXACT:
        if not float(text).is_integer():
            return _REFUSED
        number = int(float(text))
    else:
        return _REFUSED
    return number if -INT64 <= number < INT64 else _REFUSED


def _to_double(text: str, quoted: bool) -> Any:
    if not _REAL.fullmatch(text):
        return _REFUSED
    number = float(text)
    inexact = _INTEGER.fullmatch(text) and abs(int(text)) > _EXACT
    return _REFUSED if inexact or number in _INFINITE else number


def _to_boolean(text: str, quoted: bool) -> Any:
    return _WORDS.get(text.lower() if quoted else text, _REFUSED)


def _to_timestamp(text: str, quoted: bool) -> Any:
    if not quoted and text[0] in "{[tf":
        return _REFUSED
    try:
        return parse_time(text)
    except TimeSyntaxError:
        return _REFUSED


_CONVERT: dict[ColumnType, Callable[[str, bool], Any]] = {
    "string": _to_string,
    "bigint": _to_bigint,
    "double": _to_double,
    "boolean": _to_boolean,
    "timestamp": _to_timestamp,
}
