"""The demo's intrusion is seen by our rules step by step, and the ordinary day around it is quiet."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from mantissa.adapters.local.rows import RowsEngine
from mantissa.ask.guard import guard
from mantissa.ask.reads import Names
from mantissa.detection.correlation import Correlation
from mantissa.detection.dialects import DUCKDB
from mantissa.detection.load import load_rules
from mantissa.detection.match import match_events
from mantissa.detection.prepare import prepare
from mantissa.detection.rule import Rule
from mantissa.entrypoints.cli.scenario import Scenario, write_scenario
from mantissa.entrypoints.cli.scenario_attack import BUCKET, SNAPSHOT
from mantissa.entrypoints.cli.scenario_questions import QUESTIONS
from mantissa.model import QueryLimits
from mantissa.sources.decode import decode
from mantissa.sources.mapping import Envelope, Extractor
from mantissa.sources.record import Batch, Limits
from mantissa.sources.registry import load_sources
from support.requirements import ROOT

END = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
EXPECTED = {
    "key_tried": "pentest_distribution_user_agent",
    "looking_around": "iam_account_authorization_dump",
    "administrator_rights": "administrator_policy_attached",
    "second_key": "access_key_created_for_other_user",
    "console_password": "console_password_set_by_access_key",
    "console_login": "iam_user_console_login_password_only",
    "trail_narrowed": "trail_event_selectors_narrowed",
    "trail_stopped": "trail_stopped_or_deleted",
    "flow_logs_deleted": "network_flow_log_removed",
    "guardduty_off": "guardduty_switched_off",
    "secrets_read": "secret_read_with_long_lived_key",
    "snapshot_shared": "snapshot_shared_with_other_account",
    "bucket_opened": "bucket_policy_allows_everyone",
}
RULES = load_rules([ROOT / "rules"])
EVERY: tuple[Rule | Correlation, ...] = (*RULES.rules, *RULES.correlations)
NAME = {rule.info.id: Path(rule.path).stem for rule in EVERY if rule.tests}
LEVEL = {NAME[rule.info.id]: rule.info.level.value for rule in EVERY if rule.tests}
"""Of what reports by itself: members of correlations have no tests of their own."""


@dataclass(frozen=True)
class Seen:
    """The scenario, its rows, and the names of the rules that fire, by CloudTrail's event id."""

    scenario: Scenario
    rows: pa.Table
    fired: Mapping[str, tuple[str, ...]]

    def noise(self) -> Counter[str]:
        attack = {i for ids in self.scenario.attack_event_ids.values() for i in ids}
        return Counter(n for i, names in self.fired.items() if i not in attack for n in names)


@pytest.fixture(scope="module", params=[7, 8])
def seen(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Seen:
    target = tmp_path_factory.mktemp("demo")
    scenario = write_scenario(target, seed=request.param, end=END, events=20_000)
    spec = load_sources()["aws_cloudtrail"]
    prepared = prepare(RULES, [spec], DUCKDB)
    report = match_events(_decoded(scenario), spec, prepared, RowsEngine)
    assert report.refused == ()
    assert report.unread == {}
    assert report.events == scenario.events
    rows = _rows(scenario)
    ids = rows["eventid"].to_pylist()
    fired = {
        ids[n]: names
        for n, found in report.matches.items()
        if (names := tuple(NAME[i] for i in found if i in NAME))
    }
    return Seen(scenario, rows, fired)


def _decoded(scenario: Scenario) -> Iterator[Any]:
    for path in scenario.files:
        with path.open("rb") as stream:
            yield list(decode(stream, path.name, Limits()))


def _rows(scenario: Scenario) -> pa.Table:
    extractor = Extractor(load_sources()["aws_cloudtrail"])
    envelope = Envelope("0" * 64, "demo", END)
    batches = (item for file in _decoded(scenario) for item in file)
    tables = [extractor.extract(b, envelope).table for b in batches if isinstance(b, Batch)]
    return pa.concat_tables(tables)


def test_the_expected_rules_cover_the_story(seen: Seen) -> None:
    assert EXPECTED.keys() == seen.scenario.attack_event_ids.keys()
    assert len(set(EXPECTED.values())) == len(EXPECTED)


@pytest.mark.parametrize("step", EXPECTED)
def test_each_step_is_found_by_its_own_rule(seen: Seen, step: str) -> None:
    found = {name for i in seen.scenario.attack_event_ids[step] for name in seen.fired.get(i, ())}
    assert EXPECTED[step] in found


def test_every_secret_taken_is_found(seen: Seen) -> None:
    found = Counter(name for names in seen.fired.values() for name in names)
    assert found["secret_read_with_long_lived_key"] == 12


def test_the_ordinary_day_is_quiet(seen: Seen) -> None:
    noise = seen.noise()
    assert [name for name in noise if LEVEL[name] in ("high", "critical")] == [], noise
    assert noise.total() <= 3, noise


def test_questions_tell_the_story(seen: Seen) -> None:
    engine = RowsEngine({"aws_cloudtrail": seen.rows})
    names = Names.of(spec.table for spec in load_sources().values())
    asked = [guard(question.sql, names, dialect="duckdb").sql for question in QUESTIONS]
    addresses, deeds, touched = (
        engine.run(sql, limits=QueryLimits()).table.to_pylist() for sql in asked
    )

    assert [a["address"] for a in addresses] == ["203.0.113.10", "198.51.100.77"]
    assert addresses[1]["refused"] == 5
    assert addresses[0]["refused"] == 0
    assert deeds[0]["eventname"] == "GetCallerIdentity"
    assert [d["eventname"] for d in deeds[-3:]] == [
        "AttachUserPolicy",
        "CreateAccessKey",
        "CreateLoginProfile",
    ]
    assert len([t for t in touched if t["eventname"] == "GetSecretValue"]) == 12
    assert {t["what"] for t in touched} >= {BUCKET, SNAPSHOT}
    assert all(t["what"] for t in touched)
