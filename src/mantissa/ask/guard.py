"""Whether SQL may run: one dialect, allow-lists at every level, then SQL written anew.

People write Trino's SQL whatever engine answers. It is read by a grammar of our own that has no
word for what may not be asked, checked against the catalog with Trino's types, and written anew
for the engine: for Athena and Trino from the same tree, for DuckDB as the query that means the
same there. What leaves here is never the text that came in. Errors name the rule and the place,
and quote no literal: they may be shown to people and to models.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from sqlglot import ErrorLevel, exp
from sqlglot.errors import SqlglotError

from mantissa.ask.joins import check_joins
from mantissa.ask.reads import Names, Read, compiled_reads
from mantissa.ask.tables import check_tables
from mantissa.ask.trino.compile import compile_query
from mantissa.ask.trino.kinds import Kind
from mantissa.ask.trino.queries import read_query
from mantissa.ask.width import check_size
from mantissa.errors import GuardRefused

MAX_CHARACTERS = 100_000
MAX_SPELLINGS = 3

EMBEDDED = "duckdb"
"""The dialect of the engine that gets a query made for it; the others run Trino's SQL."""


@dataclass(frozen=True, slots=True)
class Allowed:
    """A query that may run.

    Args:
        sql: to be run by the engine that was asked for; without comments.
        tables: the tables and views that the query names, sorted.
        reads: each place where a base table is read, with its columns and days.
        trino: the same query in the dialect that it was asked in.
        kinds: the result's columns and their types, in Trino's words.
    """

    sql: str
    tables: tuple[str, ...]
    reads: tuple[Read, ...]
    trino: str
    kinds: tuple[tuple[str, Kind], ...]
    tree: exp.Query = field(compare=False, repr=False)

    @property
    def columns(self) -> Mapping[str, frozenset[str]]:
        """Base table → the columns that are read."""
        found: dict[str, frozenset[str]] = {}
        for read in self.reads:
            found[read.table] = found.get(read.table, frozenset()) | read.columns
        return found


def guard(
    sql: str,
    names: Names,
    *,
    dialect: str = EMBEDDED,
    max_rows: int | None = None,
    constants: bool = False,
) -> Allowed:
    """Return the query that may run in place of this text, the same decision for every engine.

    Args:
        dialect: of the engine that will run it; it decides how the query is written, and
            nothing else.
        max_rows: a lower LIMIT than the query's own, if given.
        constants: allow a SELECT without FROM. People may ask `SELECT 1`; a model that answers
            with rows it made up must not.

    Raises `GuardRefused` with the code of the rule that refused, and nothing else.
    """
    try:
        tree, text = _settled(sql)
        check_tables(tree, names)
        check_size(tree, names)
        _check_rows_are_read(tree, constants=constants)
        if max_rows is not None:
            _limit(tree, max_rows)
            text = written(tree)
        made, outputs = compile_query(tree, names.kinds)
        check_joins(made)
        found = compiled_reads(made, names)
        kinds = tuple((output.label, output.kind) for output in outputs)
        runs = written(made, EMBEDDED) if dialect == EMBEDDED else text
        return Allowed(runs, _named(tree, names), found, text, kinds, tree)
    except RecursionError:
        raise GuardRefused(
            "nested too deeply", code="too_deep", fix="use WITH, or IN (…) lists"
        ) from None


def written(tree: exp.Query, dialect: str = "trino") -> str:
    """Return a query's text. Raises `GuardRefused` (code `syntax`) if it has none."""
    try:
        return tree.sql(
            dialect=dialect,
            comments=False,
            identify=True,
            normalize_functions=False,
            unsupported_level=ErrorLevel.RAISE,
        )
    except SqlglotError as error:
        raise GuardRefused("a part of the SQL has no safe spelling", code="syntax") from error


def limited_text(sql: str, most: int) -> str | None:
    """Return SQL that the guard wrote for Trino with at most so many rows, to the letter.

    None if it is in words that the guard has no grammar for: SQL of the product's own.
    """
    try:
        tree = read_query(sql)
    except GuardRefused:
        return None
    _limit(tree, most)
    return written(tree)


def _settled(sql: str) -> tuple[exp.Query, str]:
    """Return a tree and its text such that the text reads as the tree, to the letter."""
    if len(sql) > MAX_CHARACTERS:
        raise GuardRefused(f"longer than {MAX_CHARACTERS} characters", code="too_long")
    if "\x00" in sql or any("\ud800" <= character <= "\udfff" for character in sql):
        raise GuardRefused("the text holds characters that SQL cannot", code="parse")
    text = sql
    for _ in range(MAX_SPELLINGS):
        tree = read_query(text)
        again = written(tree)
        if again == text:
            return tree, text
        text = again
    raise GuardRefused("a part of the SQL has no safe spelling", code="syntax")


def _check_rows_are_read(tree: exp.Query, *, constants: bool) -> None:
    for select in tree.find_all(exp.Select):
        if not constants and not select.args.get("from_"):
            raise GuardRefused(
                "a SELECT without FROM makes rows that are not in the lake",
                code="invented_rows",
                fix="read a table",
            )


def _limit(tree: exp.Query, most: int) -> None:
    present = tree.args.get("limit")
    if present is None or int(present.expression.name) > most:
        tree.set("limit", exp.Limit(expression=exp.Literal.number(most)))


def _named(tree: exp.Query, names: Names) -> tuple[str, ...]:
    return tuple(sorted(set(_table_names(tree)) & set(names.all())))


def _table_names(tree: exp.Query) -> Iterator[str]:
    yield from (table.name.lower() for table in tree.find_all(exp.Table))
