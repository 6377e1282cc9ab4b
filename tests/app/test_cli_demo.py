"""`mantissa demo`: the tour finds every step, says why, and leaves behind what it says."""

from __future__ import annotations

import re
from datetime import datetime
from pathlib import Path

import pytest

from mantissa.bootstrap.local import LocalApp
from mantissa.config.reading import load_settings
from mantissa.entrypoints.cli.demo_findings import explain
from mantissa.entrypoints.cli.scenario import write_scenario
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


@pytest.mark.parametrize("now", ["01:10", "05:22", "12:30"])
def test_every_step_says_call_and_address_at_any_hour(tmp_path: Path, now: str) -> None:
    # At 05:22 the night's backups fall into the hour of the shared snapshot, and what is found of
    # both together has no address of its own.
    end = datetime.fromisoformat(f"2026-11-24T{now}:00+00:00")
    scenario = write_scenario(tmp_path / "logs", end=end, events=400)
    shell = Shell(tmp_path / "home")
    shell("init")
    shell("ingest", tmp_path / "logs")
    shell("detect")
    app = LocalApp(load_settings(tmp_path / "home", {}), {})
    try:
        story, _ = explain(app, scenario)
    finally:
        app.close()
    assert len(story) == 13
    for step in story:
        assert re.match(r"[A-Z]\w+ by (ci-deploy|svc-backup) from 198\.51\.100\.", step["why"])


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
