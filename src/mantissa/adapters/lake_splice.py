"""The one place of a table in a long query, found by its words alone.

A fused query of 400 rules is 200 kB, which sqlglot takes eight seconds to read as a tree and to
write again, and 0.3 s to split into words. Such queries name their table once, in a plain FROM;
where that is certain the pinned table goes there and the rest stays as it is. Anything else is
left to the tree.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import sqlglot
from sqlglot import Token, TokenType, exp
from sqlglot.errors import SqlglotError

DIALECT = "trino"

_NAMES = (TokenType.IDENTIFIER, TokenType.VAR)
_AFTER = {
    TokenType.R_PAREN,
    TokenType.WHERE,
    TokenType.GROUP_BY,
    TokenType.ORDER_BY,
    TokenType.LIMIT,
}
"""What may follow a table that has no other name: anything else is read as a tree."""


def spliced(sql: str, table: str, query: exp.Query, views: frozenset[str]) -> str | None:
    """Return the SQL with a query in the table's place, or None if its place is not certain.

    Args:
        views: names that, where they occur, may stand for queries over the table.
    """
    place = _place(sql, table, views)
    if place is None:
        return None
    start, end, quoted = place
    name = exp.to_identifier(sql[start:end].strip('"'), quoted=quoted)
    pinned = exp.Subquery(this=query, alias=exp.TableAlias(this=name))
    return "".join([sql[:start], pinned.sql(dialect=DIALECT), sql[end:]])


@lru_cache(maxsize=64)
def _place(sql: str, table: str, views: frozenset[str]) -> tuple[int, int, bool] | None:
    """Return where a table's only name starts and ends, and whether it is quoted."""
    try:
        tokens = sqlglot.tokenize(sql, read=DIALECT)
    except SqlglotError:
        return None
    if not tokens or tokens[0].token_type != TokenType.SELECT:
        return None
    if any(t.token_type in (TokenType.SEMICOLON, TokenType.WITH) for t in tokens):
        return None
    words = {t.text.lower() for t in tokens if t.token_type in _NAMES}
    found = [i for i, t in enumerate(tokens) if t.token_type in _NAMES and t.text.lower() == table]
    if len(found) != 1 or words & views or not _is_plain(tokens, found[0]):
        return None
    token = tokens[found[0]]
    return token.start, token.end + 1, token.token_type == TokenType.IDENTIFIER


def _is_plain(tokens: Sequence[Token], place: int) -> bool:
    """Tell whether the word stands alone after the FROM of a SELECT."""
    after = tokens[place + 1].token_type if place + 1 < len(tokens) else TokenType.R_PAREN
    if after not in _AFTER or tokens[place - 1].token_type != TokenType.FROM:
        return False
    depth = 0
    for number in range(place - 2, -1, -1):
        kind = tokens[number].token_type
        depth += (kind == TokenType.R_PAREN) - (kind == TokenType.L_PAREN)
        if depth < 0:
            # `EXTRACT(day FROM logins)` reads no table.
            return tokens[number + 1].token_type == TokenType.SELECT
    return True
