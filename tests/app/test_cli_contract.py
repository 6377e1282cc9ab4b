"""The command line as a contract: names, JSON keys, exit codes, where a lake is found."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from mantissa.entrypoints.cli.registry import COMMANDS
from support.cli import Shell, scenario, trail

INGEST = {
    "objects",
    "already_ingested",
    "records",
    "rows",
    "quarantined",
    "filtered",
    "tables",
    "reasons",
    "sources",
    "bytes_in",
    "seconds",
}
DETECT = {"run", "objects_judged", "rules", "findings", "alerts", "pending", "bytes_scanned"}
TABLE = {
    "rows",
    "objects",
    "quarantined",
    "first_event",
    "last_event",
    "last_ingest",
    "files",
    "bytes",
}
ALERT = {
    "id",
    "title",
    "level",
    "status",
    "rule",
    "entities",
    "first_event",
    "last_event",
    "count",
    "deliveries",
}


@pytest.fixture(scope="module")
def judged(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Shell, Any, Any]]:
    """A lake with the tour's intrusion in it, judged, and the two reports."""
    base = tmp_path_factory.mktemp("judged")
    scenario(base / "raw")
    shell = Shell(base / "lake")
    yield shell, shell.json("ingest", base / "raw"), shell.json("detect")


def test_ingest_reports_every_key_and_its_books_balance(judged: tuple[Shell, Any, Any]) -> None:
    _, report, _ = judged
    assert report.keys() >= INGEST
    assert report["records"] == report["rows"] + report["quarantined"] + report["filtered"] == 400
    assert report["tables"] == {"aws_cloudtrail": 400}
    assert report["sources"] == {"aws_cloudtrail": report["objects"]}
    assert report["already_ingested"] == 0
    assert report["bytes_in"] > 0


def test_detect_reports_every_key_and_judges_once(judged: tuple[Shell, Any, Any]) -> None:
    shell, ingested, report = judged
    assert report.keys() >= DETECT | {"seconds"}
    assert report["rules"].keys() >= {"evaluated", "failed"}
    assert report["objects_judged"] == ingested["objects"]
    assert report["findings"] >= 13
    again = shell.json("detect")
    assert (again["objects_judged"], again["findings"], again["pending"]) == (0, 0, 0)
    assert shell("detect").out == "Nothing new to judge.\n"


def test_lake_status_and_reconcile(judged: tuple[Shell, Any, Any]) -> None:
    shell, report, _ = judged
    table = shell.json("lake", "status")["tables"]["aws_cloudtrail"]
    assert table.keys() >= TABLE
    assert (table["rows"], table["objects"]) == (report["rows"], report["objects"])
    assert table["first_event"] < table["last_event"] <= "2026-11-20T12:00:00.000Z"
    assert shell.json("lake", "reconcile") == {"ok": True, "differences": []}
    assert "aws_cloudtrail" in shell("lake", "status").out


def test_reconcile_finds_a_lost_file(tmp_path: Path) -> None:
    shell = Shell(tmp_path / "lake")
    shell("ingest", trail(tmp_path, "a.json.gz", range(4)))
    next((tmp_path / "lake" / "lake").rglob("*.parquet")).unlink()
    document = shell.json("lake", "reconcile", code=3)
    assert document["ok"] is False
    assert document["differences"]
    assert shell("lake", "reconcile", code=3).out
    assert shell.json("doctor", code=3)["ok"] is False


def test_findings_in_three_forms(judged: tuple[Shell, Any, Any]) -> None:
    shell, _, report = judged
    found = shell.json("findings", "list")["findings"]
    assert len(found) == report["findings"]
    assert found[0].keys() >= {"finding_id", "rule_id", "level", "event_id", "fields", "tags"}
    assert shell("findings", "list", "--jsonl").lines == found
    times = [finding["event_time"] for finding in found]
    assert times == sorted(times, reverse=True)
    wanted = shell.json("findings", "list", "--level", "medium", "--limit", 2)["findings"]
    assert [finding["level"] for finding in wanted] == ["medium", "medium"]
    assert max(map(len, shell("findings", "list").out.splitlines())) <= 160


def test_alerts_in_three_forms(judged: tuple[Shell, Any, Any]) -> None:
    shell, _, report = judged
    alerts = shell.json("alerts", "list")["alerts"]
    assert len(alerts) == report["alerts"]
    assert all(alert.keys() >= ALERT for alert in alerts)
    assert shell("alerts", "list", "--jsonl").lines == alerts
    one = shell.json("alerts", "show", alerts[0]["id"][:12])
    assert one == alerts[0]
    page = shell("alerts", "show", one["id"]).out
    assert one["title"] in page
    assert max(map(len, page.splitlines())) <= 100
    high = shell.json("alerts", "list", "--level", "high")["alerts"]
    assert 0 < len(high) < len(alerts)
    assert shell.json("alerts", "stats")["alerts"] == len(alerts)
    assert shell("alerts", "stats").out


