"""Functions of dates and times that need more than a template."""

from __future__ import annotations

from dataclasses import replace

from sqlglot import exp

from mantissa.ask.trino.casts import converted, local, timestamp_in_form
from mantissa.ask.trino.duck import Value, case, cast, filled, fn, number, paren, text
from mantissa.ask.trino.formats import joda_form, mysql_form
from mantissa.ask.trino.kinds import DATE, Kind, timestamp, zoned
from mantissa.ask.trino.special import Call, Special, bad_argument, known_text
from mantissa.errors import GuardRefused

_DATE_UNITS = ("day", "week", "month", "quarter", "year")
_UNITS = ("millisecond", "second", "minute", "hour", *_DATE_UNITS)
_STEPS = {
    "millisecond": "to_milliseconds(CAST(_1 AS double))",
    "second": "to_seconds(CAST(_1 AS double))",
    "minute": "to_minutes(_1)",
    "hour": "to_hours(_1)",
    "day": "to_days(CAST(_1 AS integer))",
    "week": "to_days(CAST(_1 * 7 AS integer))",
    "month": "to_months(CAST(_1 AS integer))",
    "quarter": "to_months(CAST(_1 * 3 AS integer))",
    "year": "to_months(CAST(_1 * 12 AS integer))",
}
_FIELDS = {
    "week": "weekofyear",
    "week_of_year": "weekofyear",
    "day_of_month": "day",
    "day_of_week": "isodow",
    "dow": "isodow",
    "day_of_year": "dayofyear",
    "doy": "dayofyear",
    "year_of_week": "isoyear",
    "yow": "isoyear",
    "last_day_of_month": "last_day",
}
_SECONDS = {"day": 86_400, "hour": 3_600, "minute": 60, "second": 1}
_WRAPS = {"hour": 24, "minute": 60, "second": 60}


def _unit(call: Call, kind: Kind) -> str:
    found = known_text(call, 0, "unit").lower()
    if found not in (_DATE_UNITS if kind.name == "date" else _UNITS):
        raise bad_argument(call, "no such unit for it")
    return found


def _now(call: Call) -> exp.Expr:
    return fn("date_trunc", text("millisecond"), fn("now"))


def _field(call: Call) -> exp.Expr:
    shown = local(call.values[0])
    if call.name == "millisecond":
        return filled("millisecond(_1) % 1000", shown)
    return fn(_FIELDS.get(call.name, call.name), shown)


def _interval_part(call: Call) -> exp.Expr:
    seconds = filled("epoch_us(_1)", call.node(0))
    whole = exp.IntDiv(this=seconds, expression=number(1_000_000 * _SECONDS[call.name]))
    if call.name not in _WRAPS:
        return whole
    return exp.Mod(this=exp.Paren(this=whole), expression=number(_WRAPS[call.name]))


def _as_date(call: Call) -> exp.Expr:
    return converted(call.values[0], DATE, False)


def _date_trunc(call: Call) -> exp.Expr:
    value = call.values[1]
    unit = _unit(call, value.kind)
    if value.kind.name == "timestamptz":
        cut = fn("date_trunc", text(unit), local(value))
        return fn("timezone", text(value.kind.zone or "UTC"), cut)
    return cast(fn("date_trunc", text(unit), call.node(1)), value.kind)


def _date_add(call: Call) -> exp.Expr:
    value = call.values[2]
    unit = _unit(call, value.kind)
    step = filled(_STEPS[unit], call.node(1))
    if unit == "millisecond" and value.kind.size[0] < 3:
        raise bad_argument(call, "cast it to timestamp(3) first")
    if value.kind.name != "timestamptz":
        return cast(exp.Add(this=paren(call.node(2)), expression=step), value.kind)
    if unit not in _DATE_UNITS:
        return exp.Paren(this=exp.Add(this=paren(call.node(2)), expression=step))
    moved = exp.Paren(this=exp.Add(this=local(value), expression=step))
    return fn("timezone", text(value.kind.zone or "UTC"), moved)


