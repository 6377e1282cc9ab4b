"""Our values as JSON: one document on standard output is the machine's side of the contract."""

from __future__ import annotations

import dataclasses
import json
import math
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from enum import Enum
from pathlib import PurePath
from typing import Any
from uuid import UUID

from mantissa.entrypoints.cli.text import json_safe


def to_json(value: object, *, indent: int | None = None) -> str:
    """Return `value` as JSON text that is safe to print.

    Times are ISO 8601 in UTC with `Z`; what JSON has no number for is spelled `"NaN"` or
    `"Infinity"`; exact decimals stay exact as text; bytes are hexadecimal.
    """
    text = json.dumps(_plain(value), ensure_ascii=False, allow_nan=False, indent=indent)
    return json_safe(text)


def _plain(value: Any) -> Any:
    if value is None or (isinstance(value, bool | int) and not isinstance(value, Enum)):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else _odd_float(value)
    if isinstance(value, str) and not isinstance(value, Enum):
        return value
    if isinstance(value, Mapping):
        return {_name(key): _plain(member) for key, member in value.items()}
    for kind, convert in _CONVERTERS:
        if isinstance(value, kind):
            return convert(value)
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return _fields(value)
    if isinstance(value, Iterable):
        return [_plain(member) for member in value]
    return str(value)


def _name(key: object) -> str:
    return key if isinstance(key, str) else str(_plain(key))


def _odd_float(value: float) -> str:
    if math.isnan(value):
        return "NaN"
    return "Infinity" if value > 0 else "-Infinity"


def _fields(value: Any) -> dict[str, Any]:
    """Return a dataclass's members, without those it keeps out of its repr (`Secret.value`)."""
    return {f.name: _plain(getattr(value, f.name)) for f in dataclasses.fields(value) if f.repr}


def _time(value: datetime) -> str:
    aware = value if value.tzinfo else value.replace(tzinfo=UTC)
    return aware.astimezone(UTC).isoformat().replace("+00:00", "Z")


_CONVERTERS: tuple[tuple[Any, Callable[[Any], Any]], ...] = (
    (Enum, lambda value: _plain(value.value)),
    (datetime, _time),
    (date | time, lambda value: value.isoformat()),
    (timedelta, lambda value: value.total_seconds()),
    (bytes | bytearray | memoryview, lambda value: bytes(value).hex()),
    (Decimal | PurePath | UUID, str),
)
