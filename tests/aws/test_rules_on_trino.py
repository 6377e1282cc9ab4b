"""The rule library on Trino: its own tests, and the same hits as DuckDB on samples and the demo."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from mantissa.adapters.local.rows import RowsEngine
from mantissa.bootstrap.app import library_rules
from mantissa.detection.dialects import DUCKDB, TRINO, Dialect
from mantissa.detection.load import load_rules
from mantissa.detection.match import match_events
from mantissa.detection.prepare import prepare
from mantissa.detection.selftest import run_tests
from mantissa.detection.table import MATCHES
from mantissa.detection.trial import OpenRows
from mantissa.entrypoints.cli.scenario import write_scenario
from mantissa.sources.decode import Decoded, decode
from mantissa.sources.record import Limits
from mantissa.sources.registry import load_sources
from support.emulators import Emulator
from support.requirements import ROOT
from support.trino import Trino
from support.trino_rows import OnTrino

SOURCES = load_sources()
RULES = load_rules([library_rules()])
SINGLE = replace(RULES, correlations=())
"""Correlations' own tests are a world each, too many for a server; `test_correlation_on_trino` has
their SQL."""
TABLES = [*(spec.table for spec in SOURCES.values()), MATCHES]
Fired = Mapping[int, tuple[str, ...]]


@pytest.fixture
def on_trino(trino: Trino, ministack: Emulator) -> OnTrino:
    return OnTrino(trino, ministack, TABLES)


def test_every_rule_passes_its_own_tests(on_trino: OnTrino) -> None:
    report = run_tests(SINGLE, list(SOURCES.values()), TRINO, on_trino)
    assert report.failed == ()
    parts = {member.id for each in RULES.correlations for member in each.members}
    assert report.rules == len(RULES.rules)
    assert set(report.untested) <= parts
    assert report.tests >= 2 * (report.rules - len(parts))


def fired(files: list[Path], source: str, dialect: Dialect, open_rows: OpenRows) -> Fired:
    ready = prepare(RULES, SOURCES.values(), dialect)
    assert ready.refused == ()

    def decoded() -> Iterator[Iterator[Decoded]]:
        for path in files:
            with path.open("rb") as stream:
                yield decode(stream, path.name, Limits())

    report = match_events(decoded(), SOURCES[source], ready, open_rows)
    assert report.refused == ()
    return report.matches


def samples(source: str) -> list[Path]:
    folder = ROOT / "src/mantissa/sources/builtin" / source
    return sorted(folder.glob("sample*"))


@pytest.mark.parametrize("source", SOURCES)
def test_samples_fire_the_same_rules_on_both(on_trino: OnTrino, source: str) -> None:
    here = fired(samples(source), source, DUCKDB, RowsEngine)
    there = fired(samples(source), source, TRINO, on_trino)
    assert there == here
    assert here


def test_the_demo_fires_the_same_rules_on_both(on_trino: OnTrino, tmp_path: Path) -> None:
    end = datetime(2026, 3, 4, 12, tzinfo=UTC)
    made = write_scenario(tmp_path, end=end, events=2_000)
    files = [path for path in made.files if path.is_file()]
    here = fired(files, "aws_cloudtrail", DUCKDB, RowsEngine)
    there = fired(files, "aws_cloudtrail", TRINO, on_trino)
    assert there == here
    assert len({rule for rules in here.values() for rule in rules}) >= 10
