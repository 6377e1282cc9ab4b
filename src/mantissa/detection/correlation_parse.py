"""Sigma correlations as pySigma reads them to ours: references found, conditions that make sense."""

from __future__ import annotations

import re
from collections import deque
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
)
from mantissa.detection.correlation_condition import with_threshold
from mantissa.detection.correlation_names import Book, Unknown
from mantissa.detection.entry import Entry, info_of, refusal
from mantissa.detection.ordered import Unordered, chains
from mantissa.detection.rule import Refusal, rule_version
from mantissa.errors import RuleError

LONGEST = timedelta(days=366)
MOST_MEMBERS = 50
"""Members of one correlation; each is a column of its query."""
DEEPEST = 8
"""Correlations inside one another."""
MOST_NESTING = 64
_NAMED = 8
"""Correlations of a circle that a complaint names."""
_NESTING = re.compile(r"\(|\bnot\b")
_TRIED = 12
"""Members up to which every combination is tried to see whether an expression can be true."""


def read_correlations(
    drafts: Sequence[Entry], book: Book, refused: list[Refusal]
) -> tuple[Correlation, ...]:
    """Return the correlations that make sense, inner ones first; the others become refusals."""
    return _Reader({entry.id: entry for entry in drafts}, book, refused).read()


class _Reader:
    """Reads each correlation after those it refers to, without recursion: input is hostile."""

    def __init__(self, drafts: Mapping[str, Entry], book: Book, refused: list[Refusal]) -> None:
        self.drafts, self.book, self.refused = drafts, book, refused
        self.members: dict[str, tuple[Member, ...]] = {}
        self.done: dict[str, Correlation] = {}
        self.depth: dict[str, int] = {}

    def read(self) -> tuple[Correlation, ...]:
        for rule_id, entry in self.drafts.items():
            try:
                self.members[rule_id] = self._members(entry)
            except RuleError as error:
                self._refuse(entry, error)
        self._settle([i for i in self.members if not self._open_inner(i)])
        while waiting := [i for i in self.members if self._is_open(i)]:
            self._settle(self._break_circle(waiting))
        return tuple(self.done.values())

    def _settle(self, ready: Sequence[str]) -> None:
        """Read what refers to nothing unread, and then what that makes ready."""
        outer: dict[str, list[str]] = {}
        for rule_id in filter(self._is_open, self.members):
            for inner in self._inner(rule_id):
                outer.setdefault(inner, []).append(rule_id)
        queue = deque(ready)
        while queue:
            rule_id = queue.popleft()
            if self._is_open(rule_id):
                self._finish(rule_id)
            for above in outer.get(rule_id, ()):
                if self._is_open(above) and not self._open_inner(above):
                    queue.append(above)

    def _is_open(self, rule_id: str) -> bool:
        entry = self.drafts.get(rule_id)
        return entry is not None and rule_id not in self.done and not entry.reason

    def _inner(self, rule_id: str) -> list[str]:
        return [member.id for member in self.members[rule_id]]

    def _open_inner(self, rule_id: str) -> list[str]:
        return [inner for inner in self._inner(rule_id) if self._is_open(inner)]

    def _refuse(self, entry: Entry, error: RuleError) -> None:
        entry.reason = error.message
        self.refused.append(refusal(entry.id, error))

    def _finish(self, rule_id: str) -> None:
        entry, members = self.drafts[rule_id], self.members[rule_id]
        try:
            for member in members:
                self._check(entry, member)
            self.depth[rule_id] = 1 + max(self.depth.get(m.id, 0) for m in members)
            if self.depth[rule_id] > DEEPEST:
                raise entry.complain(
                    f"correlations are nested deeper than {DEEPEST}", "correlation.rules"
                )
            self.done[rule_id] = self._correlation(entry, members)
        except RuleError as error:
            self._refuse(entry, error)

    def _check(self, entry: Entry, member: Member) -> None:
        """Make sure that a member can run."""
        if member.id not in self.done and member.id not in self.book.rules:
            reason = self.book.why_refused(member.id)
            raise entry.complain(
                f"the rule {member.name!r} was refused: {reason}", "correlation.rules"
            )

    def _break_circle(self, waiting: Sequence[str]) -> list[str]:
        """Refuse the correlations of one circle, each with its own way round; return them."""
        way = next(way for way in map(self._way_back, waiting) if way)
        circle = way[:-1]
        for place, rule_id in enumerate(circle):
            names = [self._called(i) for i in (*circle[place:], *circle[: place + 1])]
            if len(names) > _NAMED:
                names[3:-3] = ["…"]
            entry = self.drafts[rule_id]
            message = f"it refers to itself: {' → '.join(names)}"
            self._refuse(entry, entry.complain(message, "correlation.rules"))
        return circle

    def _way_back(self, start: str) -> list[str]:
        """Return the shortest way from a correlation to itself; empty when there is none."""
        came: dict[str, str] = {}
        edge = deque([start])
        while edge:
            here = edge.popleft()
            for inner in self._open_inner(here):
                if inner == start:
                    way = [start, here]
                    while way[-1] != start:
                        way.append(came[way[-1]])
                    return way[::-1]
                if inner not in came:
                    came[inner] = here
                    edge.append(inner)
        return []

    def _called(self, rule_id: str) -> str:
        item = self.drafts[rule_id].item
        return item.name or item.title or rule_id

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
            return with_threshold(plain, entry)
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
    given = [reference.reference for reference in item.rules or ()]
    if isinstance(item.condition, SigmaCorrelationCondition):
        return given
    if len(_NESTING.findall(item.condition.expression)) > MOST_NESTING:
        raise entry.complain(
            f"the condition has more than {MOST_NESTING} parentheses and `not`s",
            "correlation.condition",
        )
    return given or list(item.condition.get_referenced_rules())


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
