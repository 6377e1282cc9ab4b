"""Placeholders of rules, replaced by the values that the settings give them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import product
from math import prod

from sigma.exceptions import SigmaError
from sigma.types import (
    Placeholder,
    SigmaCasedString,
    SigmaCIDRExpression,
    SigmaRegularExpression,
    SigmaString,
    SigmaStringPartType,
    SigmaType,
    SpecialChars,
)

from mantissa.detection.modifiers import NetworkText
from mantissa.detection.rule import RuleSet
from mantissa.errors import RuleError

Placeholders = Mapping[str, Sequence[str]]
"""Name of a Sigma placeholder → the values it stands for: patterns, networks or pieces of regexes."""
MOST = 10_000
"""Values that one value with placeholders may become."""
_WRITTEN = {SpecialChars.WILDCARD_MULTI: "*", SpecialChars.WILDCARD_SINGLE: "?"}


def with_placeholders(rules: RuleSet, placeholders: Placeholders) -> RuleSet:
    """Return rules that know the values of placeholders."""
    if not placeholders:
        return rules
    known = tuple(replace(rule, placeholders=placeholders) for rule in rules.rules)
    return replace(rules, rules=known)


def expanded(value: SigmaType, placeholders: Placeholders) -> Iterator[SigmaType]:
    """Yield a value for each combination of its placeholders' values; others as they are.

    Raises `RuleError` for a placeholder without values, and for values that do not fit.
    """
    text = value.regexp if isinstance(value, SigmaRegularExpression) else value
    if not isinstance(text, SigmaString) or not text.contains_placeholder():
        yield value
        return
    for parts in _combinations(text, placeholders):
        try:
            yield _like(value, parts)
        except SigmaError as error:
            raise RuleError(
                f"{text}: {error.args[0]}", fix="mend the placeholder's values"
            ) from error


def _combinations(
    text: SigmaString, placeholders: Placeholders
) -> Iterator[tuple[SigmaStringPartType, ...]]:
    """Yield the parts of a text with each placeholder replaced by a string."""
    choices: list[Sequence[SigmaStringPartType]] = [
        _values(part, placeholders) if isinstance(part, Placeholder) else (part,) for part in text.s
    ]
    if prod(map(len, choices)) > MOST:
        raise RuleError(
            f"{text} stands for more than {MOST:,} values", fix="use fewer placeholders"
        )
    yield from (
        tuple(
            _Value(c) if isinstance(p, Placeholder) else c
            for c, p in zip(chosen, text.s, strict=True)
        )
        for chosen in product(*choices)
    )


class _Value(str):
    """A placeholder's value, in which wildcards mean what they mean in a rule."""


def _values(placeholder: Placeholder, placeholders: Placeholders) -> Sequence[str]:
    values = placeholders.get(placeholder.name)
    if not values:
        raise RuleError(
            f"placeholder %{placeholder.name}% has no values",
            fix="name its values in [detection.placeholders] of mantissa.toml",
        )
    return values


def _like(value: SigmaType, parts: Sequence[SigmaStringPartType]) -> SigmaType:
    """Make a value of the kind that the placeholders stood in."""
    if isinstance(value, SigmaRegularExpression):
        return SigmaRegularExpression("".join(map(_written, parts)), value.flags)
    if isinstance(value, NetworkText):
        return SigmaCIDRExpression("".join(map(_written, parts)))
    text = SigmaCasedString() if isinstance(value, SigmaCasedString) else SigmaString()
    for part in parts:
        text.s += SigmaString(part).s if isinstance(part, _Value) else [part]
    return text


def _written(part: SigmaStringPartType) -> str:
    return part if isinstance(part, str) else _WRITTEN[part]  # type: ignore[index]
