r"""Regular expressions that a backtracking engine takes long over.

RE2, and so a laptop, searches every text in one pass. Trino and Athena try and go back: `(.){200,}`
over command lines took a hundred times as long as `.{200}`, three `.*` in a row seconds for a few
thousand hostile texts of 4 kB (docs/guide/sigma.md). What a search can do without is taken away; what is slow
all the same is said when rules are checked.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from sigma.types import SigmaRegularExpression

from mantissa.detection.backend import regex_text
from mantissa.detection.doubt import Doubt
from mantissa.detection.regex_tokens import tokens, trimmed
from mantissa.detection.rule import Rule

WANDERERS = 3
"""Open-ended repetitions of nearly anything in one branch from which it is slow."""
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
    endless = [False]
    for token in tokens(trimmed(expression)):
        if token.kind == "open":
            endless.append(False)
        elif token.kind == "close" and len(endless) > 1:
            if token.is_endless and endless[-1]:
                return "a repetition within a repetition"
            if token.least >= REPEATS:
                return f"a group repeated {token.least} times"
            endless[-2:] = [endless[-2] or endless[-1]]
        elif token.kind == "either" and len(endless) == 1:
            wanderers = 0
        elif token.is_endless:
            endless[-1] = True
            wanderers += token.is_broad
            if wanderers == WANDERERS:
                return f"{WANDERERS} open-ended repetitions of nearly anything"
    return ""


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
