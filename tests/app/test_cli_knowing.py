"""`rules backtest`, `rules coverage`, and health in `rules list` and `doctor`, over a real lake."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from support.cli import Shell, rule, trail, write_rule
from support.lakes import cloudtrail

MINE, OTHER, THIRD = (str(UUID(int=n)) for n in (1, 2, 3))
TIME = "2026-03-0{}T10:0{}:00Z"
RANGE = ("--from", "2026-03-01", "--to", "2026-03-05")


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    made = Shell(tmp_path / "lake")
    made("init")
    (made.home / "mantissa.toml").write_text("[detection]\nlibrary = false\n")
    return made


def own(shell: Shell) -> Path:
    return shell.home / "rules"


def filled(shell: Shell) -> None:
    """Fill three days with two fetches each, and one of them with a bucket made."""
    for day in (1, 2, 3):
        trail(shell.home.parent / "in", f"{day}.json", [day * 10], eventTime=TIME.format(day, 0))
        trail(
            shell.home.parent / "in", f"{day}b.json", [day * 10 + 1], eventTime=TIME.format(day, 1)
        )
    trail(
        shell.home.parent / "in",
        "made.json",
        [99],
        eventTime=TIME.format(2, 5),
        eventName="CreateBucket",
    )
    shell("ingest", shell.home.parent / "in", "--quiet")


def backtest(shell: Shell, *words: object, code: int = 0) -> Any:
    return shell.json("rules", "backtest", *words, *RANGE, code=code)


def test_a_backtest_says_what_a_rule_would_have_found(shell: Shell) -> None:
    write_rule(own(shell), "mine.yml", rule(MINE, fields=["eventName", "awsRegion"]))
    filled(shell)
    found = backtest(shell, MINE, "--samples", 1)
    (entry,) = found["rules"]
    assert entry["days"] == {f"2026-03-0{day}": 2 for day in (1, 2, 3)}
    assert (entry["matches"], entry["kind"], entry["reports"]) == (6, "rule", True)
    (sample,) = entry["samples"]
    assert sample["event_time"] == "2026-03-03T10:01:00+00:00"
    assert sample["fields"]["eventName"] == "GetObject"
    assert (found["from"], found["to"]) == (
        "2026-03-01T00:00:00+00:00",
        "2026-03-06T00:00:00+00:00",
    )
    assert found["failed"] == found["refused"] == []
    assert found["estimated_bytes"] > 0
    assert found["bytes_scanned"] > 0
    assert found["queries"] == 1
    assert found["cost_usd"] == pytest.approx(0.00005)
    assert found["seconds"] >= 0


def test_a_backtest_finds_what_detection_finds_and_writes_nothing(shell: Shell) -> None:
    write_rule(own(shell), "mine.yml", rule(MINE))
    write_rule(
        own(shell),
        "b.yml",
        rule(OTHER, detection={"s": {"eventName": "CreateBucket"}, "condition": "s"}),
    )
    filled(shell)
    before = sorted(str(p) for p in (shell.home / "lake").rglob("*"))
    found = {r["id"]: r["matches"] for r in backtest(shell, "--all")["rules"]}
    assert sorted(str(p) for p in (shell.home / "lake").rglob("*")) == before
    shell("detect", "--quiet")
    sql = "SELECT rule_id, count(*) AS n FROM findings GROUP BY 1"
    assert found == dict(shell.json("query", sql)["rows"])


def test_a_span_is_of_days_or_goes_back_from_now(shell: Shell) -> None:
    write_rule(own(shell), "mine.yml", rule(MINE))
    filled(shell)
    one = shell.json("rules", "backtest", MINE, "--from", "2026-03-02", "--to", "2026-03-02")
    assert one["rules"][0]["days"] == {"2026-03-02": 2}
    half = ("--from", "2026-03-02T10:01:00", "--to", "2026-03-03T10:01:00Z")
    assert shell.json("rules", "backtest", MINE, *half)["rules"][0]["matches"] == 2
    assert shell.json("rules", "backtest", MINE, "--last", "1m")["rules"][0]["matches"] == 0


def test_a_rule_that_is_off_or_not_yet_ones_own_is_tried(shell: Shell) -> None:
    write_rule(own(shell), "off.yml", rule(MINE, mantissa={"enabled": False}))
    filled(shell)
    assert backtest(shell, MINE[:20] + "")["rules"][0]["matches"] == 6
    assert backtest(shell, "--all")["rules"] == []
    draft = write_rule(shell.home.parent / "drafts", "draft.yml", rule(OTHER))
    assert [r["id"] for r in backtest(shell, draft)["rules"]] == [OTHER]


def test_a_correlation_is_tried_with_its_members(shell: Shell) -> None:
    write_rule(own(shell), "member.yml", rule(MINE))
    many = {
        "title": "Many objects were fetched",
        "id": OTHER,
        "status": "test",
        "level": "high",
        "correlation": {
            "type": "event_count",
            "rules": [MINE],
            "group-by": ["userIdentity.userName"],
            "timespan": "10m",
            "condition": {"gte": 2},
        },
    }
    write_rule(own(shell), "many.yml", many)
    filled(shell)
    found = {r["id"]: r for r in backtest(shell, OTHER)["rules"]}
    assert found[OTHER]["days"] == {f"2026-03-0{day}": 1 for day in (1, 2, 3)}
    assert (found[OTHER]["kind"], found[MINE]["reports"]) == ("correlation", False)


def test_a_refused_rule_needs_a_look_and_a_wrong_name_is_wrong_usage(shell: Shell) -> None:
    write_rule(own(shell), "mine.yml", rule(MINE))
    wrong = {"s": {"eventNam": "x"}, "condition": "s"}
    write_rule(own(shell), "bad.yml", rule(OTHER, detection=wrong))
    filled(shell)
    found = backtest(shell, "--all", code=3)
    assert [r["id"] for r in found["refused"]] == [OTHER]
    assert [r["matches"] for r in found["rules"]] == [6]
    for words in ([], [THIRD], ["--all", MINE], [OTHER], [MINE, "--engine", "abacus"]):
        assert shell("rules", "backtest", *words, "--json", code=2).error["message"]
    for span in (
        ["--last", "soon"],
        ["--from", "x"],
        ["--from", "2026-03-02", "--to", "2026-03-01"],
    ):
        assert shell("rules", "backtest", MINE, *span, "--json", code=2).error["fix"]


def test_a_backtest_is_told_to_people(shell: Shell) -> None:
    write_rule(own(shell), "mine.yml", rule(MINE))
    filled(shell)
    out = shell("rules", "backtest", MINE, *RANGE).out
    assert "An object was fetched: 6 events" in out
    assert "2026-03-02       2" in out
    assert "1 rule matched, 0 found nothing" in out
    assert "Athena's list price for it is $0.00005" in out


def test_coverage_tells_three_states_and_writes_a_layer(shell: Shell, tmp_path: Path) -> None:
    tests = [
        {"name": "fetch", "match": True, "events": [cloudtrail(1)]},
        {"name": "other", "match": False, "events": [cloudtrail(1, eventName="ListBuckets")]},
    ]
    write_rule(
        own(shell), "a.yml", rule(MINE, tags=["attack.collection", "attack.t1530"], tests=tests)
    )
    write_rule(own(shell), "b.yml", rule(OTHER, tags=["attack.impact", "attack.t1485"]))
    off = rule(THIRD, tags=["attack.impact", "attack.t1486"], mantissa={"enabled": False})
    write_rule(own(shell), "c.yml", off)
    filled(shell)
    file = tmp_path / "layer.json"
    found = shell.json("rules", "coverage", "--navigator", file)
    states = {t["id"]: t["state"] for t in found["techniques"]}
    assert states == {"T1485": "enabled", "T1486": "telemetry", "T1530": "validated"}
    assert {t["id"]: t["techniques"] for t in found["tactics"]} == {"collection": 1, "impact": 2}
    assert found["techniques"][2]["rules"] == [MINE]
    scores = {t["techniqueID"]: t["score"] for t in json.loads(file.read_text())["techniques"]}
    assert scores == {"T1485": 2, "T1486": 1, "T1530": 3}
    out = shell("rules", "coverage").out
    assert "T1530" in out and "every technique" in out


def test_a_failing_test_validates_nothing(shell: Shell) -> None:
    tests = [{"name": "other", "match": True, "events": [cloudtrail(1, eventName="ListBuckets")]}]
    write_rule(own(shell), "a.yml", rule(MINE, tags=["attack.t1530"], tests=tests))
    assert shell.json("rules", "coverage")["techniques"][0]["state"] == "enabled"


def test_coverage_needs_no_lake_and_measures_against_a_library(tmp_path: Path) -> None:
    shell = Shell(tmp_path / "nowhere")
    mine = write_rule(tmp_path / "mine", "a.yml", rule(MINE, tags=["attack.t1530"])).parent
    write_rule(tmp_path / "more", "b.yml", rule(OTHER, tags=["attack.t1485"]))
    write_rule(
        tmp_path / "more", "c.yml", rule(THIRD, tags=["attack.t1486"], logsource={"product": "vax"})
    )
    found = shell.json("rules", "coverage", "--rules", mine, "--library", tmp_path / "more")
    assert {t["id"]: t["state"] for t in found["techniques"]} == {
        "T1485": "telemetry",
        "T1486": "none",
        "T1530": "enabled",
    }
    assert {t["has_data"] for t in found["techniques"]} == {None}
    wrong = shell("rules", "coverage", "--rules", mine, "--navigator", tmp_path, "--json", code=2)
    assert "layer" in wrong.error["message"]


def entry(shell: Shell, rule_id: str = MINE) -> dict[str, Any]:
    return next(e for e in shell.json("rules", "list")["rules"] if e["id"] == rule_id)


def test_health_is_unknown_without_a_lake_and_not_run_before_a_run(tmp_path: Path) -> None:
    folder = tmp_path / "x"
    folder.mkdir()
    (folder / "mantissa.toml").write_text("[detection]\nlibrary = false\n")
    write_rule(folder / "rules", "a.yml", rule(MINE))
    assert entry(Shell(folder))["health"] == "unknown"
    assert not (folder / "state.sqlite").exists()


def test_a_rule_says_when_it_ran_and_what_keeps_it_from_firing(shell: Shell) -> None:
    write_rule(own(shell), "a.yml", rule(MINE))
    refused = {"s": {"errorCode": "AccessDenied"}, "condition": "s"}
    write_rule(own(shell), "b.yml", rule(OTHER, detection=refused))
    assert (entry(shell)["health"], entry(shell)["no_data"]) == ("no_data", "no data yet")
    trail(
        shell.home.parent / "now",
        "a.json",
        [1],
        eventTime=f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}",
    )
    shell("ingest", shell.home.parent / "now", "--quiet")
    (shell.home / "mantissa.toml").write_text('[detection]\nlibrary = false\nlook_back = "366d"\n')
    assert entry(shell)["health"] == "not_run"
    shell("detect", "--quiet")
    assert entry(shell)["health"] == "ok"
    assert entry(shell)["last_run"] == entry(shell)["last_success"] is not None
    assert entry(shell, OTHER)["cannot_fire"] == "field errorCode never populated in 366 days"
    assert "cannot fire: field errorCode" in shell("rules", "list").out
    assert "rules can fire" in {c["name"] for c in shell.json("doctor")["checks"]}
