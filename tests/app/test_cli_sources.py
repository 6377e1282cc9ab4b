"""`mantissa sources`: list, draft, prove, override; and records that a new source releases."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from support.cli import HOSTILE, Shell, trail


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    made = Shell(tmp_path / "lake")
    made("init")
    return made


def acme(number: int, **changes: Any) -> dict[str, Any]:
    return {
        "timestamp": f"2026-11-18T08:{number:02d}:00Z",
        "action": "door.opened",
        "user": "robin",
        "remote_ip": "198.51.100.7",
        "door": {"name": "north", "floor": 2},
    } | changes


def sample(folder: Path, name: str = "acme.jsonl", **changes: Any) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / name
    file.write_text("".join(json.dumps(acme(n, **changes)) + "\n" for n in range(4)))
    return file


def test_every_source_is_listed_with_every_key(shell: Shell) -> None:
    listed = shell.json("sources", "list")["sources"]
    keys = {"name", "table", "formats", "columns", "sigma"}
    assert all(source.keys() >= keys for source in listed)
    formats = {source["name"]: source["formats"] for source in listed}
    assert formats["aws_vpcflow"] == ["text"]
    assert formats["okta"] == ["json"]
    assert formats["windows"] == ["evtx", "xml", "json"]
    assert shell("sources", "list", "--jsonl").lines == listed
    for name in formats:
        one = shell.json("sources", "show", name)
        assert all(c.keys() == {"name", "type", "path", "comment"} for c in one["columns"])
    assert "src_ip" in shell("sources", "show", "okta").out


def test_every_source_proves_itself(shell: Shell) -> None:
    report = shell.json("sources", "test")
    assert report.keys() == {"sources", "records", "differences"}
    assert report["differences"] == []
    assert report["records"] >= 5 * report["sources"]
    assert shell.json("sources", "test", "okta")["sources"] == 1
    assert "0 differences" in shell("sources", "test", "okta").out


def test_a_draft_is_proved_and_takes_its_sample(shell: Shell, tmp_path: Path) -> None:
    file = sample(tmp_path / "in")
    assert shell.json("ingest", file, code=3)["reasons"] == {"unknown_source": 1}
    made = shell.json("sources", "new", "acme_doors", file)
    assert made["files"] == ["source.yaml", "sample.jsonl", "expected.jsonl"]
    assert shell.json("sources", "test", "acme_doors") == {
        "sources": 1,
        "records": 4,
        "differences": [],
    }
    replayed = shell.json("quarantine", "replay", "--reason", "unknown_source")
    assert (replayed["tried"], replayed["rows"], replayed["remaining"]) == (1, 4, 0)
    assert shell.json("ingest", file)["already_ingested"] == 1
    more = sample(tmp_path / "more", user="sascha")
    assert shell.json("ingest", more)["tables"] == {"acme_doors": 4}
    rows = shell.json("query", "SELECT src_ip, door_name FROM acme_doors GROUP BY 1, 2")["rows"]
    assert rows == [["198.51.100.7", "north"]]
    assert shell.json("lake", "reconcile")["ok"]
    assert "no records" not in shell("lake", "status").out


@pytest.mark.parametrize("name", ["acme", "acme.tar", "2026.11.18 acme.v2", "acme.json.1"])
def test_a_sample_of_any_name_can_be_kept(shell: Shell, tmp_path: Path, name: str) -> None:
    shell("sources", "new", "acme_doors", sample(tmp_path / "in", name))
    assert shell.json("sources", "test", "acme_doors")["records"] == 4


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("acme", "no JSON\n"),
        ("acme", '{"no": "time"}\n'),
        ("../../elsewhere", '{"time": "2026-11-18T08:00:00Z"}\n'),
        (HOSTILE, '{"time": "2026-11-18T08:00:00Z"}\n'),
    ],
    ids=["text", "timeless", "path", "hostile"],
)
def test_a_draft_that_cannot_be_made_leaves_nothing(
    shell: Shell, tmp_path: Path, name: str, content: str
) -> None:
    file = tmp_path / "sample.json"
    file.write_text(content)
    before = sorted(tmp_path.rglob("*"))
    assert shell("sources", "new", name, file, "--json", code=2).error["message"]
    assert sorted(tmp_path.rglob("*")) == before
    assert shell.json("sources", "test", "okta")["differences"] == []


def test_a_source_is_not_drafted_over_another(shell: Shell, tmp_path: Path) -> None:
    file = sample(tmp_path / "in")
    shell("sources", "new", "acme_doors", file)
    error = shell("sources", "new", "acme_doors", file, "--json", code=2).error
    assert error["where"] == str(shell.home / "sources" / "acme_doors")


def test_hostile_field_names_become_a_source_that_works(shell: Shell, tmp_path: Path) -> None:
    odd = {HOSTILE: HOSTILE, "'; DROP TABLE x; --": 1, "select": "from", "": "none"}
    file = sample(tmp_path / "in", **odd)
    shell("sources", "new", "odd", file)
    assert shell.json("sources", "test", "odd")["differences"] == []
    shell("sources", "show", "odd")
    assert shell.json("ingest", file)["rows"] == 4
    shell("query", "SELECT * FROM odd")


def test_a_difference_is_shown_and_needs_a_look(shell: Shell, tmp_path: Path) -> None:
    shell("sources", "new", "acme_doors", sample(tmp_path / "in"))
    expected = shell.home / "sources" / "acme_doors" / "expected.jsonl"
    expected.write_text(expected.read_text().replace("robin", HOSTILE.encode().hex(), 1))
    report = shell.json("sources", "test", "acme_doors", code=3)
    assert [d["source"] for d in report["differences"]] == ["acme_doors"] * len(
        report["differences"]
    )
    assert "robin" in report["differences"][0]["difference"]
    assert "robin" in shell("sources", "test", "acme_doors", code=3).out


def test_a_source_of_ones_own_overrides_the_built_in_one(shell: Shell, tmp_path: Path) -> None:
    shell("sources", "new", "okta", sample(tmp_path / "in"))
    assert shell.json("sources", "show", "okta")["title"] == "okta"
    assert shell.json("sources", "test", "okta")["records"] == 4


def test_a_broken_source_is_named_with_its_line(shell: Shell, tmp_path: Path) -> None:
    folder = shell.home / "sources" / "acme"
    folder.mkdir()
    (folder / "source.yaml").write_text("name: acme\ntitel: Acme\n")
    error = shell("sources", "list", "--json", code=2).error
    assert error["where"] == f"{folder / 'source.yaml'}:2"
    assert "title" in error["fix"]
    trail(tmp_path, "a.json.gz", [1])
    checks = {c["name"]: c["ok"] for c in shell.json("doctor", code=3)["checks"]}
    assert checks["sources"] is False


def test_a_wrong_format_is_refused_with_the_known_ones(shell: Shell, tmp_path: Path) -> None:
    shell("sources", "new", "acme_doors", sample(tmp_path / "in"))
    spec = shell.home / "sources" / "acme_doors" / "source.yaml"
    spec.write_text(spec.read_text().replace("recognise:", "formats: [jsn]\nrecognise:"))
    assert "json" in shell("sources", "list", "--json", code=2).error["fix"]
