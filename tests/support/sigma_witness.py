"""For any Sigma rule an event that should satisfy it, and ways in which logs vary.

It reads pySigma's parsed condition, not the product's SQL. Where a condition contradicts itself,
or only a search could tell (a regex, a negation), the event may satisfy nothing.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Iterator
from random import Random
from typing import Any

from sigma.conditions import (
    ConditionAND,
    ConditionFieldEqualsValueExpression,
    ConditionNOT,
    ConditionOR,
)
from sigma.types import (
    SigmaBool,
    SigmaCIDRExpression,
    SigmaCompareExpression,
    SigmaExists,
    SigmaExpansion,
    SigmaNumber,
    SigmaString,
    SpecialChars,
)

from mantissa.detection.rule import Rule

Event = dict[str, Any]


def witness(rule: Rule, random: Random) -> Event:
    """Return an event with a value for each field that the rule wants one of."""
    wanted: dict[str, list[str]] = {}
    _collect(random.choice(rule.conditions), random, wanted)
    return {name: _joined(parts) for name, parts in wanted.items()}


def _collect(tree: Any, random: Random, wanted: dict[str, list[str]]) -> None:
    if isinstance(tree, ConditionAND):
        for part in tree.args:
            _collect(part, random, wanted)
    elif isinstance(tree, ConditionOR):
        _collect(random.choice(tree.args), random, wanted)
    elif isinstance(tree, ConditionFieldEqualsValueExpression):
        text = _text(tree.value, random)
        if text is not None:
            wanted.setdefault(tree.field, []).append(text)
    elif not isinstance(tree, ConditionNOT):
        text = _text(tree.value, random)
        wanted.setdefault("Data", []).append(f"*{text}*")


def _text(value: Any, random: Random) -> str | None:
    """Return a pattern in which `*` stands for any text."""
    if isinstance(value, SigmaExpansion):
        return _text(random.choice(value.values), random)
    if isinstance(value, SigmaString):
        return "".join(_PIECES.get(p, p) if not isinstance(p, str) else p for p in value.s)
    if isinstance(value, SigmaCompareExpression):
        return str(value.number.number + {"<": -1, ">": 1}.get(value.op.value, 0))
    if isinstance(value, SigmaNumber):
        return str(value.number)
    if isinstance(value, SigmaBool):
        return str(value.boolean)
    if isinstance(value, SigmaCIDRExpression):
        return str(ipaddress.ip_network(value.cidr)[-1])
    return "something" if isinstance(value, SigmaExists) and value.exists else None


_PIECES = {SpecialChars.WILDCARD_MULTI: "*", SpecialChars.WILDCARD_SINGLE: "q"}


def _joined(patterns: list[str]) -> str:
    """Put patterns into one text: what begins first, what ends last, the rest between."""
    first = [p for p in patterns if not p.startswith("*")]
    last = [p for p in patterns if p.startswith("*") and not p.endswith("*")]
    inner = [p for p in patterns if p.startswith("*") and p.endswith("*")]
    return "".join([*first, *inner, *last]).replace("*", "")


def variants(event: Event, random: Random) -> Iterator[Event]:
    """Yield the event and what may become of it on its way into a log."""
    yield event
    for change in random.sample(_CHANGES, 4):
        if event:
            name = random.choice(sorted(event))
            yield {**event, name: change(event[name])}
    if event:
        yield {k: v for k, v in event.items() if k != random.choice(sorted(event))}


_CHANGES: list[Callable[[str], Any]] = [
    str.upper,
    str.lower,
    str.swapcase,
    lambda text: text.replace("k", "\u212a").replace("K", "\u212a"),
    lambda text: text + "\n",
    lambda text: "\n" + text,
    lambda text: text.replace("_", "x").replace("%", "y"),
    lambda text: text.replace(" ", "_"),
    lambda text: text.replace("\\", "\\\\"),
    lambda text: text.replace("\\", "/"),
    lambda text: text.replace("'", "’").replace('"', "'"),
    lambda text: text[: len(text) // 2] + "\0" + text[len(text) // 2 :],
    lambda text: text + "x" * 40_000,
    lambda text: "ß" + text + "ﬁ",
    lambda text: " " + text,
    lambda text: text[1:],
    lambda text: text[:-1],
    lambda text: "",
    lambda text: f'["{text}"]',
    lambda text: text + text,
]
