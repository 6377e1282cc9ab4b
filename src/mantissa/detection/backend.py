"""From a parsed Sigma condition to one SQL condition, in two-valued logic.

A field that a record lacks matches nothing, so its negation holds: engines' NULL logic would
silently drop such rows, therefore every NOT is `NOT COALESCE(…, FALSE)`. Values that are joined
with OR on one field are compiled together, so that lists become IN or one search.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, cast

from sigma.conditions import (
    ConditionAND,
    ConditionFieldEqualsValueExpression,
    ConditionNOT,
    ConditionOR,
    ConditionValueExpression,
)
from sigma.types import (
    Placeholder,
    SigmaBool,
    SigmaCasedString,
    SigmaCIDRExpression,
    SigmaCompareExpression,
    SigmaExists,
    SigmaExpansion,
    SigmaFieldReference,
    SigmaNull,
    SigmaNumber,
    SigmaRegularExpression,
    SigmaString,
    SigmaTimestampPart,
    SigmaType,
)
from sqlglot import exp

from mantissa.detection.keyword import match_keywords
from mantissa.detection.pattern import to_pattern
from mantissa.detection.pipeline import FieldBinder, bind_field
from mantissa.detection.rule import Rule
from mantissa.detection.scope import Scope
from mantissa.detection.subject import Subject
from mantissa.detection.template import all_of, any_of, negated
from mantissa.detection.typed import subject_of
from mantissa.errors import RuleError
from mantissa.sources.definition import Binding

Placeholders = Mapping[str, Sequence[str]]
"""Name of a Sigma placeholder → the values it stands for."""


@dataclass(slots=True)
class Compiler:
    """Compiles one rule for one source.

    Args:
        bindings: what the rule's fields were bound to, filled while compiling.
    """

    rule: Rule
    source: FieldBinder
    scope: Scope
    placeholders: Placeholders = field(default_factory=dict)
    bindings: dict[str, Binding] = field(default_factory=dict)

    def compile(self) -> exp.Expr:
        """Return the rule's condition. Raises `RuleError` naming what cannot be asked, and where."""
        try:
            return any_of([self._walk(tree) for tree in self.rule.conditions])
        except RuleError as error:
            if error.file:
                raise
            path, line = self.rule.path, self.rule.line
            raise RuleError(error.message, file=path, line=line, fix=error.fix) from error

    def _walk(self, tree: Any) -> exp.Expr:
        if isinstance(tree, ConditionNOT):
            return negated(self._walk(tree.args[0]))
        if isinstance(tree, ConditionAND):
            return all_of([self._walk(arg) for arg in tree.args])
        if isinstance(tree, ConditionOR):
            return self._either(tree.args)
        if isinstance(tree, ConditionFieldEqualsValueExpression | ConditionValueExpression):
            return self._either([tree])
        raise RuleError(f"condition part {type(tree).__name__} is not supported")

    def _either(self, parts: Sequence[Any]) -> exp.Expr:
        """Join with OR, values of one field together, in the order of first appearance."""
        fields: dict[str, list[SigmaType]] = {}
        words: list[SigmaType] = []
        rest: list[exp.Expr] = []
        for part in _flat(parts):
            if isinstance(part, ConditionFieldEqualsValueExpression):
                fields.setdefault(part.field, []).append(part.value)
            elif isinstance(part, ConditionValueExpression):
                words.append(part.value)
            else:
                rest.append(self._walk(part))
        tests = [self._field(name, values) for name, values in fields.items()]
        if words:
            tests.append(match_keywords(list(self._resolved(words)), self.source, self.scope))
        return any_of(tests + rest)

    def _field(self, name: str, values: Sequence[SigmaType]) -> exp.Expr:
        subject = self._subject(name)
        kinds: dict[type[SigmaType], list[Any]] = {}
        for value in self._resolved(values):
            kinds.setdefault(_kind(value), []).append(value)
        try:
            return any_of([self._ask(subject, kind, kinds[kind]) for kind in kinds])
        except RuleError as error:
            line = self.rule.line_of(name)
            raise RuleError(
                f"field {name!r}: {error.message}", file=self.rule.path, line=line, fix=error.fix
            ) from error

    def _subject(self, name: str) -> Subject:
        binding = self.bindings.get(name) or bind_field(self.rule, self.source, name)
        self.bindings[name] = binding
        return subject_of(binding, self.scope)

    def _ask(self, subject: Subject, kind: type[SigmaType], values: list[Any]) -> exp.Expr:
        if kind is SigmaFieldReference:
            return any_of([self._refer(subject, value) for value in values])
        return _ASK[kind](subject, values)

    def _refer(self, left: Subject, reference: SigmaFieldReference) -> exp.Expr:
        """Compare two fields of the record, without regard to case."""
        right = self._subject(reference.field)
        compare = self.scope.dialect.contains if reference.starts_with else _ends_with
        if reference.starts_with != reference.ends_with and reference.starts_with:
            compare = _starts_with
        if not reference.starts_with and not reference.ends_with:
            compare = _equal
        return left.with_text(lambda a: right.with_text(lambda b: compare(a, b)))

    def _resolved(self, values: Sequence[SigmaType]) -> Iterator[SigmaType]:
        """Yield plain values: expansions opened, placeholders replaced or refused by name."""
        for value in values:
            if isinstance(value, SigmaExpansion):
                yield from self._resolved(value.values)
            elif isinstance(value, SigmaString) and value.contains_placeholder():
                yield from self._expanded(value)
            elif isinstance(value, SigmaRegularExpression) and value.contains_placeholder():
                raise self._unexpanded(value.regexp)
            else:
                yield value

    def _expanded(self, value: SigmaString) -> Iterator[SigmaString]:
        def replace(placeholder: Placeholder) -> Iterator[SigmaString]:
            for text in self.placeholders[placeholder.name]:
                yield SigmaString(text)

        names = {part.name for part in value.s if isinstance(part, Placeholder)}
        if not names <= self.placeholders.keys():
            raise self._unexpanded(value)
        for text in value.replace_placeholders(cast(Any, replace)):
            cased = isinstance(value, SigmaCasedString)
            yield SigmaCasedString.from_sigma_string(text) if cased else text

    def _unexpanded(self, value: SigmaString) -> RuleError:
        names = sorted({part.name for part in value.s if isinstance(part, Placeholder)})
        unknown = [name for name in names if name not in self.placeholders] or names
        return RuleError(
            f"placeholder %{unknown[0]}% has no values",
            file=self.rule.path,
            line=self.rule.line,
            fix="name its values in the settings, or write them into the rule",
        )


