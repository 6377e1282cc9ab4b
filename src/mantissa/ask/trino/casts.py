"""Trino's casts on DuckDB: what may be cast to what, and how it comes out the same."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import replace

from sqlglot import exp

from mantissa.ask.trino.duck import (
    Value,
    case,
    cast,
    duck_type,
    fails,
    field_names,
    filled,
    fn,
    named_type,
    number,
    text,
)
from mantissa.ask.trino.kinds import VARCHAR, WHOLE, Kind, common
from mantissa.errors import GuardRefused

Maker = Callable[[Value, Kind, bool], exp.Expr]
"""(value, target, whether a failure is NULL) → the cast."""


def coerced(value: Value, kind: Kind) -> Value:
    """Return the value as a type that it becomes without a cast."""
    if value.kind == kind:
        return value
    if value.kind.name == "unknown":
        return replace(value, node=cast(value.node, kind), kind=kind)
    if duck_type(value.kind) == duck_type(kind):
        return replace(value, kind=kind)
    return replace(value, node=cast(value.node, kind), kind=kind)


def converted(value: Value, kind: Kind, safe: bool) -> exp.Expr:
    """Return CAST or TRY_CAST (`safe`). Raises `GuardRefused` (code `cast`)."""
    have = value.kind
    if have.name == "unknown":
        return cast(exp.null(), kind)
    maker = _MAKERS.get((have.name, kind.name))
    if maker is not None:
        return maker(value, kind, safe)
    if have.name == kind.name and have.name not in ("array", "map", "row"):
        return value.node
    if have.name == kind.name == "array":
        return _array(value, kind, safe)
    both = common(have, kind)
    if both is not None and duck_type(both) == duck_type(kind) and not have.inner:
        return cast(value.node, kind)
    if have.name == kind.name == "row" and len(have.inner) == len(kind.inner):
        return _row(value, kind, safe)
    raise GuardRefused(f"{have} cannot be cast to {kind} here", code="cast")


def _plain(value: Value, kind: Kind, safe: bool) -> exp.Expr:
    made = exp.TryCast if safe else exp.Cast
    return made(this=value.node, to=named_type(duck_type(kind)))


def _array(value: Value, kind: Kind, safe: bool) -> exp.Expr:
    member = Value(exp.column(exp.to_identifier("m_c", quoted=True)), value.kind.inner[0])
    if value.kind.inner[0].name == "unknown":
        return cast(value.node, kind)
    body = converted(member, kind.inner[0], False)
    if safe and body != member.node:
        raise GuardRefused("TRY_CAST of an array is not allowed", code="cast")
    return fn("list_transform", value.node, _lambda("m_c", body))


def _lambda(name: str, body: exp.Expr) -> exp.Lambda:
    return exp.Lambda(this=body, expressions=[exp.to_identifier(name, quoted=True)])


def _row(value: Value, kind: Kind, safe: bool) -> exp.Expr:
    names = field_names(value.kind)
    fields = []
    for name, have, target in zip(names, value.kind.inner, kind.inner, strict=True):
        part = fn("struct_extract", value.node.copy(), text(name))
        fields.append(converted(Value(part, have), target, safe))
    return case(
        (exp.Is(this=value.node.copy(), expression=exp.null()), exp.null()),
        default=packed(kind, fields),
    )


def packed(kind: Kind, fields: list[exp.Expr]) -> exp.Struct:
    """Return a row of these fields."""
    named = zip(field_names(kind), fields, strict=True)
    return exp.Struct(
        expressions=[exp.PropertyEQ(this=text(name), expression=node) for name, node in named]
    )


def _to_bounded_text(node: exp.Expr, kind: Kind) -> exp.Expr:
    return fn("left", node, number(kind.size[0])) if kind.size else node


def _text_from(make: Callable[[Value], exp.Expr]) -> Maker:
    def made(value: Value, kind: Kind, safe: bool) -> exp.Expr:
        return make(value) if not kind.size else _bounded(make(value), kind, safe)

    return made


def _bounded(node: exp.Expr, kind: Kind, safe: bool) -> exp.Expr:
    """Return text of a number, which must not be cut. It fits, or the cast fails."""
    too_long = exp.null() if safe else fails("the value does not fit the varchar", VARCHAR)
    return case(
        (exp.GT(this=fn("length", node.copy()), expression=number(kind.size[0])), too_long),
        default=node,
    )


def _whole_from_text(value: Value, kind: Kind, safe: bool) -> exp.Expr:
    shim = "mantissa_try_int_text" if safe else "mantissa_int_text"
    made = exp.TryCast if safe else exp.Cast
    return made(this=fn(shim, value.node), to=named_type(duck_type(kind)))


def _double_from_text(value: Value, kind: Kind, safe: bool) -> exp.Expr:
    return fn("mantissa_try_double" if safe else "mantissa_double", value.node)


def _decimal_from_text(value: Value, kind: Kind, safe: bool) -> exp.Expr:
    made = exp.TryCast(this=fn("mantissa_decimal_text", value.node), to=named_type(duck_type(kind)))
    return made if safe else _or_fails(made, value.node, "this text is no such decimal", kind)


def _through(shim: str, reason: str) -> Maker:
    def made(value: Value, kind: Kind, safe: bool) -> exp.Expr:
        tried = fn(shim, value.node)
        return tried if safe else _or_fails(tried, value.node, reason, kind)

    return made


def _or_fails(tried: exp.Expr, given: exp.Expr, reason: str, kind: Kind) -> exp.Expr:
    return case(
        (exp.Is(this=given.copy(), expression=exp.null()), exp.null()),
        default=exp.Coalesce(this=tried, expressions=[fails(reason, kind)]),
    )


def _timestamp_from_text(value: Value, kind: Kind, safe: bool) -> exp.Expr:
    tried = fn("mantissa_try_timestamp", value.node)
    found = tried if safe else _or_fails(tried, value.node, "this text is no timestamp", kind)
    return rounded_time(found, 6, kind.size[0])


def rounded_time(node: exp.Expr, have: int, digits: int) -> exp.Expr:
    """Return a timestamp with fewer digits after the second, rounded as Trino does."""
    if digits >= have:
        return node
    return fn("mantissa_round_ms", node, number(10 ** (6 - digits)))


def _timestamp_from_timestamp(value: Value, kind: Kind, safe: bool) -> exp.Expr:
    return rounded_time(value.node, value.kind.size[0], kind.size[0])


def local(value: Value) -> exp.Expr:
    """Return what the clock of its zone shows, of a timestamp with time zone."""
    if value.kind.zone is None:
        raise GuardRefused(
            "the time zone of this value is not known",
            code="zone",
            fix="write … AT TIME ZONE 'UTC'",
        )
    return fn("timezone", text(value.kind.zone), value.node)


def _timestamp_from_zoned(value: Value, kind: Kind, safe: bool) -> exp.Expr:
    return rounded_time(local(value), value.kind.size[0], kind.size[0])


def _zoned_from_timestamp(value: Value, kind: Kind, safe: bool) -> exp.Expr:
    digits = value.kind.size[0] if value.kind.size else 0
    return cast(rounded_time(value.node, digits, kind.size[0]), kind)


def _zoned_from_zoned(value: Value, kind: Kind, safe: bool) -> exp.Expr:
    if value.kind.size[0] > kind.size[0]:
        raise GuardRefused("cast it to a timestamp without time zone", code="cast")
    return value.node


def timestamp_text(node: exp.Expr, digits: int) -> exp.Expr:
    """Return `2026-01-02 03:04:05.000` with so many digits after the second."""
    return timestamp_in_form(node, digits, "%Y-%m-%d %H:%M:%S")


def timestamp_in_form(node: exp.Expr, digits: int, form: str) -> exp.Expr:
    """Return a timestamp in a strftime form that ends with the second."""
    if digits == 0:
        return fn("strftime", node, text(form))
    whole = fn("strftime", node, text(f"{form}.%f"))
    if digits == 6:
        return whole
    cut = filled("length(_1) - _2", whole, number(6 - digits))
    return fn("left", whole.copy(), cut)


def _zoned_text(value: Value) -> exp.Expr:
    words = timestamp_text(local(value), value.kind.size[0])
    return exp.DPipe(this=words, expression=text(f" {value.kind.zone}"))


def _rounded_whole(value: Value, kind: Kind, safe: bool) -> exp.Expr:
    made = exp.TryCast if safe else exp.Cast
    return made(this=fn("round", value.node), to=named_type(duck_type(kind)))


def _json_number(value: Value, kind: Kind, safe: bool) -> exp.Expr:
    if safe:
        raise GuardRefused("TRY_CAST of JSON is not allowed", code="cast", fix="use CAST")
    return cast(fn("mantissa_json_cast", value.node, text(kind.name)), kind)


def _json_array(value: Value, kind: Kind, safe: bool) -> exp.Expr:
    inner = kind.inner[0]
    if safe or inner.name not in ("varchar", "json", "bigint", "integer", "double", "boolean"):
        raise GuardRefused(f"JSON cannot be cast to {kind} here", code="cast")
    members = fn("mantissa_json_members", value.node)
    member = Value(exp.column(exp.to_identifier("m_j", quoted=True)), Kind("json"))
    body = member.node if inner.name == "json" else converted(member, inner, False)
    return fn("list_transform", members, _lambda("m_j", body))


def _json_from_text(value: Value, kind: Kind, safe: bool) -> exp.Expr:
    return fn("mantissa_json_text", value.node)


def _json_from_plain(value: Value, kind: Kind, safe: bool) -> exp.Expr:
    return exp.Cast(this=value.node, to=named_type("VARCHAR"))


def _json_from_array(value: Value, kind: Kind, safe: bool) -> exp.Expr:
    inner = value.kind.inner[0]
    member = Value(exp.column(exp.to_identifier("m_k", quoted=True)), inner)
    body = exp.Coalesce(this=converted(member, Kind("json"), False), expressions=[text("null")])
    joined = fn(
        "array_to_string", fn("list_transform", value.node, _lambda("m_k", body)), text(",")
    )
    return exp.DPipe(this=exp.DPipe(this=text("["), expression=joined), expression=text("]"))


def _numbers() -> dict[tuple[str, str], Maker]:
    made: dict[tuple[str, str], Maker] = {}
    for name in (*WHOLE, "decimal"):
        made[(name, "varchar")] = _text_from(
            lambda v: exp.Cast(this=v.node, to=named_type("VARCHAR"))
        )
        made[(name, "double")] = _plain
        made[(name, "decimal")] = _plain
        for whole in WHOLE:
            made[(name, whole)] = _plain
    for name in WHOLE:
        made[(name, "boolean")] = _plain
        made[("boolean", name)] = _plain
        made[("varchar", name)] = _whole_from_text
        made[("double", name)] = _rounded_whole
        made[("json", name)] = _json_number
        made[(name, "json")] = _json_from_plain
    return made


_MAKERS: Mapping[tuple[str, str], Maker] = {
    **_numbers(),
    ("varchar", "varchar"): lambda v, k, s: _to_bounded_text(v.node, k),
    ("varchar", "double"): _double_from_text,
    ("varchar", "decimal"): _decimal_from_text,
    ("varchar", "boolean"): _through("mantissa_try_boolean", "this text is no boolean"),
    ("varchar", "date"): _through("mantissa_try_date", "this text is no date"),
    ("varchar", "timestamp"): _timestamp_from_text,
    ("varchar", "varbinary"): lambda v, k, s: fn("encode", v.node),
    ("varchar", "ipaddress"): _through("mantissa_try_ip", "this text is no address"),
    ("varchar", "json"): _json_from_text,
    ("boolean", "varchar"): _text_from(lambda v: exp.Cast(this=v.node, to=named_type("VARCHAR"))),
    ("boolean", "double"): _plain,
    ("boolean", "json"): _json_from_plain,
    ("double", "varchar"): _text_from(lambda v: fn("mantissa_double_text", v.node)),
    ("double", "boolean"): lambda v, k, s: exp.NEQ(this=v.node, expression=number(0)),
    ("date", "varchar"): _text_from(lambda v: fn("strftime", v.node, text("%Y-%m-%d"))),
    ("date", "timestamp"): _plain,
    ("date", "timestamptz"): _plain,
    ("timestamp", "varchar"): _text_from(lambda v: timestamp_text(v.node, v.kind.size[0])),
    ("timestamp", "date"): _plain,
    ("timestamp", "timestamp"): _timestamp_from_timestamp,
    ("timestamp", "timestamptz"): _zoned_from_timestamp,
    ("timestamptz", "timestamptz"): _zoned_from_zoned,
    ("timestamptz", "timestamp"): _timestamp_from_zoned,
    ("timestamptz", "date"): lambda v, k, s: cast(local(v), k),
    ("timestamptz", "varchar"): _text_from(_zoned_text),
    ("ipaddress", "varchar"): _text_from(lambda v: fn("mantissa_ip_text", v.node)),
    ("json", "varchar"): _text_from(lambda v: fn("mantissa_json_cast", v.node, text("varchar"))),
    ("json", "double"): _json_number,
    ("json", "boolean"): _json_number,
    ("json", "json"): lambda v, k, s: v.node,
    ("json", "array"): _json_array,
    ("array", "json"): _json_from_array,
}


_WRITTEN = {
    "integer": r"\s*[+-]?[0-9]+\s*",
    "bigint": r"\s*[+-]?[0-9]+\s*",
    "double": r"[\x00-\x20]*[+-]?(NaN|Infinity|([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?)[fFdD]?"
    r"[\x00-\x20]*",
    "decimal": r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?",
    "boolean": r"(?i:t|f|true|false|0|1)",
    "date": r"\s*[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}\s*",
    "timestamp": r"\s*[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}( [0-9]{1,2}:[0-9]{1,2}(:[0-9]{1,2}"
    r"(\.[0-9]{1,6})?)?)?\s*",
    "ipaddress": r"[0-9A-Fa-f:.]+(%[0-9]+)?",
}


def check_literal(written: str | None, kind: Kind) -> None:
    """Refuse the cast of a text that is written out and cannot be cast (code `cast`)."""
    form = _WRITTEN.get(kind.name)
    if written is not None and form is not None and not re.fullmatch(form, written):
        raise GuardRefused(f"this text cannot be cast to {kind}", code="cast")


def zone_after(value: Value, kind: Kind) -> Kind:
    """Return the type of a cast with what is known of its zone."""
    if kind.name != "timestamptz":
        return Kind("varchar") if kind.name == "varchar" else kind
    zone = value.kind.zone if value.kind.name == "timestamptz" else "UTC"
    return replace(kind, zone=None if value.kind.name == "varchar" else zone)
