"""Trino's side of the dialect table, which is Athena's.

Odd about Trino: lax JSON paths enter lists by themselves, a regex alternation over many values
costs ten times an OR of LIKE, `starts_with` exists but `ends_with` does not, and more than about
a hundred ORed conditions endanger the expression compiler.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from sqlglot import exp

from mantissa.detection.documents import absent
from mantissa.detection.network import key_range, network_of
from mantissa.detection.pattern import Pattern, Wild, like, literal
from mantissa.detection.regex_tokens import trimmed
from mantissa.detection.stems import by_stem
from mantissa.detection.syntax import ISO_TIME, NUMBER, WITHOUT_ZONE
from mantissa.detection.template import all_of, any_of, call, fill, lambda_, quoted
from mantissa.detection.trino_regex import ported

OR_UP_TO = 100
"""LIKEs joined with OR; longer lists are searched with `any_match`."""

FOREIGN_FROM = 8
"""Patterns beyond ASCII from which a text is first asked whether it goes beyond ASCII at all."""

_JSON = "CAST(TRY(JSON_PARSE(found)) AS ARRAY(JSON))"
_TEXTS = """TRANSFORM(FILTER(COALESCE(members, CAST(ARRAY[] AS ARRAY(JSON))),
    v -> JSON_FORMAT(v) <> 'null'),
    v -> COALESCE(JSON_EXTRACT_SCALAR(v, '$'), JSON_FORMAT(v)))"""
_LOWERED = "TRANSFORM(texts, v -> LOWER(v))"
_OWN = "CASE WHEN STARTS_WITH(document, '\"') THEN JSON_EXTRACT_SCALAR(document, '$') ELSE document END"
_INSIDE = "CASE WHEN absent THEN CAST(ARRAY[] AS ARRAY(VARCHAR)) ELSE inside END"
_WHOLE = """CASE WHEN document IS NULL THEN CAST(ARRAY[] AS ARRAY(VARCHAR))
    WHEN STARTS_WITH(document, '[') THEN CONCAT(ARRAY[document], members) ELSE ARRAY[own] END"""
_NUMBER = "CASE WHEN REGEXP_LIKE(written, form) THEN TRY_CAST(written AS DOUBLE) END"
_MOMENT = """CASE WHEN REGEXP_LIKE(written, form) THEN AT_TIMEZONE(TRY(FROM_ISO8601_TIMESTAMP(
    CONCAT(REPLACE(written, ' ', 'T'),
        CASE WHEN REGEXP_LIKE(written, '(Z|[+-][0-9]{2}:[0-9]{2})$') THEN '' ELSE 'Z' END)
    )), 'UTC') END"""
_FOREIGN = "LENGTH(TO_UTF8(subject)) > LENGTH(subject)"
_ENDS = "SUBSTR(subject, -LENGTH(v)) = v"


def _sql(text: str, **values: exp.Expr) -> exp.Expr:
    return fill(text, "trino", **values)


def _text(value: str) -> exp.Expr:
    return exp.Literal.string(value)


def json_values(document: exp.Expr, path: Sequence[str], lowered: bool) -> exp.Expr:
    """List the texts a field has: lists on the way are entered, and count member by member."""
    lax = "lax $" + "".join(_key(name) for name in path)
    members = _texts(_query(document, lax + "[*]"))
    if path:
        inside = call("CONCAT", _texts(_query(document, lax)), members)
        unseen = absent(document, path[-1], contains)
        values = _sql(_INSIDE, inside=inside, absent=unseen)
    else:
        values = _sql(_WHOLE, document=document, members=members, own=_sql(_OWN, document=document))
    return _sql(_LOWERED, texts=values) if lowered else values


def _texts(found: exp.Expr) -> exp.Expr:
    return _sql(_TEXTS, members=_sql(_JSON, found=found))


def _query(document: exp.Expr, path: str) -> exp.Expr:
    query = _sql(
        "JSON_QUERY(document, 'lax $' WITH UNCONDITIONAL ARRAY WRAPPER)", document=document
    )
    return query.transform(
        lambda node: _text(path) if node.is_string and node.name == "lax $" else node
    )


def _key(name: str) -> str:
    escaped = name.replace('"', '""')
    return f'."{escaped}"'


def any_value(values: exp.Expr, variable: str, test: Callable[[exp.Expr], exp.Expr]) -> exp.Expr:
    """Ask whether a condition holds for any member of a list."""
    return call("ANY_MATCH", values, lambda_(variable, test))


def map_values(values: exp.Expr, variable: str, make: Callable[[exp.Expr], exp.Expr]) -> exp.Expr:
    """Make something of each member of a list."""
    return call("TRANSFORM", values, lambda_(variable, make))


def has_value(values: exp.Expr) -> exp.Expr:
    """Ask whether a list holds anything."""
    return exp.GT(this=call("CARDINALITY", values), expression=exp.Literal.number(0))


def first_value(values: exp.Expr) -> exp.Expr:
    """Return a list's first member; NULL of an empty list."""
    return call("ELEMENT_AT", values, exp.Literal.number(1))


