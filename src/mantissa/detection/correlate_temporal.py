"""Correlations of rules that match within one timespan, in any order or in theirs."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from sqlglot import exp

from mantissa.detection.correlate_counts import window
from mantissa.detection.correlate_windows import (
    EVENT,
    KEY,
    MEMBER,
    TIME,
    as_double,
    earlier,
    flag,
    grouped,
    integer,
    named,
    select,
    trailing,
    where,
)
from mantissa.detection.correlation import Correlation, Expression, Joined, Negated, Seen
from mantissa.detection.dialects import Dialect
from mantissa.detection.ordered import Chain, chains
from mantissa.detection.template import all_of, any_of, quoted

_BASE = (KEY, TIME, EVENT, "events", "first_time")


def temporal(rows: exp.Select, correlation: Correlation, dialect: Dialect) -> exp.Select:
    """Return moments measured by the different members in their windows."""
    moments = grouped(rows, (KEY, TIME), *_counted(), *_marks(_each(correlation), "m"))
    seen = select(moments, KEY, TIME, EVENT, *window(correlation), *_present(correlation))
    measured = select(seen, *_BASE, _measure(correlation), *_presence(correlation))
    if correlation.expression is None:
        return measured
    hit = named(_expressed(correlation.expression, _places(correlation)), "hit")
    return select(measured, *_BASE, "measure", hit)


def temporal_ordered(rows: exp.Select, correlation: Correlation, dialect: Dialect) -> exp.Select:
    """Return moments measured as for `temporal`, with a hit where an order is complete.

    Each step carries the latest time at which an order that reaches it can have begun.
    """
    found = _orders(correlation)
    marks = [
        mark for number, chain in enumerate(found) for mark in _marks(chain.steps, f"c{number}_")
    ]
    moments = grouped(rows, (KEY, TIME), *_counted(), *_marks(_each(correlation), "m"), *marks)
    seen = select(
        moments,
        KEY,
        TIME,
        EVENT,
        *window(correlation),
        *_present(correlation),
        *_steps(found, 0),
        *(named(_start(number), _began(number)) for number in range(len(found))),
    )
    for step in range(1, max(len(chain.steps) for chain in found)):
        seen = _advanced(seen, correlation, found, step)
    complete = [
        named(trailing(exp.Max(this=quoted(_began(n))), correlation.span), f"r{n}")
        for n in range(len(found))
    ]
    reached = select(seen, *_BASE, *_presence(correlation), *complete)
    places = _places(correlation)
    tests = [_whole(chain, f"r{n}", correlation, places) for n, chain in enumerate(found)]
    return select(reached, *_BASE, _measure(correlation), named(any_of(tests), "hit"))


def _orders(correlation: Correlation) -> tuple[Chain, ...]:
    if correlation.expression is not None:
        return chains(correlation.expression)
    return (Chain(tuple(frozenset((member.id,)) for member in correlation.members)),)


def _counted() -> tuple[exp.Expr, exp.Expr]:
    return (
        named(exp.Min(this=quoted(EVENT)), EVENT),
        named(exp.Count(this=exp.Star()), "n"),
    )


def _each(correlation: Correlation) -> list[frozenset[str]]:
    return [frozenset((member.id,)) for member in correlation.members]


def _marks(groups: Iterable[frozenset[str]], prefix: str) -> list[exp.Expr]:
    """Mark the moments at which any member of a group matched."""
    marks: list[exp.Expr] = []
    for number, group in enumerate(groups):
        ids: list[exp.Expr] = [exp.Literal.string(member) for member in sorted(group)]
        test = exp.In(this=quoted(MEMBER), expressions=ids)
        marks.append(named(exp.Max(this=flag(test)), f"{prefix}{number}"))
    return marks


def _present(correlation: Correlation) -> list[exp.Expr]:
    return [
        named(trailing(exp.Max(this=quoted(f"m{number}")), correlation.span), f"p{number}")
        for number in range(len(correlation.members))
    ]


def _presence(correlation: Correlation) -> list[str]:
    return [f"p{number}" for number in range(len(correlation.members))]


def _places(correlation: Correlation) -> dict[str, str]:
    """Return the column that says whether each member is in the window."""
    return {member.id: f"p{number}" for number, member in enumerate(correlation.members)}


def _measure(correlation: Correlation) -> exp.Expr:
    total: exp.Expr = quoted("p0")
    for name in _presence(correlation)[1:]:
        total = exp.Add(this=total, expression=quoted(name))
    return named(as_double(total), "measure")


def _expressed(expression: Expression, places: dict[str, str]) -> exp.Expr:
    """Return an extended condition over the presence of members."""
    if isinstance(expression, Seen):
        return exp.EQ(this=quoted(places[expression.member]), expression=integer(1))
    if isinstance(expression, Negated):
        return exp.Not(this=exp.Paren(this=_expressed(expression.part, places)))
    parts = [_expressed(part, places) for part in expression.parts]
    joined = (
        all_of(parts)
        if isinstance(expression, Joined) and expression.operator == "and"
        else any_of(parts)
    )
    return exp.Paren(this=joined)


def _began(chain: int) -> str:
    return f"s{chain}"


def _start(chain: int) -> exp.Expr:
    first = exp.EQ(this=quoted(f"c{chain}_0"), expression=integer(1))
    return where(first, quoted(TIME))


def _steps(found: Sequence[Chain], after: int) -> list[str]:
    """Return the marks of the steps that come after one."""
    return [
        f"c{number}_{step}"
        for number, chain in enumerate(found)
        for step in range(after + 1, len(chain.steps))
    ]


def _advanced(
    seen: exp.Select, correlation: Correlation, found: Sequence[Chain], step: int
) -> exp.Select:
    """Carry each order's beginning on to its next step."""
    columns: list[exp.Expr | str] = []
    for number, chain in enumerate(found):
        began = _began(number)
        if step >= len(chain.steps):
            columns.append(began)
            continue
        here = exp.EQ(this=quoted(f"c{number}_{step}"), expression=integer(1))
        latest = trailing(exp.Max(this=quoted(began)), correlation.span)
        columns.append(named(where(here, latest), began))
    return select(seen, *_BASE, *_presence(correlation), *_steps(found, step), *columns)


def _whole(
    chain: Chain, reached: str, correlation: Correlation, places: dict[str, str]
) -> exp.Expr:
    since = earlier(quoted(TIME), correlation.span)
    in_time = exp.Coalesce(
        this=exp.GTE(this=quoted(reached), expression=since), expressions=[exp.false()]
    )
    absent = [exp.Not(this=exp.Paren(this=_expressed(e, places))) for e in chain.absent]
    return exp.Paren(this=all_of([in_time, *absent]))
