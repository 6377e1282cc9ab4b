"""Sigma correlations as pySigma reads them to ours: references found, conditions that make sense.

A correlation that could never be true is refused, as it would be silent for ever: `lt: 1` of a
count, for example, since a correlation is judged at events and an event counts itself.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from itertools import combinations
from typing import Any

from sigma.correlations import (
    CorrelationConditionAND,
    CorrelationConditionNOT,
    SigmaCorrelationCondition,
    SigmaRuleReference,
)

from mantissa.detection.attributes import read_settings, read_tests
from mantissa.detection.correlation import (
    Correlation,
    Expression,
    Joined,
    Kind,
    Member,
    Negated,
    Seen,
    Threshold,
)
from mantissa.detection.correlation_names import Book, Unknown
from mantissa.detection.entry import Entry, info_of, refusal
from mantissa.detection.ordered import Unordered, chains
from mantissa.detection.rule import Refusal, rule_version
from mantissa.errors import RuleError

LONGEST = timedelta(days=366)
MOST_MEMBERS = 50
"""Members of one correlation; each is a column of its query."""
_TRIED = 12
"""Members up to which every combination is tried to see whether an expression can be true."""
_TEMPORAL = (Kind.TEMPORAL, Kind.TEMPORAL_ORDERED)
_COUNTED = (Kind.EVENT_COUNT, *_TEMPORAL)
_ONE_FIELD = (Kind.VALUE_SUM, Kind.VALUE_AVG, Kind.VALUE_MEDIAN, Kind.VALUE_PERCENTILE)


def read_correlations(
    drafts: Sequence[Entry], book: Book, refused: list[Refusal]
) -> tuple[Correlation, ...]:
    """Return the correlations that make sense, inner ones first; the others become refusals."""
    return _Reader({entry.id: entry for entry in drafts}, book, refused).read()


class _Reader:
    """Reads each correlation after those it refers to."""

    def __init__(self, drafts: Mapping[str, Entry], book: Book, refused: list[Refusal]) -> None:
        self.drafts, self.book, self.refused = drafts, book, refused
        self.done: dict[str, Correlation] = {}

    def read(self) -> tuple[Correlation, ...]:
        for rule_id in self.drafts:
            self._visit(rule_id, ())
        return tuple(self.done.values())

    def _visit(self, rule_id: str, above: tuple[str, ...]) -> None:
        entry = self.drafts[rule_id]
        if rule_id in self.done or entry.reason:
            return
        try:
            members = self._members(entry)
            for member in members:
                self._settle(entry, member, (*above, rule_id))
            self.done[rule_id] = self._correlation(entry, members)
        except RuleError as error:
            entry.reason = error.message
            self.refused.append(refusal(rule_id, error))

    def _members(self, entry: Entry) -> tuple[Member, ...]:
        found: dict[str, Member] = {}
        for name in _references(entry):
            member = Member(name, self._find(name, entry, "rules"))
            found.setdefault(member.id, member)
        if not found:
            raise entry.complain("it refers to no rule", "correlation.rules")
        if len(found) > MOST_MEMBERS:
            raise entry.complain(
                f"it refers to {len(found)} rules, more than the {MOST_MEMBERS} allowed",
                "correlation.rules",
            )
        return tuple(found.values())

    def _find(self, name: object, entry: Entry, key: str) -> str:
        place = f"correlation.{key}"
        if not isinstance(name, str):
            raise entry.complain(f"{name!r} is no name or id of a rule", place)
        try:
            return self.book.find(name, entry.path)
        except Unknown as error:
            raise entry.complain(str(error), place) from error

    def _settle(self, entry: Entry, member: Member, above: tuple[str, ...]) -> None:
        """Make sure that a member can run, reading it first if it is a correlation."""
        if member.id in above:
            names = [self._called(i) for i in (*above[above.index(member.id) :], member.id)]
            raise entry.complain(f"it refers to itself: {' → '.join(names)}", "correlation.rules")
        if member.id in self.drafts:
            self._visit(member.id, above)
        if member.id not in self.done and member.id not in self.book.rules:
            reason = self.book.why_refused(member.id)
            raise entry.complain(
                f"the rule {member.name!r} was refused: {reason}", "correlation.rules"
            )

    def _called(self, rule_id: str) -> str:
        item = self.drafts[rule_id].item
        return item.name or item.title or rule_id

    def _correlation(self, entry: Entry, members: tuple[Member, ...]) -> Correlation:
        item, document, path = entry.item, entry.document, entry.path
        settings = read_settings(item.custom_attributes, document, path)
        texts = [*entry.texts, *(self._version(m.id) for m in members)]
        plain = Correlation(
            info=info_of(item, settings, rule_version(texts)),
            kind=Kind(item.type.name.lower()),
            members=members,
            span=_span(entry),
            group_by=_group_by(entry),
            aliases=self._aliases(entry, members),
            generate=item.generate,
            status=item.status.name.lower() if item.status else "",
            tests=read_tests(item.custom_attributes, document, path, of_several=True),
            path=path,
            line=document.line,
            name=item.name or "",
            enabled=settings.enabled,
            text=document.text,
        )
        if isinstance(item.condition, SigmaCorrelationCondition):
            return _with_threshold(plain, entry)
        return self._with_expression(plain, entry)

    def _version(self, rule_id: str) -> str:
        made = self.done.get(rule_id) or self.book.rules[rule_id]
        return made.info.version

    def _aliases(self, entry: Entry, members: tuple[Member, ...]) -> dict[str, dict[str, str]]:
        ids = {member.id for member in members}
        found: dict[str, dict[str, str]] = {}
        for alias in entry.item.aliases:
            fields = found.setdefault(str(alias.alias), {})
            for reference, name in alias.mapping.items():
                member = self._find(reference.reference, entry, "aliases")
                if member not in ids:
                    raise entry.complain(
                        f"the alias {alias.alias!r} names {reference.reference!r}, "
                        "which is none of the correlation's rules",
                        "correlation.aliases",
                    )
                if not isinstance(name, str) or not name:
                    raise entry.complain(
                        f"the alias {alias.alias!r} must say a field for {reference.reference!r}",
                        "correlation.aliases",
                    )
                fields[member] = name
        return found

    def _with_expression(self, plain: Correlation, entry: Entry) -> Correlation:
        expression = self._expression(entry.item.condition.parsed, entry)
        place = "correlation.condition"
        ids = [member.id for member in plain.members]
        if len(ids) <= _TRIED and not any(holds(expression, s) for s in _subsets(ids)):
            raise entry.complain("the condition can never be true", place)
        if plain.kind is Kind.TEMPORAL_ORDERED:
            try:
                chains(expression)
            except Unordered as error:
                raise entry.complain(str(error), place) from error
        return replace(plain, expression=expression)

    def _expression(self, item: Any, entry: Entry) -> Expression:
        if isinstance(item, SigmaRuleReference):
            return Seen(self._find(item.reference, entry, "condition"))
        parts = tuple(self._expression(part, entry) for part in item.args)
        if isinstance(item, CorrelationConditionNOT):
            return Negated(parts[0])
        return Joined("and" if isinstance(item, CorrelationConditionAND) else "or", parts)


def holds(expression: Expression, seen: frozenset[str]) -> bool:
    """Tell whether an extended condition is true when just these members matched."""
    if isinstance(expression, Seen):
        return expression.member in seen
    if isinstance(expression, Negated):
        return not holds(expression.part, seen)
    test = all if expression.operator == "and" else any
    return test(holds(part, seen) for part in expression.parts)


def _subsets(ids: Sequence[str]) -> Iterable[frozenset[str]]:
    """Yield what may be seen at an event: at least the member that it matched."""
    for size in range(1, len(ids) + 1):
        yield from map(frozenset, combinations(ids, size))


def _references(entry: Entry) -> list[Any]:
    """Return what it refers to: its `rules`, else those that its expression names."""
    item = entry.item
    if item.rules:
        return [reference.reference for reference in item.rules]
    if isinstance(item.condition, SigmaCorrelationCondition):
        return []
    return list(item.condition.get_referenced_rules())


def _span(entry: Entry) -> timedelta:
    seconds: int = entry.item.timespan.seconds
    if seconds > LONGEST.total_seconds():
        raise entry.complain(
            f"its timespan is longer than {LONGEST.days} days", "correlation.timespan"
        )
    return timedelta(seconds=seconds)


def _group_by(entry: Entry) -> tuple[str, ...]:
    names = tuple(dict.fromkeys(entry.item.group_by or ()))
    if not all(names):
        raise entry.complain("group-by holds an empty name", "correlation.group-by")
    return names


def _with_threshold(plain: Correlation, entry: Entry) -> Correlation:
    given = entry.document.value["correlation"].get("condition")
    if given is None:
        threshold = Threshold("gte", len(plain.members))
    else:
        condition = entry.item.condition
        threshold = Threshold(condition.op.name.lower(), condition.count)
        if isinstance(given[threshold.operator], bool):
            raise entry.complain("the condition must name a number", "correlation.condition")
    complete = replace(
        plain,
        threshold=threshold,
        value_fields=_value_fields(plain.kind, entry),
        percentile=_percentile(plain.kind, given or {}, entry),
    )
    problem = _problem(complete, given is None)
    if problem:
        raise entry.complain(problem, "correlation.condition")
    return complete


def _value_fields(kind: Kind, entry: Entry) -> tuple[str, ...]:
    given = entry.item.condition.fieldref
    names = [given] if isinstance(given, str) else given or []
    place = "correlation.condition"
    if not isinstance(names, list) or not all(n and isinstance(n, str) for n in names):
        raise entry.complain("`field` must be the name of a field, or a list of names", place)
    if kind in _COUNTED and names:
        fix = "; did you mean `value_count`?" if kind is Kind.EVENT_COUNT else ""
        raise entry.complain(f"{kind} looks at no field{fix}", place)
    if kind not in _COUNTED and not names:
        raise entry.complain(f"{kind} needs a `field`", place)
    if kind in _ONE_FIELD and len(names) > 1:
        raise entry.complain(f"{kind} takes one field", place)
    return tuple(dict.fromkeys(names))


def _percentile(kind: Kind, given: Mapping[str, Any], entry: Entry) -> float:
    """Return the percentile as written; pySigma would cut 99.9 to 99."""
    value = given.get("percentile")
    place = "correlation.condition"
    if kind is not Kind.VALUE_PERCENTILE:
        if value is not None:
            raise entry.complain(f"{kind} takes no percentile", place)
        return 50
    if not isinstance(value, int | float) or isinstance(value, bool) or not 0 <= value <= 100:
        raise entry.complain("value_percentile needs a `percentile` from 0 to 100", place)
    return value


def _problem(correlation: Correlation, is_default: bool) -> str:
    """Say what is wrong with a threshold; empty when it makes sense."""
    threshold, most = correlation.threshold, len(correlation.members)
    if threshold is None:
        return ""
    if correlation.kind is Kind.EVENT_COUNT and not _is_possible(threshold, 1, None):
        return "the condition can never be true: an event counts itself"
    if correlation.kind is Kind.VALUE_COUNT and not _is_possible(threshold, 0, None):
        return "the condition can never be true"
    if correlation.kind not in _TEMPORAL:
        return ""
    if is_default and most < 2:
        return f"{correlation.kind} needs two rules or more, or a condition"
    if not _is_possible(threshold, 1, most):
        return f"the condition can never be true: {most} rules are named"
    if correlation.kind is Kind.TEMPORAL_ORDERED:
        if most < 2:
            return "temporal_ordered needs two rules or more"
        if any(compare(threshold, n) != (n == most) for n in range(1, most + 1)):
            return "temporal_ordered needs all of its rules: fewer of them have no one order"
    return ""


def _is_possible(threshold: Threshold, least: int, most: int | None) -> bool:
    """Tell whether any whole number from `least` to `most` fulfils a threshold."""
    near = int(threshold.number)
    tried = {least, least + 1, *range(near - 1, near + 3)}
    return any(compare(threshold, n) for n in tried if n >= least and (most is None or n <= most))


def compare(threshold: Threshold, number: float) -> bool:
    """Tell whether a number fulfils a threshold."""
    return {
        "lt": number < threshold.number,
        "lte": number <= threshold.number,
        "gt": number > threshold.number,
        "gte": number >= threshold.number,
        "eq": number == threshold.number,
        "neq": number != threshold.number,
    }[threshold.operator]