def _date_diff(call: Call) -> exp.Expr:
    first, second = call.values[1], call.values[2]
    unit = _unit(call, second.kind)
    if first.kind.name != "timestamptz":
        return fn("date_sub", text(unit), *(_in_ms(v) for v in (first, second)))
    if unit in _DATE_UNITS:
        if first.kind.zone != second.kind.zone:
            raise bad_argument(call, "both times must be in one known time zone")
        return fn("date_sub", text(unit), local(first), local(second))
    return fn("date_sub", text(unit), *(_utc(v) for v in (first, second)))


def _utc(value: Value) -> exp.Expr:
    return fn("timezone", text("UTC"), value.node.copy())


def _in_ms(value: Value) -> exp.Expr:
    if value.kind.name == "timestamp" and value.kind.size[0] > 3:
        raise GuardRefused("cast it to timestamp(3) first", code="argument")
    return value.node.copy()


def _shown(value: Value) -> exp.Expr:
    return local(value) if value.kind.name == "timestamptz" else value.node.copy()


def _date_format(call: Call) -> exp.Expr:
    form = mysql_form(known_text(call, 1, "format"))
    return fn("strftime", _shown(call.values[0]), text(form))


def _format_datetime(call: Call) -> exp.Expr:
    form = joda_form(known_text(call, 1, "format"))
    return fn("strftime", _shown(call.values[0]), text(form))


def _parsed(call: Call, form: str) -> exp.Expr:
    """Read a time in a form, strictly: what it is written back as must be what was read."""
    read = fn("try_strptime", call.node(0), text(form))
    back = fn("strftime", read.copy(), text(form))
    same = exp.EQ(this=back, expression=paren(call.node(0)))
    failed = filled("CAST(mantissa_fail('this text is not in the format') AS timestamp)")
    return case(
        (exp.Is(this=call.node(0), expression=exp.null()), exp.null()), (same, read), default=failed
    )


def _date_parse(call: Call) -> exp.Expr:
    return _parsed(call, mysql_form(known_text(call, 1, "format"), parsed=True))


def _parse_datetime(call: Call) -> exp.Expr:
    form = joda_form(known_text(call, 1, "format"), parsed=True)
    return fn("timezone", text("UTC"), _parsed(call, form))


def _from_iso8601_timestamp(call: Call) -> Value:
    written = call.values[0].literal
    in_utc = written is not None and (written.endswith("Z") or "T" not in written or _bare(written))
    found = fn("mantissa_iso_time", call.node(0))
    return Value(found, zoned(3, "UTC" if in_utc else None))


def _bare(written: str) -> bool:
    """Tell whether a text has no zone."""
    clock = written.partition("T")[2]
    return not any(mark in clock for mark in "+-Z")


def _from_iso8601_date(call: Call) -> exp.Expr:
    return filled(
        "CASE WHEN _1 IS NULL THEN NULL WHEN regexp_full_match(_1, '[0-9]{4}-[0-9]{2}-[0-9]{2}') "
        "THEN CAST(_1 AS date) ELSE CAST(mantissa_fail('this text is no ISO 8601 date') AS date) END",
        call.node(0),
    )


def _to_iso8601(call: Call) -> exp.Expr:
    value = call.values[0]
    words = timestamp_in_form(_shown(value), value.kind.size[0], "%Y-%m-%dT%H:%M:%S")
    if value.kind.name == "timestamp":
        return words
    if value.kind.zone != "UTC":
        raise bad_argument(call, "only of a time in UTC here")
    return exp.Paren(this=exp.DPipe(this=words, expression=text("Z")))


def _from_unixtime(call: Call) -> Value:
    zone = known_text(call, 1, "time zone") if len(call.values) > 1 else "UTC"
    found = filled(
        "timezone('UTC', epoch_ms(CAST(floor(_1 * 1000 + 0.5) AS bigint)))", call.node(0)
    )
    return Value(found, zoned(3, checked_zone(zone)))


