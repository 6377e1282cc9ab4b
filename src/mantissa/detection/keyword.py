"""Sigma values without a field: searched in the record as received.

A record that came as JSON writes quotes and backslashes escaped, and some writers `/`, `<`, `>`,
`&` and letters beyond ASCII; a keyword that holds one is therefore looked for in all spellings.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence

import orjson
from sigma.types import (
    SigmaNumber,
    SigmaRegularExpression,
    SigmaString,
    SigmaTimestampPart,
    SigmaType,
)
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
        elif isinstance(value, SigmaNumber) and not isinstance(value, SigmaTimestampPart):
            tests.append(record.searches(_whole_number(decimal(value.number))))
        elif isinstance(value, SigmaRegularExpression):
            tests.append(record.searches(value.escape([], escape_escape_char=False)))
        else:
            raise RuleError(f"a {type(value).__name__} needs a field to be compared with")
    return any_of(([record.matches(patterns)] if patterns else []) + tests)


def _spellings(pattern: Pattern) -> list[Pattern]:
    """Return the pattern anywhere in a text, as it is and as writers of JSON escape it."""
    anywhere = _around(pattern.parts)
    spellings = [
        tuple(part if isinstance(part, Wild) else escaped(part) for part in anywhere)
        for escaped in (_ESCAPES if pattern.cased else (*_ESCAPES, *_CASES))
    ]
    return [Pattern(parts, pattern.cased) for parts in dict.fromkeys(spellings)]


def _around(parts: tuple[str | Wild, ...]) -> tuple[str | Wild, ...]:
    head = () if parts and parts[0] is Wild.MANY else (Wild.MANY,)
    tail = () if parts and parts[-1] is Wild.MANY else (Wild.MANY,)
    return (*head, *parts, *tail) if parts else (Wild.MANY,)


def _json_escaped(text: str) -> str:
    return orjson.dumps(text)[1:-1].decode()


def _html_escaped(text: str) -> str:
    """Escape as Go does, whose JSON may stand within HTML."""
    return re.sub("[<>&]", lambda match: f"\\u{ord(match[0]):04x}", _json_escaped(text))


def _slash_escaped(text: str) -> str:
    """Escape as PHP does."""
    return _json_escaped(text).replace("/", "\\/")


def _ascii_escaped(text: str) -> str:
    return json.dumps(text)[1:-1]


def _recased(text: str, change: Callable[[str], str]) -> str:
    """Escape every letter in one case; one that would become two stays as it is."""
    letters = (c if c.isascii() or len(change(c)) > 1 else change(c) for c in text)
    return _ascii_escaped("".join(letters))


_ESCAPES: tuple[Callable[[str], str], ...] = (
    lambda text: text,
    _json_escaped,
    _html_escaped,
    _slash_escaped,
    lambda text: _html_escaped(text).replace("/", "\\/"),
    _ascii_escaped,
)
_CASES: tuple[Callable[[str], str], ...] = (
    lambda text: _recased(text, str.lower),
    lambda text: _recased(text, str.upper),
)
"""An escaped letter has one case only, which what ignores case cannot see."""


def _whole_number(text: str) -> str:
    return f"(?:^|[^0-9A-Za-z]){re.escape(text)}(?:$|[^0-9A-Za-z])"