@pytest.mark.parametrize(
    "argv",
    [
        ("ingest",),
        ("ingest", "no-such-file"),
        ("ingest", "a.json", "--source", "aws_cloudtrial"),
        ("alerts", "show", "ffffffff"),
        ("alerts", "list", "--status", "asleep"),
        ("alerts", "close", "ffffffff", "--as", "nonsense"),
        ("alerts", "test", "nowhere"),
        ("quarantine", "list", "--reason", "bad_mood"),
        ("rules", "show", "ffffffff"),
        ("rules", "sql", "7019dde0", "--dialect", "cobol"),
        ("rules", "check", "no-such-folder"),
        ("rules", "match", "no-such-file", "--source", "okta"),
        ("sources", "show", "octa"),
        ("sources", "test", "octa"),
        ("detekt",),
        ("lake", "status", "--jsonn"),
    ],
)
def test_wrong_usage_ends_with_two_and_one_error(
    judged: tuple[Shell, Any, Any], argv: tuple[str, ...]
) -> None:
    shell, _, _ = judged
    ran = shell(*argv, "--json", code=2)
    assert ran.error["message"]
    assert ran.err == ""
    for_people = shell(*argv, code=2)
    assert for_people.out == ""
    assert for_people.err.startswith("error: ")


READING = [
    ("detect",),
    ("findings", "list"),
    ("alerts", "list"),
    ("alerts", "stats"),
    ("alerts", "deliver"),
    ("lake", "status"),
    ("lake", "reconcile"),
    ("quarantine", "list"),
    ("quarantine", "replay"),
    ("query", "SELECT 1"),
    ("doctor",),
]


@pytest.mark.parametrize("argv", READING, ids=" ".join)
def test_a_lake_that_is_not_there_is_named(tmp_path: Path, argv: tuple[str, ...]) -> None:
    error = Shell(tmp_path / "none")(*argv, "--json", code=2).error
    assert error["code"] == "config"
    assert error["where"] == str(tmp_path / "none")
    assert "mantissa init" in error["fix"]
    assert not (tmp_path / "none").exists()


EMPTY = [argv for argv in READING if argv[0] not in ("query", "quarantine")]


@pytest.mark.parametrize("argv", EMPTY, ids=" ".join)
def test_an_empty_lake_is_no_error(tmp_path: Path, argv: tuple[str, ...]) -> None:
    shell = Shell(tmp_path)
    shell("init")
    shell(*argv, "--json")
    shell(*argv)


def test_quiet_keeps_results_and_leaves_notes_out(tmp_path: Path) -> None:
    shell = Shell(tmp_path / "lake")
    file = tmp_path / "a.json"
    file.write_text('{"what": "is this"}\n')
    loud = shell("ingest", file, code=3)
    quiet = Shell(tmp_path / "other")("ingest", file, "--quiet", code=3)
    assert "mantissa quarantine list" in loud.err
    assert quiet.err == ""
    assert "1 record = 0 rows + 1 quarantined" in quiet.out


def test_the_home_is_found_by_option_variable_parent_and_default(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("option", "variable", "parent"):
        Shell(tmp_path / name)("init")
    below = tmp_path / "parent" / "a" / "b"
    below.mkdir(parents=True)
    monkeypatch.chdir(below)
    found = Shell(None)
    assert found.json("lake", "status")["home"] == str(tmp_path / "parent")
    monkeypatch.setenv("MANTISSA_HOME", str(tmp_path / "variable"))
    assert found.json("lake", "status")["home"] == str(tmp_path / "variable")
    optional = Shell(tmp_path / "option").json("lake", "status")
    assert optional["home"] == str(tmp_path / "option")
    monkeypatch.delenv("MANTISSA_HOME")
    (tmp_path / "bare").mkdir()
    monkeypatch.chdir(tmp_path / "bare")
    found("ingest", trail(tmp_path, "a.json.gz", [1]))
    assert found.json("lake", "status")["home"] == str(tmp_path / "bare" / ".mantissa")
    assert os.stat(tmp_path / "bare" / ".mantissa").st_mode & 0o077 == 0


def test_a_wrong_setting_is_named_with_its_line(tmp_path: Path) -> None:
    shell = Shell(tmp_path)
    shell("init")
    (tmp_path / "mantissa.toml").write_text("[ingest]\nmax_bites = 3\n")
    error = shell("doctor", "--json", code=2).error
    assert error["where"].endswith("mantissa.toml:2")
    assert "max_bytes" in error["fix"]


def test_a_surprise_shows_its_traceback_only_when_asked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(call: Any) -> None:
        raise KeyError("surprise")

    shell = Shell(tmp_path)
    shell("init")
    monkeypatch.setattr("mantissa.entrypoints.cli.lake.boot", broken)
    assert shell("lake", "status", "--json", code=1).error["code"] == "internal"
    assert "Traceback" in shell("lake", "status", "--debug", code=1).err


def test_every_command_has_an_example_in_its_help(tmp_path: Path) -> None:
    for name in COMMANDS:
        text = Shell(None)(name, "--help").out
        assert "Example" in text or "Commands" in text, name


def test_json_goes_to_a_pipe_on_one_line(judged: tuple[Shell, Any, Any]) -> None:
    shell, _, _ = judged
    out = shell("lake", "status", "--json").out
    assert out.count("\n") == 1
    json.loads(out)
