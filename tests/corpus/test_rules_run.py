"""Every rule of the library on the engine: it compiles, its fields exist, its tests come true."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from mantissa.adapters.local.rows import RowsEngine
from mantissa.detection.check import check_rules
from mantissa.detection.correlation import Correlation
from mantissa.detection.dialects import DUCKDB
from mantissa.detection.load import load_rules
from mantissa.detection.pipeline import find_targets
from mantissa.detection.rule import Rule, RuleSet
from mantissa.detection.selftest import TestReport, run_tests
from mantissa.sources.registry import Sources, load_sources
from support.requirements import ROOT

LIBRARY = load_rules([ROOT / "rules"])

EVERY: tuple[Rule | Correlation, ...] = (*LIBRARY.rules, *LIBRARY.correlations)

each_rule = pytest.mark.parametrize(
    "rule", LIBRARY.rules, ids=lambda rule: Path(rule.path).relative_to(ROOT / "rules").as_posix()
)


@pytest.fixture(scope="module")
def sources() -> Sources:
    return load_sources()


@pytest.fixture(scope="module")
def report(sources: Sources) -> TestReport:
    return run_tests(LIBRARY, list(sources.values()), DUCKDB, RowsEngine)


def test_every_file_is_read() -> None:
    assert LIBRARY.refused == ()
    texts = [path.read_text(encoding="utf-8") for path in (ROOT / "rules").rglob("*.yml")]
    documents = [d for text in texts for d in yaml.safe_load_all(text)]
    assert len(EVERY) == len(documents)


def test_every_rule_runs_in_every_dialect(sources: Sources) -> None:
    report = check_rules(LIBRARY, sources.values())

    assert report.refused == ()
    assert report.waiting == report.disabled == 0
    assert report.compiled == dict.fromkeys(report.compiled, len(EVERY))
    assert report.runs == len(EVERY)


@each_rule
def test_every_field_shown_or_asked_is_known_to_the_source(rule: Rule, sources: Sources) -> None:
    targets = find_targets(rule.logsource, sources.values())
    assert targets
    for target in targets:
        named = {*rule.info.fields, *_asked(rule.conditions)}
        assert [field for field in sorted(named) if target.source.bind(field) is None] == []


def _asked(trees: Any) -> list[str]:
    found: list[str] = []
    for tree in trees:
        found += [tree.field] if getattr(tree, "field", None) else []
        found += _asked(getattr(tree, "args", ()))
    return found


@pytest.mark.parametrize("rule", EVERY, ids=lambda rule: rule.info.id)
def test_own_tests_come_true(rule: Rule | Correlation, report: TestReport) -> None:
    assert [f for f in report.failed if f.rule_id == rule.info.id] == []
    assert rule.info.id not in report.untested


def test_every_test_was_run(report: TestReport) -> None:
    assert report.tests == sum(len(rule.tests) for rule in EVERY)


def test_a_test_that_says_the_opposite_fails(sources: Sources) -> None:
    """Guards the guard: a report without failures must mean that the rules were executed."""
    rule = LIBRARY.rules[0]
    flipped = replace(rule, tests=tuple(replace(t, match=not t.match) for t in rule.tests))
    report = run_tests(RuleSet((flipped,)), list(sources.values()), DUCKDB, RowsEngine)

    assert len(report.failed) == len(rule.tests)
