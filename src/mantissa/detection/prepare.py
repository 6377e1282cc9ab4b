"""Rules made ready to run: each is compiled for every source that carries its log source."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property, partial
from hashlib import sha256

from sqlglot import exp

from mantissa.detection.backend import Compiler
from mantissa.detection.correlation import Correlation
from mantissa.detection.dialects import MAX_SQL, Dialect
from mantissa.detection.exceptions import (
    RuleException,
    compile_leniently,
    refused_everywhere,
)
from mantissa.detection.expand import Placeholders
from mantissa.detection.leading import Led, lead
from mantissa.detection.members import Part, gather
from mantissa.detection.pattern import Pattern
from mantissa.detection.pipeline import FieldBinder, Target, When, find_targets
from mantissa.detection.rule import Refusal, Rule, RuleSet
from mantissa.detection.scope import Scope
from mantissa.detection.template import all_of, any_of
from mantissa.detection.typed import subject_of
from mantissa.errors import RuleError, SourceError
from mantissa.model import RuleInfo
from mantissa.sources.definition import Binding


@dataclass(frozen=True)
class Predicate:
    """One rule as a condition on one source's table.

    Args:
        belongs: name of the derived column that says whether a row is of the rule's log source,
            or None when every row is.
        derived: derived columns by name, which `condition` and `belongs` use.
        bindings: where the fields are that the rule tests or shows, by the rule's spelling.
        parts: what the rule's matches count for in correlations.
        reports: whether matches are findings by themselves.
        led: the condition without its leading tests, where the dialect asks them once for all.
    """

    rule: Rule
    source: FieldBinder
    condition: exp.Expr
    belongs: str | None
    derived: Mapping[str, exp.Expr]
    bindings: Mapping[str, Binding]
    text: str = field(repr=False)
    parts: tuple[Part, ...] = ()
    reports: bool = True
    led: Led | None = field(default=None, repr=False)

    @property
    def shown(self) -> Iterator[Binding]:
        """Where the values are that a match must bring with it."""
        yield from self.bindings.values()
        for part in self.parts:
            yield from (*part.key, *part.value)

    @cached_property
    def size(self) -> int:
        """Bytes of the condition's SQL."""
        return len(self.text.encode())

    @property
    def remaining(self) -> int:
        """Bytes of the condition without its leading tests."""
        return self.led.size if self.led else self.size

    @cached_property
    def columns(self) -> frozenset[str]:
        """The stored columns that decide whether a row matches."""
        tests = [self.condition]
        if self.belongs is not None:
            tests.append(self.derived[self.belongs])
        named = {column.name for test in tests for column in test.find_all(exp.Column)}
        derived = [self.derived[name] for name in named if name in self.derived]
        behind = {column.name for value in derived for column in value.find_all(exp.Column)}
        return frozenset(named - self.derived.keys() | behind)


@dataclass(frozen=True)
class Prepared:
    """What became of a set of rules in one dialect.

    Args:
        waiting: those whose log source no source carries.
        disabled: those that say so themselves.
        correlations: those that run, inner ones first.
        silent: ids of those that report nothing by themselves, as correlations use them.
    """

    dialect: Dialect
    predicates: tuple[Predicate, ...] = ()
    waiting: tuple[Rule | Correlation, ...] = ()
    disabled: tuple[Rule | Correlation, ...] = ()
    refused: tuple[Refusal, ...] = ()
    correlations: tuple[Correlation, ...] = ()
    silent: frozenset[str] = frozenset()

    @cached_property
    def rules(self) -> dict[str, Rule]:
        """The rules that run, by id; correlations are not among them."""
        return {p.rule.info.id: p.rule for p in self.predicates}

    @cached_property
    def infos(self) -> dict[str, RuleInfo]:
        """What people are told of everything that runs, by id."""
        every = {p.rule.info.id: p.rule.info for p in self.predicates}
        return every | {c.info.id: c.info for c in self.correlations}

    @cached_property
    def version(self) -> str:
        """Eight hex digits that change when any rule, or a source that it reads, changes."""
        parts = sorted(f"{p.rule.info.id} {p.rule.info.version} {p.text}" for p in self.predicates)
        parts += sorted(f"{c.info.id} {c.info.version}" for c in self.correlations)
        sources = sorted({f"{p.source.name} {p.source.version}" for p in self.predicates})
        return sha256("\0".join([*parts, *sources]).encode()).hexdigest()[:8]

    @cached_property
    def _idle(self) -> dict[str, str]:
        idle = {rule.info.id: "disabled" for rule in self.disabled}
        return idle | {rule.info.id: "waits_for_source" for rule in self.waiting}

    def state_of(self, rule_id: str) -> str:
        """Return `runs`, `waits_for_source`, `disabled` or `refused`."""
        return self._idle.get(rule_id) or ("runs" if rule_id in self.infos else "refused")


