"""The public Sigma collection: every rule compiles, and Windows and CloudTrail rules fire as expected."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlglot
import yaml

from mantissa.adapters.local.rows import RowsEngine
from mantissa.detection.anysource import AnySource
from mantissa.detection.backend import Compiler
from mantissa.detection.dialects import DUCKDB, MAX_SQL, TRINO, Dialect
from mantissa.detection.fuse import fuse
from mantissa.detection.load import load_rules
from mantissa.detection.pipeline import FieldBinder
from mantissa.detection.prepare import Prepared, prepare
from mantissa.detection.rule import RuleSet
from mantissa.detection.scope import Scope
from mantissa.errors import RuleError
from support.sigma_cases import (
    SOURCES,
    cloudtrail_found,
    cloudtrail_wanted,
    differences_on_variants,
    matched,
)

UNEXPANDED = {
    "win_security_adcs_certighost_cdc_chase_request.yml",
    "win_security_adcs_certighost_cert_issued_via_chase.yml",
}
SAID_TOO_FEW = {"45e112d0-7759-4c2a-aa36-9f8fb79d3393", "c7dcacd0-cc59-4004-b0a4-1d6cdebe6f3e"}
"""Recordings whose description says one match while three and two of their events plainly do."""
DIALECTS = [DUCKDB, TRINO]


@pytest.fixture(scope="module")
def rules(shared_data: Path) -> RuleSet:
    return load_rules([shared_data / "sigmahq"])


@pytest.fixture(scope="module")
def ready(rules: RuleSet) -> Prepared:
    return prepare(rules, SOURCES.values(), DUCKDB)


def test_every_rule_is_read(rules: RuleSet) -> None:
    assert len(rules.rules) == 3_754
    assert rules.refused == ()


@pytest.mark.parametrize("dialect", DIALECTS, ids=lambda d: d.name)
def test_every_rule_compiles_but_the_two_with_a_placeholder(
    rules: RuleSet, dialect: Dialect
) -> None:
    source: FieldBinder = AnySource()
    refused = {}
    for rule in rules.rules:
        try:
            condition = Compiler(rule, source, Scope(dialect)).compile()
        except RuleError as error:
            refused[Path(rule.path).name] = error.message
            continue
        text = condition.sql(dialect=dialect.name)
        assert len(text) < MAX_SQL, rule.path
        sqlglot.parse_one(text, dialect=dialect.name)
    assert set(refused) == UNEXPANDED
    assert all("%known_cdcs%" in reason for reason in refused.values())


@pytest.mark.parametrize("dialect", DIALECTS, ids=lambda d: d.name)
def test_rules_with_a_source_run_and_fused_queries_parse(rules: RuleSet, dialect: Dialect) -> None:
    made = prepare(rules, SOURCES.values(), dialect)
    reasons = {Path(r.path).name: r.reason for r in made.refused}
    assert set(reasons) >= UNEXPANDED
    unknown = {name: r for name, r in reasons.items() if "has no field" not in r}
    assert set(unknown) == UNEXPANDED
    assert len(made.rules) + len(made.waiting) + len(made.refused) == 3_754
    assert len(made.rules) >= 2_900
    assert len(reasons) - len(UNEXPANDED) <= 30, reasons
    for query in fuse(made.predicates, dialect):
        assert len(query.sql.encode()) <= max(262_144, dialect.most_text)
        sqlglot.parse_one(query.sql, dialect=dialect.name)


def test_mutated_windows_events_fire_exactly_the_rules_they_must(
    shared_data: Path, ready: Prepared
) -> None:
    missed, extra = differences_on_variants(shared_data, ready, RowsEngine)
    assert (missed, extra) == (Counter(), Counter())


def regression_cases(folder: Path) -> Iterator[tuple[str, Path, int | None]]:
    """Yield rule id, recorded events and how many of them the rule must fire on, if that is said."""
    for info in sorted(folder.rglob("info.yml")):
        described = yaml.safe_load(info.read_text(encoding="utf-8"))
        for test in described.get("regression_tests_info", []):
            stem = Path(test["path"]).stem
            for recorded in sorted(info.parent.glob(f"{stem}.*")):
                for rule in described["rule_metadata"]:
                    yield rule["id"], recorded, test.get("match_count")


def test_recorded_events_fire_their_rule(shared_data: Path, rules: RuleSet) -> None:
    cases = list(regression_cases(shared_data / "sigma_regression"))
    assert len(cases) >= 122
    wanted = {rule_id for rule_id, _, _ in cases}
    chosen = RuleSet(tuple(rule for rule in rules.rules if rule.info.id in wanted))
    ready = prepare(chosen, SOURCES.values(), DUCKDB)
    assert wanted == set(ready.rules)
    counts: Counter[tuple[Path, str]] = Counter()
    for path, _, ids in matched(sorted({c[1] for c in cases}), "windows", ready, RowsEngine):
        counts.update((path, rule_id) for rule_id in ids)
    fewer = [c for c in cases if counts[c[1], c[0]] < (c[2] or 1)]
    more = {recorded.stem for rule_id, recorded, n in cases if n and counts[recorded, rule_id] > n}
    assert fewer == []
    assert more == SAID_TOO_FEW


def test_cloudtrail_events_fire_exactly_the_rules_they_must(
    shared_data: Path, rules: RuleSet
) -> None:
    chosen = [r for r in rules.rules if r.logsource.service == "cloudtrail"]
    ready = prepare(RuleSet(tuple(chosen)), SOURCES.values(), DUCKDB)
    found = cloudtrail_found(shared_data, ready, RowsEngine)
    wanted = cloudtrail_wanted(shared_data)
    sizes = [{name: len(pairs) for name, pairs in sets.items()} for sets in (found, wanted)]
    assert sizes[0] == sizes[1]
    assert found == wanted
