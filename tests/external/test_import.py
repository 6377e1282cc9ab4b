"""The public Sigma collection is taken whole, and each of its rules has a state and a reason."""

from __future__ import annotations

from pathlib import Path

import pytest

from support.cli import Shell

UNEXPANDED = "%known_cdcs%"


@pytest.fixture(scope="module")
def shell(tmp_path_factory: pytest.TempPathFactory) -> Shell:
    return Shell(tmp_path_factory.mktemp("import") / "lake")


def test_the_collection_is_taken_whole_and_compared_with_itself(
    shell: Shell, shared_data: Path
) -> None:
    sigmahq = shared_data / "sigmahq"
    report = shell.json("rules", "import", sigmahq, "--enable", code=3)
    refused = report["refused"]
    assert report["rules"] == 3_754
    assert report["runs"] + report["waits_for_source"] + len(refused) == 3_754
    assert min(report["compiled"].values()) >= 3_752
    assert set(report["compiled"]) == {"duckdb", "athena"}
    assert sum(UNEXPANDED in rule["reason"] for rule in refused) == 2
    others = [rule for rule in refused if UNEXPANDED not in rule["reason"]]
    assert all("has no field" in rule["reason"] and rule["line"] > 1 for rule in others)
    assert sum(waiting["rules"] for waiting in report["waiting_for"]) == report["waits_for_source"]
    enabled = report["enabled"]
    assert enabled["new"] == report["runs"] + report["waits_for_source"]
    assert (Path(enabled["folder"]) / "LICENSE").read_bytes() == (sigmahq / "LICENSE").read_bytes()
    left = shell.json("rules", "diff", sigmahq, enabled["folder"])
    assert (left["added"], left["changed"]) == ([], [])
    assert {rule["id"] for rule in left["removed"]} == {rule["id"] for rule in refused}
