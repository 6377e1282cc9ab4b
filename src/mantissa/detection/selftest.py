"""Rules' own tests: each event goes through its source's mapping and the rule's SQL on an engine."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import orjson
import pyarrow as pa
import pyarrow.compute as pc

from mantissa.detection.correlate_rows import correlate, flat_members, with_inner
from mantissa.detection.correlation import Correlation
from mantissa.detection.dialects import Dialect
from mantissa.detection.exceptions import unexcepted
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

    rule: Rule | Correlation
    test: RuleTest
    numbers: list[int] = field(default_factory=list)
    refused: str = ""
    fired: bool = False


def run_tests(
    rules: RuleSet, sources: Sequence[SourceSpec], dialect: Dialect, open_rows: OpenRows
) -> TestReport:
    """Run the tests of every rule and correlation, disabled ones included.

    Tests prove the rule as its author wrote it, so exceptions are left out.
    """
    every = replace(
        rules,
        rules=tuple(replace(unexcepted(rule), enabled=True) for rule in rules.rules),
        correlations=tuple(replace(c, enabled=True) for c in rules.correlations),
    )
    prepared = prepare(every, sources, dialect)
    subjects: tuple[Rule | Correlation, ...] = (*every.rules, *every.correlations)
    cases = [_Case(rule, test) for rule in subjects for test in rule.tests]
    trial = _try(cases, prepared, {spec.name: spec for spec in sources}, open_rows)
    for case in cases:
        if isinstance(case.rule, Correlation) and not case.refused:
            _correlate(case, trial, prepared, open_rows)
    failed = [failure for case in cases if (failure := _failure(case, trial)) is not None]
    parts = {member.id for c in every.correlations for member in c.members}
    untested = (r.info.id for r in subjects if not r.tests and r.info.id not in parts)
    return TestReport(len(subjects), len(cases), tuple(failed), tuple(untested))


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
        for place, source in enumerate(_sources(case, prepared, wanted)):
            events.setdefault(source, []).append((count, case.test.events[place]))
            case.numbers.append(count)
            count += 1
    for source, numbered in events.items():
        rows = _rows(specs[source], numbered, trial)
        table = specs[source].table.name
        judge({table: rows}, list(wanted[source].values()), prepared.dialect, open_rows, trial)
    return trial


def _sources(case: _Case, prepared: Prepared, wanted: dict[str, dict[str, Predicate]]) -> list[str]:
    """Choose each event's source, and note the predicates to be tried there.

    An event that does not say is of the first source that the rule runs on.
    """
    rule_id, known = case.rule.info.id, {c.info.id: c for c in prepared.correlations}
    ids = flat_members(known[rule_id], known) if rule_id in known else (rule_id,)
    own: dict[str, dict[str, Predicate]] = {}
    for predicate in prepared.predicates:
        if predicate.rule.info.id in ids:
            own.setdefault(predicate.source.name, {})[predicate.rule.info.id] = predicate
    said = case.test.sources or (case.test.source,) * len(case.test.events)
    chosen = [source or next(iter(own), "") for source in said]
    strange = [source for source in chosen if source not in own]
    refused = [r.reason for r in prepared.refused if r.id == rule_id]
    if refused or not own:
        waits = case.rule.logsource if isinstance(case.rule, Rule) else "its members"
        case.refused = refused[0] if refused else f"no log source for {waits}"
    elif strange:
        case.refused = f"the rule does not apply to source {strange[0]}"
    if case.refused:
        return []
    for source in chosen:
        wanted.setdefault(source, {}).update(own[source])
    return chosen


def _correlate(case: _Case, trial: Trial, prepared: Prepared, open_rows: OpenRows) -> None:
    """Judge a correlation over the matches of one test's own events."""
    known = {c.info.id: c for c in prepared.correlations}
    correlation = known[case.rule.info.id]
    numbers = pa.array([f"{number:08x}" for number in case.numbers], pa.string())
    own = []
    for table in trial.matches:
        places = pc.utf8_slice_codeunits(table.column("event_id"), 32)
        own.append(table.filter(pc.is_in(places, numbers)))
    found = correlate(own, prepared, open_rows, with_inner(correlation, known))
    for error in found.failures.values():
        case.refused = str(error)
    case.fired = any(i.correlation is correlation for i, _ in found.islands)


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
    if isinstance(case.rule, Correlation):
        return "match" if case.fired else "no match"
    fired = {rule_id in trial.fired.get(number, ()) for number in case.numbers}
    if len(fired) > 1:
        return "match on some events only"
    return "match" if fired == {True} else "no match"