def _flat(parts: Sequence[Any]) -> Iterator[Any]:
    """Yield the members of nested ORs."""
    for part in parts:
        if isinstance(part, ConditionOR):
            yield from _flat(part.args)
        else:
            yield part


def _kind(value: SigmaType) -> type[SigmaType]:
    kinds: tuple[type[SigmaType], ...] = (*_ASK, SigmaFieldReference)
    for kind in kinds:
        if isinstance(value, kind):
            return kind
    raise RuleError(f"value type {type(value).__name__} is not supported")


def regex_text(value: SigmaRegularExpression) -> str:
    """Return a regex with its flags in front, as RE2 takes them."""
    return value.escape([], flag_prefix=True, escape_escape_char=False)


def _strings(subject: Subject, values: list[SigmaString]) -> exp.Expr:
    return subject.matches([to_pattern(value) for value in values])


def _flags(subject: Subject, values: list[SigmaBool]) -> exp.Expr:
    return any_of([subject.is_flag(value.boolean) for value in values])


def _comparisons(subject: Subject, values: list[SigmaCompareExpression]) -> exp.Expr:
    return any_of([subject.compares(value.op, value.number.number) for value in values])


def _regexes(subject: Subject, values: list[SigmaRegularExpression]) -> exp.Expr:
    return any_of([subject.searches(regex_text(value)) for value in values])


def _parts(subject: Subject, values: list[SigmaTimestampPart]) -> exp.Expr:
    return any_of([subject.at(value.timestamp_part, int(value.number)) for value in values])


def _existence(subject: Subject, values: list[SigmaExists]) -> exp.Expr:
    tests = {value.exists: subject.absent() for value in values}
    return any_of([exp.Not(this=test) if exists else test for exists, test in tests.items()])


_ASK: dict[type[SigmaType], Callable[[Subject, list[Any]], exp.Expr]] = {
    SigmaString: _strings,
    SigmaTimestampPart: _parts,
    SigmaNumber: lambda subject, values: subject.equals([value.number for value in values]),
    SigmaBool: _flags,
    SigmaCompareExpression: _comparisons,
    SigmaRegularExpression: _regexes,
    SigmaCIDRExpression: lambda subject, values: subject.in_networks([v.cidr for v in values]),
    SigmaNull: lambda subject, values: subject.absent(),
    SigmaExists: _existence,
}
"""Sigma's value types; a timestamp part is also a number, so it comes first."""


def _equal(left: exp.Expr, right: exp.Expr) -> exp.Expr:
    return exp.EQ(this=left.copy(), expression=right.copy())


def _starts_with(left: exp.Expr, right: exp.Expr) -> exp.Expr:
    return exp.Anonymous(this="STARTS_WITH", expressions=[left.copy(), right.copy()])


def _ends_with(left: exp.Expr, right: exp.Expr) -> exp.Expr:
    """Compare the tail; engines differ in `ends_with`, so it is spelt out."""
    start = exp.Add(
        this=exp.Sub(this=_length(left), expression=_length(right)),
        expression=exp.Literal.number(1),
    )
    tail = exp.Anonymous(this="SUBSTR", expressions=[left.copy(), start])
    fits = exp.GTE(this=_length(left), expression=_length(right))
    return all_of([fits, _equal(tail, right)])


def _length(text: exp.Expr) -> exp.Expr:
    return exp.Anonymous(this="LENGTH", expressions=[text.copy()])
