"""The words of Trino's SQL, no more lenient than Trino's own lexer (SqlBase.g4)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import pairwise

from mantissa.errors import GuardRefused

RESERVED = frozenset(
    [
        "ALTER",
        "AND",
        "AS",
        "BETWEEN",
        "BY",
        "CASE",
        "CAST",
        "CONSTRAINT",
        "CREATE",
        "CROSS",
        "CUBE",
        "CURRENT_CATALOG",
        "CURRENT_DATE",
        "CURRENT_PATH",
        "CURRENT_ROLE",
        "CURRENT_SCHEMA",
        "CURRENT_TIME",
        "CURRENT_TIMESTAMP",
        "CURRENT_USER",
        "DEALLOCATE",
        "DELETE",
        "DESCRIBE",
        "DISTINCT",
        "DROP",
        "ELSE",
        "END",
        "ESCAPE",
        "EXCEPT",
        "EXECUTE",
        "EXISTS",
        "EXTRACT",
        "FALSE",
        "FOR",
        "FROM",
        "FULL",
        "GROUP",
        "GROUPING",
        "HAVING",
        "IN",
        "INNER",
        "INSERT",
        "INTERSECT",
        "INTO",
        "IS",
        "JOIN",
        "JSON_ARRAY",
        "JSON_EXISTS",
        "JSON_OBJECT",
        "JSON_QUERY",
        "JSON_TABLE",
        "JSON_VALUE",
        "LEFT",
        "LIKE",
        "LISTAGG",
        "LOCALTIME",
        "LOCALTIMESTAMP",
        "NATURAL",
        "NORMALIZE",
        "NOT",
        "NULL",
        "ON",
        "OR",
        "ORDER",
        "OUTER",
        "PREPARE",
        "RECURSIVE",
        "RIGHT",
        "ROLLUP",
        "SELECT",
        "SKIP",
        "TABLE",
        "THEN",
        "TRIM",
        "TRUE",
        "UESCAPE",
        "UNION",
        "UNNEST",
        "USING",
        "VALUES",
        "WHEN",
        "WHERE",
        "WITH",
    ]
)
"""Words that are no names unless they are quoted."""

_TOKEN = re.compile(
    r"""
    (?P<blank>\s+|--[^\r\n]*|/\*.*?\*/)
    |(?P<string>'(?:[^']|'')*')
    |(?P<quoted>"(?:[^"]|"")+")
    |(?P<double>(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)[eE][+-]?[0-9]+)
    |(?P<decimal>[0-9]+\.[0-9]*|\.[0-9]+)
    |(?P<integer>[0-9]+)
    |(?P<word>[A-Za-z_][A-Za-z0-9_]*)
    |(?P<mark><>|!=|<=|>=|->|\|\||[-+*/%<>=(),.\[\]])
    """,
    re.VERBOSE | re.DOTALL,
)

_STRANGERS = (
    ("::", "syntax", ":: is not Trino's", "write CAST(x AS type)"),
    ("==", "syntax", "== is not Trino's", "write ="),
    (";", "many_statements", "more than one statement", "send one SELECT, without ;"),
    ("?", "parameter", "parameters have no value here", "write the value"),
    ("$", "parameter", "parameters have no value here", "write the value"),
    ("`", "syntax", "names are not quoted like this", 'use double quotes: "name"'),
    ("'", "parse", "a quote is not closed", None),
    ('"', "parse", "a quote is not closed, or holds nothing", None),
    ("/*", "parse", "a comment is not closed", None),
)


@dataclass(frozen=True, slots=True)
class Token:
    """One word: its kind, its text as written, and where it starts."""

    kind: str
    text: str
    start: int

    @property
    def upper(self) -> str:
        """The text of an unquoted word or a mark in capitals, nothing for what is quoted."""
        return self.text.upper() if self.kind in ("word", "mark") else ""


def words(sql: str, most: int) -> list[Token]:
    """Split SQL into words; blanks and comments are dropped. Raises `GuardRefused`."""
    found: list[Token] = []
    at = 0
    while at < len(sql):
        match = _TOKEN.match(sql, at)
        if match is None or (match["mark"] == "/" and sql.startswith("/*", at)):
            raise _stranger(sql, at)
        kind = str(match.lastgroup)
        if kind != "blank":
            found.append(Token(kind, match.group(), at))
            if len(found) > most:
                raise GuardRefused(f"more than {most} words", code="too_long")
        if kind in ("integer", "decimal", "double"):
            _refuse_glued(sql, match.end())
        at = match.end()
    _refuse_prefixed(found)
    return found


def place(sql: str, at: int) -> str:
    """Return where an offset is, for people."""
    return f"line {sql.count(chr(10), 0, at) + 1}, column {at - sql.rfind(chr(10), 0, at)}"


def _stranger(sql: str, at: int) -> GuardRefused:
    for text, code, message, fix in _STRANGERS:
        if sql.startswith(text, at):
            return GuardRefused(message, code=code, fix=fix, where=place(sql, at))
    return GuardRefused(
        "a character that Trino's SQL does not have", code="parse", where=place(sql, at)
    )


def _refuse_glued(sql: str, at: int) -> None:
    if at < len(sql) and (sql[at].isalnum() or sql[at] == "_"):
        raise GuardRefused(
            "a number runs into a word", code="parse", where=place(sql, at), fix="add a blank"
        )


def _refuse_prefixed(tokens: list[Token]) -> None:
    """Refuse `U&'…'`, `X'…'` and their kind: a quote right after a word."""
    for before, token in pairwise(tokens):
        glued = before.start + len(before.text) == token.start
        if token.kind in ("string", "quoted") and before.kind in ("word", "string") and glued:
            raise GuardRefused("this kind of literal is not allowed", code="parse")
