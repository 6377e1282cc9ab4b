"""The life of a rule from the command line: imported, compared, begun, explained, excepted."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
import yaml

from mantissa.adapters.local.clock import SystemClock
from support.cli import HOSTILE, Shell, rule, trail, write_rule
from support.lakes import cloudtrail

MINE, OTHER, THIRD, FOURTH = (str(UUID(int=n)) for n in (1, 2, 3, 4))
KEY = "702ae724-82fc-4042-89d2-cd83ae85b44e"
BROKEN = {"f": {"eventNaem": "GetObject"}, "condition": "f"}
WHY = ("--reason", "the nightly copy", "--expires", "30d")


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    """A home without the product's own rules, so that a call compiles only what is tested."""
    made = Shell(tmp_path / "lake")
    made("init")
    (made.home / "mantissa.toml").write_text("[detection]\nlibrary = false\n")
    return made


@pytest.fixture
def collection(tmp_path: Path) -> Path:
    folder = tmp_path / "theirs"
    write_rule(folder / "aws", "runs.yml", rule(MINE, author="Ada"))
    write_rule(folder / "vax", "waits.yml", rule(OTHER, logsource={"product": "vax"}))
    write_rule(folder, "broken.yml", rule(THIRD, detection=BROKEN))
    write_rule(folder, "old.yml", rule(FOURTH, status="deprecated"))
    write_rule(folder / ".github", "build.yml", "on: push\n")
    write_rule(folder, "settings.yml", "colour: blue\n")
    (folder / "LICENSE").write_text("Free for all.\n")
    return folder


def imported(shell: Shell, *argv: object) -> Any:
    return shell.json("rules", "import", *argv, code=3)


def test_import_says_what_becomes_of_each_and_writes_nothing(
    shell: Shell, collection: Path
) -> None:
    report = imported(shell, collection)
    assert (report["rules"], report["runs"], report["waits_for_source"]) == (4, 2, 1)
    assert report["compiled"] == {"duckdb": 4, "athena": 4}
    (refused,) = report["refused"]
    assert (refused["id"], Path(refused["path"]).name) == (THIRD, "broken.yml")
    assert "did you mean eventName" in refused["reason"]
    vax = {"product": "vax", "service": None, "category": None, "rules": 1}
    assert report["waiting_for"] == [vax]
    assert report["not_rules"] == 1
    assert list((shell.home / "rules").rglob("*.yml")) == []
    assert "waits" not in shell("rules", "import", collection, code=3).out.splitlines()[0]


def test_import_takes_what_can_run_as_it_is(shell: Shell, collection: Path) -> None:
    enabled = imported(shell, collection, "--enable")["enabled"]
    own = shell.home / "rules" / "theirs"
    assert (enabled["new"], [Path(p).name for p in enabled["retired"]]) == (2, ["old.yml"])
    for name in ("aws/runs.yml", "vax/waits.yml", "LICENSE"):
        assert (own / name).read_bytes() == (collection / name).read_bytes()
    states = {r["id"]: r["state"] for r in shell.json("rules", "list")["rules"]}
    assert states == {MINE: "runs", OTHER: "waits_for_source"}


def test_import_follows_the_collection_and_keeps_what_is_ones_own(
    shell: Shell, collection: Path
) -> None:
    imported(shell, collection, "--enable")
    own = shell.home / "rules" / "theirs"
    write_rule(own / "vax", "waits.yml", "# mine\n" + json.dumps(rule(OTHER, level="high")))
    write_rule(collection / "aws", "runs.yml", rule(MINE, level="critical"))
    write_rule(collection / "vax", "waits.yml", rule(OTHER, level="critical"))
    enabled = imported(shell, collection, "--enable")["enabled"]
    assert (enabled["updated"], enabled["kept"]) == (1, ["vax/waits.yml"])
    assert (own / "vax" / "waits.yml").read_text().startswith("# mine")
    enabled = imported(shell, collection, "--enable", "--force")["enabled"]
    assert (enabled["updated"], enabled["kept"]) == (1, [])
    assert imported(shell, collection, "--enable")["enabled"]["unchanged"] == 2


def test_import_leaves_out_a_rule_that_is_there_under_another_name(
    shell: Shell, collection: Path
) -> None:
    mine = write_rule(shell.home / "rules", "mine.yml", rule(MINE))
    enabled = imported(shell, collection, "--enable")["enabled"]
    (left,) = enabled["elsewhere"]
    assert (Path(left["path"]).name, left["at"]) == ("runs.yml", str(mine))
    assert [r["state"] for r in shell.json("rules", "list")["rules"]].count("refused") == 0


@pytest.mark.parametrize("name", ["../out", "/tmp/out"])
def test_import_stays_below_the_folder_of_own_rules(
    shell: Shell, collection: Path, name: str
) -> None:
    argv = ("rules", "import", collection, "--enable", "--name", name, "--json")
    assert "not below" in shell(*argv, code=2).error["message"]


