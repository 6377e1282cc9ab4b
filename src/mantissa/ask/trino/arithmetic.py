"""Arithmetic of numbers, and literals of dates and times, as Trino has them."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime

from sqlglot import exp

from mantissa.ask.trino import special_time
from mantissa.ask.trino.casts import coerced
from mantissa.ask.trino.duck import Value, cast, fn, paren, text
from mantissa.ask.trino.kinds import (
    DOUBLE,
    MAX_PRECISION,
    Kind,
    as_decimal,
    decimal,
    timestamp,
    zoned,
)
from mantissa.ask.trino.special_aggregate import divided
from mantissa.errors import GuardRefused

_TIME = re.compile(
    r"(\d{4}-\d{1,2}-\d{1,2})(?: (\d{1,2}):(\d{1,2})(?::(\d{1,2})(?:\.(\d{1,6}))?)?)?(?: ?(\S+))?"
)
_OFFSET = re.compile(r"[+-]\d\d:\d\d")


def arithmetic(node: exp.Binary, mark: str, left: Value, right: Value, kind: Kind) -> Value:
    """Return a calculation with numbers of one common type."""
    if kind.name == "decimal":
        return _decimals(mark, *(coerced(v, as_decimal(v.kind)) for v in (left, right)))
    sides = [paren(coerced(side, kind).node) for side in (left, right)]
    made: exp.Expr
    if mark == "/":
        made = (exp.Div if kind == DOUBLE else exp.IntDiv)(this=sides[0], expression=sides[1])
    else:
        made = type(node)(this=sides[0], expression=sides[1])
    rough = left.rough or right.rough
    return Value(made, kind, nan=kind == DOUBLE, rough=rough)


def _decimals(mark: str, left: Value, right: Value) -> Value:
    (p1, s1), (p2, s2) = left.kind.size, right.kind.size
    if mark == "/":
        scale = max(s1, s2)
        size = p1 + s2 + max(s2 - s1, 0)
        kind = decimal(min(MAX_PRECISION, size), scale)
        return Value(divided(left, right, scale, kind), kind)
    if mark == "%":
        raise GuardRefused("% is for whole numbers here", code="type", fix="CAST to bigint")
    if mark == "*":
        size, scale = p1 + p2, s1 + s2
    else:
        scale = max(s1, s2)
        size = max(p1 - s1, p2 - s2) + scale + 1
    if size > MAX_PRECISION:
        raise GuardRefused("this decimal has too many digits", code="type", fix="cast to double")
    kind = decimal(size, scale)
    if size > 18 and p1 <= 18:
        # Two decimals of up to 18 digits make one of 18 in DuckDB, which then overflows.
        left = coerced(left, decimal(19, s1))
    operator = {"+": exp.Add, "-": exp.Sub, "*": exp.Mul}[mark]
    return Value(cast(operator(this=paren(left.node), expression=paren(right.node)), kind), kind)


def check_escape(pattern: str | None, escape: str | None) -> None:
    """Refuse LIKE … ESCAPE that Trino refuses. Raises `GuardRefused`."""
    if pattern is None or escape is None or len(escape) != 1:
        raise GuardRefused("LIKE … ESCAPE needs both written out", code="literal")
    at = pattern.find(escape)
    while at >= 0:
        if pattern[at + 1 : at + 2] not in ("%", "_", escape):
            raise GuardRefused("the escape stands before %, _ or itself only", code="argument")
        at = pattern.find(escape, at + 2)


def calendar_day(written: str) -> date:
    """Return a date as it is written. Raises `GuardRefused` (code `type`)."""
    try:
        year, month, day = (int(part) for part in written.split("-"))
        return date(year, month, day)
    except ValueError as error:
        raise GuardRefused("this is no date", code="type", fix="write DATE '2026-01-31'") from error


def moment(written: str) -> Value:
    """Return a timestamp literal, with a zone if it has one. Raises `GuardRefused`."""
    found = _TIME.fullmatch(written)
    if found is None:
        raise GuardRefused("this is no timestamp", code="type", fix="write '2026-01-31 10:00:00'")
    day = calendar_day(found[1])
    hour, minute, second = (int(found[n] or 0) for n in (2, 3, 4))
    if hour > 23 or minute > 59 or second > 59:
        raise GuardRefused("this is no timestamp", code="type", fix="write '2026-01-31 10:00:00'")
    digits = len(found[5] or "")
    part = int((found[5] or "").ljust(6, "0"))
    moment = datetime(day.year, day.month, day.day, hour, minute, second, part, tzinfo=UTC)
    shown = Value(cast(text(f"{moment:%Y-%m-%d %H:%M:%S.%f}"), timestamp(6)), timestamp(digits))
    if not found[6]:
        return shown
    if _OFFSET.fullmatch(found[6]):
        raise GuardRefused("write the time zone by name", code="zone", fix="… UTC")
    zone = special_time.checked_zone(found[6])
    return Value(fn("timezone", text(zone), shown.node), zoned(digits, zone))
