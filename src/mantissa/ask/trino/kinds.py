"""Trino's types: how they are written, and which becomes which without a cast."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from functools import lru_cache

from mantissa.errors import GuardRefused


@dataclass(frozen=True, slots=True)
class Kind:
    """A type.

    Args:
        name: Trino's word; `timestamptz` for a timestamp with time zone.
        inner: members of an array, keys and values of a map, fields of a row.
        fields: names of a row's fields, empty where they have none.
        size: precision and scale of a decimal, digits after the second of a timestamp, the
            length of a varchar in a cast.
        zone: of a timestamp with time zone: the zone that every value carries, if it is known.
    """

    name: str
    inner: tuple[Kind, ...] = ()
    fields: tuple[str, ...] = ()
    size: tuple[int, ...] = ()
    zone: str | None = None

    def __str__(self) -> str:
        if self.name == "row":
            named = zip(self.fields, self.inner, strict=True)
            return f"row({', '.join(f'{_quoted(f)} {k}'.strip() for f, k in named)})"
        if self.inner:
            return f"{self.name}({', '.join(map(str, self.inner))})"
        if self.name in ("timestamp", "timestamptz"):
            zone = " with time zone" if self.name == "timestamptz" else ""
            return f"timestamp({self.size[0]}){zone}"
        size = f"({', '.join(map(str, self.size))})" if self.size else ""
        return f"{_WORDS.get(self.name, self.name)}{size}"


_WORDS = {"interval_day": "interval day to second", "interval_month": "interval year to month"}

BOOLEAN = Kind("boolean")
INTEGER = Kind("integer")
BIGINT = Kind("bigint")
DOUBLE = Kind("double")
VARCHAR = Kind("varchar")
VARBINARY = Kind("varbinary")
DATE = Kind("date")
JSON = Kind("json")
IPADDRESS = Kind("ipaddress")
UNKNOWN = Kind("unknown")
INTERVAL_DAY = Kind("interval_day")
INTERVAL_MONTH = Kind("interval_month")
WHOLE = ("integer", "bigint")
MAX_PRECISION = 38


def decimal(precision: int, scale: int) -> Kind:
    """Return a decimal type."""
    return Kind("decimal", size=(precision, scale))


def timestamp(digits: int) -> Kind:
    """Return a timestamp without zone."""
    return Kind("timestamp", size=(digits,))


def zoned(digits: int, zone: str | None) -> Kind:
    """Return a timestamp with time zone."""
    return Kind("timestamptz", size=(digits,), zone=zone)


def array(member: Kind) -> Kind:
    """Return an array type."""
    return Kind("array", (member,))


def mapping(key: Kind, value: Kind) -> Kind:
    """Return a map type."""
    return Kind("map", (key, value))


def row(fields: tuple[str, ...], inner: tuple[Kind, ...]) -> Kind:
    """Return a row type; a field without name has an empty one."""
    return Kind("row", inner, fields)


def is_text(kind: Kind) -> bool:
    """Tell whether it is text, or NULL that could be."""
    return kind.name in ("varchar", "unknown")


def is_number(kind: Kind) -> bool:
    """Tell whether it is a number."""
    return kind.name in (*WHOLE, "decimal", "double")


def comparable(kind: Kind) -> bool:
    """Tell whether `=` works on it, on both engines alike."""
    return kind.name != "function" and all(comparable(k) for k in kind.inner)


def orderable(kind: Kind) -> bool:
    """Tell whether `<` works on it."""
    if kind.name in ("json", "map", "function"):
        return False
    return all(orderable(k) for k in kind.inner)


_RANK = {"integer": 1, "bigint": 2, "decimal": 3, "double": 4}
_DIGITS = {"integer": 10, "bigint": 19}
_TIMES = {"date": 0, "timestamp": 1, "timestamptz": 2}


def as_decimal(kind: Kind) -> Kind:
    """Return the decimal that a whole number becomes."""
    return decimal(_DIGITS[kind.name], 0) if kind.name in _DIGITS else kind


def common(one: Kind, other: Kind) -> Kind | None:
    """Return the type that both become without a cast, or None: Trino's implicit coercions."""
    if one == other or other.name == "unknown":
        return one
    if one.name == "unknown":
        return other
    if is_number(one) and is_number(other):
        return _common_number(one, other)
    if one.name in _TIMES and other.name in _TIMES:
        return _common_time(one, other)
    if one.name != other.name:
        return None
    if one.name == "varchar":
        return VARCHAR
    if len(one.inner) != len(other.inner) or not one.inner:
        return None
    pairs = [common(a, b) for a, b in zip(one.inner, other.inner, strict=True)]
    if any(pair is None for pair in pairs):
        return None
    same = one.fields == other.fields
    fields = one.fields if same else tuple("" for _ in one.fields)
    return replace(one, inner=tuple(p for p in pairs if p), fields=fields)