def test_diff_says_what_changed_in_meaning(shell: Shell, tmp_path: Path) -> None:
    old, new = tmp_path / "old", tmp_path / "new"
    detection = {"fetch": {"eventName": ["GetObject", "PutObject"]}, "condition": "fetch"}
    turned = {"condition": "fetch", "fetch": {"eventName": ["PutObject", "GetObject"]}}
    more = {"fetch": {"eventName": ["GetObject", "CopyObject"]}, "condition": "fetch"}
    write_rule(old, "a.yml", rule(MINE, detection=detection))
    write_rule(new, "moved.yml", rule(MINE, detection=more, level="high"))
    write_rule(old, "b.yml", rule(OTHER, detection=detection))
    write_rule(new, "b.yml", rule(OTHER, detection=turned))
    write_rule(old, "c.yml", rule(THIRD))
    write_rule(new, "d.yml", rule(FOURTH))
    report = shell.json("rules", "diff", old, new)
    assert [r["id"] for r in report["added"]] == [FOURTH]
    assert [r["id"] for r in report["removed"]] == [THIRD]
    (changed,) = report["changed"]
    assert (changed["id"], changed["sql_changed"]) == (MINE, True)
    assert changed["fields"] == {
        "level": {"before": "low", "after": "high"},
        "detection.fetch.eventName": {
            "before": ["GetObject", "PutObject"],
            "after": ["GetObject", "CopyObject"],
        },
    }
    text = shell("rules", "diff", old, new).out
    assert '- "PutObject", + "CopyObject"' in text
    assert text.splitlines()[-1] == "1 added, 1 removed, 1 changed, 1 unchanged"


def test_diff_of_one_rule_and_its_earlier_text(shell: Shell, tmp_path: Path) -> None:
    before = write_rule(tmp_path, "before.yml", rule(MINE))
    after = write_rule(tmp_path, "after.yml", rule(OTHER, title="Another title"))
    (changed,) = shell.json("rules", "diff", before, after)["changed"]
    assert set(changed["fields"]) == {"id", "title"}
    assert not changed["sql_changed"]


def test_diff_names_what_it_could_not_read(shell: Shell, tmp_path: Path) -> None:
    before = write_rule(tmp_path, "before.yml", rule(MINE))
    after = write_rule(tmp_path, "after.yml", rule(MINE, level="fearful"))
    report = shell.json("rules", "diff", before, after, code=3)
    assert (report["removed"], report["changed"]) == ([], [])
    assert [r["id"] for r in report["refused"]["after"]] == [MINE]


@pytest.mark.parametrize("more", [(), ("--correlation",)], ids=["rule", "correlation"])
@pytest.mark.parametrize("source", ["aws_cloudtrail", "aws_vpcflow", "github", "okta", "windows"])
def test_a_new_rule_passes_its_checks_and_tests(
    shell: Shell, source: str, more: tuple[str, ...]
) -> None:
    made = shell.json("rules", "new", "--source", source, "--title", f"New: {source}", *more)
    assert Path(made["path"]).is_relative_to(shell.home / "rules")
    assert shell.json("rules", "check", made["path"])["warnings"] == []
    report = shell.json("rules", "test", made["path"])
    assert (report["rules"], report["tests"]) == ((2, 4) if more else (1, 2))
    again = ("rules", "new", made["path"], "--source", source, "--json")
    assert "already" in shell(*again, code=2).error["message"]


def test_a_new_rule_is_for_a_source(shell: Shell) -> None:
    assert "aws_cloudtrail" in shell("rules", "new", "--json", code=2).error["fix"]
    wrong = ("rules", "new", "--source", "windows", "--category", "dreams", "--json")
    assert "process_creation" in shell(*wrong, code=2).error["fix"]


def test_explain_says_where_and_what(shell: Shell) -> None:
    detection = {
        "fetch": {"eventName": ["GetObject", "CopyObject"]},
        "own": {"requestParameters.roleSessionName|startswith": "public-"},
        "condition": "fetch and not own",
    }
    write_rule(shell.home / "rules", "mine.yml", rule(MINE, detection=detection, title=HOSTILE))
    document = shell.json("rules", "explain", MINE)
    first, second = document["looks_for"]["all"]
    assert first["values"] == ['"GetObject"', '"CopyObject"']
    assert (second["test"], second["not"]) == ("begins with", True)
    (place,) = document["applies_to"]
    assert place["table"] == "aws_cloudtrail"
    assert place["fields"][1] == {
        "field": "requestParameters.roleSessionName",
        "column": "requestparameters",
        "path": ["roleSessionName"],
        "type": "json",
    }
    text = shell("rules", "explain", MINE, "--dialect", "athena").out
    assert 'eventName is one of: "GetObject", "CopyObject"' in text
    assert "As athena SQL" in text


