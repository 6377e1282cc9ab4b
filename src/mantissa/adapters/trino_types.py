"""Trino's types and values as Arrow has them: what the embedded engine gives for the same query.

A type comes as Trino writes it (`array(row(a bigint, b varchar))`), a value as JSON holds it:
either from the client protocol or from `CAST(… AS JSON)`. The two differ in rows, which are lists
in the one and objects in the other, and both are read here.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from mantissa.errors import EngineRejected

if TYPE_CHECKING:
    import pyarrow as pa

NESTED = frozenset({"array", "map", "row"})
"""Types whose values hold values of other types."""

_ARGUMENTS = {"array": 1, "map": 2}
_TEXTS = frozenset(
    {
        "varchar",
        "char",
        "string",
        "json",
        "ipaddress",
        "uuid",
        "interval year to month",
        "interval day to second",
    }
)
_ALIASES = {"float": "real", "int": "integer", "string": "varchar"}
_WORD = re.compile(r'\s*("(?:[^"]|"")*"|[^\s(),"]+|[(),])')
_MICROS = 6
"""Digits of a second that Python's times hold; Trino has up to twelve."""


@dataclass(frozen=True, slots=True)
class TrinoType:
    """One type.

    Args:
        name: the bare name in lower case, `timestamp with time zone` included.
        numbers: precision and scale, where it has them.
        members: types of elements, of key and value, or of fields.
        fields: names of a row's fields; empty where a field has none.
    """

    name: str
    numbers: tuple[int, ...] = ()
    members: tuple[TrinoType, ...] = ()
    fields: tuple[str, ...] = ()


def parse_type(text: str) -> TrinoType:
    """Return the type that Trino writes so. Raises `EngineRejected` for what is no type."""
    words = [match[1] for match in _WORD.finditer(text)]
    try:
        found, rest = _parse(words)
    except (IndexError, ValueError) as error:
        raise EngineRejected(f"the engine answered with an unknown type {text}") from error
    if rest:
        raise EngineRejected(f"the engine answered with an unknown type {text}")
    return found


def _parse(words: list[str]) -> tuple[TrinoType, list[str]]:
    name, rest = words[0].lower(), words[1:]
    arguments: list[list[str]] = []
    if rest[:1] == ["("]:
        arguments, rest = _arguments(rest[1:])
    while rest and rest[0] not in ("(", ")", ","):
        name, rest = f"{name} {rest[0].lower()}", rest[1:]
    return _made(_ALIASES.get(name, name), arguments), rest


def _arguments(words: list[str]) -> tuple[list[list[str]], list[str]]:
    """Split what stands in brackets at its commas; the second part is what follows them."""
    parts: list[list[str]] = [[]]
    depth = 0
    for place, word in enumerate(words):
        if word == ")" and depth == 0:
            return parts, words[place + 1 :]
        if word == "," and depth == 0:
            parts.append([])
            continue
        depth += (word == "(") - (word == ")")
        parts[-1].append(word)
    raise ValueError("a bracket is not closed")


def _made(name: str, arguments: list[list[str]]) -> TrinoType:
    if name == "row" and arguments:
        pairs = [_field(part) for part in arguments]
        return TrinoType(name, (), tuple(kind for _, kind in pairs), tuple(n for n, _ in pairs))
    if name in NESTED:
        if len(arguments) != _ARGUMENTS.get(name):
            raise ValueError(f"{name} of {len(arguments)} types")
        return TrinoType(name, (), tuple(_whole(part) for part in arguments))
    return TrinoType(name, tuple(int(part[0]) for part in arguments))


def _field(words: list[str]) -> tuple[str, TrinoType]:
    """Read `name type`, or a type alone.

    The client protocol quotes names; `typeof` does not, so that a name may be a type's name, or
    several words.
    """
    if words[0].startswith('"'):
        return words[0][1:-1].replace('""', '"'), _whole(words[1:])
    for place in range(len(words)):
        try:
            return " ".join(words[:place]), _whole(words[place:])
        except ValueError:
            continue
    raise ValueError(f"no type: {' '.join(words)}")


def _whole(words: list[str]) -> TrinoType:
    found, rest = _parse(words)
    if rest or not _is_known(found.name):
        raise ValueError(f"no type: {' '.join(words)}")
    return found


def _is_known(name: str) -> bool:
    return name in NESTED | _TEXTS | {"decimal"} or name in _SIMPLE or name in _NUMBERED


def arrow_type(kind: TrinoType) -> pa.DataType:
    """Return the Arrow type of a column. Raises `EngineRejected` for types without values."""
    import pyarrow as pa

    if kind.name == "array":
        return pa.list_(arrow_type(kind.members[0]))
    if kind.name == "map":
        return pa.map_(*map(arrow_type, kind.members))
    if kind.name == "row":
        names = zip(field_names(kind), kind.members, strict=True)
        return pa.struct([(name, arrow_type(member)) for name, member in names])
    if kind.name == "decimal":
        return pa.decimal128(*(kind.numbers or (38, 0)))
    if kind.name in _TEXTS:
        return pa.string()
    if kind.name not in _SIMPLE and kind.name not in _NUMBERED:
        raise EngineRejected(
            f"a result cannot have a column of type {kind.name}", fix="cast it to varchar"
        )
    return {**_SIMPLE, **_NUMBERED}[kind.name](pa)


