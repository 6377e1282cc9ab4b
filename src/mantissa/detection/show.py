"""One rule's SQL as a person would run it: the matching rows of one table, newest first."""

from __future__ import annotations

from datetime import UTC, datetime

from sqlglot import exp

from mantissa.detection.correlate_sql import Span, correlation_sql
from mantissa.detection.correlation import Correlation
from mantissa.detection.dialects import Dialect
from mantissa.detection.prepare import Predicate
from mantissa.detection.table import MATCHES
from mantissa.detection.template import all_of, quoted

EVER = Span(datetime(1970, 1, 1, tzinfo=UTC), datetime(2199, 12, 31, tzinfo=UTC))


def rule_sql(predicate: Predicate, dialect: Dialect, *, pretty: bool = True) -> str:
    """Return a SELECT of every row that the rule matches."""
    tests = [predicate.condition.copy()]
    if predicate.belongs is not None:
        tests.insert(0, quoted(predicate.belongs))
    added = [
        exp.alias_(value.copy(), name, quoted=True) for name, value in predicate.derived.items()
    ]
    table = predicate.source.table
    inner = exp.select("*", *added).from_(
        exp.Table(this=exp.to_identifier(table.name, quoted=True))
    )
    query = (
        exp.select(*(quoted(column.name) for column in table.columns))
        .from_(inner.subquery("base"))
        .where(all_of(tests))
        .order_by(exp.Ordered(this=quoted("event_time"), desc=True))
    )
    return query.sql(dialect=dialect.name, pretty=pretty)


def whole_correlation_sql(correlation: Correlation, dialect: Dialect) -> str:
    """Return the SELECT that judges a correlation, over every match there is."""
    place = exp.Table(this=exp.to_identifier(MATCHES.name, quoted=True))
    own = exp.EQ(this=quoted("grouping"), expression=exp.Literal.string(correlation.grouping))
    rows = exp.select("*").from_(place).where(own).subquery("matches")
    query = correlation_sql(correlation, dialect, rows, [EVER])
    return query.sql(dialect=dialect.name, pretty=True)


def matches_sql(correlation: Correlation, dialect: Dialect) -> str:
    """Return a SELECT of every match that counts for a correlation, newest first."""
    own = exp.EQ(this=quoted("correlation"), expression=exp.Literal.string(correlation.info.id))
    query = (
        exp.select("*")
        .from_(exp.Table(this=exp.to_identifier(MATCHES.name, quoted=True)))
        .where(own)
        .order_by(exp.Ordered(this=quoted("event_time"), desc=True))
    )
    return query.sql(dialect=dialect.name, pretty=True)
