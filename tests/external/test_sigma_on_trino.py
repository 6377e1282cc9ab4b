"""The public Sigma collection as Athena SQL on real Trino: no event missed, none too many."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from mantissa.detection.dialects import TRINO
from mantissa.detection.load import load_rules
from mantissa.detection.prepare import prepare
from mantissa.detection.rule import RuleSet
from support.emulators import Emulator
from support.sigma_cases import (
    SOURCES,
    cloudtrail_found,
    cloudtrail_wanted,
    differences_on_variants,
)
from support.trino import Trino
from support.trino_rows import OnTrino

pytestmark = pytest.mark.timeout(1800)


@pytest.fixture(scope="module")
def rules(shared_data: Path) -> RuleSet:
    return load_rules([shared_data / "sigmahq"])


@pytest.fixture
def on_trino(trino: Trino, ministack: Emulator) -> OnTrino:
    return OnTrino(trino, ministack, [spec.table for spec in SOURCES.values()])


def test_mutated_windows_events_fire_exactly_the_rules_they_must(
    shared_data: Path, rules: RuleSet, on_trino: OnTrino
) -> None:
    ready = prepare(rules, [SOURCES["windows"]], TRINO)
    missed, extra = differences_on_variants(shared_data, ready, on_trino)
    assert (missed, extra) == (Counter(), Counter())
    assert on_trino.queries <= 20


def test_cloudtrail_events_fire_exactly_the_rules_they_must(
    shared_data: Path, rules: RuleSet, on_trino: OnTrino
) -> None:
    chosen = [r for r in rules.rules if r.logsource.service == "cloudtrail"]
    ready = prepare(RuleSet(tuple(chosen)), SOURCES.values(), TRINO)
    assert cloudtrail_found(shared_data, ready, on_trino) == cloudtrail_wanted(shared_data)
