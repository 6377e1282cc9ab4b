"""An estimate adds up, grows with what is asked of it, and rests on numbers that were measured."""

from __future__ import annotations

import re
from dataclasses import fields, replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mantissa.adapters.aws.prices import load_prices
from mantissa.errors import ConfigError
from mantissa.lake.cost import ITEMS, Estimate, Price, estimate
from mantissa.lake.cost_case import Assumptions, Case, Volumes
from support.requirements import ROOT

PRICES = load_prices("us-east-1").prices
GROWS = ("gb_per_day", "rules", "queries_per_day", "retention_days", "alerts_per_day")
VOLUMES = st.builds(
    Volumes,
    gb_per_day=st.floats(0, 5000),
    rules=st.integers(0, 5000),
    queries_per_day=st.floats(0, 10_000),
    retention_days=st.integers(1, 3650),
    alerts_per_day=st.floats(0, 10_000),
    sources=st.integers(1, 50),
    object_kb=st.floats(1, 100_000),
)


def priced(volumes: Volumes) -> Estimate:
    return estimate(Case(volumes), PRICES)


def by_name(found: Estimate) -> dict[tuple[str, str], float]:
    return {(line.service, line.name): line.monthly for line in found.lines}


@given(VOLUMES)
def test_lines_services_and_shares_add_up(volumes: Volumes) -> None:
    found = priced(volumes)
    assert sum(found.services.values()) == pytest.approx(found.total)
    assert sum(line["share"] for line in found.to_json()["lines"]) == pytest.approx(1)
    assert all(line.monthly == line.quantity * line.price >= 0 for line in found.lines)
    assert len(found.lines) == len(ITEMS)


@given(VOLUMES, st.sampled_from(GROWS), st.floats(1, 10))
def test_more_never_costs_less_on_any_line(volumes: Volumes, name: str, factor: float) -> None:
    more = replace(volumes, **{name: getattr(volumes, name) * factor})
    before, after = by_name(priced(volumes)), by_name(priced(more))
    for line, usd in before.items():
        assert after[line] >= usd - 1e-9, line


@pytest.mark.parametrize("name", GROWS)
def test_every_volume_matters(name: str) -> None:
    more = replace(Volumes(), **{name: getattr(Volumes(), name) * 20})
    assert priced(more).total > priced(Volumes()).total


def test_larger_objects_are_cheaper() -> None:
    assert priced(Volumes(object_kb=1000)).total < priced(Volumes(object_kb=100)).total


def test_nothing_to_do_costs_what_is_fixed() -> None:
    idle = priced(Volumes(gb_per_day=0, queries_per_day=0, alerts_per_day=0))
    assert idle.services["S3"] == 0
    assert by_name(idle)["Athena", "detection"] == 0
    assert 0 < idle.total < 60


def test_storage_is_volume_times_retention() -> None:
    """10 GB a day in objects too small to move, kept 100 days: Standard, and nothing else."""
    case = Case(Volumes(gb_per_day=10, retention_days=100, object_kb=10))
    files = 10e9 * 0.08 / 10_000
    standard = 100 * (10 * 0.08 + 10 * 0.1368 + files * 23_300 / 1e9)
    assert case.stored == (pytest.approx(standard), 0)
    large = Case(Volumes(gb_per_day=10, retention_days=100, object_kb=10_000))
    early, late = large.stored
    assert late / early == pytest.approx(70 / 30)


def test_athena_bills_10_mb_a_query_at_least() -> None:
    quiet = Case(Volumes(gb_per_day=0.5, sources=2, rules=100, object_kb=10))
    assert quiet.objects == 4000
    assert quiet.detection_queries == 288 * 2
    read = 0.5e9 * 0.0244 + 4000 * 33_000
    assert read < 576 * 10e6
    assert quiet.detection_tb == pytest.approx(576 * 10e6 / 1e12)


