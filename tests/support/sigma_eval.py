"""A slow, plain evaluator of Sigma on one event, and random rules to compare SQL with.

It shares nothing with the product: rules are drawn as trees, evaluated here by Python's own `in`,
`startswith` and `==`, and written as YAML for the product.
"""

from __future__ import annotations

import ipaddress
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import yaml
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st

MANY, ONE = object(), object()
ALPHABET = "abAB_%!\\'\"é.|\n 1"
TEXTS = st.text(ALPHABET, max_size=5)
TEXT_FIELDS = ("name", "cmd")


def drawn(examples: int) -> settings:
    """Draw so many examples, the same in every run; large ones may take their time."""
    return settings(
        max_examples=examples,
        derandomize=True,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )


@dataclass(frozen=True)
class Leaf:
    """One field with its values; `negated` is Sigma's `neq`, `every` its `all`."""

    field: str
    modifiers: tuple[str, ...]
    values: tuple[Any, ...]
    every: bool = False
    negated: bool = False


@dataclass(frozen=True)
class Node:
    """`not` of one part, or `and` and `or` of several."""

    kind: str
    parts: tuple[Any, ...]


Tree = Leaf | Node


def holds(tree: Tree, event: Mapping[str, Any]) -> bool:
    """Evaluate in two-valued logic."""
    if isinstance(tree, Leaf):
        join = all if tree.every else any
        found = join(_matches(tree, value, event) for value in tree.values)
        return found != tree.negated
    answers = [holds(part, event) for part in tree.parts]
    if tree.kind == "not":
        return not answers[0]
    return all(answers) if tree.kind == "and" else any(answers)


def candidates(event: Mapping[str, Any], field: str) -> list[str]:
    """Return the texts a field has: none when it is absent, several for a list."""
    value: Any = event
    for name in field.split("."):
        value = value.get(name) if isinstance(value, dict) else None
    if value is None:
        return []
    if isinstance(value, list):
        return [json.dumps(value, ensure_ascii=False, separators=(",", ":"))] + [
            _text(member) for member in value if member is not None
        ]
    return [_text(value)]


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _matches(leaf: Leaf, value: Any, event: Mapping[str, Any]) -> bool:
    texts = candidates(event, leaf.field)
    if "exists" in leaf.modifiers:
        return bool(texts) is value
    if value is None:
        return not texts
    return any(_one(leaf, value, text) for text in texts)


def _one(leaf: Leaf, value: Any, text: str) -> bool:
    modifiers = leaf.modifiers
    if "cidr" in modifiers:
        return _inside(text, value)
    if "re" in modifiers:
        # RE2 ends a text at its end, Python also before a last line break.
        flags = re.I if "i" in modifiers else 0
        return re.search(value.replace("$", r"\Z"), text, flags) is not None
    if "gt" in modifiers or "lte" in modifiers:
        number = _number(text)
        return number is not None and (number > value if "gt" in modifiers else number <= value)
    if isinstance(value, bool):
        return text.lower() == str(value).lower()
    if isinstance(value, int):
        return text == str(value)
    return _like(_whole(value, modifiers), text, "cased" in modifiers)


def _number(text: str) -> float | None:
    form = r"[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]{1,3})?"
    return float(text) if re.fullmatch(form, text) else None


def _inside(text: str, network: str) -> bool:
    try:
        return ipaddress.ip_address(text) in ipaddress.ip_network(network)
    except ValueError:
        return False


def _whole(parts: tuple[Any, ...], modifiers: tuple[str, ...]) -> tuple[Any, ...]:
    if "contains" in modifiers or "endswith" in modifiers:
        parts = (MANY, *parts)
    if "contains" in modifiers or "startswith" in modifiers:
        parts = (*parts, MANY)
    return parts


def _like(parts: tuple[Any, ...], text: str, cased: bool) -> bool:
    """Match by trying every split."""
    if not parts:
        return text == ""
    first, rest = parts[0], parts[1:]
    if first is MANY:
        return any(_like(rest, text[n:], cased) for n in range(len(text) + 1))
    if first is ONE:
        return bool(text) and _like(rest, text[1:], cased)
    head, tail = text[: len(first)], text[len(first) :]
    same = head == first if cased else head.lower() == first.lower()
    return same and _like(rest, tail, cased)


def sigma_text(parts: tuple[Any, ...]) -> str:
    """Write a pattern as Sigma does."""
    return "".join("*" if p is MANY else "?" if p is ONE else _escaped(p) for p in parts)


def _escaped(text: str) -> str:
    return re.sub(r"([\\*?])", r"\\\1", text)


