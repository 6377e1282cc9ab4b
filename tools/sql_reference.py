"""The page of the SQL that people write, from the tables of functions."""

from __future__ import annotations

import re
from collections.abc import Iterator

from mantissa.ask.trino import table_aggregate, table_scalar
from mantissa.ask.trino.signatures import Signature, signatures

PAGE = "docs/reference/sql.md"

_HEAD = """
# SQL

One `SELECT` in Trino's SQL, which is Athena's (engine 3), on every engine. It is read by a strict
grammar and checked with Trino's types before anything runs; the same query is refused or answered
alike on the embedded DuckDB, on Trino and on Athena. [Why](../adr/0010-one-sql-dialect.md).

Beyond the functions below: `WITH`, joins with `ON` or `USING`, set operations, subqueries, `CASE`,
`CAST` and `TRY_CAST`, `IN`, `BETWEEN`, `LIKE … ESCAPE`, `IS DISTINCT FROM`, `EXISTS`, `= ANY (…)`,
`GROUP BY` with `ROLLUP`, `CUBE` and `GROUPING SETS`, windows with named windows and frames, `FILTER`,
`IGNORE NULLS`, `CROSS JOIN UNNEST(…) [WITH ORDINALITY]`, `AT TIME ZONE 'Area/City'`, intervals of one
unit, `coalesce`, `nullif`, `if`, `try`, `row`, `grouping`, `extract`, `listagg`, and lambdas.
Columns of JSON are text: take them apart with `json_extract_scalar`. Times are in UTC, without zone.

## Functions

`T`, `K`, `V` and the like stand for any type. `*` marks a function whose last digits the engines do
not agree on: what it gives is shown, compared or grouped by only inside `round(x, n)`.
"""

_REFUSED = """
## What is refused

| what | why | instead |
|---|---|---|
| comparisons, `IN`, `CASE`, `coalesce`, `UNION` of text with numbers or times | Trino refuses them | `CAST` one side |
| aliases of the SELECT list in `WHERE`, `GROUP BY`, `HAVING` | Trino refuses them | `GROUP BY 1`, or a subquery |
| `ILIKE`, `::`, `QUALIFY`, `DISTINCT ON`, `GROUP BY ALL`, `NATURAL JOIN`, `* EXCEPT`, `INTERVAL 1 DAY`, `LIMIT n OFFSET m`, a `;` at the end | not Trino's SQL | the message says it |
| `VALUES`, `UNNEST` of constants | rows that are not in the lake | |
| `TABLESAMPLE`, `random()`, `uuid()` | another answer each time | |
| `MATCH_RECOGNIZE`, `LATERAL`, `json_value` and its kind, `FETCH FIRST` | not on every engine | |
| `NULL` in the list of `IN` | Trino 476 answers false or NULL, by the type | `OR x IS NULL` |
| `=` between arrays, maps, rows of a column, or JSON | NULLs inside are equal on one engine only | compare members |
| regular expressions with look-around, back-references, possessive quantifiers, POSIX classes | RE2 has none | what Java and RE2 share |
| a group of `regexp_extract` that a match may leave out | NULL or empty, by the engine | put the `?` inside the group |
| formats, patterns, paths, units and separators that are not written out | they decide what runs | write them as `'…'` |
| fields of a time whose zone is not known | the engines keep zones differently | `AT TIME ZONE 'UTC'` |
| JSON paths beyond `$.name`, `["name"]`, `[0]` | Trino refuses them | |
| divisions of decimals beyond 38 digits, `%` of decimals | the engines round differently | `CAST` to double |

`approx_distinct` and `approx_percentile` are exact on the embedded engine. An error while a query runs
(a division by zero, a text that is no number in `CAST`, a position beyond an array) ends it on every
engine; which rows are looked at before that may differ, as it may between two runs of Trino.

### Letters of formats
"""


def render_sql() -> str:
    """Return the page."""
    parts = [_HEAD, *_functions(), _REFUSED, *_letters(), *_names()]
    return "".join(parts)


def _functions() -> Iterator[str]:
    groups = (
        ("Text, addresses, URLs and JSON", table_scalar.TEXT),
        ("Numbers", table_scalar.NUMBERS),
        ("Times", table_scalar.TIMES),
        ("Lists and maps", table_scalar.LISTS),
        ("Aggregates", table_aggregate.AGGREGATES),
        ("Windows", table_aggregate.WINDOWS),
    )
    for title, table in groups:
        yield f"\n### {title}\n\n| function | result | on the embedded engine |\n|---|---|---|\n"
        names = dict.fromkeys(line.split(" | ")[0] for line in table.split("\n") if line.strip())
        for name in names:
            yield from (_row(signature) for signature in signatures()[name])


def _row(signature: Signature) -> str:
    arguments = ", ".join(signature.arguments) + ("…" if signature.variadic else "")
    star = "" if signature.exact else " *"
    result = _result(signature)
    return f"| `{signature.name}({arguments})`{star} | {result} | {_how(signature)} |\n"


def _result(signature: Signature) -> str:
    if signature.result.startswith("#"):
        return f"`{signature.arguments[int(signature.result[1:]) - 1]}`"
    return "`decimal`" if signature.result.startswith("@") else f"`{signature.result}`"


def _how(signature: Signature) -> str:
    """Say whether DuckDB has it under this name, under another, or by a shim of ours."""
    call = re.fullmatch(r"(\w+)\((?:_\d(?:, _\d)*)?\)", signature.render)
    if call is None or call[1].startswith("mantissa"):
        return "made the same"
    return "as it is" if call[1] == signature.name else f"`{call[1]}`"


def _letters() -> Iterator[str]:
    from mantissa.ask.trino import formats

    yield "\n`date_format`: " + " ".join(f"`%{letter}`" for letter in formats.MYSQL) + "\n"
    yield "\n`format_datetime`: " + " ".join(f"`{word}`" for word in formats.JODA) + "\n"


def _names() -> Iterator[str]:
    yield "\n### Functions of Trino that are refused\n\n| functions | why |\n|---|---|\n"
    for line in table_aggregate.REFUSED.split("\n"):
        if line:
            names, reason = line.split(" | ")
            yield f"| {' '.join(f'`{name}`' for name in names.split())} | {reason} |\n"
    yield "\n### Functions of other dialects\n\n| functions | in Trino |\n|---|---|\n"
    for line in table_aggregate.ELSEWHERE.split("\n"):
        if line:
            names, fix = line.split(" | ")
            yield f"| {' '.join(f'`{name}`' for name in names.split())} | `{fix}` |\n"
