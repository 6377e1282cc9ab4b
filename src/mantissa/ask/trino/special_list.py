"""Functions of lists, maps, JSON and addresses that need more than a template."""

from __future__ import annotations

from dataclasses import replace

from sqlglot import exp

from mantissa.ask.trino.duck import Value, any_of, case, filled, fn, number, text
from mantissa.ask.trino.kinds import Kind, orderable, row
from mantissa.ask.trino.paths import pointer
from mantissa.ask.trino.special import Call, Special, bad_argument, known_text
from mantissa.errors import GuardRefused


def _element_at(call: Call) -> exp.Expr:
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


def _array_most(call: Call) -> exp.Expr:
    plain_members(call, ordered=True)
    name = "list_max" if call.name == "array_max" else "list_min"
    return filled(
        "CASE WHEN len(list_filter(_1, m_e -> m_e IS NULL)) = 0 THEN _2 END",
        call.node(0),
        fn(name, call.node(0)),
    )


def _array_distinct(call: Call) -> exp.Expr:
    plain_members(call)
    return fn("mantissa_distinct", call.node(0))


def _array_join(call: Call) -> exp.Expr:
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


def _array_position(call: Call) -> exp.Expr:
    plain_members(call)
    return filled(
        "CASE WHEN _1 IS NOT NULL AND _2 IS NOT NULL THEN coalesce(list_position(_1, _2), 0) END",
        *call.nodes,
    )


def _array_remove(call: Call) -> exp.Expr:
    plain_members(call)
    return filled(
        "CASE WHEN _2 IS NOT NULL THEN list_filter(_1, m_e -> m_e IS NULL OR m_e <> _2) END",
        *call.nodes,
    )


def _arrays_overlap(call: Call) -> exp.Expr:
    plain_members(call)
    return filled(
        "CASE WHEN _1 IS NULL OR _2 IS NULL THEN NULL WHEN list_has_any(_1, _2) THEN true "
        "WHEN len(list_filter(_1, m_e -> m_e IS NULL)) + len(list_filter(_2, m_e -> m_e IS NULL)) "
        "> 0 AND len(_1) > 0 AND len(_2) > 0 THEN NULL ELSE false END",
        *call.nodes,
    )


def _array_union(call: Call) -> exp.Expr:
    plain_members(call)
    return fn("mantissa_distinct", filled("(_1 || _2)", *call.nodes))


def _flatten(call: Call) -> exp.Expr:
    return filled("flatten(list_filter(_1, m_e -> m_e IS NOT NULL))", call.node(0))


def _reduced(call: Call) -> exp.Expr:
    step, last = call.values[2], call.values[3]
    if step.kind != call.values[1].kind:
        raise bad_argument(call, f"the first value is {call.values[1].kind}, a step {step.kind}")
    folded = case(
        (filled("_1 IS NULL", call.node(0)), exp.null()),
        default=fn("list_reduce", call.node(0), step.node.copy(), call.node(1)),
    )
    one = fn("list_transform", fn("list_value", folded), last.node.copy())
    return fn("list_extract", one, number(1))


def _map_entries(call: Call) -> Value:
    from mantissa.ask.trino.casts import packed

    kind = row(("", ""), call.values[0].kind.inner)
    parts = [filled("struct_extract(m_e, _1)", text(name)) for name in ("key", "value")]
    lambda_ = exp.Lambda(
        this=packed(kind, parts), expressions=[exp.to_identifier("m_e", quoted=True)]
    )
    found = fn("list_transform", fn("map_entries", call.node(0)), lambda_)
    return Value(found, replace(call.result, inner=(kind,)))


def _made_map(call: Call) -> exp.Expr:
    if call.values[0].kind.inner[0].inner or call.values[0].kind.inner[0].name == "unknown":
        raise bad_argument(call, "its keys are plain values")
    missing = any_of([filled("_1 IS NULL", node) for node in call.nodes])
    return case((missing, exp.null()), default=fn("map", *call.nodes))


def _in_network(call: Call) -> exp.Expr:
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


def _json_extract_scalar(call: Call) -> exp.Expr:
    return fn("mantissa_json_scalar", call.node(0), _path(call))


def _json_extract(call: Call) -> exp.Expr:
    return fn("mantissa_json_value", call.node(0), _path(call))


def _json_array_length(call: Call) -> exp.Expr:
    return fn("mantissa_json_length", call.node(0))


def _json_size(call: Call) -> exp.Expr:
    return fn("mantissa_json_size", call.node(0), _path(call))


def _is_json_scalar(call: Call) -> exp.Expr:
    return fn("mantissa_json_is_scalar", call.node(0))


def _json_array_contains(call: Call) -> exp.Expr:
    return fn("mantissa_json_contains", *call.nodes)


SPECIALS: dict[str, Special] = {
    "element_at": _element_at,
    "array_most": _array_most,
    "array_distinct": _array_distinct,
    "array_join": _array_join,
    "array_position": _array_position,
    "array_remove": _array_remove,
    "arrays_overlap": _arrays_overlap,
    "array_union": _array_union,
    "flatten": _flatten,
    "reduce": _reduced,
    "map_entries": _map_entries,
    "map": _made_map,
    "in_network": _in_network,
    "json_extract_scalar": _json_extract_scalar,
    "json_extract": _json_extract,
    "json_array_length": _json_array_length,
    "json_size": _json_size,
    "is_json_scalar": _is_json_scalar,
    "json_array_contains": _json_array_contains,
}
