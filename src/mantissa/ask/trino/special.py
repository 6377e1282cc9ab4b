"""Functions that need more than a template: text, numbers, lists and JSON."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from sqlglot import exp

from mantissa.ask.trino.duck import (
    Value,
    all_of,
    any_of,
    case,
    cast,
    fails,
    filled,
    fn,
    number,
    paren,
    text,
)
from mantissa.ask.trino.kinds import BIGINT, Kind, decimal, is_text, orderable, row
from mantissa.ask.trino.paths import pointer
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


def replaced(call: Call) -> exp.Expr:
    what = call.values[1].literal
    if not what:
        raise bad_argument(call, "what is replaced must be written out and not empty")
    new = call.node(2) if len(call.values) > 2 else text("")
    return fn("replace", call.node(0), call.node(1), new)


def trim_of(call: Call) -> exp.Expr:
    return fn(call.name, call.node(0), text(known_text(call, 1, "characters")))


def substr(call: Call) -> exp.Expr:
    start = call.values[1].number
    length = call.values[2].number if len(call.values) > 2 else 1
    if start is not None and start > 0 and length is not None and length >= 0:
        return fn("substring", *call.nodes)
    name = "mantissa_substr" if len(call.values) == 2 else "mantissa_substr3"
    return fn(name, *call.nodes)


def split(call: Call) -> exp.Expr:
    return fn("string_split" if call.values[1].literal else "mantissa_split", *call.nodes)


def joined(call: Call) -> exp.Expr:
    if len(call.values) < 2:
        raise bad_argument(call, "it takes two arguments or more")
    found = paren(call.node(0))
    for node in call.nodes[1:]:
        found = exp.DPipe(this=found, expression=paren(node))
    return exp.Paren(this=found)


def concat_ws(call: Call) -> exp.Expr:
    if call.values[1].kind.name == "array":
        present = filled("list_filter(_1, m_e -> m_e IS NOT NULL)", call.node(1))
        return fn("array_to_string", present, text(known_text(call, 0, "separator")))
    return fn("concat_ws", *call.nodes)


def pad(call: Call) -> exp.Expr:
    size = known_number(call, 1, "length")
    if not 0 <= size <= MAX_PADDED or not call.values[2].literal:
        raise bad_argument(call, f"a length up to {MAX_PADDED} and a padding written out")
    return fn(call.name, call.node(0), cast(call.node(1), Kind("integer")), call.node(2))


def codepoint(call: Call) -> exp.Expr:
    return case(
        (filled("length(_1) = 1", call.node(0)), fn("unicode", call.node(0))),
        (filled("_1 IS NULL", call.node(0)), exp.null()),
        default=fails("codepoint takes one character", call.result),
    )


def upper(call: Call) -> exp.Expr:
    return filled("replace(upper(_1), 'ẞ', 'ß')", call.node(0))


def typeof(call: Call) -> exp.Expr:
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
            f"{call.name} needs a pattern that cannot match nothing", code="regex", fix="use + for *"
        )


def regexp_like(call: Call) -> exp.Expr:
    pattern = _pattern(call, whole=False)
    return fn("regexp_matches", call.node(0), text(pattern.text))


def regexp_extract(call: Call) -> exp.Expr:
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


def regexp_extract_all(call: Call) -> exp.Expr:
    group = known_number(call, 2, "group") if len(call.values) > 2 else 0
    pattern = _pattern(call)
    _not_empty(call, pattern)
    if not 0 <= group <= len(pattern.groups) or (group and not pattern.groups[group - 1]):
        raise bad_argument(call, "the pattern has no such group in every match")
    found = fn("regexp_extract_all", call.node(0), text(pattern.text), number(group))
    return _checked_end(call, pattern, found)


def regexp_replace(call: Call) -> exp.Expr:
    pattern = _pattern(call)
    _not_empty(call, pattern)
    new = read_replacement(known_text(call, 2, "replacement"), pattern) if len(call.values) > 2 else ""
    found = fn("regexp_replace", call.node(0), text(pattern.text), text(new), text("g"))
    return _checked_end(call, pattern, found)


def regexp_count(call: Call) -> exp.Expr:
    pattern = _pattern(call)
    _not_empty(call, pattern)
    found = fn("len", fn("regexp_extract_all", call.node(0), text(pattern.text)))
    return _checked_end(call, pattern, found)


def regexp_split(call: Call) -> exp.Expr:
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


def truncated(call: Call) -> Value:
    precision, scale = call.values[0].kind.size
    kind = decimal(max(1, precision - scale), 0)
    return Value(cast(fn("trunc", call.node(0)), kind), kind)


def rounded_to(call: Call) -> Value:
    digits = known_number(call, 1, "digits")
    precision, scale = call.values[0].kind.size
    if digits < 0:
        raise bad_argument(call, "a decimal is rounded to digits after the point here")
    kind = decimal(min(38, precision + 1), scale)
    return Value(cast(fn("round", call.node(0), number(min(digits, scale))), kind), kind)


def round_double(call: Call) -> exp.Expr:
    return fn("mantissa_round", call.node(0), call.node(1) if len(call.values) > 1 else number(0))


def sign(call: Call) -> exp.Expr:
    found = cast(fn("sign", call.node(0)), call.result)
    return case((fn("isnan", call.node(0)), call.node(0)), default=found)


def mod(call: Call) -> exp.Expr:
    if call.result.name not in ("integer", "bigint"):
        raise bad_argument(call, "it takes whole numbers here")
    return exp.Mod(this=paren(call.node(0)), expression=paren(call.node(1)))


def bits(call: Call) -> exp.Expr:
    kind = {"bitwise_and": exp.BitwiseAnd, "bitwise_or": exp.BitwiseOr}[call.name]
    return exp.Paren(this=kind(this=paren(call.node(0)), expression=paren(call.node(1))))


def most(call: Call) -> exp.Expr:
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


def element_at(call: Call) -> exp.Expr:
    position = call.values[1].number
    if position == 0:
        raise bad_argument(call, "positions begin at 1")
    return fn("list_extract" if position else "mantissa_element", *call.nodes)


def plain_members(call: Call, *, ordered: bool = False) -> Kind:
    """Return the type of the first argument's members; refuse nested ones."""
    kind = call.values[0].kind.inner[0]
    if kind.inner or kind.name == "double" or (ordered and not orderable(kind)):
        raise bad_argument(call, f"not of {kind}")
    return kind


