"""What each engine needs said differently; everything else of a rule's SQL is the same text.

Both columns of the table were run on DuckDB 2.0 and on Trino 476 (Athena engine 3): random rules
over random rows gave the same answers. Two differences inside documents are known: Trino writes the
members of a nested object in the order of their names, and `1e-7` as `1.0E-7`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from sqlglot import exp

from mantissa.detection import duckdb_sql, trino_sql
from mantissa.detection.pattern import Pattern

Test = Callable[[exp.Expr], exp.Expr]
"""From a value to the condition on it."""

MAX_SQL = 250_000
"""Characters of one query's text; Athena refuses more than 262,144."""


@dataclass(frozen=True, slots=True)
class Dialect:
    """One engine's ways.

    Args:
        name: sqlglot's name of the dialect.
        json_values: (JSON column, path, lowered) → the list of texts a field has in a document.
        any_value: whether a condition holds for any member of such a list; the name is the
            lambda's variable.
        map_values: (list, variable, what to make of each member) → the list of results.
        has_value: whether such a list holds anything.
        first_value: the first member of such a list, else NULL.
        matches_any: (text, patterns without wildcards-only) → whether any pattern matches.
        regex: (text, RE2 expression) → whether it is found in the text.
        address_key: an IP address's key as in `network.py`, NULL for what is no address.
        in_network: (subject, CIDR) → whether the subject, as `address_key` made it, is inside.
        number: the number that a text writes in decimal, else NULL.
        moment: the UTC time that a text writes in ISO 8601, else NULL.
        contains: whether the first text holds the second.
        any_bit: whether any of these bitmap columns has a bit set.
        question: (text, RE2 expressions) → whether any is found, for a dialect in which that costs
            about as much as one of them; None in others.
        most_text: characters of one query.
        most_rules: rules of one query.
        most_listed: values of one IN; more are asked as patterns.
        reads_twice: whether a query may read its columns twice, as no bytes are billed.
        leads: whether an expression on one column is judged once for each value of it.
    """

    name: str
    json_values: Callable[[exp.Expr, Sequence[str], bool], exp.Expr]
    any_value: Callable[[exp.Expr, str, Test], exp.Expr]
    map_values: Callable[[exp.Expr, str, Test], exp.Expr]
    has_value: Callable[[exp.Expr], exp.Expr]
    first_value: Callable[[exp.Expr], exp.Expr]
    matches_any: Callable[[exp.Expr, Sequence[Pattern]], exp.Expr]
    regex: Callable[[exp.Expr, str], exp.Expr]
    address_key: Callable[[exp.Expr], exp.Expr]
    in_network: Callable[[exp.Expr, str], exp.Expr]
    number: Callable[[exp.Expr], exp.Expr]
    moment: Callable[[exp.Expr], exp.Expr]
    contains: Callable[[exp.Expr, exp.Expr], exp.Expr]
    any_bit: Callable[[Sequence[str]], exp.Expr]
    question: Callable[[exp.Expr, Sequence[str]], exp.Expr] | None = None
    most_text: int = MAX_SQL
    most_rules: int = 400
    most_listed: int = 2**31
    reads_twice: bool = False
    leads: bool = False


DUCKDB = Dialect(
    name="duckdb",
    json_values=duckdb_sql.json_values,
    any_value=duckdb_sql.any_value,
    map_values=duckdb_sql.map_values,
    has_value=duckdb_sql.has_value,
    first_value=duckdb_sql.first_value,
    matches_any=duckdb_sql.matches_any,
    regex=duckdb_sql.regex,
    address_key=duckdb_sql.address_key,
    in_network=duckdb_sql.in_network,
    number=duckdb_sql.number,
    moment=duckdb_sql.moment,
    contains=duckdb_sql.contains,
    any_bit=duckdb_sql.any_bit,
    question=duckdb_sql.finds_any,
    most_text=2_000_000,
    most_rules=2_000,
    most_listed=duckdb_sql.MOST_LISTED,
    reads_twice=True,
)
TRINO = Dialect(
    name="athena",
    json_values=trino_sql.json_values,
    any_value=trino_sql.any_value,
    map_values=trino_sql.map_values,
    has_value=trino_sql.has_value,
    first_value=trino_sql.first_value,
    matches_any=trino_sql.matches_any,
    regex=trino_sql.regex,
    address_key=trino_sql.address_key,
    in_network=trino_sql.in_network,
    number=trino_sql.number,
    moment=trino_sql.moment,
    contains=trino_sql.contains,
    any_bit=trino_sql.any_bit,
    leads=True,
)
DIALECTS: dict[str, Dialect] = {"duckdb": DUCKDB, "athena": TRINO, "trino": TRINO}
"""Every dialect a rule is compiled for, by sqlglot's name."""
