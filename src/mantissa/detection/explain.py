"""One rule explained: what it looks for, in which columns, and how that becomes SQL."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from mantissa.detection.dialects import Dialect
from mantissa.detection.exceptions import RuleException, compile_leniently
from mantissa.detection.pipeline import FieldBinder, Target, When, find_targets
from mantissa.detection.prepare import Predicate, compile_rule
from mantissa.detection.rule import Rule
from mantissa.detection.words import Words, say, say_conditions
from mantissa.errors import RuleError
from mantissa.sources.definition import Binding


@dataclass(frozen=True, slots=True)
class Place:
    """Where a rule applies, and as what.

    Args:
        only: which rows of the table belong to the rule's log source; empty for all.
        fields: the rule's fields and where they are.
        computed: name → SQL of what is computed once for all conditions that need it.
        condition: SQL of the condition; empty when the rule cannot run there.
        reason: why it cannot.
    """

    source: str
    table: str
    only: str
    fields: Mapping[str, Binding]
    computed: Mapping[str, str]
    condition: str
    reason: str = ""

    def to_json(self) -> dict[str, Any]:
        """Return it as the `rules explain` command's JSON has it."""
        fields = [
            {"field": name, "column": b.column, "path": list(b.path), "type": b.type}
            for name, b in self.fields.items()
        ]
        return {
            "source": self.source,
            "table": self.table,
            "only": self.only,
            "fields": fields,
            "computed": dict(self.computed),
            "condition": self.condition,
            "reason": self.reason,
        }


@dataclass(frozen=True, slots=True)
class Explanation:
    """What a rule looks for, and where.

    Args:
        exceptions: those of the rule, with what must hold besides for it to fire.
    """

    looks_for: Words
    places: tuple[Place, ...]
    exceptions: tuple[tuple[RuleException, Words], ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Return it as the `rules explain` command's JSON has it."""
        return {
            "looks_for": self.looks_for.to_json(),
            "applies_to": [place.to_json() for place in self.places],
            "exceptions": [e.to_json() | {"holds": w.to_json()} for e, w in self.exceptions],
        }


def explain_rule(rule: Rule, sources: Iterable[FieldBinder], dialect: Dialect) -> Explanation:
    """Explain a rule in one dialect; it need not be able to run."""
    targets = find_targets(rule.logsource, sources)
    places = tuple(_place(rule, target, dialect) for target in targets)
    exceptions = tuple((e, say(e.condition)) for e in rule.exceptions)
    return Explanation(say_conditions(rule.bare or rule.conditions), places, exceptions)


def _place(rule: Rule, target: Target, dialect: Dialect) -> Place:
    name, table, only = target.source.name, target.source.table.name, say_when(target.when)
    try:
        compiled = partial(compile_rule, target=target, dialect=dialect)
        predicate, _ = compile_leniently(rule, compiled)
    except RuleError as error:
        reason = f"{error.message} ({error.fix})" if error.fix else error.message
        return Place(name, table, only, {}, {}, "", reason)
    computed = {
        column: value.sql(dialect=dialect.name)
        for column, value in predicate.derived.items()
        if column != predicate.belongs
    }
    condition = predicate.condition.sql(dialect=dialect.name, pretty=True)
    return Place(name, table, only, _tested(predicate), computed, condition)


def _tested(predicate: Predicate) -> dict[str, Binding]:
    return dict(sorted(predicate.bindings.items()))


def say_when(alternatives: Sequence[When]) -> str:
    """Put into words which rows of a table belong to a log source; empty for all."""
    return ", or ".join(
        " and ".join(_one(column, values) for column, values in when.items())
        for when in alternatives
    )


def _one(column: str, values: Sequence[str | int]) -> str:
    listed = ", ".join(map(str, values))
    return f"{column} is {listed}" if len(values) == 1 else f"{column} is one of {listed}"