def array_most(call: Call) -> exp.Expr:
    plain_members(call, ordered=True)
    name = "list_max" if call.name == "array_max" else "list_min"
    return filled(
        "CASE WHEN len(list_filter(_1, m_e -> m_e IS NULL)) = 0 THEN _2 END",
        call.node(0),
        fn(name, call.node(0)),
    )


def array_distinct(call: Call) -> exp.Expr:
    plain_members(call)
    return fn("mantissa_distinct", call.node(0))


def array_join(call: Call) -> exp.Expr:
    from mantissa.ask.trino.casts import converted

    kind = plain_members(call)
    if kind.name == "json" or kind.name == "ipaddress":
        raise bad_argument(call, f"not of {kind}")
    member = Value(exp.column(exp.to_identifier("m_e", quoted=True)), kind)
    body = converted(member, Kind("varchar"), False)
    separator = text(known_text(call, 1, "separator"))
    if len(call.values) > 2:
        body = exp.Coalesce(this=body, expressions=[call.node(2)])
    lambda_ = exp.Lambda(this=body, expressions=[exp.to_identifier("m_e", quoted=True)])
    shown = fn("list_transform", call.node(0), lambda_)
    present = filled("list_filter(_1, m_n -> m_n IS NOT NULL)", shown)
    found = fn("array_to_string", present, separator)
    if len(call.values) < 3:
        return found
    return case((filled("_1 IS NOT NULL", call.node(2)), found))


def array_position(call: Call) -> exp.Expr:
    plain_members(call)
    return filled(
        "CASE WHEN _1 IS NOT NULL AND _2 IS NOT NULL THEN coalesce(list_position(_1, _2), 0) END",
        *call.nodes,
    )


def array_remove(call: Call) -> exp.Expr:
    plain_members(call)
    return filled(
        "CASE WHEN _2 IS NOT NULL THEN list_filter(_1, m_e -> m_e IS NULL OR m_e <> _2) END",
        *call.nodes,
    )


def arrays_overlap(call: Call) -> exp.Expr:
    plain_members(call)
    return filled(
        "CASE WHEN _1 IS NULL OR _2 IS NULL THEN NULL WHEN list_has_any(_1, _2) THEN true "
        "WHEN len(list_filter(_1, m_e -> m_e IS NULL)) + len(list_filter(_2, m_e -> m_e IS NULL)) "
        "> 0 AND len(_1) > 0 AND len(_2) > 0 THEN NULL ELSE false END",
        *call.nodes,
    )


def array_union(call: Call) -> exp.Expr:
    plain_members(call)
    return fn("mantissa_distinct", filled("(_1 || _2)", *call.nodes))


def flatten(call: Call) -> exp.Expr:
    return filled("flatten(list_filter(_1, m_e -> m_e IS NOT NULL))", call.node(0))


