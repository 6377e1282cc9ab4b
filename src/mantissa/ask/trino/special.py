"""Functions that need more than a template: text, numbers, lists and JSON."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from sqlglot import exp

from mantissa.ask.trino.duck import (
    Value,
    case,
    cast,
    fails,
    filled,
    fn,
    number,
    paren,
    text,
)
from mantissa.ask.trino.kinds import Kind, decimal, orderable
from mantissa.ask.trino.patterns import Pattern, read_pattern, read_replacement
from mantissa.errors import GuardRefused

MAX_PADDED = 10_000
"""Longest text that lpad and rpad make."""


@dataclass(frozen=True, slots=True)
class Call:
    """A call whose arguments have the types of its signature."""

    name: str
    values: tuple[Value, ...]
    result: Kind

    def node(self, position: int) -> exp.Expr:
        """Return an argument's expression, to be placed once more."""
        return self.values[position].node.copy()

    @property
    def nodes(self) -> list[exp.Expr]:
        """All arguments' expressions."""
        return [value.node.copy() for value in self.values]


Special = Callable[[Call], exp.Expr | Value]


def known_text(call: Call, position: int, what: str) -> str:
    """Return a text argument that must be written out. Raises `GuardRefused`."""
    found = call.values[position].literal
    if found is None:
        raise GuardRefused(
            f"{call.name} needs its {what} written out", code="literal", fix="write it as '…'"
        )
    return found


def known_number(call: Call, position: int, what: str) -> int:
    """Return a whole-number argument that must be written out. Raises `GuardRefused`."""
    found = call.values[position].number
    if found is None:
        raise GuardRefused(
            f"{call.name} needs its {what} written out", code="literal", fix="write it as a number"
        )
    return found


def bad_argument(call: Call, reason: str) -> GuardRefused:
    """Return the refusal of a call that Trino refuses too."""
    return GuardRefused(f"{call.name}: {reason}", code="argument")


def _replaced(call: Call) -> exp.Expr:
    what = call.values[1].literal
    if not what:
        raise bad_argument(call, "what is replaced must be written out and not empty")
    new = call.node(2) if len(call.values) > 2 else text("")
    return fn("replace", call.node(0), call.node(1), new)


def _trim_of(call: Call) -> exp.Expr:
    return fn(call.name, call.node(0), text(known_text(call, 1, "characters")))


def _substr(call: Call) -> exp.Expr:
    start = call.values[1].number
    length = call.values[2].number if len(call.values) > 2 else 1
    if start is not None and start > 0 and length is not None and length >= 0:
        return fn("substring", *call.nodes)
    name = "mantissa_substr" if len(call.values) == 2 else "mantissa_substr3"
    return fn(name, *call.nodes)


def _split(call: Call) -> exp.Expr:
    return fn("string_split" if call.values[1].literal else "mantissa_split", *call.nodes)


def _joined(call: Call) -> exp.Expr:
    if len(call.values) < 2:
        raise bad_argument(call, "it takes two arguments or more")
    found = paren(call.node(0))
    for node in call.nodes[1:]:
        found = exp.DPipe(this=found, expression=paren(node))
    return exp.Paren(this=found)


def _concat_ws(call: Call) -> exp.Expr:
    if call.values[1].kind.name == "array":
        present = filled("list_filter(_1, m_e -> m_e IS NOT NULL)", call.node(1))
        return fn("array_to_string", present, text(known_text(call, 0, "separator")))
    return fn("concat_ws", *call.nodes)


def _pad(call: Call) -> exp.Expr:
    size = known_number(call, 1, "length")
    if not 0 <= size <= MAX_PADDED or not call.values[2].literal:
        raise bad_argument(call, f"a length up to {MAX_PADDED} and a padding written out")
    return fn(call.name, call.node(0), cast(call.node(1), Kind("integer")), call.node(2))


def _codepoint(call: Call) -> exp.Expr:
    return case(
        (filled("length(_1) = 1", call.node(0)), fn("unicode", call.node(0))),
        (filled("_1 IS NULL", call.node(0)), exp.null()),
        default=fails("codepoint takes one character", call.result),
    )


def _upper(call: Call) -> exp.Expr:
    return filled("replace(upper(_1), 'ẞ', 'ß')", call.node(0))


def _typeof(call: Call) -> exp.Expr:
    kind = call.values[0].kind
    if "varchar" in str(kind) or "decimal" in str(kind) or kind.name in ("row", "function"):
        raise GuardRefused(
            "typeof is not allowed for a type with a length", code="argument", fix="leave it out"
        )
    return text(str(kind))


def _pattern(call: Call, *, whole: bool = True) -> Pattern:
    return read_pattern(known_text(call, 1, "pattern"), consume_end=not whole)


def _checked_end(call: Call, pattern: Pattern, found: exp.Expr) -> exp.Expr:
    """Stop where a last line break would make the engines differ."""
    if not pattern.at_end:
        return found
    ends = filled("_1 LIKE '%' || chr(10)", call.node(0))
    return case((ends, fails("a text ends with a line break", call.result)), default=found)


def _not_empty(call: Call, pattern: Pattern) -> None:
    if pattern.empty:
        raise GuardRefused(
            f"{call.name} needs a pattern that cannot match nothing",
            code="regex",
            fix="use + for *",
        )


def _regexp_like(call: Call) -> exp.Expr:
    pattern = _pattern(call, whole=False)
    return fn("regexp_matches", call.node(0), text(pattern.text))


