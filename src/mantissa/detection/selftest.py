"""Rules' own tests: each event goes through its source's mapping and the rule's SQL on an engine."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import orjson
import pyarrow as pa

from mantissa.detection.dialects import Dialect
from mantissa.detection.prepare import Predicate, Prepared, prepare
from mantissa.detection.rule import Event, Rule, RuleSet, RuleTest
from mantissa.detection.trial import OpenRows, Rows, Trial, judge
from mantissa.sources.definition import SourceSpec
from mantissa.sources.record import Batch


@dataclass(frozen=True, slots=True)
class TestFailure:
    """A test whose rule did not do as the test says.

    Args:
        got: `match`, `no match`, or why the test could not be run.
    """

    __test__ = False

    rule_id: str
    test: str
    expected: str
    got: str


@dataclass(frozen=True, slots=True)
class TestReport:
    """What `rules test` says.

    Args:
        untested: ids of rules without any test.
    """

    __test__ = False

    rules: int
    tests: int
    failed: tuple[TestFailure, ...]
    untested: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        """Return the `rules test` command's JSON."""
        failed = [
            {"id": f.rule_id, "test": f.test, "expected": f.expected, "got": f.got}
            for f in self.failed
        ]
        return {
            "rules": self.rules,
            "tests": self.tests,
            "failed": failed,
            "untested": list(self.untested),
        }


@dataclass(slots=True)
class _Case:
    """One test, with the numbers its events got."""

    rule: Rule
    test: RuleTest
    numbers: list[int] = field(default_factory=list)
    refused: str = ""


def run_tests(
    rules: RuleSet, sources: Sequence[SourceSpec], dialect: Dialect, open_rows: OpenRows
) -> TestReport:
    """Run the tests of every rule, disabled ones included."""
    every = RuleSet(tuple(replace(rule, enabled=True) for rule in rules.rules), rules.refused)
    prepared = prepare(every, sources, dialect)
    cases = [_Case(rule, test) for rule in every.rules for test in rule.tests]
    trial = _try(cases, prepared, {spec.name: spec for spec in sources}, open_rows)
    failed = [failure for case in cases if (failure := _failure(case, trial)) is not None]
    untested = tuple(rule.info.id for rule in every.rules if not rule.tests)
    return TestReport(len(every.rules), len(cases), tuple(failed), untested)


def _try(
    cases: Iterable[_Case],
    prepared: Prepared,
    specs: Mapping[str, SourceSpec],
    open_rows: OpenRows,
) -> Trial:
    trial = Trial()
    events: dict[str, list[tuple[int, Event]]] = {}
    wanted: dict[str, dict[str, Predicate]] = {}
    count = 0
    for case in cases:
        predicate = _predicate(case, prepared)
        if predicate is None:
            continue
        source = predicate.source.name
        wanted.setdefault(source, {})[case.rule.info.id] = predicate
        for event in case.test.events:
            events.setdefault(source, []).append((count, event))
            case.numbers.append(count)
            count += 1
    for source, numbered in events.items():
        rows = _rows(specs[source], numbered, trial)
        table = specs[source].table.name
        judge({table: rows}, list(wanted[source].values()), prepared.dialect, open_rows, trial)
    return trial


def _predicate(case: _Case, prepared: Prepared) -> Predicate | None:
    """Choose the source that a test is for; the first that the rule runs on if it does not say."""
    rule_id = case.rule.info.id
    own = [p for p in prepared.predicates if p.rule.info.id == rule_id]
    chosen = [p for p in own if case.test.source in (None, p.source.name)]
    if chosen:
        return chosen[0]
    refused = [r.reason for r in prepared.refused if r.id == rule_id]
    if own:
        case.refused = f"the rule does not apply to source {case.test.source}"
    else:
        case.refused = refused[0] if refused else f"no log source for {case.rule.logsource}"
    return None


def _rows(spec: SourceSpec, numbered: Sequence[tuple[int, Event]], trial: Trial) -> pa.Table:
    """Map events; text lines one by one, so that none sees the header or the layout of another."""
    batches = [Batch([_record(event)], [number]) for number, event in numbered]
    if spec.lines is None:
        raws = [raw for batch in batches for raw in batch.raws]
        return Rows(spec).map(Batch(raws, [number for number, _ in numbered]), trial)
    return pa.concat_tables([Rows(spec).map(batch, trial) for batch in batches])


def _record(event: Event) -> bytes:
    return event.encode() if isinstance(event, str) else orjson.dumps(event, default=str)


def _failure(case: _Case, trial: Trial) -> TestFailure | None:
    got = _got(case, trial)
    expected = "match" if case.test.match else "no match"
    if got == expected:
        return None
    return TestFailure(case.rule.info.id, case.test.name, expected, got)


def _got(case: _Case, trial: Trial) -> str:
    rule_id = case.rule.info.id
    failures = [f.reason for f in trial.failures if f.rule_id == rule_id]
    unread = [f"not read: {trial.unread[n]}" for n in case.numbers if n in trial.unread]
    problems = [text for text in (case.refused, *failures, *unread) if text]
    if problems:
        return problems[0]
    fired = {rule_id in trial.fired.get(number, ()) for number in case.numbers}
    if len(fired) > 1:
        return "match on some events only"
    return "match" if fired == {True} else "no match"
