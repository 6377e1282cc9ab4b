"""Whether SQL may run: allow-lists at every level, then SQL written anew from the tree.

What leaves here is never the text that came in. Errors name the rule and the place, and quote no
literal: they may be shown to people and to models.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import sqlglot
from sqlglot import Token, TokenType, exp
from sqlglot.dialects.dialect import Dialect
from sqlglot.errors import ParseError, SqlglotError

from mantissa.ask import allow_list
from mantissa.ask.joins import check_joins
from mantissa.ask.reads import FAILURES, Names, Read, qualified, resolved_reads
from mantissa.ask.tables import check_tables
from mantissa.ask.width import check_size
from mantissa.errors import GuardRefused

MAX_CHARACTERS = 100_000
MAX_TOKENS = 20_000
MAX_NESTING = 48
"""Open brackets, CASEs and prefix operators around one token; people's queries stay below 15."""

MAX_CONDITIONS = 1_000
"""ANDs and ORs; resolving names takes time that grows with their square."""

MAX_SPELLINGS = 4

_OPENING = {TokenType.L_PAREN, TokenType.L_BRACKET, TokenType.L_BRACE, TokenType.CASE}
_CLOSING = {TokenType.R_PAREN, TokenType.R_BRACKET, TokenType.R_BRACE, TokenType.END}
_PREFIX = {TokenType.NOT, TokenType.DASH, TokenType.PLUS, TokenType.TILDE}
_STARTS = {TokenType.SELECT, TokenType.WITH, TokenType.FROM, TokenType.L_PAREN, TokenType.VALUES}


@dataclass(frozen=True, slots=True)
class Allowed:
    """A query that may run.

    Args:
        sql: to be run; written from the tree, without comments.
        tables: the tables and views that the query names, sorted.
        reads: each place where a base table is read, with its columns and days.
    """

    sql: str
    tables: tuple[str, ...]
    reads: tuple[Read, ...]
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
    dialect: str = "duckdb",
    max_rows: int | None = None,
    constants: bool = False,
) -> Allowed:
    """Return the query that may run in place of this text.

    Args:
        max_rows: a lower LIMIT than the query's own, if given.
        constants: allow a SELECT without FROM. People may ask `SELECT 1`; a model that answers
            with rows it made up must not.

    Raises `GuardRefused` with the code of the rule that refused, and nothing else.
    """
    try:
        tree, text = _settled(sql, dialect)
        check_tables(tree, names)
        check_size(tree, names)
        _check_rows_are_read(tree, constants=constants)
        resolved = qualified(tree, names)
        check_joins(resolved)
        found = resolved_reads(tree, resolved, names)
        if max_rows is not None:
            _limit(tree, max_rows)
            text = _written(tree, dialect)
        return Allowed(text, _named(tree, names), found, tree)
    except RecursionError:
        raise _too_deep() from None


def _settled(sql: str, dialect: str) -> tuple[exp.Query, str]:
    """Return a tree and its text such that the text reads as the tree.

    One spelling can have several trees (`FROM a JOIN b` before its SELECT hides the join from a
    look at the SELECT). The checks must see the tree of the text that runs.
    """
    text = sql
    for _ in range(MAX_SPELLINGS):
        tree = _parse(text, dialect)
        _check_nodes(tree, dialect)
        written = _written(tree, dialect)
        if written == text:
            return tree, text
        text = written
    raise GuardRefused("a part of the SQL has no safe spelling", code="syntax")


def _parse(sql: str, dialect: str) -> exp.Query:
    tokens = _tokens(sql, dialect)
    _check_shape(tokens)
    if not tokens or tokens[0].token_type not in _STARTS:
        raise GuardRefused("only a SELECT can be asked", code="not_select", fix="write a SELECT")
    try:
        parsed = Dialect.get_or_raise(dialect).parser().parse(tokens, sql)
    except ParseError as error:
        raise _bad_syntax(error) from error
    except FAILURES as error:
        raise GuardRefused("the SQL cannot be read", code="parse") from error
    trees = [tree for tree in parsed if tree is not None and not isinstance(tree, exp.Semicolon)]
    if len(trees) != 1:
        raise GuardRefused(
            "more than one statement", code="many_statements", fix="send one SELECT at a time"
        )
    return _query(trees[0])


def _tokens(sql: str, dialect: str) -> list[Token]:
    if len(sql) > MAX_CHARACTERS:
        raise GuardRefused(f"longer than {MAX_CHARACTERS} characters", code="too_long")
    if "\x00" in sql or any("\ud800" <= character <= "\udfff" for character in sql):
        raise GuardRefused("the text holds characters that SQL cannot", code="parse")
    try:
        return sqlglot.tokenize(sql, read=dialect)
    except SqlglotError as error:
        raise GuardRefused("a quote or a comment is not closed", code="parse") from error