def test_both_ways_of_detection_are_priced() -> None:
    found = priced(Volumes())
    lines = by_name(found)
    ways = found.to_json()["detection"]
    by_clock = lines["Lambda", "detect"] + lines["Athena", "detection"]
    assert ways["athena"] == pytest.approx(by_clock, abs=0.01)
    assert 0 < ways["duckdb"] == pytest.approx(found.ways["duckdb"], abs=0.01)
    idle = priced(Volumes(gb_per_day=0))
    assert idle.ways["duckdb"] == 0


def test_a_burst_of_commits_is_gathered_into_runs() -> None:
    busy = Case(Volumes(gb_per_day=1000, object_kb=100))
    assert busy.ingest_calls > 4320
    assert busy.immediate_runs == 4320
    quiet = Case(Volumes(gb_per_day=0.1, object_kb=100))
    assert quiet.immediate_runs == quiet.ingest_calls


def test_no_run_asks_a_table_without_new_rows() -> None:
    assert Case(Volumes(gb_per_day=0)).detection_queries == 0
    rare = Case(Volumes(gb_per_day=0.01, object_kb=100, sources=2))
    assert rare.detection_queries == pytest.approx(rare.objects)


@pytest.mark.parametrize(("rules", "fused"), [(1, 1), (400, 1), (401, 2), (4000, 10)])
def test_400_rules_of_a_table_are_one_query(rules: int, fused: int) -> None:
    assert Case(Volumes(rules=rules, sources=1)).fused == fused


def test_a_price_that_lacks_is_named() -> None:
    with pytest.raises(ConfigError, match="athena_tb"):
        estimate(Case(Volumes()), {n: p for n, p in PRICES.items() if n != "athena_tb"})


def test_every_price_is_used_and_positive() -> None:
    assert {item.price for item in ITEMS} == PRICES.keys()
    assert all(
        isinstance(price, Price) and price.usd > 0 and price.unit for price in PRICES.values()
    )


def test_every_assumption_says_what_it_is_and_where_it_comes_from() -> None:
    told = Assumptions().to_json()
    assert [a["name"] for a in told] == [f.name for f in fields(Assumptions)]
    assert all(
        a["doc"] and a["origin"] in ("measured", "assumed", "deployed", "limit") for a in told
    )


def test_what_is_called_measured_stands_on_the_page_of_measurements() -> None:
    page = (ROOT / "docs" / "performance.md").read_text()
    block = page.split("<!-- volumes: begin -->")[1].split("<!-- volumes: end -->")[0]
    measured = {name: float(value) for name, value in re.findall(r"\| `(\w+)` \| (\S+) \|", block)}
    cloudtrail = page.split("**cloudtrail**")[1].split("**vpcflow**")[0]
    rate = re.search(r"\| mantissa \| [\d,]+ \| ([\d.]+) \|", cloudtrail)
    assert rate
    measured["ingest_mb_s"] = float(rate[1])
    block = page.split("<!-- immediate: begin -->")[1].split("<!-- immediate: end -->")[0]
    measured |= {n: float(value) for n, value in re.findall(r"\| `(\w+)` \| (\S+) \|", block)}
    called = {a["name"]: a["value"] for a in Assumptions().to_json() if a["origin"] == "measured"}
    assert called == {name: pytest.approx(measured[name], rel=0.02) for name in called}
    assert len(called) == len(measured)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("regions: {eu-west-1: {s3_put_1k: {usd: 1}}}", "no prices of 'us-east-1'"),
        ("regions: {us-east-1: {s3_put_1k: {usd: free}}}", "'s3_put_1k' is no price"),
        ("regions: {us-east-1: {s3_put_1k: {usd: -1}}}", "'s3_put_1k' is no price"),
        ("regions: []", "no 'regions'"),
        ("- a list", "no table of prices"),
        ("{", "not YAML"),
    ],
)
def test_a_wrong_table_of_prices_is_named(tmp_path: Path, text: str, problem: str) -> None:
    file = tmp_path / "prices.yaml"
    file.write_text(text)
    with pytest.raises(ConfigError, match=problem) as caught:
        load_prices("us-east-1", file)
    assert caught.value.where == str(file)