def matches_any(text: exp.Expr, patterns: Sequence[Pattern]) -> exp.Expr:
    """Ask whether any pattern matches; what several of them need is asked before they are."""
    foreign = [p for p in patterns if not (p.is_ascii or p.engine_lowers)]
    if len(foreign) < FOREIGN_FROM:
        foreign = []
    stems, rest = by_stem([p for p in patterns if p not in foreign])
    tests = [all_of([_holding(text, stem), _listed(text, group)]) for stem, group in stems]
    if foreign:
        tests.append(all_of([_sql(_FOREIGN, subject=text), _listed(text, foreign)]))
    return any_of([*tests, _listed(text, rest)] if rest else tests)


def _holding(text: exp.Expr, stem: str) -> exp.Expr:
    return like(text.copy(), Pattern((Wild.MANY, stem, Wild.MANY), cased=True))


def _listed(text: exp.Expr, patterns: Sequence[Pattern]) -> exp.Expr:
    """Ask one after the other: LIKEs joined with OR, or a search through an array."""
    if len(patterns) <= OR_UP_TO:
        return any_of([_like(text.copy(), pattern) for pattern in patterns])
    tests: list[exp.Expr] = []
    shapes: dict[str, list[Pattern]] = {}
    for pattern in patterns:
        shapes.setdefault(_shape(pattern), []).append(pattern)
    for shape, group in shapes.items():
        tests += _in_array(text, shape, group)
    return any_of(tests)


def _like(text: exp.Expr, pattern: Pattern) -> exp.Expr:
    """Compare with LIKE, in which Trino 476 misreads `_` beside characters of four bytes."""
    if not (pattern.asks_one and pattern.is_astral):
        return like(text, pattern)
    expression = literal(ported(f"(?s){pattern.regex}"), engine_lowers=pattern.engine_lowers)
    return exp.RegexpLike(this=text, expression=expression)


def _shape(pattern: Pattern) -> str:
    match pattern.parts:
        case (Wild.MANY, str(), Wild.MANY):
            return "contains"
        case (str(), Wild.MANY):
            return "starts"
        case (Wild.MANY, str()):
            return "ends"
    return "like"


def _in_array(text: exp.Expr, shape: str, group: list[Pattern]) -> list[exp.Expr]:
    if shape == "like" or len(group) == 1:
        return [_like(text.copy(), pattern) for pattern in group]
    values = [_literal_of(pattern) for pattern in group]
    array = exp.Array(expressions=values)
    return [call("ANY_MATCH", array, lambda_("v", lambda v: _holds(text, v, shape)))]


def _literal_of(pattern: Pattern) -> exp.Expr:
    text = Pattern(tuple(p for p in pattern.parts if isinstance(p, str)), pattern.cased).text
    return literal(text, engine_lowers=pattern.engine_lowers)


def _holds(text: exp.Expr, value: exp.Expr, shape: str) -> exp.Expr:
    if shape == "contains":
        return contains(text, value)
    if shape == "starts":
        return call("STARTS_WITH", text, value)
    return _sql(_ENDS, subject=text)


def regex(text: exp.Expr, expression: str) -> exp.Expr:
    """Search a text for an expression of the RE2 subset."""
    return exp.RegexpLike(this=text.copy(), expression=_text(ported(trimmed(expression))))


def address_key(text: exp.Expr) -> exp.Expr:
    """Return an IP address without its zone; NULL for what is no address."""
    return exp.TryCast(
        this=_sql(WITHOUT_ZONE, written=text), to=exp.DataType.build("IPADDRESS", dialect="trino")
    )


def in_network(address: exp.Expr, cidr: str) -> exp.Expr:
    """Ask whether an address lies in a network, written with its length.

    Trino holds IPv4 addresses in mapped form, so a wide IPv6 network would hold them all.
    """
    within = call("CONTAINS", _text(str(network_of(cidr))), address)
    if not key_range(cidr).skips_mapped:
        return within
    return all_of([within, exp.Not(this=call("CONTAINS", _text("::ffff:0:0/96"), address))])


def number(text: exp.Expr) -> exp.Expr:
    """Read a decimal number; NULL for any other text."""
    return _sql(_NUMBER, written=text, form=_text(ported(NUMBER)))


def moment(text: exp.Expr) -> exp.Expr:
    """Read an ISO 8601 time as UTC; NULL for any other text."""
    return _sql(_MOMENT, written=text, form=_text(ported(ISO_TIME)))


def contains(text: exp.Expr, part: exp.Expr) -> exp.Expr:
    """Ask whether a text holds another."""
    return exp.GT(this=call("STRPOS", text, part), expression=exp.Literal.number(0))


def any_bit(bitmaps: Sequence[str]) -> exp.Expr:
    """Ask for a bit in any bitmap; each is named twice, as what is named once is inlined."""
    comparisons = (exp.GT, exp.LT)
    return any_of(
        [
            compare(this=quoted(name), expression=exp.Literal.number(0))
            for name in bitmaps
            for compare in comparisons
        ]
    )
