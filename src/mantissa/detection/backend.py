"""From a parsed Sigma condition to one SQL condition, in two-valued logic.

A field that a record lacks matches nothing, so its negation holds: engines' NULL logic would
silently drop such rows, therefore every NOT is `NOT COALESCE(…, FALSE)`. Values that are joined
with OR on one field are compiled together, so that lists become IN or one search.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from sigma.conditions import (
    ConditionAND,
    ConditionFieldEqualsValueExpression,
    ConditionNOT,
    ConditionOR,
    ConditionValueExpression,
)
from sigma.types import (
    SigmaBool,
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

from mantissa.detection.expand import Placeholders, expanded
from mantissa.detection.keyword import match_keywords
from mantissa.detection.modifiers import CasedFieldReference, Utf16Text
from mantissa.detection.pattern import to_pattern
from mantissa.detection.pipeline import FieldBinder, bind_field
from mantissa.detection.rule import Rule
from mantissa.detection.scope import Scope
from mantissa.detection.subject import COMPARE, Subject
from mantissa.detection.template import all_of, any_of, negated
from mantissa.detection.typed import same_measure, subject_of
from mantissa.errors import RuleError
from mantissa.sources.definition import Binding


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
        try:
            for value in self._resolved(values):
                kinds.setdefault(_kind(value), []).append(value)
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
        """Compare two fields of the record, without regard to case unless it is asked for."""
        right = self._subject(reference.field)
        cased = isinstance(reference, CasedFieldReference)
        ends = (reference.starts_with, reference.ends_with)
        if ends == (False, False) and (same := same_measure(left, right)) is not None:
            return same
        compare = self.scope.dialect.contains if ends == (True, True) else _COMPARE[ends]
        return left.with_text(
            lambda a: right.with_text(lambda b: compare(a, b), cased=cased), cased=cased
        )

    def _resolved(self, values: Sequence[SigmaType]) -> Iterator[SigmaType]:
        """Yield plain values: expansions opened, placeholders replaced or refused by name."""
        for value in values:
            if isinstance(value, SigmaExpansion):
                yield from self._resolved(value.values)
            else:
                yield from expanded(value, {**self.rule.placeholders, **self.placeholders})


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
    for value in values:
        if isinstance(value, Utf16Text) and not value.is_searchable:
            raise RuleError(
                "UTF-16 beyond ASCII can only be looked for in base64",
                fix="add base64 or base64offset after wide",
            )
    return subject.matches([to_pattern(value) for value in values])


def _flags(subject: Subject, values: list[SigmaBool]) -> exp.Expr:
    return any_of([subject.is_flag(value.boolean) for value in values])


def _comparisons(subject: Subject, values: list[SigmaCompareExpression]) -> exp.Expr:
    return any_of([_comparison(subject, value) for value in values])


def _comparison(subject: Subject, value: SigmaCompareExpression) -> exp.Expr:
    """Compare the field, or the part of its time that the rule takes, with a number."""
    if isinstance(value.number, SigmaTimestampPart):
        part = value.number.timestamp_part
        return subject.at(part, COMPARE[value.op], int(value.number.number))
    return subject.compares(value.op, value.number.number)


def _regexes(subject: Subject, values: list[SigmaRegularExpression]) -> exp.Expr:
    return any_of([subject.searches(regex_text(value)) for value in values])


def _parts(subject: Subject, values: list[SigmaTimestampPart]) -> exp.Expr:
    return any_of([subject.at(value.timestamp_part, exp.EQ, int(value.number)) for value in values])


def _existence(subject: Subject, values: list[SigmaExists]) -> exp.Expr:
    tests = {value.exists: subject.absent() for value in values}
    return any_of([_opposite(test) if exists else test for exists, test in tests.items()])


def _opposite(test: exp.Expr) -> exp.Expr:
    """Negate a condition that is never unknown."""
    return test.this if isinstance(test, exp.Not) else exp.Not(this=test)


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


_COMPARE: dict[tuple[bool, bool], Callable[[exp.Expr, exp.Expr], exp.Expr]] = {
    (False, False): _equal,
    (True, False): _starts_with,
    (False, True): _ends_with,
}
"""Whether a reference means the start, and the end → how two texts are compared."""
