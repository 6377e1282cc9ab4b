"""What correlations ask of the rules they refer to: whose matches count for them, with which values.

A member's matches become rows of the table `matches` with the correlation's group-by values. A rule
that some correlation refers to reports nothing by itself, unless one of them says `generate: true`
(Sigma correlation rules, "generate").
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from mantissa.detection.correlation import Correlation, Member
from mantissa.detection.pipeline import FieldBinder
from mantissa.detection.rule import Refusal
from mantissa.errors import RuleError
from mantissa.sources.definition import Binding


@dataclass(frozen=True, slots=True)
class Part:
    """What one rule's matches in one source count for.

    Args:
        key: where the correlation's group-by values are, in its order.
        value: where the values are that are counted or added.
    """

    correlation: str
    grouping: str
    member: str
    key: tuple[Binding, ...]
    value: tuple[Binding, ...] = ()


@dataclass(slots=True)
class Gathered:
    """What became of a set of correlations.

    Args:
        ready: those that run, inner ones before those that refer to them.
        parts: (rule id, source's name) → what the rule's matches there count for.
        silent: ids of rules and correlations that report nothing by themselves.
    """

    ready: list[Correlation] = field(default_factory=list)
    waiting: list[Correlation] = field(default_factory=list)
    disabled: list[Correlation] = field(default_factory=list)
    refused: list[Refusal] = field(default_factory=list)
    parts: dict[tuple[str, str], list[Part]] = field(default_factory=dict)
    silent: set[str] = field(default_factory=set)


def gather(
    correlations: Sequence[Correlation],
    homes: Mapping[str, Sequence[FieldBinder]],
    states: Mapping[str, str],
    disabled: frozenset[str] = frozenset(),
) -> Gathered:
    """Bind what correlations need; one that cannot run is refused alone.

    Args:
        homes: id of each rule that runs → the sources it runs on.
        states: id of each rule that does not → its state.
        disabled: ids of correlations that are switched off.
    """
    gathered = Gathered()
    loud = {m.id for c in correlations if c.generate for m in c.members}
    gathered.silent = {m.id for c in correlations for m in c.members} - loud
    known = dict(states)
    for correlation in correlations:
        known[correlation.info.id] = _place(correlation, homes, known, disabled, gathered)
    return gathered


def _place(
    correlation: Correlation,
    homes: Mapping[str, Sequence[FieldBinder]],
    states: Mapping[str, str],
    disabled: frozenset[str],
    gathered: Gathered,
) -> str:
    """Put one correlation where it belongs and return its state."""
    if not correlation.enabled or correlation.info.id in disabled:
        gathered.disabled.append(correlation)
        return "disabled"
    missing = {m: states[m.id] for m in correlation.members if states.get(m.id, "runs") != "runs"}
    if "waits_for_source" in missing.values() and len(set(missing.values())) == 1:
        gathered.waiting.append(correlation)
        return "waits_for_source"
    try:
        if missing:
            raise _error(correlation, _why(missing))
        inner = {c.info.id: c for c in gathered.ready}
        parts = [p for m in correlation.members for p in _parts(correlation, m, homes, inner)]
    except RuleError as error:
        reason = f"{error.message} ({error.fix})" if error.fix else error.message
        refusal = Refusal(correlation.info.id, correlation.path, error.line, reason)
        gathered.refused.append(refusal)
        return "refused"
    gathered.ready.append(correlation)
    for source, part in parts:
        gathered.parts.setdefault((part.member, source), []).append(part)
    return "runs"


def _why(missing: Mapping[Member, str]) -> str:
    member, state = next(iter(missing.items()))
    said = {"waits_for_source": "waits for a source", "disabled": "is disabled"}
    return f"its member {member.name} {said.get(state, 'was refused')}"


def _error(correlation: Correlation, message: str, fix: str | None = None) -> RuleError:
    return RuleError(message, file=correlation.path, line=correlation.line, fix=fix)


def _parts(
    correlation: Correlation,
    member: Member,
    homes: Mapping[str, Sequence[FieldBinder]],
    inner: Mapping[str, Correlation],
) -> list[tuple[str, Part]]:
    """Bind one member in every source; a source that lacks a field is left out if others have it."""
    if member.id in inner:
        inner_places(correlation, inner[member.id])
        return []
    bound: list[tuple[str, Part]] = []
    errors: list[RuleError] = []
    for source in homes.get(member.id, ()):
        try:
            key = tuple(
                _bind(correlation, source, field_of(correlation, name, member.id))
                for name in correlation.group_by
            )
            value = tuple(
                _bind(correlation, source, field_of(correlation, name, member.id))
                for name in correlation.value_fields
            )
        except RuleError as error:
            errors.append(error)
        else:
            bound.append(
                (
                    source.name,
                    Part(correlation.info.id, correlation.grouping, member.id, key, value),
                )
            )
    if not bound:
        raise errors[0] if errors else _error(correlation, f"no rule or correlation {member.name}")
    return bound


def field_of(correlation: Correlation, name: str, member: str) -> str:
    """Return what a group-by or value field is called in one member."""
    return correlation.aliases.get(name, {}).get(member, name)


def _bind(correlation: Correlation, source: FieldBinder, name: str) -> Binding:
    binding = source.bind(name)
    if binding is None:
        near = source.nearest_fields(name)
        fix = f"did you mean {', '.join(near)}?" if near else "give it an alias for this member"
        raise _error(correlation, f"source {source.name} has no field {name!r}", fix)
    return binding


def inner_places(outer: Correlation, inner: Correlation) -> tuple[list[int], list[int]]:
    """Return where a correlation's group-by values and value fields are in an inner one's key.

    Raises `RuleError` for a field that the inner one does not group by.
    """
    places: tuple[list[int], list[int]] = ([], [])
    for names, found in zip((outer.group_by, outer.value_fields), places, strict=True):
        for name in names:
            wanted = field_of(outer, name, inner.info.id)
            if wanted not in inner.group_by:
                known = ", ".join(inner.group_by) or "nothing"
                raise _error(
                    outer,
                    f"correlation {inner.info.title!r} has no field {wanted!r}",
                    f"it groups by {known}",
                )
            found.append(inner.group_by.index(wanted))
    return places
