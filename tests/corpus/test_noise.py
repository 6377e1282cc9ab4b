"""The library's noise lies beside its rules: of every rule, of its present version, and little."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from mantissa.bootstrap.app import library_rules
from mantissa.bootstrap.noise import noise_of
from mantissa.detection.correlation import Correlation
from mantissa.detection.load import load_rules
from mantissa.detection.noise import FILE
from mantissa.detection.rule import Rule
from mantissa.model import Severity
from support.requirements import ROOT

LIBRARY = load_rules([ROOT / "rules"])
EVERY: tuple[Rule | Correlation, ...] = (*LIBRARY.rules, *LIBRARY.correlations)
MEASURED: dict[str, Any] = json.loads((ROOT / "rules" / FILE).read_text(encoding="utf-8"))
MOST = 5.0
"""Matches in 100,000 benign events that a rule of level medium or above may have."""

each_rule = pytest.mark.parametrize("rule", EVERY, ids=lambda rule: rule.info.id)


def test_every_rule_was_measured_and_none_is_left_over() -> None:
    assert MEASURED["rules"].keys() == {rule.info.id for rule in EVERY}


@each_rule
def test_the_measure_is_of_the_rule_as_it_is(rule: Rule | Correlation) -> None:
    line = MEASURED["rules"][rule.info.id]
    again = "the rule has changed since: run `make rule-noise`"
    assert line["version"] == rule.info.version, again
    assert line["title"] == rule.info.title, again
    assert line["level"] == str(rule.info.level), again
    assert line["path"] == Path(rule.path).relative_to(ROOT).as_posix(), again


@each_rule
def test_what_wakes_people_is_quiet_without_an_attack(rule: Rule | Correlation) -> None:
    line = MEASURED["rules"][rule.info.id]
    loud = line["reports"] and rule.info.level.rank >= Severity.MEDIUM.rank
    assert not loud or (line["per_100k"] or 0.0) <= MOST, "tighten the rule or lower its level"


def test_rates_follow_from_counts() -> None:
    records = dict.fromkeys(("recorded", "constructed", "surroundings"), 0)
    for corpus in MEASURED["corpora"]:
        assert corpus.keys() == {"corpus", "kind", "source", "records"}
        records[corpus["kind"]] += corpus["records"]
    assert min(records.values()) > 0
    for line in MEASURED["rules"].values():
        assert line["matches"] >= 0
        assert 0 <= line["records"] <= records["recorded"]
        for kind in ("constructed", "surroundings"):
            assert 0 <= line[kind]["records"] <= records[kind]
            assert line[kind]["matches"] >= 0
        rate = round(line["matches"] * 100_000 / line["records"], 1) if line["records"] else None
        assert line["per_100k"] == rate


def test_the_product_finds_the_measure_where_its_rules_are() -> None:
    assert (library_rules() / FILE).is_file()
    found = noise_of(EVERY[0].info)
    assert found is not None
    assert found.is_current
    assert found.per_100k == MEASURED["rules"][EVERY[0].info.id]["per_100k"]
