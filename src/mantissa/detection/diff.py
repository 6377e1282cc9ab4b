"""Two collections of rules compared: what came, what went, and what changed in meaning.

Rules are paired by their ids. Layout, comments, the order of keys and of values that are joined
with OR mean nothing and are no change.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from mantissa.detection.anysource import AnySource
from mantissa.detection.dialects import DUCKDB
from mantissa.detection.pipeline import FieldBinder, Target
from mantissa.detection.prepare import Predicate, compile_rule, prepare
from mantissa.detection.rule import Refusal, Rule, RuleSet, rule_version
from mantissa.detection.yamlsafe import read_documents
from mantissa.errors import RuleError
from mantissa.model import RuleInfo

_OPENED = ("logsource", "detection", "correlation", "mantissa")
"""Keys whose members are compared one by one."""
_ORDERED = ("fields", "correlation.rules")
"""Lists whose order means something."""


class Described(Protocol):
    """A rule or a correlation."""

    @property
    def info(self) -> RuleInfo:
        """What people are told of it."""
        ...

    @property
    def path(self) -> str:
        """Its file."""
        ...

    @property
    def text(self) -> str:
        """Its YAML."""
        ...


@dataclass(frozen=True, slots=True)
class Change:
    """One rule that is not what it was.

    Args:
        fields: dotted name → what it was and what it is; None where it is absent.
        sql_changed: whether it now matches by other SQL.
    """

    before: Described
    after: Described
    fields: Mapping[str, tuple[Any, Any]]
    sql_changed: bool

    def to_json(self) -> dict[str, Any]:
        """Return it as the `rules diff` command's JSON has it."""
        return _name(self.after) | {
            "fields": {
                name: {"before": before, "after": after}
                for name, (before, after) in self.fields.items()
            },
            "sql_changed": self.sql_changed,
        }


@dataclass(frozen=True, slots=True)
class Difference:
    """What differs between two collections.

    Args:
        refused: what could not be read before, and what cannot be read after.
    """

    added: tuple[Described, ...]
    removed: tuple[Described, ...]
    changed: tuple[Change, ...]
    unchanged: int
    refused: tuple[tuple[Refusal, ...], tuple[Refusal, ...]]

    def to_json(self) -> dict[str, Any]:
        """Return the `rules diff` command's JSON."""
        sides = zip(("before", "after"), self.refused, strict=True)
        return {
            "added": [_name(rule) for rule in self.added],
            "removed": [_name(rule) for rule in self.removed],
            "changed": [change.to_json() for change in self.changed],
            "unchanged": self.unchanged,
            "refused": {
                side: [
                    {"id": r.id, "path": r.path, "line": r.line, "reason": r.reason}
                    for r in refusals
                ]
                for side, refusals in sides
            },
        }


def _name(rule: Described) -> dict[str, Any]:
    return {
        "id": rule.info.id,
        "title": rule.info.title,
        "level": str(rule.info.level),
        "path": rule.path,
    }


def diff_rules(before: RuleSet, after: RuleSet, sources: Iterable[FieldBinder]) -> Difference:
    """Compare two collections; a rule that one side refuses neither came nor went."""
    known = tuple(sources)
    old, new = _by_id(before), _by_id(after)
    if len(old) == len(new) == 1 and not old.keys() & new.keys():
        new = dict(zip(old, new.values(), strict=True))
    broken = {refusal.id for refusal in (*before.refused, *after.refused)}
    changes = [_change(old[rule_id], new[rule_id], known) for rule_id in new if rule_id in old]
    changed = tuple(change for change in changes if change.fields)
    return Difference(
        added=tuple(new[i] for i in new if i not in old and i not in broken),
        removed=tuple(old[i] for i in old if i not in new and i not in broken),
        changed=changed,
        unchanged=len(changes) - len(changed),
        refused=(before.refused, after.refused),
    )


def _by_id(rules: RuleSet) -> dict[str, Described]:
    every: tuple[Described, ...] = (*rules.rules, *rules.correlations)
    return {rule.info.id: rule for rule in every}


def _change(before: Described, after: Described, sources: Sequence[FieldBinder]) -> Change:
    if before.text == after.text and before.info.version == after.info.version:
        return Change(before, after, {}, False)
    old, new = _facts(before), _facts(after)
    fields = {
        name: (old.get(name), new.get(name))
        for name in dict.fromkeys((*old, *new))
        if not _same(name, old.get(name), new.get(name))
    }
    changed = bool(fields) and _asked(before, sources) != _asked(after, sources)
    return Change(before, after, fields, changed)


def _facts(rule: Described) -> dict[str, Any]:
    """Return what a rule's text says, by dotted names."""
    (document,) = read_documents(rule.text.encode("utf-8", "surrogatepass"), rule.path)
    facts: dict[str, Any] = {}
    for key, value in document.value.items():
        if key == "tests":
            facts.update(_tests(value))
        elif key in _OPENED:
            facts.update(_opened(key, value))
        else:
            facts[key] = value
    if isinstance(rule, Rule) and rule.exceptions:
        facts["exceptions"] = [
            {"title": e.title, "state": e.state, "version": rule_version([e.text])}
            for e in rule.exceptions
        ]
    return facts


def _opened(prefix: str, value: Any) -> Iterator[tuple[str, Any]]:
    if not isinstance(value, dict) or not value:
        yield prefix, value
        return
    for key, member in value.items():
        yield from _opened(f"{prefix}.{key}", member)


def _tests(value: Any) -> Iterator[tuple[str, Any]]:
    for number, test in enumerate(value, 1):
        yield f"tests.{test.get('name', number)}", test


def _same(name: str, before: Any, after: Any) -> bool:
    if before == after:
        return type(before) is type(after) or not isinstance(before, bool | str | int)
    if name in _ORDERED or not (isinstance(before, list) and isinstance(after, list)):
        return False
    return sorted(map(repr, before)) == sorted(map(repr, after))


def _asked(rule: Described, sources: Sequence[FieldBinder]) -> object:
    """Return what changes when the rows that a rule matches may change."""
    if not isinstance(rule, Rule):
        facts = _facts(rule)
        return {name: value for name, value in facts.items() if name.startswith("correlation")}
    made = prepare(RuleSet((rule,)), sources, DUCKDB)
    if made.predicates:
        return [_sql(predicate) for predicate in made.predicates]
    try:
        return [_sql(compile_rule(rule, Target(AnySource(), ()), DUCKDB))]
    except RuleError as error:
        return error.message


def _sql(predicate: Predicate) -> tuple[str, str, str]:
    belongs = predicate.derived[predicate.belongs].sql("duckdb") if predicate.belongs else ""
    return predicate.source.name, belongs, predicate.text