def _to_unixtime(call: Call) -> exp.Expr:
    if call.values[0].kind.size[0] > 3:
        raise GuardRefused("cast it to timestamp(3) first", code="argument")
    parts = filled("CAST(epoch_ms(_1) AS double)", call.node(0))
    return exp.Paren(this=exp.Div(this=parts, expression=number(1000)))


def _at_timezone(call: Call) -> Value:
    zone = checked_zone(known_text(call, 1, "time zone"))
    return replace(call.values[0], kind=replace(call.values[0].kind, zone=zone), source=None)


def _with_timezone(call: Call) -> Value:
    zone = checked_zone(known_text(call, 1, "time zone"))
    digits = call.values[0].kind.size[0]
    return Value(fn("timezone", text(zone), call.node(0)), zoned(digits, zone))


def checked_zone(zone: str) -> str:
    """Return a zone that both engines know. Raises `GuardRefused` (code `zone`)."""
    import zoneinfo

    if zone == "UTC":
        return zone
    if "/" not in zone or zone not in zoneinfo.available_timezones():
        raise GuardRefused(
            "this time zone is not known", code="zone", fix="write a name like 'Europe/London'"
        )
    return zone


def shifted(left: Value, right: Value, negative: bool) -> Value:
    """Return a time moved by an interval. Raises `GuardRefused` (code `type`)."""
    kind = left.kind
    operator = exp.Sub if negative else exp.Add
    if kind.name == "timestamptz" and right.kind.name == "interval_month":
        moved = operator(this=local(left), expression=paren(right.node))
        return Value(fn("timezone", text(kind.zone or "UTC"), exp.Paren(this=moved)), kind)
    if kind.name == "date" and right.kind.name == "interval_day" and not _whole_days(right):
        raise GuardRefused(
            "a date moves by whole days", code="type", fix="cast it to a timestamp first"
        )
    digits = max((*kind.size, 3)) if right.kind.name == "interval_day" and kind.size else None
    result = kind if digits is None else replace(kind, size=(digits,))
    moved = operator(this=paren(left.node), expression=paren(right.node))
    return Value(cast(moved, result), result)


def _whole_days(interval: Value) -> bool:
    source = interval.source
    return isinstance(source, exp.Interval) and source.args["unit"].name in ("DAY", "WEEK")


def interval(node: exp.Interval) -> Value:
    """Return an interval literal. Raises `GuardRefused` (code `type`)."""
    unit = node.args["unit"].name.lower()
    amount = node.this.this
    if not amount.lstrip("-").isdecimal() or len(amount) > 9 or amount.count("-") > 1:
        raise GuardRefused("an interval is a whole number here", code="type")
    made = filled(_STEPS[unit], number(int(amount)))
    name = "interval_month" if unit in ("month", "year") else "interval_day"
    return Value(made, Kind(name), source=node)


def between_times(left: Value, right: Value) -> Value:
    """Return the interval between two times of one kind."""
    nodes = [paren(_utc(v) if v.kind.name == "timestamptz" else v.node) for v in (left, right)]
    if left.kind.name == "date":
        nodes = [cast(node, timestamp(0)) for node in nodes]
    return Value(exp.Sub(this=nodes[0], expression=nodes[1]), Kind("interval_day"))


SPECIALS: dict[str, Special] = {
    "now": _now,
    "field": _field,
    "interval_part": _interval_part,
    "date": _as_date,
    "date_trunc": _date_trunc,
    "date_add": _date_add,
    "date_diff": _date_diff,
    "date_format": _date_format,
    "format_datetime": _format_datetime,
    "date_parse": _date_parse,
    "parse_datetime": _parse_datetime,
    "from_iso8601_timestamp": _from_iso8601_timestamp,
    "from_iso8601_date": _from_iso8601_date,
    "to_iso8601": _to_iso8601,
    "from_unixtime": _from_unixtime,
    "to_unixtime": _to_unixtime,
    "at_timezone": _at_timezone,
    "with_timezone": _with_timezone,
}
