"""`mantissa rules` and what `detect` does with rules of the user's own, broken ones among them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
import sqlglot

from mantissa.adapters.local.duckdb import DuckDBEngine
from mantissa.errors import EngineRejected
from support.cli import HOSTILE, Shell, rule, trail, write_rule
from support.lakes import cloudtrail

MINE, OTHER = (str(UUID(int=n)) for n in (1, 2))
ENTRY = {
    "id",
    "title",
    "level",
    "status",
    "tags",
    "sources",
    "mode",
    "state",
    "reason",
    "path",
    "health",
    "last_run",
    "last_success",
    "last_error",
    "failing_since",
    "cannot_fire",
    "no_data",
    "unknown_fields",
    "exceptions",
}
BUCKET = "7019dde0-a00b-4d80-9a2d-918dcbb29126"


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    made = Shell(tmp_path / "lake")
    made("init")
    return made


def own(shell: Shell) -> Path:
    return shell.home / "rules"


def listed(shell: Shell) -> dict[str, Any]:
    return {entry["id"]: entry for entry in shell.json("rules", "list")["rules"]}


def test_the_library_is_listed_with_every_key(shell: Shell) -> None:
    rules = shell.json("rules", "list")["rules"]
    assert len(rules) >= 25
    assert all(entry.keys() == ENTRY for entry in rules)
    assert {entry["state"] for entry in rules} == {"runs"}
    assert shell("rules", "list", "--jsonl").lines == rules
    assert len(shell("rules", "list").out.splitlines()) == len(rules) + 1


def test_a_rule_of_ones_own_is_added_and_found_by_its_beginning(shell: Shell) -> None:
    path = write_rule(own(shell), "mine.yml", rule(MINE))
    assert listed(shell)[MINE]["path"] == str(path)
    document = shell.json("rules", "show", MINE[:9] + "0000")
    assert document["id"] == MINE
    assert json.loads(document["text"])["title"] == "An object was fetched"
    assert shell("rules", "show", MINE).out


def test_a_library_rule_shows_its_noise_and_ones_own_has_none(shell: Shell) -> None:
    write_rule(own(shell), "mine.yml", rule(MINE))
    known = {e["title"]: e["id"] for e in shell.json("rules", "list")["rules"]}
    library = known["CloudTrail trail switched off or removed"]
    for verb in ("show", "explain"):
        noise = shell.json("rules", verb, library)["noise"]
        assert noise["records"] > 1_000
        assert noise["is_current"]
        assert f"{noise['matches']} of {noise['records']:,}" in shell("rules", verb, library).out
        assert shell.json("rules", verb, MINE)["noise"] is None


def test_rules_wait_for_a_source_or_are_switched_off(shell: Shell) -> None:
    write_rule(own(shell), "a.yml", rule(MINE, logsource={"product": "vax"}))
    write_rule(own(shell), "b.yml", rule(OTHER, mantissa={"enabled": False}))
    rules = listed(shell)
    assert rules[MINE]["state"] == "waits_for_source"
    assert rules[OTHER]["state"] == "disabled"


def test_the_library_can_be_switched_off(shell: Shell) -> None:
    write_rule(own(shell), "mine.yml", rule(MINE))
    (shell.home / "mantissa.toml").write_text("[detection]\nlibrary = false\n")
    assert set(listed(shell)) == {MINE}


def test_a_rule_of_ones_own_replaces_the_librarys(shell: Shell) -> None:
    path = write_rule(own(shell), "mine.yml", rule(BUCKET))
    rules = shell.json("rules", "list")["rules"]
    assert [r["path"] for r in rules if r["id"] == BUCKET] == [str(path)]
    assert {r["state"] for r in rules} == {"runs"}
    path.write_text("title: [broken")
    assert listed(shell)[BUCKET]["path"] != str(path)


@pytest.mark.parametrize(
    "broken",
    [
        "title: [unclosed\n",
        "- a list\n- of words\n",
        {"title": "No detection", "id": MINE, "logsource": {"product": "aws"}},
        rule(MINE, detection={"fetch": {"eventNaem": "X"}, "condition": "fetch or"}),
        rule(MINE, title=HOSTILE, detection={"f": {HOSTILE: "X"}, "condition": "f"}),
    ],
    ids=["yaml", "list", "keys", "condition", "hostile"],
)
def test_a_broken_rule_disables_itself_alone(shell: Shell, tmp_path: Path, broken: Any) -> None:
    path = write_rule(own(shell), "broken.yml", broken)
    write_rule(own(shell), "works.yml", rule(OTHER))
    shell("ingest", trail(tmp_path, "a.json.gz", range(3)))
    report = shell.json("detect", code=3)
    assert report["findings"] == 3
    assert [r["path"] for r in report["rules"]["refused"]] == [str(path)]
    assert report["rules"]["failed"] == []
    checked = shell.json("rules", "check", code=3)
    assert [set(r) for r in checked["refused"]] == [{"id", "path", "line", "reason"}]
    assert checked["ok"] == checked["rules"] - 1
    doctor = shell.json("doctor", code=3)
    assert [c["name"] for c in doctor["checks"] if not c["ok"]] == ["rule refused"]
    assert "refused" in shell("detect", code=3).err
    for argv in (("rules", "check"), ("doctor",)):
        shell(*argv, code=3)
    shell("rules", "list")


def test_two_rules_of_one_id_are_told_apart(shell: Shell) -> None:
    write_rule(own(shell), "a.yml", rule(MINE))
    write_rule(own(shell), "b.yml", rule(MINE, title="Another"))
    refused = shell.json("rules", "check", own(shell), code=3)["refused"]
    assert [Path(r["path"]).name for r in refused] == ["b.yml"]
    assert "a.yml" in refused[0]["reason"]


def test_a_rule_that_fails_is_a_failure_and_never_no_match(
    shell: Shell, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_rule(own(shell), "mine.yml", rule(MINE))
    (shell.home / "mantissa.toml").write_text("[detection]\nlibrary = false\n")
    shell("ingest", trail(tmp_path, "a.json.gz", range(4)))
    real = DuckDBEngine.run

    def refusing(self: DuckDBEngine, sql: str, **given: Any) -> Any:
        if "getobject" in sql.lower():
            raise EngineRejected("no such function")
        return real(self, sql, **given)

    monkeypatch.setattr(DuckDBEngine, "run", refusing)
    report = shell.json("detect", code=3)
    assert [f["id"] for f in report["rules"]["failed"]] == [MINE]
    assert "no such function" in report["rules"]["failed"][0]["reason"]
    assert report["findings"] == 0
    failing = [c for c in shell.json("doctor", code=3)["checks"] if not c["ok"]]
    assert any(MINE in check["detail"] for check in failing)
    monkeypatch.setattr(DuckDBEngine, "run", real)
    write_rule(own(shell), "mine.yml", rule(MINE, detection=amended()))
    assert shell.json("detect")["findings"] == 4
    assert shell.json("doctor")["ok"]


def amended() -> dict[str, Any]:
    return {"fetch": {"eventName|startswith": "GetObj"}, "condition": "fetch"}


def test_check_and_test_of_chosen_files(shell: Shell, tmp_path: Path) -> None:
    tests = [
        {"name": "fetch", "match": True, "event": cloudtrail(1)},
        {"name": "other", "match": True, "event": cloudtrail(2, eventName="PutObject")},
    ]
    path = write_rule(tmp_path / "r", "mine.yml", rule(MINE, tests=tests))
    report = shell.json("rules", "test", path, code=3)
    assert (report["rules"], report["tests"]) == (1, 2)
    assert [{k: f[k] for k in ("id", "test")} for f in report["failed"]] == [
        {"id": MINE, "test": "other"}
    ]
    assert report["failed"][0].keys() >= {"id", "test", "expected", "got"}
    assert "1 failed" in shell("rules", "test", path, code=3).out
    assert shell.json("rules", "check", path)["ok"] == 1


def test_the_librarys_own_tests_pass(shell: Shell) -> None:
    report = shell.json("rules", "test")
    assert report["failed"] == []
    assert report["tests"] >= 2 * report["rules"]


@pytest.mark.parametrize(("name", "dialect"), [("duckdb", "duckdb"), ("athena", "athena")])
def test_sql_of_a_rule_for_each_dialect(shell: Shell, name: str, dialect: str) -> None:
    document = shell.json("rules", "sql", BUCKET[:8], "--dialect", name)
    assert set(document) == {"id", "dialect", "sql"}
    assert (document["id"], document["dialect"]) == (BUCKET, name)
    tree = sqlglot.parse_one(document["sql"], dialect=dialect)
    assert [table.name for table in tree.find_all(sqlglot.exp.Table)] == ["aws_cloudtrail"]
    assert shell("rules", "sql", BUCKET, "--dialect", name).out.strip() == document["sql"]


def test_sql_of_a_rule_that_cannot_run_says_why(shell: Shell) -> None:
    write_rule(own(shell), "a.yml", rule(MINE, logsource={"product": "vax"}))
    assert "source" in shell("rules", "sql", MINE, "--json", code=2).error["message"]


def test_match_numbers_records_over_all_files(tmp_path: Path) -> None:
    shell = Shell(tmp_path / "no-lake")
    rules = tmp_path / "rules"
    write_rule(rules, "a.yml", rule(MINE))
    write_rule(rules, "b.yml", rule(OTHER, detection=amended() | {"condition": "not fetch"}))
    first = trail(tmp_path, "first.json.gz", [1, 2])
    second = tmp_path / "second.jsonl"
    lines = [cloudtrail(3, eventName="PutObject"), cloudtrail(4, eventTime="never"), cloudtrail(5)]
    second.write_text("".join(json.dumps(line) + "\n" for line in lines))
    argv = ("rules", "match", first, second, "--source", "aws_cloudtrail", "--rules", rules)
    report = shell.json(*argv, code=3)
    assert report.keys() >= {"events", "rules", "matches", "refused"}
    assert (report["events"], report["rules"], report["refused"]) == (5, 2, [])
    assert report["matches"] == {"0": [MINE], "1": [MINE], "2": [OTHER], "4": [MINE]}
    assert list(report["unread"]) == ["3"]
    assert "bad_time" in report["unread"]["3"]
    assert "record" in shell(*argv, code=3).out
    assert not (tmp_path / "no-lake").exists()


def test_match_names_rules_that_it_could_not_try(tmp_path: Path) -> None:
    shell = Shell(tmp_path / "no-lake")
    write_rule(tmp_path / "rules", "a.yml", rule(MINE))
    write_rule(tmp_path / "rules", "b.yml", rule(OTHER, detection={"x": {"noSuch": 1}}))
    file = trail(tmp_path, "a.json.gz", [1])
    argv = ("rules", "match", file, "--source", "aws_cloudtrail", "--rules", tmp_path / "rules")
    report = shell.json(*argv, code=3)
    assert report["matches"] == {"0": [MINE]}
    assert [set(r) for r in report["refused"]] == [{"id", "reason"}]
    assert report["refused"][0]["id"] == OTHER
