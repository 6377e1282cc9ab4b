"""DuckDB's side of the dialect table.

Odd about DuckDB: malformed JSON is an error (so documents pass through `TRY_CAST`), a list of
conditions on one text is fastest as one RE2 alternation, and `_` in LIKE needs an ESCAPE that
turns the fast path for plain substrings off.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from sqlglot import exp

from mantissa.detection.documents import absent
from mantissa.detection.network import in_range
from mantissa.detection.pattern import Pattern, like
from mantissa.detection.syntax import (
    IPV4,
    IPV6,
    IPV6_DOTTED,
    ISO_TIME,
    NUMBER,
    WITHOUT_ZONE,
)
from mantissa.detection.template import any_of, call, fill, lambda_, quoted

FOLD_FROM = 3
"""Patterns on one text from which one alternation replaces an OR."""
FOLD_BYTES = 32_000
"""Bytes of one alternation: RE2 refuses a program that outgrows its memory."""
MOST_LISTED = 4
"""Values from which more DuckDB makes a join of an IN, for every row and behind no gate."""

_REAL_NAMES = {"AT": "JSON_EXTRACT", "AT_TEXT": "JSON_EXTRACT_STRING"}
"""sqlglot would turn these functions into the operators `->` and `->>`, which bind differently."""
_STEP = """FLATTEN(LIST_TRANSFORM(members, LAMBDA m :
    CASE JSON_TYPE(m) WHEN 'ARRAY' THEN AT(m, through)
         ELSE [AT(m, key)] END))"""
_ELEMENTS = """FLATTEN(LIST_TRANSFORM(members, LAMBDA m :
    CASE JSON_TYPE(m) WHEN 'ARRAY' THEN LIST_CONCAT([m], AT(m, '$[*]'))
         ELSE [m] END))"""
_TEXTS = "LIST_TRANSFORM(members, LAMBDA m : AT_TEXT(m, '$'))"
_PRESENT = "LIST_FILTER(texts, LAMBDA m : m IS NOT NULL)"
_INSIDE = """CASE WHEN document IS NULL OR absent THEN []
    WHEN NOT CONTAINS(document, '[') THEN [AT_TEXT(TRY_CAST(document AS JSON), path)]
    ELSE everything END"""
_WHOLE = """CASE WHEN document IS NULL THEN []
    WHEN NOT (STARTS_WITH(document, '[') OR STARTS_WITH(document, '"')) THEN [document]
    WHEN STARTS_WITH(document, '"') THEN [AT_TEXT(TRY_CAST(document AS JSON), '$')]
    ELSE LIST_CONCAT([document], everything) END"""
_ARRAY_MEMBERS = "AT(TRY_CAST(document AS JSON), '$[*]')"
_LOWERED = "LIST_TRANSFORM(texts, LAMBDA m : LOWER(m))"

_GROUPS = "CASE side WHEN '' THEN CAST([] AS TEXT[]) ELSE STR_SPLIT(side, ':') END"
_V6_KEY = """ARRAY_TO_STRING(LIST_TRANSFORM(
    LIST_CONCAT(head, LIST_RESIZE(CAST([] AS TEXT[]), 8 - LEN(head) - LEN(tail), '0'), tail),
    LAMBDA g : LPAD(g, 4, '0')), '')"""
_V4_KEY = """PRINTF('%02x%02x%02x%02x',
    CAST(SPLIT_PART(dotted, '.', 1) AS INT), CAST(SPLIT_PART(dotted, '.', 2) AS INT),
    CAST(SPLIT_PART(dotted, '.', 3) AS INT), CAST(SPLIT_PART(dotted, '.', 4) AS INT))"""
_UNDOTTED = """CONCAT(REGEXP_REPLACE(address, '[0-9.]+$', ''),
    SUBSTR(tail_key, 1, 4), ':', SUBSTR(tail_key, 5, 4))"""
_KEY = """CASE WHEN REGEXP_MATCHES(address, is_v4) THEN CONCAT('00000000000000000000ffff', v4)
    WHEN REGEXP_MATCHES(address, is_v6) THEN v6
    WHEN REGEXP_MATCHES(address, is_v6_dotted) THEN v6_dotted END"""
_NUMBER = "CASE WHEN REGEXP_MATCHES(written, form) THEN TRY_CAST(written AS DOUBLE) END"
_MOMENT = """CASE WHEN REGEXP_MATCHES(written, form) THEN TIMEZONE('UTC', TRY_CAST(
    CASE WHEN REGEXP_MATCHES(written, '(Z|[+-][0-9]{2}:[0-9]{2})$') THEN written
         ELSE CONCAT(written, 'Z') END AS TIMESTAMPTZ)) END"""


def _sql(text: str, **values: exp.Expr) -> exp.Expr:
    filled = fill(text, "duckdb", **values)
    for node in filled.find_all(exp.Anonymous):
        node.set("this", _REAL_NAMES.get(node.name, node.this))
    return filled


def _text(value: str) -> exp.Expr:
    return exp.Literal.string(value)


def json_values(document: exp.Expr, path: Sequence[str], lowered: bool) -> exp.Expr:
    """List the texts a field has: lists on the way are entered, and count member by member."""
    texts = _inside(document, path) if path else _whole(document)
    present = _sql(_PRESENT, texts=texts)
    return _sql(_LOWERED, texts=present) if lowered else present


def _inside(document: exp.Expr, path: Sequence[str]) -> exp.Expr:
    members = _sql("[TRY_CAST(document AS JSON)]", document=document)
    for name in path:
        key = _key(name)
        members = _sql(_STEP, members=members, key=_text("$" + key), through=_text("$[*]" + key))
    everything = _sql(_TEXTS, members=_sql(_ELEMENTS, members=members))
    plain = _text("$" + "".join(_key(name) for name in path))
    unseen = absent(document, path[-1], contains)
    return _sql(_INSIDE, document=document, path=plain, everything=everything, absent=unseen)


def _whole(document: exp.Expr) -> exp.Expr:
    members = _sql(_ARRAY_MEMBERS, document=document)
    return _sql(_WHOLE, document=document, everything=_sql(_TEXTS, members=members))


def _key(name: str) -> str:
    escaped = name.replace("\\", "\\\\").replace('"', '\\"')
    return f'."{escaped}"'


def any_value(values: exp.Expr, variable: str, test: Callable[[exp.Expr], exp.Expr]) -> exp.Expr:
    """Ask whether a condition holds for any member of a list."""
    kept = call("LIST_FILTER", values, lambda_(variable, test))
    return exp.GT(this=call("LEN", kept), expression=exp.Literal.number(0))


def map_values(values: exp.Expr, variable: str, make: Callable[[exp.Expr], exp.Expr]) -> exp.Expr:
    """Make something of each member of a list."""
    return call("LIST_TRANSFORM", values, lambda_(variable, make))


def has_value(values: exp.Expr) -> exp.Expr:
    """Ask whether a list holds anything."""
    return exp.GT(this=call("LEN", values), expression=exp.Literal.number(0))


def first_value(values: exp.Expr) -> exp.Expr:
    """Return a list's first member; NULL of an empty list."""
    return call("LIST_EXTRACT", values, exp.Literal.number(1))


