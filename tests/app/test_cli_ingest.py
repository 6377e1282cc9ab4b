"""`mantissa ingest` on everything a path can stand for, and what an interruption leaves behind."""

from __future__ import annotations

import json
import os
import tarfile
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from mantissa.bootstrap.local import LocalApp
from mantissa.entrypoints.cli import ingest as command
from mantissa.entrypoints.cli.booting import boot_or_create
from mantissa.entrypoints.cli.command import Call, make_output
from mantissa.lake.ingest import Ingest
from support.cli import HOSTILE, Shell, scenario, trail
from support.lakes import cloudtrail, records


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    return Shell(tmp_path / "lake")


def rows_of(shell: Shell) -> list[Any]:
    sql = "SELECT event_id, eventid FROM aws_cloudtrail ORDER BY 1, 2"
    rows: list[Any] = shell.json("query", sql)["rows"]
    return rows


def test_a_second_run_changes_nothing(shell: Shell, tmp_path: Path) -> None:
    trail(tmp_path / "in", "a.json.gz", range(5))
    trail(tmp_path / "in", "b.json.gz", range(5, 9))
    assert shell.json("ingest", tmp_path / "in")["rows"] == 9
    before = rows_of(shell), files_below(shell.home)
    again = shell.json("ingest", tmp_path / "in")
    assert (again["objects"], again["already_ingested"], again["records"]) == (2, 2, 0)
    assert (rows_of(shell), files_below(shell.home)) == before


def files_below(home: Path) -> dict[str, int]:
    kept = (p for p in home.rglob("*") if p.is_file() and ".sqlite" not in p.name)
    return {str(p): p.stat().st_size for p in kept}


def test_folders_globs_and_single_files(shell: Shell, tmp_path: Path) -> None:
    trail(tmp_path / "in" / "deep" / "er", "a.json.gz", [1])
    trail(tmp_path / "in", "b.json.gz", [2])
    trail(tmp_path / "in", ".hidden.json.gz", [3])
    report = shell.json("ingest", str(tmp_path / "in" / "**" / "*.gz"), tmp_path / "in")
    assert (report["objects"], report["rows"]) == (2, 2)
    assert shell.json("ingest", tmp_path / "in" / ".hidden.json.gz")["rows"] == 1


@pytest.mark.parametrize("kind", ["zip", "tar", "tar.gz"])
def test_members_of_archives(shell: Shell, tmp_path: Path, kind: str) -> None:
    inside = [trail(tmp_path / "in", f"{n}.json.gz", range(n, n + 3)) for n in (10, 20, 30)]
    archive = tmp_path / f"logs.{kind}"
    if kind == "zip":
        with zipfile.ZipFile(archive, "w") as packed:
            for file in inside:
                packed.write(file, f"AWSLogs/{file.name}")
    else:
        with tarfile.open(archive, "w:gz" if kind == "tar.gz" else "w") as tar:
            for file in inside:
                tar.add(file, f"AWSLogs/{file.name}")
    report = shell.json("ingest", archive)
    assert (report["objects"], report["rows"], report["quarantined"]) == (3, 9, 0)
    assert shell.json("ingest", tmp_path / "in")["already_ingested"] == 3


def test_an_unreadable_file_is_named_and_stops_no_other(shell: Shell, tmp_path: Path) -> None:
    folder = tmp_path / "in"
    trail(folder, "a.json.gz", [1])
    (folder / "b.json.gz").symlink_to(tmp_path / "nowhere")
    trail(folder, "c.json.gz", [2])
    report = shell.json("ingest", folder, code=3)
    assert (report["objects"], report["rows"]) == (2, 2)
    assert [f["object"] for f in report["failed"]] == [str(tmp_path / "nowhere")]
    assert "not ingested" in shell("ingest", folder, code=3).err
    alone = shell("ingest", trail(tmp_path, "gone", [9]).rename(tmp_path / "here"), "--json")
    assert alone.json["rows"] == 1


