"""One Sigma rule as the product carries it: what people are told, where it applies, how it is proven."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from mantissa.model import RuleInfo

if TYPE_CHECKING:
    from sigma.conditions import ConditionType

    from mantissa.detection.correlation import Correlation
    from mantissa.detection.exceptions import RuleException

Event = Mapping[str, Any] | str
"""One record of a test: an object as the vendor writes it, or the record's text."""


@dataclass(frozen=True, slots=True)
class LogSource:
    """Where a rule applies, in Sigma's three words."""

    product: str | None
    service: str | None
    category: str | None

    def __str__(self) -> str:
        named = (("product", self.product), ("service", self.service), ("category", self.category))
        return ", ".join(f"{name} {value}" for name, value in named if value)


@dataclass(frozen=True, slots=True)
class RuleTest:
    """One of a rule's own tests.

    Args:
        match: whether the rule must fire on every one of the events, or on none; for a
            correlation, whether the events together make at least one finding.
        source: the log source's name, when the rule applies to several.
        sources: log source of each event, for a correlation's test; else empty.
    """

    name: str
    match: bool
    events: tuple[Event, ...]
    source: str | None = None
    sources: tuple[str | None, ...] = ()


@dataclass(frozen=True, slots=True)
class Rule:
    """A parsed Sigma rule.

    Args:
        conditions: pySigma's parsed condition trees; the rule fires when any of them does.
        bare: the same without exceptions, for a rule that has some.
        exceptions: the Sigma filters that name it, expired ones included.
        line: the line of `path` on which the rule's document starts, from 1.
        name: how correlations may call it besides its id; empty when it has none.
        enabled: false when the rule's own `mantissa: {enabled: false}` says so.
        text: the YAML text its version was made from.
        placeholders: what the settings give for Sigma's placeholders, by name.
    """

    info: RuleInfo
    logsource: LogSource
    status: str
    conditions: tuple[ConditionType, ...]
    tests: tuple[RuleTest, ...] = ()
    path: str = ""
    line: int = 1
    name: str = ""
    enabled: bool = True
    text: str = field(default="", repr=False)
    placeholders: Mapping[str, Sequence[str]] = field(default_factory=dict, repr=False)
    bare: tuple[ConditionType, ...] = field(default=(), repr=False)
    exceptions: tuple[RuleException, ...] = ()

    def line_of(self, word: str) -> int:
        """Return the line of `path` on which a field is first tested, or the rule's own."""
        return line_in(self.text, self.line, word, "detection")


def line_in(text: str, first: int, word: str, section: str) -> int:
    """Return the line of a file on which a field is first tested, else `first`.

    Args:
        text: a document of the file, which starts at its line `first`.
        section: the top-level key below which fields are tested.
    """
    key = re.compile(rf"(?<![\w.]){re.escape(word)}['\"]?\s*[|:]")
    is_inside = False
    for number, line in enumerate(text.splitlines()):
        is_inside = is_inside or line.startswith(section)
        if is_inside and key.search(line):
            return first + number
    return first


@dataclass(frozen=True, slots=True)
class Refusal:
    """A rule, or a whole file, that cannot run, and why.

    Args:
        id: the rule's id as far as it could be read, else the empty string.
    """

    id: str
    path: str
    line: int | None
    reason: str


@dataclass(frozen=True, slots=True)
class RuleSet:
    """Rules that could be read, by path and line, and those that could not.

    Args:
        correlations: members go before the correlations that refer to them.
        exceptions: every Sigma filter that could be read, expired ones included.
    """

    rules: tuple[Rule, ...]
    refused: tuple[Refusal, ...] = ()
    correlations: tuple[Correlation, ...] = ()
    exceptions: tuple[RuleException, ...] = ()


def rule_version(texts: Sequence[str]) -> str:
    """Return 12 hex digits that change with the rule's text or that of a filter applied to it."""
    digest = sha256()
    for text in texts:
        digest.update(text.encode("utf-8", "surrogatepass"))
        digest.update(b"\0")
    return digest.hexdigest()[:12]