def _regexp_extract(call: Call) -> exp.Expr:
    group = known_number(call, 2, "group") if len(call.values) > 2 else 0
    pattern = _pattern(call)
    if not 0 <= group <= len(pattern.groups):
        raise bad_argument(call, "the pattern has no such group")
    if group and not pattern.groups[group - 1]:
        raise GuardRefused(
            "a match may leave this group out, which is NULL on one engine only",
            code="regex",
            fix="put the ? or the | inside the group",
        )
    matches = fn("regexp_matches", call.node(0), text(pattern.text))
    found = fn("regexp_extract", call.node(0), text(pattern.text), number(group))
    return _checked_end(call, pattern, case((matches, found)))


def _regexp_extract_all(call: Call) -> exp.Expr:
    group = known_number(call, 2, "group") if len(call.values) > 2 else 0
    pattern = _pattern(call)
    _not_empty(call, pattern)
    if not 0 <= group <= len(pattern.groups) or (group and not pattern.groups[group - 1]):
        raise bad_argument(call, "the pattern has no such group in every match")
    found = fn("regexp_extract_all", call.node(0), text(pattern.text), number(group))
    return _checked_end(call, pattern, found)


def _regexp_replace(call: Call) -> exp.Expr:
    pattern = _pattern(call)
    _not_empty(call, pattern)
    new = (
        read_replacement(known_text(call, 2, "replacement"), pattern)
        if len(call.values) > 2
        else ""
    )
    found = fn("regexp_replace", call.node(0), text(pattern.text), text(new), text("g"))
    return _checked_end(call, pattern, found)


def _regexp_count(call: Call) -> exp.Expr:
    pattern = _pattern(call)
    _not_empty(call, pattern)
    found = fn("len", fn("regexp_extract_all", call.node(0), text(pattern.text)))
    return _checked_end(call, pattern, found)


def _regexp_split(call: Call) -> exp.Expr:
    pattern = _pattern(call)
    _not_empty(call, pattern)
    found = fn("string_split_regex", call.node(0), text(pattern.text))
    return _checked_end(call, pattern, found)


def whole_decimal(kinds: tuple[Kind, ...]) -> Kind:
    """Return the type of a decimal rounded to a whole number."""
    precision, scale = kinds[0].size
    return decimal(precision - scale + (1 if scale else 0), 0)


def _rounding(name: str) -> Special:
    def made(call: Call) -> exp.Expr:
        return cast(fn(name, call.node(0)), call.result)

    return made


def _truncated(call: Call) -> Value:
    precision, scale = call.values[0].kind.size
    kind = decimal(max(1, precision - scale), 0)
    return Value(cast(fn("trunc", call.node(0)), kind), kind)


def _rounded_to(call: Call) -> Value:
    digits = known_number(call, 1, "digits")
    precision, scale = call.values[0].kind.size
    if digits < 0:
        raise bad_argument(call, "a decimal is rounded to digits after the point here")
    kind = decimal(min(38, precision + 1), scale)
    return Value(cast(fn("round", call.node(0), number(min(digits, scale))), kind), kind)


def _round_double(call: Call) -> exp.Expr:
    return fn("mantissa_round", call.node(0), call.node(1) if len(call.values) > 1 else number(0))


def _sign(call: Call) -> exp.Expr:
    found = cast(fn("sign", call.node(0)), call.result)
    return case((fn("isnan", call.node(0)), call.node(0)), default=found)


def _mod(call: Call) -> exp.Expr:
    if call.result.name not in ("integer", "bigint"):
        raise bad_argument(call, "it takes whole numbers here")
    return exp.Mod(this=paren(call.node(0)), expression=paren(call.node(1)))


def _bits(call: Call) -> exp.Expr:
    kind = {"bitwise_and": exp.BitwiseAnd, "bitwise_or": exp.BitwiseOr}[call.name]
    return exp.Paren(this=kind(this=paren(call.node(0)), expression=paren(call.node(1))))


def _most(call: Call) -> exp.Expr:
    if call.result.name == "double" and any(value.nan for value in call.values):
        raise bad_argument(call, "its arguments may be NaN, which the engines order differently")
    if not orderable(call.result) or call.result.inner:
        raise bad_argument(call, "its arguments have no order")
    best = fn("list_max" if call.name == "greatest" else "list_min", exp.column("m_l"))
    choice = case((filled("len(list_filter(m_l, m_e -> m_e IS NULL)) = 0"), best))
    lambda_ = exp.Lambda(this=choice, expressions=[exp.to_identifier("m_l", quoted=True)])
    # All arguments are computed, as in Trino, even if the first is NULL.
    listed = fn("list_value", fn("list_value", *call.nodes))
    return fn("list_extract", fn("list_transform", listed, lambda_), number(1))


SPECIALS: dict[str, Special] = {
    "replace": _replaced,
    "trim_of": _trim_of,
    "substr": _substr,
    "split": _split,
    "joined": _joined,
    "concat_ws": _concat_ws,
    "pad": _pad,
    "codepoint": _codepoint,
    "upper": _upper,
    "typeof": _typeof,
    "regexp_like": _regexp_like,
    "regexp_extract": _regexp_extract,
    "regexp_extract_all": _regexp_extract_all,
    "regexp_replace": _regexp_replace,
    "regexp_count": _regexp_count,
    "regexp_split": _regexp_split,
    "rounded_up": _rounding("ceil"),
    "rounded_down": _rounding("floor"),
    "rounded": _rounding("round"),
    "rounded_to": _rounded_to,
    "round_double": _round_double,
    "truncated": _truncated,
    "sign": _sign,
    "mod": _mod,
    "bits": _bits,
    "most": _most,
}