def reduced(call: Call) -> exp.Expr:
    step, last = call.values[2], call.values[3]
    if step.kind != call.values[1].kind:
        raise bad_argument(call, f"the first value is {call.values[1].kind}, a step {step.kind}")
    folded = case(
        (filled("_1 IS NULL", call.node(0)), exp.null()),
        default=fn("list_reduce", call.node(0), step.node.copy(), call.node(1)),
    )
    one = fn("list_transform", fn("list_value", folded), last.node.copy())
    return fn("list_extract", one, number(1))


def map_entries(call: Call) -> Value:
    from mantissa.ask.trino.casts import packed

    kind = row(("", ""), call.values[0].kind.inner)
    parts = [filled("struct_extract(m_e, _1)", text(name)) for name in ("key", "value")]
    lambda_ = exp.Lambda(
        this=packed(kind, parts), expressions=[exp.to_identifier("m_e", quoted=True)]
    )
    found = fn("list_transform", fn("map_entries", call.node(0)), lambda_)
    return Value(found, replace(call.result, inner=(kind,)))


def made_map(call: Call) -> exp.Expr:
    if call.values[0].kind.inner[0].inner or call.values[0].kind.inner[0].name == "unknown":
        raise bad_argument(call, "its keys are plain values")
    missing = any_of([filled("_1 IS NULL", node) for node in call.nodes])
    return case((missing, exp.null()), default=fn("map", *call.nodes))


def in_network(call: Call) -> exp.Expr:
    network = call.values[0].literal
    if network is None or "/" not in network:
        raise bad_argument(call, "the network must be written out, as in '10.0.0.0/8'")
    check_network(network)
    found = call.values[1].node
    if isinstance(found, exp.Anonymous) and found.name == "mantissa_try_ip":
        return fn("mantissa_cidr", found.expressions[0].copy(), call.node(0))
    return fn("mantissa_cidr", fn("mantissa_ip_text", call.node(1)), call.node(0))


def check_network(network: str) -> None:
    """Refuse what is no CIDR network (code `argument`)."""
    import ipaddress

    try:
        ipaddress.ip_network(network, strict=False)
    except ValueError as error:
        raise GuardRefused("this is no CIDR network", code="argument") from error


def _path(call: Call) -> exp.Expr:
    return text(pointer(known_text(call, 1, "path")))


def json_extract_scalar(call: Call) -> exp.Expr:
    return fn("mantissa_json_scalar", call.node(0), _path(call))


def json_extract(call: Call) -> exp.Expr:
    return fn("mantissa_json_value", call.node(0), _path(call))


def json_array_length(call: Call) -> exp.Expr:
    return fn("mantissa_json_length", call.node(0))


def json_size(call: Call) -> exp.Expr:
    return fn("mantissa_json_size", call.node(0), _path(call))


def is_json_scalar(call: Call) -> exp.Expr:
    return fn("mantissa_json_is_scalar", call.node(0))


def json_array_contains(call: Call) -> exp.Expr:
    return fn("mantissa_json_contains", *call.nodes)


def accepts_text(value: Value) -> bool:
    """Tell whether a value is text."""
    return is_text(value.kind)


SPECIALS: dict[str, Special] = {
    "replace": replaced,
    "trim_of": trim_of,
    "substr": substr,
    "split": split,
    "joined": joined,
    "concat_ws": concat_ws,
    "pad": pad,
    "codepoint": codepoint,
    "upper": upper,
    "typeof": typeof,
    "regexp_like": regexp_like,
    "regexp_extract": regexp_extract,
    "regexp_extract_all": regexp_extract_all,
    "regexp_replace": regexp_replace,
    "regexp_count": regexp_count,
    "regexp_split": regexp_split,
    "rounded_up": _rounding("ceil"),
    "rounded_down": _rounding("floor"),
    "rounded": _rounding("round"),
    "rounded_to": rounded_to,
    "round_double": round_double,
    "truncated": truncated,
    "sign": sign,
    "mod": mod,
    "bits": bits,
    "most": most,
    "element_at": element_at,
    "array_most": array_most,
    "array_distinct": array_distinct,
    "array_join": array_join,
    "array_position": array_position,
    "array_remove": array_remove,
    "arrays_overlap": arrays_overlap,
    "array_union": array_union,
    "flatten": flatten,
    "reduce": reduced,
    "map_entries": map_entries,
    "map": made_map,
    "in_network": in_network,
    "json_extract_scalar": json_extract_scalar,
    "json_extract": json_extract,
    "json_array_length": json_array_length,
    "json_size": json_size,
    "is_json_scalar": is_json_scalar,
    "json_array_contains": json_array_contains,
}

__all__ = ["BIGINT", "SPECIALS", "Call", "whole_decimal"]