def _common_number(one: Kind, other: Kind) -> Kind:
    high, low = sorted((one, other), key=lambda k: -_RANK[k.name])
    if high.name != "decimal":
        return high
    (p1, s1), (p2, s2) = high.size, as_decimal(low).size
    scale = max(s1, s2)
    return decimal(min(MAX_PRECISION, max(p1 - s1, p2 - s2) + scale), scale)


def _common_time(one: Kind, other: Kind) -> Kind:
    high, low = sorted((one, other), key=lambda k: -_TIMES[k.name])
    digits = max((*high.size, *low.size, 0))
    if high.name == "timestamp":
        return timestamp(digits)
    if low.name == "timestamptz":
        return zoned(digits, high.zone if high.zone == low.zone else None)
    return zoned(digits, high.zone if high.zone == "UTC" else None)


def becomes(kind: Kind, wanted: Kind) -> bool:
    """Tell whether a value of a type becomes another without a cast."""
    found = common(kind, wanted)
    return found is not None and _bare(found) == _bare(wanted)


def _bare(kind: Kind) -> Kind:
    """Drop what is known of the zone, and fields' names."""
    inner = tuple(_bare(k) for k in kind.inner)
    return Kind(kind.name, inner, (), kind.size)


_PLAIN = {
    "boolean": BOOLEAN,
    "integer": INTEGER,
    "int": INTEGER,
    "bigint": BIGINT,
    "double": DOUBLE,
    "varchar": VARCHAR,
    "varbinary": VARBINARY,
    "date": DATE,
    "json": JSON,
    "ipaddress": IPADDRESS,
}
_UNIT = re.compile(r'"(?:[^"]|"")+"|\w+|[(),]')


@lru_cache(maxsize=512)
def read_kind(text: str) -> Kind:
    """Read a type as it is written in a cast. Raises `GuardRefused` (code `type`)."""
    units = [u if u.startswith('"') else u.lower() for u in _UNIT.findall(text)]
    reader = _Reader(units)
    kind = reader.kind()
    if reader.units:
        raise _unknown(text)
    return kind


class _Reader:
    def __init__(self, units: list[str]) -> None:
        self.units = units

    def kind(self) -> Kind:
        name = self._take()
        if name in ("array", "map", "row"):
            return self._nested(name)
        if name == "timestamp":
            digits = self._numbers() or [3]
            if self._took("with", "time", "zone"):
                return self._checked(zoned(digits[0], None))
            self._took("without", "time", "zone")
            return self._checked(timestamp(digits[0]))
        if name in ("decimal", "dec", "numeric"):
            size = [*self._numbers(), 0] if self.units[:1] == ["("] else [38, 0]
            if not 1 <= size[0] <= MAX_PRECISION or size[1] > size[0]:
                raise _unknown("this decimal")
            return decimal(size[0], size[1])
        if name == "varchar":
            return Kind("varchar", size=tuple(self._numbers()))
        if name == "double":
            self._took("precision")
        if name not in _PLAIN:
            raise _unknown(name)
        return _PLAIN[name]

    def _checked(self, kind: Kind) -> Kind:
        if kind.size[0] > 6:
            raise GuardRefused(
                "a timestamp has at most 6 digits after the second here", code="type"
            )
        return kind

    def _nested(self, name: str) -> Kind:
        self._need("(")
        fields: list[str] = []
        inner: list[Kind] = []
        while not inner or self._took(","):
            if name == "row":
                fields.append(self._field())
            inner.append(self.kind())
        self._need(")")
        if len(inner) != {"array": 1, "map": 2}.get(name, len(inner)):
            raise _unknown(name)
        return Kind(name, tuple(inner), tuple(fields))

    def _field(self) -> str:
        """Take a field's name; a type alone is a field without one."""
        second = self.units[1] if len(self.units) > 1 else ")"
        if second in (",", ")", "(", "precision", "with"):
            return ""
        name = self._take()
        return name[1:-1].replace('""', '"') if name.startswith('"') else name

    def _numbers(self) -> list[int]:
        if not self._took("("):
            return []
        found = [int(self._take())]
        while self._took(","):
            found.append(int(self._take()))
        self._need(")")
        return found

    def _take(self) -> str:
        if not self.units:
            raise _unknown("")
        return self.units.pop(0)

    def _took(self, *texts: str) -> bool:
        if self.units[: len(texts)] != list(texts):
            return False
        del self.units[: len(texts)]
        return True

    def _need(self, text: str) -> None:
        if not self._took(text):
            raise _unknown("")


def _unknown(name: str) -> GuardRefused:
    return GuardRefused(
        f"no type {name} here".replace("  ", " "),
        code="type",
        fix="there are boolean, integer, bigint, double, decimal, varchar, varbinary, date, "
        "timestamp, json, ipaddress, array, map and row",
    )


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"' if name else ""
