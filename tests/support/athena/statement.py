"""What kind of statement a text is, and the part of it that Trino is given.

Athena's own statements are not Trino's grammar: `UNLOAD`, and the DDL of Hive. This endpoint runs
queries and `UNLOAD`; tables are made through Glue, as the product makes them.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from support.athena.refusal import invalid

MAX_BYTES = 262_144
_DML = ("SELECT", "WITH", "VALUES", "TABLE", "UNLOAD")
_UTILITY = ("SHOW", "DESCRIBE", "DESC", "EXPLAIN")
_SPACE = re.compile(r"(?s)(\s|--[^\n]*(\n|$)|/\*.*?\*/|\()*")
_UNLOAD = re.compile(
    r"(?is)^(?P<head>\s*UNLOAD\s*\()(?P<query>.*)\)\s*TO\s*'(?P<to>[^']+)'"
    r"\s*WITH\s*\((?P<options>.*)\)\s*;?\s*$"
)
_OPTION = re.compile(r"(\w+)\s*=\s*'([^']*)'")


@dataclass(frozen=True)
class Unload:
    """Where an UNLOAD writes, and how."""

    target: str
    options: Mapping[str, str]
    is_partitioned: bool


@dataclass(frozen=True)
class Statement:
    """One text, classified. `query` has the words of the text at the same line and column."""

    text: str
    keyword: str
    kind: str
    query: str
    unload: Unload | None = None

    @property
    def is_query(self) -> bool:
        """Whether the answer is rows with a header, kept as CSV."""
        return self.kind == "DML"

    @property
    def is_supported(self) -> bool:
        return self.kind != "DDL"


def read(text: str) -> Statement:
    """Classify a statement; raises `Refused` for what is empty or too long."""
    if not text.strip():
        raise invalid("queryString is empty")
    if len(text.encode()) > MAX_BYTES:
        raise invalid(
            "1 validation error detected: Value at 'queryString' failed to satisfy constraint: "
            f"Member must have length less than or equal to {MAX_BYTES}"
        )
    space = _SPACE.match(text)
    word = re.match(r"\w*", text[space.end() if space else 0 :])
    keyword = word[0].upper() if word else ""
    kind = "DML" if keyword in _DML else "UTILITY" if keyword in _UTILITY else "DDL"
    if keyword == "UNLOAD":
        return _unload(text)
    return Statement(text, keyword, kind, text.rstrip().removesuffix(";"))


def _unload(text: str) -> Statement:
    found = _UNLOAD.match(text)
    if not found:
        raise invalid("line 1:1: mismatched input 'UNLOAD'", "MALFORMED_QUERY")
    options = {name.lower(): value for name, value in _OPTION.findall(found["options"])}
    unload = Unload(found["to"], options, "partitioned_by" in found["options"].lower())
    # Blanks keep the query at its line and column, for the positions in messages.
    blank = re.sub(r"[^\n]", " ", found["head"])
    return Statement(text, "UNLOAD", "DML", blank + found["query"], unload)


def to_prepare(statement: Statement) -> str:
    """Return what makes Trino parse the query and nothing more; positions are one line lower."""
    return f"PREPARE parsed FROM\n{statement.query}"


def to_execute(statement: Statement, parameters: tuple[str, ...]) -> str:
    """Return what Trino runs; parameters are SQL literals, as Athena takes them."""
    if not parameters:
        return statement.query
    quoted = statement.query.replace("'", "''")
    return f"EXECUTE IMMEDIATE '{quoted}' USING {', '.join(parameters)}"
