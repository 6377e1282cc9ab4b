"""A table with a text column for every field of some rules, and the rules compiled for it."""

from __future__ import annotations

from pathlib import Path

from mantissa.detection.anysource import AnySource, table_of
from mantissa.detection.dialects import Dialect
from mantissa.detection.pipeline import Target
from mantissa.detection.prepare import Predicate, compile_rule
from mantissa.detection.rule import RuleSet
from mantissa.errors import RuleError
from mantissa.model import Table
from mantissa.sources.definition import ENVELOPE, Binding


class EveryField(AnySource):
    """`AnySource` with the columns of the rules compiled for it, under plain names."""

    def __init__(self) -> None:
        self.numbers: dict[str, int] = {}
        self.table = Table(self.name, ENVELOPE)

    def bind(self, field: str) -> Binding:
        column = super().bind(field).column
        number = self.numbers.setdefault(column, len(self.numbers))
        return Binding("raw" if column == "raw" else f"c_{number}", (), "string")

    def complete(self, predicates: list[Predicate]) -> None:
        """Give the table every column that was bound."""
        bound = table_of((b for p in predicates for b in p.bindings.values()), self.name)
        self.table = Table(self.name, (*ENVELOPE, *bound.columns))


def compiled(rules: RuleSet, dialect: Dialect) -> tuple[list[Predicate], set[str]]:
    """Return all predicates and the files of the rules that were refused."""
    source = EveryField()
    predicates: list[Predicate] = []
    refused: set[str] = set()
    for rule in rules.rules:
        try:
            predicates.append(compile_rule(rule, Target(source, ()), dialect))
        except RuleError:
            refused.add(Path(rule.path).name)
    source.complete(predicates)
    return predicates, refused
