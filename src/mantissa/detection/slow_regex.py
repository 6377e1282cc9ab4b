r"""Regular expressions that a backtracking engine takes long over.

RE2, and so a laptop, searches every text in one pass. Trino and Athena try and go back: over 100,000
command lines `(.){200,}` took 2.0 seconds of Trino 476 and `.{200,}` 0.4, `.*enc.*zz.*` 6.3 and
`enc.*zz` 0.07; on 200 hostile texts of 4 kB `a.*b.*z` did not end in four minutes. What a search can
do without is taken away; what is slow all the same is said when rules are checked.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from sigma.types import SigmaRegularExpression

from mantissa.detection.backend import regex_text
from mantissa.detection.doubt import Doubt
from mantissa.detection.regex_tokens import Token, tokens, trimmed
from mantissa.detection.rule import Rule

WANDERERS = 2
"""Open-ended repetitions of anything in one branch from which it is slow."""
_ANYTHING = (".", r"\S", r"\W", r"\D")
REPEATS = 100
"""Repetitions of a group from which it is slow."""


def slow(rules: Iterable[Rule]) -> Iterator[Doubt]:
    """Yield the regular expressions of rules that take long on Athena."""
    for rule in rules:
        for field, expression in dict.fromkeys(_expressions(rule)):
            reason = why_slow(expression)
            if reason:
                line = rule.line_of(field) if field else rule.line
                yield Doubt(rule.info.id, rule.path, line, _sentence(field, expression, reason))


def why_slow(expression: str) -> str:
    """Say why an RE2 expression is slow for an engine that goes back; empty if it is not."""
    wanderers = 0
    before: list[Token] = []
    for token in tokens(trimmed(expression)):
        if token.kind == "close" and token.least >= REPEATS:
            return f"a group repeated {token.least} times"
        if token.kind == "close" and token.is_endless and _only_repeats(before):
            return "a repetition within a repetition"
        if token.kind == "either":
            wanderers = 0
        wanderers += token.is_endless and token.text in _ANYTHING
        if wanderers == WANDERERS:
            return f"{WANDERERS} open-ended repetitions of anything"
        before.append(token)
    return ""


def _only_repeats(before: Sequence[Token]) -> bool:
    """Whether what was opened last holds one endless repetition and nothing else."""
    return len(before) > 1 and before[-2].kind == "open" and before[-1].is_endless


def _sentence(field: str, expression: str, reason: str) -> str:
    shown = expression if len(expression) <= 60 else f"{expression[:57]}..."
    place = f"field {field!r}: " if field else ""
    return (
        f"{place}the expression {shown!r} holds {reason}, which is slow on Athena; "
        "bound it, such as .{0,200}, or ask for its words with contains|all"
    )


def _expressions(rule: Rule) -> Iterator[tuple[str, str]]:
    """Yield (field, expression) of every regular expression of a rule."""
    for condition in rule.conditions:
        yield from _leaves(condition)


def _leaves(tree: Any) -> Iterator[tuple[str, str]]:
    value = getattr(tree, "value", None)
    if isinstance(value, SigmaRegularExpression):
        yield getattr(tree, "field", "") or "", regex_text(value)
    for part in getattr(tree, "args", ()):
        yield from _leaves(part)
