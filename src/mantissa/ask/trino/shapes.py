"""The parts of an aggregate or window call, and how they are put around DuckDB's."""

from __future__ import annotations

from sqlglot import exp

from mantissa.ask.trino.duck import Value
from mantissa.ask.trino.scopes import AGGREGATE
from mantissa.errors import GuardRefused


class Shape:
    """The parts of an aggregate call."""

    def __init__(self, node: exp.Expr) -> None:
        self.filter: exp.Expr | None = None
        self.order: exp.Order | None = None
        self.distinct = False
        if isinstance(node, exp.Filter):
            self.filter, node = node.expression.this, node.this
        if isinstance(node, exp.WithinGroup):
            self.order, node = node.args["expression"], node.this
        if not isinstance(node, exp.Anonymous):
            raise GuardRefused("this is no aggregate", code="aggregate")
        self.call = node
        self.arguments = list(node.expressions)
        if self.arguments and isinstance(self.arguments[-1], exp.Order):
            self.order = self.arguments[-1]
            self.arguments[-1] = self.order.this
        if self.arguments and isinstance(self.arguments[0], exp.Distinct):
            self.distinct = True
            self.arguments[:1] = self.arguments[0].expressions
        if self.distinct and len(self.arguments) > 1 and node.name.lower() == "count":
            raise GuardRefused("count(DISTINCT …) takes one column", code="aggregate")

    @property
    def first(self) -> exp.Expr | None:
        """The first argument, if there is one."""
        return self.arguments[0] if self.arguments else None


def steps(ordered: Value, step: Value) -> bool:
    """Tell whether a frame of RANGE can step through an order by this."""
    if step.kind.name == "interval_day":
        return ordered.kind.name in ("timestamp", "timestamptz")
    return step.kind.name in ("integer", "bigint") and ordered.kind.name in ("integer", "bigint")


def wrapped(
    bare: exp.Expr,
    distinct: bool,
    order: list[exp.Ordered],
    condition: exp.Expr | None,
    window: exp.Window | None,
) -> exp.Expr:
    """Return a bare call with an aggregate's DISTINCT, ORDER BY, FILTER and OVER."""
    made = bare
    if isinstance(made, exp.Anonymous):
        arguments = list(made.expressions)
        if distinct and not isinstance(arguments[0], exp.Distinct):
            arguments = [exp.Distinct(expressions=[arguments[0]]), *arguments[1:]]
        if order:
            arguments[-1] = exp.Order(this=arguments[-1], expressions=[o.copy() for o in order])
        made = exp.Anonymous(this=made.this, expressions=arguments)
    if condition is not None:
        made = exp.Filter(this=made, expression=exp.Where(this=condition.copy()))
    if window is not None:
        return over_window(made, window)
    made.meta[AGGREGATE] = True
    return made


def over_window(made: exp.Expr, window: exp.Window) -> exp.Expr:
    """Return a call over a window."""
    found = window.copy()
    found.set("this", made)
    return found


_IGNORING: dict[str, type[exp.Func]] = {
    "first_value": exp.FirstValue,
    "last_value": exp.LastValue,
    "nth_value": exp.NthValue,
    "lag": exp.Lag,
    "lead": exp.Lead,
}


def ignoring(made: exp.Expr) -> exp.Expr:
    """Return a call that ignores NULLs."""
    kind = _IGNORING.get(made.name.lower())
    if kind is None:
        raise GuardRefused("IGNORE NULLS is for lag, lead and the values", code="window")
    named = zip(("this", "offset", "default"), made.expressions, strict=False)
    if made.name.lower() == "nth_value":
        named = zip(("this", "offset"), made.expressions, strict=False)
    return exp.IgnoreNulls(this=kind(**dict(named)))