def as_rule(tree: Tree) -> str:
    """Write the `detection:` part of a rule."""
    leaves: dict[str, Any] = {}
    condition = _written(tree, leaves)
    return str(yaml.safe_dump({**leaves, "condition": condition}, allow_unicode=True, width=10**6))


def _written(tree: Tree, leaves: dict[str, Any]) -> str:
    if isinstance(tree, Leaf):
        name = f"s{len(leaves)}"
        flags = (
            *tree.modifiers,
            *(["all"] if tree.every else []),
            *(["neq"] if tree.negated else []),
        )
        values = [sigma_text(v) if isinstance(v, tuple) else v for v in tree.values]
        leaves[name] = {"|".join((tree.field, *flags)): values if len(values) > 1 else values[0]}
        return name
    parts = [_written(part, leaves) for part in tree.parts]
    if tree.kind == "not":
        return f"not ({parts[0]})"
    return "(" + f" {tree.kind} ".join(parts) + ")"


_PART = st.one_of(TEXTS.filter(bool), st.just(MANY), st.just(ONE))
PATTERNS = st.lists(_PART, max_size=4).map(tuple)
_TEXTUAL = st.sampled_from([(), ("contains",), ("startswith",), ("endswith",)])
_CASED = st.sampled_from([(), (), ("cased",)])
_REGEXES = st.sampled_from(["^a", "b$", "a.b", "[ab]+1", r"\.", "é", "(a|B)_", r"\\", "A{2}"])
_NETWORKS = st.sampled_from(["10.0.0.0/8", "10.1.2.0/25", "::/0", "fd00::/8", "192.0.2.7/32"])
_ADDRESSES = st.sampled_from(["10.1.2.3", "10.1.2.200", "fd00::1", "192.0.2.7", "010.1.2.3", "x"])
_NUMBERS = st.integers(-3, 12)


def _strings(fields: tuple[str, ...], sizes: int) -> st.SearchStrategy[Leaf]:
    return st.builds(
        lambda field, modifiers, cased, values, every, negated: Leaf(
            field, modifiers + cased, tuple(values), every and len(values) > 1, negated
        ),
        st.sampled_from(fields),
        _TEXTUAL,
        _CASED,
        st.lists(PATTERNS, min_size=1, max_size=sizes),
        st.booleans(),
        st.booleans(),
    )


def _plain(
    fields: tuple[str, ...], modifiers: tuple[str, ...], value: Any
) -> st.SearchStrategy[Leaf]:
    return st.builds(
        lambda field, values: Leaf(field, modifiers, tuple(values)),
        st.sampled_from(fields),
        st.lists(value, min_size=1, max_size=3),
    )


_EVERY_FIELD = (*TEXT_FIELDS, "code", "ok", "doc.a", "doc.l")
LEAVES = st.one_of(
    _strings((*TEXT_FIELDS, "code", "ok", "doc.a", "doc.l"), 3),
    _strings(TEXT_FIELDS, 9),
    _plain((*TEXT_FIELDS, "code", "doc.a", "doc.l"), (), _NUMBERS),
    _plain((*TEXT_FIELDS, "code", "doc.a"), ("gt",), _NUMBERS),
    _plain((*TEXT_FIELDS, "code", "doc.l"), ("lte",), _NUMBERS),
    _plain(("ok", "name", "doc.a"), (), st.booleans()),
    _plain(_EVERY_FIELD, (), st.none()),
    st.builds(
        lambda field, there: Leaf(field, ("exists",), (there,)),
        st.sampled_from(_EVERY_FIELD),
        st.booleans(),
    ),
    _plain((*TEXT_FIELDS, "doc.a", "doc.l"), ("re",), _REGEXES),
    _plain(TEXT_FIELDS, ("re", "i"), _REGEXES),
    _plain(("ip", "doc.a"), ("cidr",), _NETWORKS),
)
TREES: st.SearchStrategy[Tree] = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        st.builds(lambda part: Node("not", (part,)), inner),
        st.builds(
            lambda kind, parts: Node(kind, tuple(parts)),
            st.sampled_from(["and", "or"]),
            st.lists(inner, min_size=2, max_size=3),
        ),
    ),
    max_leaves=6,
)
_MEMBERS = st.one_of(TEXTS, _NUMBERS, st.booleans(), st.none(), _ADDRESSES)
EVENTS = st.fixed_dictionaries(
    {},
    optional={
        "name": TEXTS | _NUMBERS.map(str),
        "cmd": TEXTS,
        "code": _NUMBERS,
        "ok": st.booleans(),
        "ip": _ADDRESSES,
        "doc": st.fixed_dictionaries(
            {}, optional={"a": _MEMBERS, "l": st.lists(_MEMBERS, max_size=3)}
        ),
    },
)
