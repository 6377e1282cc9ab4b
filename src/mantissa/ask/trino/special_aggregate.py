"""Aggregates and window functions that need more than a template.

An aggregate's DISTINCT, ORDER BY and FILTER are put around each call of DuckDB that it becomes, so
a special returns its pieces through `Pieces`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from sqlglot import exp

from mantissa.ask.trino.duck import Value, case, cast, filled, fn, number, text
from mantissa.ask.trino.kinds import BIGINT, MAX_PRECISION, Kind, decimal, orderable
from mantissa.ask.trino.special import Call as Plain
from mantissa.ask.trino.special import bad_argument, known_number
from mantissa.errors import GuardRefused

Aggregated = Callable[[exp.Expr], exp.Expr]
"""Puts DISTINCT, ORDER BY, FILTER and OVER on a bare call."""


@dataclass(frozen=True, slots=True)
class Pieces:
    """An aggregate call and what wraps each bare call that it is made of."""

    call: Plain
    wrap: Aggregated
    distinct: bool
    filtered: bool
    windowed: bool


Special = Callable[[Pieces], exp.Expr | Value]


def _sum(pieces: Pieces) -> exp.Expr | Value:
    kind = pieces.call.values[0].kind
    result = BIGINT if kind.name != "decimal" else decimal(MAX_PRECISION, kind.size[1])
    return Value(cast(pieces.wrap(fn("sum", pieces.call.node(0))), result), result)


def _count_if(pieces: Pieces) -> exp.Expr:
    return cast(pieces.wrap(fn("count_if", pieces.call.node(0))), BIGINT)


def _avg(pieces: Pieces) -> exp.Expr | Value:
    kind = pieces.call.values[0].kind
    if kind.name != "decimal":
        summed = cast(pieces.wrap(fn("sum", pieces.call.node(0))), Kind("double"))
        return Value(_share(summed, pieces.wrap(fn("count", pieces.call.node(0)))), Kind("double"))
    total = Value(
        cast(pieces.wrap(fn("sum", pieces.call.node(0))), decimal(MAX_PRECISION, kind.size[1])),
        decimal(MAX_PRECISION, kind.size[1]),
    )
    count = Value(pieces.wrap(fn("count", pieces.call.node(0))), decimal(19, 0))
    return Value(divided(total, count, kind.size[1], kind), kind)


def _share(total: exp.Expr, count: exp.Expr) -> exp.Expr:
    none = exp.EQ(this=count, expression=number(0))
    shared = exp.Div(this=total, expression=count.copy())
    return case((none, exp.null()), default=shared)


def unscaled(value: Value) -> exp.Expr:
    """Return a decimal's digits as a whole number."""
    scale = value.kind.size[1]
    wide = exp.Cast(
        this=value.node, to=exp.DataType(this=exp.DataType.Type.USERDEFINED, kind="HUGEINT")
    )
    if scale == 0:
        return wide
    factor = cast(number(10**scale), decimal(scale + 1, 0))
    product = exp.Mul(
        this=cast(value.node, decimal(MAX_PRECISION - scale - 1, scale)), expression=factor
    )
    return exp.Cast(
        this=product, to=exp.DataType(this=exp.DataType.Type.USERDEFINED, kind="HUGEINT")
    )


def divided(left: Value, right: Value, scale: int, result: Kind) -> exp.Expr:
    """Return a quotient of decimals with so many digits after the point, rounded half up."""
    power = scale - left.kind.size[1] + right.kind.size[1]
    if power < 0 or power > 18:
        raise GuardRefused(
            "this division of decimals has too many digits", code="type", fix="cast to double"
        )
    digits = fn("mantissa_div_decimal", unscaled(left), unscaled(right), number(10**power))
    if scale == 0:
        return cast(digits, result)
    step = cast(text("0." + "0" * (scale - 1) + "1"), decimal(scale, scale))
    whole = cast(digits, decimal(MAX_PRECISION - scale, 0))
    return cast(exp.Mul(this=whole, expression=step), result)


def _least_of(pieces: Pieces) -> exp.Expr:
    kind = pieces.call.values[0].kind
    if not orderable(kind) or kind.inner:
        raise bad_argument(pieces.call, f"not of {kind}")
    if pieces.call.values[0].nan:
        raise bad_argument(
            pieces.call, "its argument may be NaN, which the engines order differently"
        )
    return pieces.wrap(fn(pieces.call.name, pieces.call.node(0)))


def _by(pieces: Pieces) -> exp.Expr:
    value = pieces.call.values[1]
    if not orderable(value.kind) or value.kind.inner or value.nan:
        raise bad_argument(pieces.call, "it needs a plain value to order by")
    if pieces.distinct:
        raise bad_argument(pieces.call, "not with DISTINCT")
    name = "arg_min_null" if pieces.call.name == "min_by" else "arg_max_null"
    return pieces.wrap(fn(name, *pieces.call.nodes))


def _map_agg(pieces: Pieces) -> exp.Expr:
    raise GuardRefused(
        "which of several values map_agg keeps is not the same on every engine",
        code="function",
        fix="use array_agg(row(k, v)), or max_by",
    )


def _histogram(pieces: Pieces) -> exp.Expr:
    kind = pieces.call.values[0].kind
    if kind.inner or kind.name in ("double", "json") or pieces.distinct:
        raise bad_argument(pieces.call, "it counts plain values")
    return cast(pieces.wrap(fn("histogram", pieces.call.node(0))), pieces.call.result)


def _approx_distinct(pieces: Pieces) -> exp.Expr:
    counted = exp.Distinct(expressions=[pieces.call.node(0)])
    if pieces.windowed:
        raise bad_argument(pieces.call, "not with OVER")
    return pieces.wrap(fn("count", counted))


def _approx_percentile(pieces: Pieces) -> exp.Expr:
    source = pieces.call.values[1].source
    share = source.this if isinstance(source, exp.Literal) and not source.is_string else None
    if share is None or not 0 <= float(share) <= 1:
        raise bad_argument(pieces.call, "its share must be a number from 0 to 1, written out")
    if pieces.windowed or pieces.distinct or pieces.call.values[0].nan:
        raise bad_argument(pieces.call, "not with OVER or DISTINCT")
    values = pieces.wrap(fn("list", pieces.call.node(0)))
    return filled(
        "list_extract(list_sort(list_filter(_1, m_e -> m_e IS NOT NULL)), "
        "least(CAST(floor(len(list_filter(_1, m_e -> m_e IS NOT NULL)) * _2) AS bigint) + 1, "
        "len(list_filter(_1, m_e -> m_e IS NOT NULL))))",
        values,
        cast(text(share), Kind("double")),
    )


def _ntile(pieces: Pieces) -> exp.Expr:
    if known_number(pieces.call, 0, "number") < 1:
        raise bad_argument(pieces.call, "it takes a number above 0")
    return pieces.wrap(fn("ntile", pieces.call.node(0)))


def _lag(pieces: Pieces) -> exp.Expr:
    if known_number(pieces.call, 1, "offset") < 0:
        raise bad_argument(pieces.call, "its offset is 0 or more")
    nodes = pieces.call.nodes
    nodes[1] = cast(nodes[1], Kind("integer"))
    return pieces.wrap(fn(pieces.call.name, *nodes))


SPECIALS: dict[str, Special] = {
    "count_if": _count_if,
    "sum": _sum,
    "avg": _avg,
    "least_of": _least_of,
    "by": _by,
    "map_agg": _map_agg,
    "histogram": _histogram,
    "approx_distinct": _approx_distinct,
    "approx_percentile": _approx_percentile,
    "ntile": _ntile,
    "lag": _lag,
}
