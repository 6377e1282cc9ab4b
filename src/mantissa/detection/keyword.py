"""Sigma values without a field: searched in the record as received.

A record that came as JSON writes quotes and backslashes escaped; a keyword that holds one is
therefore looked for in both spellings.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

import orjson
from sigma.types import SigmaNumber, SigmaRegularExpression, SigmaString, SigmaType
from sqlglot import exp

from mantissa.detection.pattern import Pattern, Wild, to_pattern
from mantissa.detection.pipeline import FieldBinder
from mantissa.detection.scope import Scope
from mantissa.detection.subject import decimal
from mantissa.detection.template import any_of
from mantissa.detection.typed import subject_of
from mantissa.errors import RuleError

RAW = "raw"


def match_keywords(values: Sequence[SigmaType], source: FieldBinder, scope: Scope) -> exp.Expr:
    """Ask whether the record's text holds any of the values."""
    binding = source.bind(RAW)
    if binding is None:
        raise RuleError(f"source {source.name} keeps no raw text to search for keywords")
    record = subject_of(binding, scope)
    patterns: list[Pattern] = []
    tests: list[exp.Expr] = []
    for value in values:
        if isinstance(value, SigmaString):
            patterns += _spellings(to_pattern(value))
        elif isinstance(value, SigmaNumber):
            tests.append(record.searches(_whole_number(decimal(value.number))))
        elif isinstance(value, SigmaRegularExpression):
            tests.append(record.searches(value.escape([], escape_escape_char=False)))
        else:
            raise RuleError(f"a {type(value).__name__} needs a field to be compared with")
    return any_of(([record.matches(patterns)] if patterns else []) + tests)


def _spellings(pattern: Pattern) -> list[Pattern]:
    """Return the pattern anywhere in a text, as it is and as JSON escapes it."""
    anywhere = _around(pattern.parts)
    escaped = tuple(p if isinstance(p, Wild) else _json_escaped(p) for p in anywhere)
    forms = [anywhere] if escaped == anywhere else [anywhere, escaped]
    return [Pattern(parts, pattern.cased) for parts in forms]


def _around(parts: tuple[str | Wild, ...]) -> tuple[str | Wild, ...]:
    head = () if parts and parts[0] is Wild.MANY else (Wild.MANY,)
    tail = () if parts and parts[-1] is Wild.MANY else (Wild.MANY,)
    return (*head, *parts, *tail) if parts else (Wild.MANY,)


def _json_escaped(text: str) -> str:
    return orjson.dumps(text)[1:-1].decode()


def _whole_number(text: str) -> str:
    return f"(?:^|[^0-9A-Za-z]){re.escape(text)}(?:$|[^0-9A-Za-z])"
