"""`mantissa demo`: the tour finds every step, says why, and leaves behind what it says."""

from __future__ import annotations

from pathlib import Path

import pytest

from support.cli import Shell

STEP = {"time", "step", "level", "rules", "why", "found_by"}


def test_the_tour_as_a_document(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    document = Shell(None).json("demo", "--events", 400)
    assert document["home"] is None
    assert document["ingest"]["rows"] == document["events"] == 400
    assert document["detect"]["rules"] | {"evaluated": 0} == {
        "evaluated": 0,
        "failed": [],
        "refused": [],
    }
    assert len(document["story"]) == 13
    for step in document["story"]:
        assert step.keys() == STEP
        assert step["found_by"], step["step"]
        assert len(step["rules"]) == len(step["found_by"])
        assert " from " in step["why"]
    sent = document["deliveries"]
    assert sent["sent"] == sent["slack"] + sent["pagerduty"] > 0
    assert len(document["questions"]) == 3
    for question in document["questions"]:
        assert question["row_count"] > 0
        assert question["estimated_bytes"] > 0
    assert list(tmp_path.iterdir()) == []


def test_the_tour_for_people_fits_a_terminal(tmp_path: Path) -> None:
    home = tmp_path / "kept"
    shell = Shell(home)
    out = shell("demo", "--keep", "--events", 400).out
    assert "Found 13 of 13 steps" in out
    story = out[out.index("── 4.") : out.index("── 5.")]
    message = out[out.index("── 5.") : out.index("── 6.")]
    assert max(map(len, (story + message).splitlines())) <= 100
    assert story.count("why") == 13
    assert str(home) in out
    assert shell.json("lake", "reconcile")["ok"]
    assert shell.json("alerts", "list")["alerts"]
    assert shell.json("ingest", home / "raw")["rows"] == 0
    error = shell("demo", "--keep", "--json", code=2).error
    assert error["where"] == str(home)
