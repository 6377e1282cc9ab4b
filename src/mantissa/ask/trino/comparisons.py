"""Comparisons: which types Trino compares, and NULL and NaN as Trino has them."""

from __future__ import annotations

from dataclasses import replace

from sqlglot import exp

from mantissa.ask.trino.casts import coerced
from mantissa.ask.trino.duck import Value, all_of, any_of, fn, paren
from mantissa.ask.trino.kinds import BOOLEAN, DOUBLE, UNKNOWN, Kind, common, orderable
from mantissa.errors import GuardRefused

_NODES: dict[str, type[exp.Binary]] = {
    "=": exp.EQ,
    "<>": exp.NEQ,
    "<": exp.LT,
    "<=": exp.LTE,
    ">": exp.GT,
    ">=": exp.GTE,
    "IS DISTINCT FROM": exp.NullSafeNEQ,
    "IS NOT DISTINCT FROM": exp.NullSafeEQ,
}
_SHIMS = {"<": "mantissa_lt", "<=": "mantissa_le", "=": "mantissa_eq"}
_MIRRORED = {">": "<", ">=": "<="}


def compared(mark: str, left: Value, right: Value) -> Value:
    """Return a comparison. Raises `GuardRefused` (code `type`)."""
    if left.kind.name == right.kind.name == "row":
        return _rows(mark, left, right)
    kind = comparable_kind(mark, left.kind, right.kind)
    if left.rough or right.rough:
        raise _rough()
    sides = [coerced(side, kind) for side in (left, right)]
    if kind == DOUBLE and (left.nan or right.nan):
        return Value(_with_nan(mark, sides[0].node, sides[1].node), BOOLEAN)
    nodes = [paren(side.node) for side in sides]
    return Value(_NODES[mark](this=nodes[0], expression=nodes[1]), BOOLEAN)


def comparable_kind(mark: str, left: Kind, right: Kind) -> Kind:
    """Return the type that two values are compared in. Raises `GuardRefused` (code `type`)."""
    kind = common(left, right)
    if kind is None:
        raise GuardRefused(
            f"{left} {mark} {right} means nothing in Trino", code="type", fix="CAST one of them"
        )
    ordered = mark in ("<", "<=", ">", ">=")
    if kind.inner or kind.name in ("json", "function") or (ordered and not orderable(kind)):
        raise GuardRefused(
            f"{kind} is not compared here",
            code="type",
            fix="compare its members" if kind.inner else "use json_extract_scalar",
        )
    return kind


def membership(subject: Value, members: list[Value]) -> Value:
    """Return `subject IN (members)`. Raises `GuardRefused` (code `type`)."""
    if subject.kind.name == "row":
        tests = [compared("=", _copy(subject), member).node for member in members]
        return Value(exp.Paren(this=any_of(tests)), BOOLEAN)
    if any(_is_null(member.source) for member in members):
        raise GuardRefused(
            "NULL in the list of IN does not mean the same on every engine",
            code="argument",
            fix="leave it out, or add OR x IS NULL",
        )
    if subject.rough or any(member.rough for member in members):
        raise _rough()
    kind = subject.kind
    for member in members:
        kind = comparable_kind("IN", kind, member.kind)
    if kind == DOUBLE and any(value.nan for value in (subject, *members)):
        tests = [compared("=", _copy(subject), member).node for member in members]
        return Value(exp.Paren(this=any_of(tests)), BOOLEAN)
    kind = kind if kind != UNKNOWN else BOOLEAN
    return Value(
        exp.In(
            this=paren(coerced(subject, kind).node),
            expressions=[coerced(member, kind).node for member in members],
        ),
        BOOLEAN,
    )


def _rows(mark: str, left: Value, right: Value) -> Value:
    """Compare rows that are written out, field by field: DuckDB takes a NULL inside for equal."""
    sides = [_parts(side) for side in (left, right)]
    if len(sides[0]) != len(sides[1]) or mark not in ("=", "<>"):
        raise GuardRefused("these rows are not compared here", code="type", fix="compare fields")
    tests = [paren(compared("=", one, other).node) for one, other in zip(*sides, strict=True)]
    made = exp.Paren(this=all_of(tests))
    return Value(exp.Not(this=made) if mark == "<>" else made, BOOLEAN)


def _parts(value: Value) -> list[Value]:
    node = value.node
    while isinstance(node, exp.Paren):
        node = node.this
    if not isinstance(node, exp.Struct):
        raise GuardRefused("a row is compared by its fields", code="type", fix="compare fields")
    kinds = value.kind.inner
    return [
        Value(pair.args["expression"].copy(), kind)
        for pair, kind in zip(node.expressions, kinds, strict=True)
    ]


def _with_nan(mark: str, left: exp.Expr, right: exp.Expr) -> exp.Expr:
    if mark in _MIRRORED:
        return fn(_SHIMS[_MIRRORED[mark]], right, left)
    if mark == "<>":
        return exp.Not(this=fn("mantissa_eq", left, right))
    if mark not in _SHIMS:
        raise GuardRefused("a value that may be NaN is compared with = or <", code="type")
    return fn(_SHIMS[mark], left, right)


def _is_null(node: exp.Expr | None) -> bool:
    while isinstance(node, (exp.Paren, exp.Cast, exp.TryCast)):
        node = node.this
    return isinstance(node, exp.Null)


def _rough() -> GuardRefused:
    return GuardRefused(
        "the last digits of this number are not the same on every engine",
        code="rough",
        fix="write round(…, 6)",
    )


def _copy(value: Value) -> Value:
    return replace(value, node=value.node.copy())