def prepare(
    rules: RuleSet,
    sources: Iterable[FieldBinder],
    dialect: Dialect,
    *,
    placeholders: Placeholders | None = None,
    disabled: frozenset[str] = frozenset(),
) -> Prepared:
    """Compile all rules; one that cannot run is refused alone, with its place and reason."""
    known = tuple(sources)
    predicates: list[Predicate] = []
    waiting: list[Rule] = []
    off: list[Rule] = []
    refused = list(rules.refused)
    for rule in rules.rules:
        targets = find_targets(rule.logsource, known)
        if not rule.enabled or rule.info.id in disabled:
            off.append(rule)
        elif not targets:
            waiting.append(rule)
        else:
            made, refusals = _compile(rule, targets, dialect, placeholders or {})
            predicates += made
            refused += [refusal for refusal in refusals if refusal not in refused]
    alone = Prepared(dialect, tuple(predicates), tuple(waiting), tuple(off), tuple(refused))
    return _with_correlations(alone, rules, disabled) if rules.correlations else alone


def _with_correlations(alone: Prepared, rules: RuleSet, disabled: frozenset[str]) -> Prepared:
    homes: dict[str, list[FieldBinder]] = {}
    for predicate in alone.predicates:
        homes.setdefault(predicate.rule.info.id, []).append(predicate.source)
    states = {r.info.id: alone.state_of(r.info.id) for r in rules.rules if r.info.id not in homes}
    found = gather(rules.correlations, homes, states, disabled)
    predicates = [
        replace(
            p,
            parts=tuple(found.parts.get((p.rule.info.id, p.source.name), ())),
            reports=p.rule.info.id not in found.silent,
        )
        for p in alone.predicates
    ]
    return replace(
        alone,
        predicates=tuple(predicates),
        waiting=(*alone.waiting, *found.waiting),
        disabled=(*alone.disabled, *found.disabled),
        refused=(*alone.refused, *found.refused),
        correlations=tuple(found.ready),
        silent=frozenset(found.silent),
    )


def _compile(
    rule: Rule, targets: Sequence[Target], dialect: Dialect, placeholders: Placeholders
) -> tuple[list[Predicate], list[Refusal]]:
    """Compile for every target; a target that lacks a field is left out if another has them all."""
    made: list[Predicate] = []
    errors: list[RuleError] = []
    without: list[dict[RuleException, RuleError]] = []
    for target in targets:
        compiled = partial(compile_rule, target=target, dialect=dialect, placeholders=placeholders)
        try:
            predicate, at_fault = compile_leniently(rule, compiled)
        except RuleError as error:
            errors.append(error)
            continue
        made.append(predicate)
        without.append(at_fault)
    if made:
        return made, refused_everywhere(without)
    reason = "; ".join(dict.fromkeys(_reason(error) for error in errors))
    return [], [Refusal(rule.info.id, rule.path, errors[0].line, reason)]


def _reason(error: RuleError) -> str:
    return f"{error.message} ({error.fix})" if error.fix else error.message


def compile_rule(
    rule: Rule, target: Target, dialect: Dialect, placeholders: Placeholders | None = None
) -> Predicate:
    """Compile one rule for one source. Raises `RuleError`."""
    scope = Scope(dialect)
    compiler = Compiler(rule, target.source, scope, placeholders or {})
    condition = compiler.compile()
    text = condition.sql(dialect=dialect.name)
    if len(text) > MAX_SQL:
        raise RuleError(
            f"the rule is {len(text)} characters of SQL, more than a query may have",
            file=rule.path,
            line=rule.line,
            fix="split its value lists over several rules",
        )
    shown = {name: b for name in rule.info.fields if (b := target.source.bind(name)) is not None}
    belongs = None
    if target.when:
        belongs = scope.condition(_belonging(target, dialect)).name
    bindings = {**shown, **compiler.bindings}
    led = lead(condition, dialect.name) if dialect.leads else None
    return Predicate(
        rule, target.source, condition, belongs, scope.derived, bindings, text, led=led
    )


def _belonging(target: Target, dialect: Dialect) -> exp.Expr:
    """Return the condition under which a row belongs to the rule's log source."""
    scope = Scope(dialect)
    test = any_of([_matches(target.source, when, scope) for when in target.when])
    return inlined(test, scope.derived)


def _matches(source: FieldBinder, when: When, scope: Scope) -> exp.Expr:
    tests = []
    for column, values in when.items():
        binding = source.bind(column)
        if binding is None:
            raise SourceError(f"source {source.name}: `when` names no column {column!r}")
        subject = subject_of(binding, scope)
        numbers = [value for value in values if isinstance(value, int)]
        words = [Pattern((value,)) for value in values if isinstance(value, str)]
        answers = ([subject.equals(numbers)] if numbers else []) + (
            [subject.matches(words)] if words else []
        )
        tests.append(any_of(answers))
    return all_of(tests)


def inlined(condition: exp.Expr, derived: Mapping[str, exp.Expr]) -> exp.Expr:
    """Write derived columns out in place."""

    def replace_column(node: exp.Expr) -> exp.Expr:
        if isinstance(node, exp.Column) and node.name in derived:
            return derived[node.name].copy()
        return node

    return condition.copy().transform(replace_column)


def only(prepared: Prepared, rule_ids: Iterable[str]) -> Prepared:
    """Return the same with no other predicates than those of these rules."""
    wanted = set(rule_ids)
    kept = tuple(p for p in prepared.predicates if p.rule.info.id in wanted)
    return replace(prepared, predicates=kept)