def matches_any(text: exp.Expr, patterns: Sequence[Pattern]) -> exp.Expr:
    """Ask whether any pattern matches: one alternation for many, LIKE for few."""
    odd = [p.engine_lowers or p.holds_nul for p in patterns]
    many = [p for p, is_odd in zip(patterns, odd, strict=True) if not is_odd]
    few = [p for p, is_odd in zip(patterns, odd, strict=True) if is_odd]
    if len(many) < FOLD_FROM:
        few, many = list(patterns), []
    tests = [_match(text.copy(), pattern) for pattern in few]
    return any_of(tests + _alternations(text, [p.regex for p in many]))


def finds_any(text: exp.Expr, regexes: Sequence[str]) -> exp.Expr:
    """Search a text for any of many RE2 expressions, `.` matching newlines."""
    return any_of(_alternations(text, regexes))


def _alternations(text: exp.Expr, regexes: Sequence[str]) -> list[exp.Expr]:
    return [regex(text, f"(?s){chunk}") for chunk in _chunks(regexes)]


def _match(text: exp.Expr, pattern: Pattern) -> exp.Expr:
    part = pattern.contained
    if part and ("_" in part or "%" in part) and not (pattern.engine_lowers or pattern.holds_nul):
        return call("CONTAINS", text, _text(part))
    return like(text, pattern)


def _chunks(regexes: Sequence[str]) -> Iterator[str]:
    chunk: list[str] = []
    size = 0
    for regex_ in regexes:
        if chunk and size + len(regex_) > FOLD_BYTES:
            yield "|".join(chunk)
            chunk, size = [], 0
        chunk.append(regex_)
        size += len(regex_)
    if chunk:
        yield "|".join(chunk)


def regex(text: exp.Expr, expression: str) -> exp.Expr:
    """Search a text for an RE2 expression."""
    return call("REGEXP_MATCHES", text, _text(expression))


def address_key(text: exp.Expr) -> exp.Expr:
    """Return the key of an IP address without its zone; NULL for what is no address."""
    address = exp.Lower(this=fill(WITHOUT_ZONE, "duckdb", written=text))
    dotted = _sql(_V4_KEY, dotted=_sql("REGEXP_EXTRACT(address, '[0-9.]+$')", address=address))
    return _sql(
        _KEY,
        address=address,
        is_v4=_text(f"^{IPV4}$"),
        is_v6=_text(f"^{IPV6}$"),
        is_v6_dotted=_text(f"^{IPV6_DOTTED}$"),
        v4=_sql(_V4_KEY, dotted=text),
        v6=_v6_key(address),
        v6_dotted=_v6_key(_sql(_UNDOTTED, address=address, tail_key=dotted)),
    )


def _v6_key(address: exp.Expr) -> exp.Expr:
    head, tail = (
        _sql(_GROUPS, side=call("SPLIT_PART", address, _text("::"), exp.Literal.number(n)))
        for n in (1, 2)
    )
    return _sql(_V6_KEY, head=head, tail=tail)


def in_network(key: exp.Expr, cidr: str) -> exp.Expr:
    """Ask whether an address, given by its key, lies in a network."""
    return in_range(key, cidr)


def number(text: exp.Expr) -> exp.Expr:
    """Read a decimal number; NULL for any other text."""
    return _sql(_NUMBER, written=text, form=_text(NUMBER))


def moment(text: exp.Expr) -> exp.Expr:
    """Read an ISO 8601 time as UTC; NULL for any other text."""
    return _sql(_MOMENT, written=text, form=_text(ISO_TIME))


def contains(text: exp.Expr, part: exp.Expr) -> exp.Expr:
    """Ask whether a text holds another."""
    return call("CONTAINS", text, part)


def any_bit(bitmaps: Sequence[str]) -> exp.Expr:
    """Ask for a bit in any bitmap; each is named once, as every mention is planned again."""
    union: exp.Expr = quoted(bitmaps[0])
    for name in bitmaps[1:]:
        union = exp.BitwiseOr(this=union, expression=quoted(name))
    return exp.NEQ(this=exp.Paren(this=union), expression=exp.Literal.number(0))