def test_explain_a_rule_that_waits_and_a_correlation(shell: Shell) -> None:
    write_rule(shell.home / "rules", "a.yml", rule(MINE, logsource={"product": "vax"}))
    assert "waits" in shell("rules", "explain", MINE).out
    made = shell.json("rules", "new", "--source", "okta", "--correlation")
    document = shell.json("rules", "explain", made["id"])
    assert document["kind"] == "event_count"
    assert document["words"].startswith(
        "Within 5 minutes, for the same actor.alternateId: at least"
    )
    assert "Its members" in shell("rules", "explain", made["id"]).out


def test_an_exception_is_written_applies_and_expires(
    shell: Shell, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_rule(shell.home / "rules", "mine.yml", rule(MINE))
    argv = ("rules", "except", MINE, "--where", "awsRegion=eu-north-1", *WHY)
    made = shell.json(*argv)
    written = yaml.safe_load(Path(made["path"]).read_text())
    assert written["filter"]["exempt"] == {"awsRegion": "eu-north-1"}
    assert written["mantissa"]["reason"] == "the nightly copy"
    shell("ingest", trail(tmp_path, "a.json.gz", [1], awsRegion="eu-north-1"))
    shell("ingest", trail(tmp_path, "b.json.gz", [2], awsRegion="us-east-1"))
    assert shell.json("detect")["findings"] == 1
    (entry,) = [r for r in shell.json("rules", "list")["rules"] if r["id"] == MINE]
    assert [e["state"] for e in entry["exceptions"]] == ["applies"]
    assert shell.json("rules", "check", made["path"])["rules"] == 1
    real = SystemClock.now
    later = written["mantissa"]["expires"].year - real(SystemClock()).year + 1
    monkeypatch.setattr(
        SystemClock, "now", lambda self: real(self).replace(day=1, year=real(self).year + later)
    )
    (remark,) = shell.json("rules", "check")["warnings"]
    assert "expired" in remark["reason"]
    failing = [c["name"] for c in shell.json("doctor", code=3)["checks"] if not c["ok"]]
    assert "exception expired" in failing
    assert "no longer applied" in shell("rules", "explain", MINE).out


@pytest.mark.parametrize(
    ("argv", "said"),
    [
        (("--where", "awsRegoin=x", *WHY), "did you mean awsRegion"),
        (("--where", "awsRegion", *WHY), "cannot read --where"),
        (("--where", "a=b", "--reason", " ", "--expires", "30d"), "needs a reason"),
        (("--where", "a=b", "--reason", "x", "--expires", "soon"), "is no day"),
        (("--where", "a=b", "--reason", "x", "--expires", "2020-01-01"), "past"),
        (("--where", "a=b", "--reason", "x", "--expires", "9000d"), "too far"),
    ],
)
def test_an_exception_that_says_too_little_is_not_written(
    shell: Shell, argv: tuple[str, ...], said: str
) -> None:
    write_rule(shell.home / "rules", "mine.yml", rule(MINE))
    assert said in shell("rules", "except", MINE, *argv, "--json", code=2).error["message"]
    assert not (shell.home / "rules" / "exceptions").exists()


def test_an_exception_of_a_rule_of_the_library(shell: Shell) -> None:
    (shell.home / "mantissa.toml").write_text("")
    made = shell.json("rules", "except", KEY[:8], "--where", "userIdentity.userNam=ci", *WHY)
    report = shell.json("rules", "check", made["path"])
    assert (report["rules"], report["refused"]) == (1, [])
    (remark,) = report["warnings"]
    assert "did you mean userIdentity.userName" in remark["reason"]
    assert remark["path"] == made["path"]


@pytest.mark.parametrize(
    ("field", "meant"),
    [
        ("EventNames", "eventName"),
        ("event_name", "eventName"),
        ("eventNaem", "eventName"),
        ("source_ip_address", "sourceIPAddress"),
        ("userIdentityUserName", "userIdentity.userName"),
    ],
)
def test_a_slip_is_refused_with_what_was_meant(
    shell: Shell, tmp_path: Path, field: str, meant: str
) -> None:
    detection = {"f": {field: "x"}, "condition": "f"}
    path = write_rule(tmp_path / "r", "slip.yml", yaml.safe_dump(rule(MINE, detection=detection)))
    (refused,) = shell.json("rules", "check", path, code=3)["refused"]
    assert "did you mean" in refused["reason"]
    assert meant in refused["reason"]
    assert path.read_text().splitlines()[refused["line"] - 1].strip().startswith(field)


def test_another_case_is_no_slip(shell: Shell, tmp_path: Path) -> None:
    path = write_rule(
        tmp_path / "r",
        "case.yml",
        rule(
            MINE,
            detection={"f": {"EVENTNAME": "GetObject"}, "condition": "f"},
            tests=[{"match": True, "event": cloudtrail(1)}],
        ),
    )
    assert shell.json("rules", "test", path)["failed"] == []