def test_a_pipe_is_refused_before_it_blocks(shell: Shell, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    assert "file" in shell("ingest", tmp_path / "pipe", "--json", code=2).error["message"]


def test_bad_input_of_each_kind_is_counted_with_its_reason(shell: Shell, tmp_path: Path) -> None:
    folder = tmp_path / "CloudTrail"
    good = records([cloudtrail(n) for n in range(3)])
    trail(folder, "good.json.gz", range(3, 6))
    (folder / "cut.json.gz").write_bytes(good[: len(good) // 2])
    (folder / "empty.json").write_bytes(b"")
    (folder / "words.txt").write_bytes(b"no log at all\nof any kind\n")
    (folder / "odd.json").write_bytes(
        json.dumps({"Records": [cloudtrail(7), cloudtrail(8, eventTime="yesterday"), 5]}).encode()
    )
    report = shell.json("ingest", folder, code=3)
    assert report["records"] == report["rows"] + report["quarantined"] + report["filtered"]
    assert sum(report["reasons"].values()) == report["quarantined"] >= 4
    assert report["reasons"]["bad_time"] == 1
    entries = shell.json("quarantine", "list")["entries"]
    assert len(entries) == report["quarantined"]
    keys = {"id", "source_object", "line", "reason", "detail", "raw"}
    assert all(entry.keys() >= keys for entry in entries)
    one = next(e for e in entries if e["reason"] == "bad_time")
    assert shell.json("quarantine", "show", one["id"]) == one
    assert "yesterday" in shell("quarantine", "show", one["id"]).out
    assert shell("quarantine", "list", "--reason", "bad_time", "--jsonl").lines == [one]
    assert shell.json("quarantine", "replay", code=3)["remaining"] == report["quarantined"]
    assert shell.json("lake", "reconcile")["ok"]
    assert not shell.json("doctor", code=3)["ok"]


def test_what_a_log_writes_never_steers_the_terminal(shell: Shell, tmp_path: Path) -> None:
    folder = tmp_path / "in"
    changes: dict[str, Any] = {"userAgent": HOSTILE, "eventName": HOSTILE}
    trail(folder, "a\x1b[2Jb\u202e.json.gz", [1], **changes)
    trail(folder, "c.json.gz", [2], eventTime=HOSTILE)
    (folder / "d\x1b]0;x\x07.json").write_text(json.dumps({HOSTILE: HOSTILE}))
    (folder / "e\x1b[2J.json").symlink_to(tmp_path / "no\x1b[31mwhere")
    shell("ingest", folder, code=3)
    for form in ((), ("--json",)):
        shell("ingest", folder, *form, code=3)
        shell("quarantine", "list", *form)
        for entry in shell.json("quarantine", "list")["entries"]:
            shell("quarantine", "show", entry["id"], *form)
        shell("query", "SELECT * FROM aws_cloudtrail", *form)
        shell("ingest", folder / HOSTILE, *form, code=2)
        shell("doctor", *form, code=3)


def test_detect_at_the_end_of_ingest(shell: Shell, tmp_path: Path) -> None:
    scenario(tmp_path / "raw", 300)
    report = shell.json("ingest", tmp_path / "raw", "--detect")
    assert report["detection"]["findings"] >= 13
    assert report["detection"]["pending"] == 0
    assert "Nothing new to judge" in shell("ingest", tmp_path / "raw", "--detect").out


def test_a_source_can_be_named(shell: Shell, tmp_path: Path) -> None:
    file = tmp_path / "x.json"
    file.write_text('{"eventName": "Odd", "eventTime": "2026-11-18T08:00:00Z"}\n')
    assert shell.json("ingest", file, code=3)["reasons"] == {"unknown_source": 1}
    named = shell.json("ingest", file, "--source", "aws_cloudtrail", code=None)
    assert named["records"] == 1
    assert named["sources"] == {"aws_cloudtrail": 1}


def test_ctrl_c_leaves_a_lake_that_the_next_run_continues(
    shell: Shell, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for n in range(6):
        trail(tmp_path / "in", f"{n}.json.gz", range(n * 10, n * 10 + 4))
    real = Ingest._commit
    calls: Iterator[int] = iter(range(100))

    def stopping(self: Ingest, *given: Any) -> Any:
        if next(calls) == 3:
            raise KeyboardInterrupt
        return real(self, *given)

    monkeypatch.setattr(Ingest, "_commit", stopping)
    stopped = shell("ingest", tmp_path / "in", "--json", code=130)
    assert stopped.out == ""
    assert stopped.err == "Stopped.\n"
    monkeypatch.setattr(Ingest, "_commit", real)
    report = shell.json("ingest", tmp_path / "in")
    assert (report["objects"], report["already_ingested"], report["rows"]) == (6, 3, 12)
    assert shell.json("lake", "reconcile")["ok"]
    ids = [row[1] for row in rows_of(shell)]
    assert len(ids) == len(set(ids)) == 24


@pytest.fixture
def app(tmp_path: Path) -> tuple[Call, LocalApp]:
    call = Call(make_output("text", {}, quiet=True), tmp_path / "lake", {})
    return call, boot_or_create(call)


def test_follow_takes_files_once_they_have_stopped_growing(
    app: tuple[Call, LocalApp], tmp_path: Path
) -> None:
    folder = tmp_path / "in"
    trail(folder, "old.json.gz", [1])
    command.ingest_all(*app, [str(folder)], None)
    following = command.Following(*app, [str(folder)], None, detect=False)
    assert following.look().objects == 0
    whole = trail(tmp_path, "new.json.gz", [2, 3]).read_bytes()
    (folder / "new.json.gz").write_bytes(whole[:20])
    assert following.look().objects == 0
    (folder / "new.json.gz").write_bytes(whole)
    assert following.look().objects == 0
    assert following.look().rows == 2
    assert following.look().objects == 0