def _check_shape(tokens: Sequence[Token]) -> None:
    if len(tokens) > MAX_TOKENS:
        raise GuardRefused(f"more than {MAX_TOKENS} words", code="too_long")
    connectors = sum(token.token_type in (TokenType.AND, TokenType.OR) for token in tokens)
    if connectors > MAX_CONDITIONS:
        raise GuardRefused(
            f"more than {MAX_CONDITIONS} ANDs and ORs", code="too_long", fix="use IN (…) lists"
        )
    depth = prefixes = 0
    for token in tokens:
        prefixes = prefixes + 1 if token.token_type in _PREFIX else 0
        depth += (token.token_type in _OPENING) - (token.token_type in _CLOSING)
        if depth + prefixes > MAX_NESTING:
            raise _too_deep()


def _too_deep() -> GuardRefused:
    return GuardRefused("nested too deeply", code="too_deep", fix="use WITH, or IN (…) lists")


def _bad_syntax(error: ParseError) -> GuardRefused:
    first = error.errors[0] if error.errors else {}
    place = f"line {first['line']}, column {first['col']}" if first.get("line") else None
    return GuardRefused("the SQL cannot be read", code="parse", where=place, fix="check its syntax")


def _query(tree: exp.Expr) -> exp.Query:
    body = tree.unnest() if isinstance(tree, exp.Subquery) else tree
    if isinstance(body, exp.Values):
        raise _no_node(body)
    if not isinstance(body, (exp.Select, exp.SetOperation)) or not isinstance(tree, exp.Query):
        raise GuardRefused("only a SELECT can be asked", code="not_select", fix="write a SELECT")
    return tree


def _check_nodes(tree: exp.Query, dialect: str) -> None:
    """Refuse every node that is on no list, wherever it stands."""
    named = allow_list.NAMED_FUNCTIONS[dialect]
    listed = allow_list.CLAUSES | allow_list.OPERATORS | allow_list.FUNCTIONS
    for node in tree.walk():
        if isinstance(node, (exp.Anonymous, exp.AnonymousAggFunc)):
            if node.name.lower() not in named or not _is_plain_call(node):
                raise _no_function(node)
        elif type(node).__name__ not in listed:
            raise _no_node(node)
        _check_arguments(node)


def _is_plain_call(node: exp.Expr) -> bool:
    """Tell whether a call is a value: not a table, and without a schema or an object before it."""
    return not isinstance(node.parent, (exp.Table, exp.Dot)) and isinstance(node.this, str)


def _no_function(node: exp.Func) -> GuardRefused:
    name = node.name if isinstance(node, exp.Anonymous) else node.sql_name()
    return GuardRefused(
        f"function {name.lower()} is not allowed",
        code="function",
        fix="see the list of functions in the query guide",
    )


def _no_node(node: exp.Expr) -> GuardRefused:
    kind = type(node).__name__
    if kind in allow_list.REFUSED_NODES:
        code, message = allow_list.REFUSED_NODES[kind]
        return GuardRefused(message, code=code)
    if kind in allow_list.WRITES:
        return GuardRefused(f"{kind.upper()} is not a question", code="not_select")
    if isinstance(node, exp.Func):
        return _no_function(node)
    return GuardRefused(f"{kind} is not allowed in a query", code="syntax")


def _check_arguments(node: exp.Expr) -> None:
    """Refuse what an allowed node may not carry."""
    if isinstance(node, exp.With) and node.recursive:
        raise GuardRefused("WITH RECURSIVE is not allowed", code="recursive")
    if isinstance(node, exp.Join) and node.method:
        raise GuardRefused(
            f"a {node.method} join is not allowed", code="join_kind", fix="use JOIN … ON"
        )
    if isinstance(node, exp.DataType) and node.this == exp.DataType.Type.USERDEFINED:
        raise GuardRefused("unknown type in a cast", code="type")
    if isinstance(node, exp.Table) and isinstance(node.this, exp.Func):
        raise _no_function(node.this)
    if isinstance(node, (exp.Unnest, exp.Explode)) and not node.find(exp.Column):
        raise GuardRefused(
            "unnest of a constant makes rows that are not in the lake",
            code="invented_rows",
            fix="unnest a column",
        )
    if isinstance(node, (exp.Limit, exp.Offset)) and not _is_whole(node.expression):
        raise GuardRefused("LIMIT and OFFSET take a whole number", code="limit")


def _is_whole(node: exp.Expr | None) -> bool:
    return isinstance(node, exp.Literal) and not node.is_string and node.name.isdecimal()


def _check_rows_are_read(tree: exp.Query, *, constants: bool) -> None:
    for select in tree.find_all(exp.Select):
        if not select.expressions:
            raise GuardRefused("a SELECT names no column", code="parse", fix="name columns, or *")
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


def _written(tree: exp.Query, dialect: str) -> str:
    try:
        return tree.sql(dialect=dialect, comments=False, identify=True)
    except FAILURES as error:
        raise GuardRefused("a part of the SQL has no safe spelling", code="syntax") from error


def _named(tree: exp.Query, names: Names) -> tuple[str, ...]:
    return tuple(sorted(set(_table_names(tree)) & set(names.all())))


def _table_names(tree: exp.Query) -> Iterator[str]:
    yield from (table.name.lower() for table in tree.find_all(exp.Table))