_SIMPLE: Mapping[str, Callable[[Any], Any]] = {
    "bigint": lambda pa: pa.int64(),
    "integer": lambda pa: pa.int32(),
    "smallint": lambda pa: pa.int16(),
    "tinyint": lambda pa: pa.int8(),
    "double": lambda pa: pa.float64(),
    "real": lambda pa: pa.float32(),
    "boolean": lambda pa: pa.bool_(),
    "date": lambda pa: pa.date32(),
    "varbinary": lambda pa: pa.binary(),
    "unknown": lambda pa: pa.null(),
}
_NUMBERED: Mapping[str, Callable[[Any], Any]] = {
    "timestamp": lambda pa: pa.timestamp("us"),
    "timestamp with time zone": lambda pa: pa.timestamp("us", "UTC"),
    "time": lambda pa: pa.time64("us"),
}


def field_names(kind: TrinoType) -> list[str]:
    """Return the names of a row's fields; one without is `field` and its place."""
    return [name or f"field{number}" for number, name in enumerate(kind.fields)]


def column(values: Sequence[Any], kind: TrinoType) -> pa.Array:
    """Return one column of JSON values as Arrow. Raises `EngineRejected` for a value unlike it."""
    import pyarrow as pa

    read = _reader(kind)
    try:
        made = [None if value is None else read(value) for value in values]
        return pa.array(made, arrow_type(kind))
    except (ValueError, TypeError, KeyError, ArithmeticError, pa.ArrowException) as error:
        raise EngineRejected(
            f"a value of type {kind.name} cannot be read", fix="cast the column to varchar"
        ) from error


def _reader(kind: TrinoType) -> Callable[[Any], Any]:
    """Return what makes a Python value that Arrow takes of a JSON value that is not null."""
    if kind.name == "array":
        member = _optional(kind.members[0])
        return lambda value: [member(item) for item in value]
    if kind.name == "map":
        key, item = (_optional(part) for part in kind.members)
        return lambda value: [(key(k), item(v)) for k, v in value.items()]
    if kind.name == "row":
        return _row_reader(kind)
    return _READERS.get(kind.name, str if kind.name in _TEXTS else lambda value: value)


def _optional(kind: TrinoType) -> Callable[[Any], Any]:
    read = _reader(kind)
    return lambda value: None if value is None else read(value)


def _row_reader(kind: TrinoType) -> Callable[[Any], Any]:
    names = field_names(kind)
    members = [_optional(member) for member in kind.members]

    def read(value: Any) -> dict[str, Any]:
        parts = value if isinstance(value, list) else list(value.values())
        pairs = zip(names, members, parts, strict=True)
        return {name: member(part) for name, member, part in pairs}

    return read


def _whole_number(value: Any) -> int:
    return int(value)


def _real(value: Any) -> float:
    return float(value)


def _truth(value: Any) -> bool:
    return value if isinstance(value, bool) else {"true": True, "false": False}[value]


def _decimal(value: Any) -> Decimal:
    return Decimal(str(value))


def _bytes(value: str) -> bytes:
    return base64.b64decode(value, validate=True)


def moment(text: str) -> datetime:
    """Read a time without a zone; digits beyond microseconds are cut."""
    return datetime.fromisoformat(_cut(text))


def zoned(text: str) -> datetime:
    """Read a time with a zone's name or offset after a space; the result is in UTC."""
    place, _, zone = text.rpartition(" ")
    return moment(place).replace(tzinfo=_zone(zone)).astimezone(UTC)


def _zone(name: str) -> Any:
    if name[:1] in "+-":
        return datetime.fromisoformat(f"2000-01-01T00:00:00{name}").tzinfo
    if name in ("UTC", "Z", "GMT"):
        return UTC
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, OSError) as error:
        raise ValueError(f"no time zone: {name}") from error


def clock_time(text: str) -> time:
    """Read a time of day."""
    return time.fromisoformat(_cut(text))


def _cut(text: str) -> str:
    head, point, digits = text.partition(".")
    return head + point + digits[:_MICROS]


_READERS: Mapping[str, Callable[[Any], Any]] = {
    "bigint": _whole_number,
    "integer": _whole_number,
    "smallint": _whole_number,
    "tinyint": _whole_number,
    "double": _real,
    "real": _real,
    "boolean": _truth,
    "decimal": _decimal,
    "varbinary": _bytes,
    "date": date.fromisoformat,
    "time": clock_time,
    "timestamp": moment,
    "timestamp with time zone": zoned,
}
