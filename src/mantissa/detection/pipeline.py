"""Where a rule applies: from its log source to tables, from its fields to columns.

What Sigma calls a processing pipeline is derived here from the sources' own specifications.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from mantissa.detection.rule import LogSource, Rule
from mantissa.errors import RuleError
from mantissa.model import Table
from mantissa.sources.definition import Binding, SigmaLogsource

When = Mapping[str, tuple[str | int, ...]]
"""Column → values: all columns must have one of their values."""


class FieldBinder(Protocol):
    """What detection needs of a log source; `SourceSpec` is one."""

    @property
    def name(self) -> str:
        """The source's name."""
        ...

    @property
    def version(self) -> str:
        """What changes when the source's columns change."""
        ...

    @property
    def table(self) -> Table:
        """The source's table."""
        ...

    @property
    def sigma(self) -> tuple[SigmaLogsource, ...]:
        """The Sigma log sources it serves."""
        ...

    def bind(self, field: str) -> Binding | None:
        """Find the column of a Sigma field."""
        ...

    def nearest_fields(self, field: str, limit: int = 3) -> list[str]:
        """Return known field names most like this one."""
        ...


@dataclass(frozen=True, slots=True)
class Target:
    """A source that a rule applies to.

    Args:
        when: alternatives of which a row must satisfy one; empty if every row belongs.
    """

    source: FieldBinder
    when: tuple[When, ...]


def find_targets(wanted: LogSource, sources: Iterable[FieldBinder]) -> tuple[Target, ...]:
    """Find the sources that carry a log source; none means that the rule waits for one."""
    found = []
    for source in sources:
        entries = _serving(wanted, source.sigma)
        if entries:
            found.append(Target(source, _alternatives(entries)))
    return tuple(found)


def _serving(wanted: LogSource, entries: Sequence[SigmaLogsource]) -> list[SigmaLogsource]:
    """Return entries as specific as the rule or more; failing that, those that include the rule."""
    asked = (wanted.product, wanted.service, wanted.category)
    narrow = [entry for entry in entries if _covers(asked, _words(entry))]
    return narrow or [e for e in entries if any(_words(e)) and _covers(_words(e), asked)]


def _words(entry: SigmaLogsource) -> tuple[str | None, ...]:
    return (entry.product, entry.service, entry.category)


def _covers(general: Sequence[str | None], special: Sequence[str | None]) -> bool:
    pairs = zip(general, special, strict=True)
    return all(g is None or (s is not None and g.lower() == s.lower()) for g, s in pairs)


def _alternatives(entries: Sequence[SigmaLogsource]) -> tuple[When, ...]:
    conditions: list[When] = []
    for entry in entries:
        if not entry.when:
            return ()
        if entry.when not in conditions:
            conditions.append(entry.when)
    return tuple(conditions)


def bind_field(rule: Rule, source: FieldBinder, field: str) -> Binding:
    """Find a field's column. Raises `RuleError` with the nearest names and the line."""
    binding = source.bind(field)
    if binding is None:
        near = source.nearest_fields(field)
        raise RuleError(
            f"source {source.name} has no field {field!r}",
            file=rule.path,
            line=rule.line_of(field),
            fix=f"did you mean {', '.join(near)}?" if near else "add it to the source's columns",
        )
    return binding
