"""`mantissa alerts`: what people do with them, and delivery to a receiver on this machine."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from support.cli import HOSTILE, Shell, rule, trail, write_rule
from support.receiver import Receiver, status

MINE = str(UUID(int=1))
SETTINGS = """
[detection]
library = false

[[destinations]]
name = "channel"
type = "slack"
secret = "channel-url"
options = {{ allow_networks = ["127.0.0.0/8"] }}

[[destinations]]
name = "pager"
type = "pagerduty"
secret = "pager-key"
options = {{ allow_networks = ["127.0.0.0/8"], url = "{url}/v2/enqueue" }}

[[routes]]
destinations = ["channel", "pager"]
min_level = "medium"
"""


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver() as running:
        yield running


@pytest.fixture
def shell(tmp_path: Path, receiver: Receiver, monkeypatch: pytest.MonkeyPatch) -> Shell:
    """A lake with one alert that two destinations are owed."""
    made = Shell(tmp_path / "lake")
    made("init")
    (made.home / "mantissa.toml").write_text(SETTINGS.format(url=receiver.url))
    monkeypatch.setenv("MANTISSA_SECRET_CHANNEL_URL", receiver.slack_url)
    monkeypatch.setenv("MANTISSA_SECRET_PAGER_KEY", "R" * 32)
    write_rule(made.home / "rules", "mine.yml", rule(MINE, level="high"))
    made("ingest", trail(tmp_path, "a.json.gz", [2, 4]), "--detect")
    return made


def the_alert(shell: Shell) -> Any:
    (alert,) = shell.json("alerts", "list")["alerts"]
    return alert


def test_deliver_sends_once_and_records_it(shell: Shell, receiver: Receiver) -> None:
    assert {d["state"] for d in the_alert(shell)["deliveries"]} == {"pending"}
    report = shell.json("alerts", "deliver")
    assert (report["sent"], report["retry"], report["dead"], report["waiting"]) == (2, 0, 0, 0)
    assert (len(receiver.slack_posts), len(receiver.incidents)) == (1, 1)
    deliveries = the_alert(shell)["deliveries"]
    assert all(d.keys() >= {"destination", "state", "attempts"} for d in deliveries)
    assert {(d["destination"], d["state"], d["attempts"]) for d in deliveries} == {
        ("channel", "sent", 1),
        ("pager", "sent", 1),
    }
    assert shell.json("alerts", "deliver")["sent"] == 0
    assert "0 sent" in shell("alerts", "deliver").out
    assert len(receiver.slack_posts) == 1


def test_acknowledge_and_close_reach_the_pager(shell: Shell, receiver: Receiver) -> None:
    alert = the_alert(shell)
    shell("alerts", "deliver")
    assert shell.json("alerts", "ack", alert["id"][:8])["status"] == "acknowledged"
    shell("alerts", "deliver")
    assert receiver.incidents[0].status == "acknowledged"
    closed = shell.json("alerts", "close", alert["id"], "--as", "false_positive", "--note", HOSTILE)
    assert (closed["status"], closed["verdict"]) == ("closed", "false_positive")
    shell("alerts", "deliver")
    assert receiver.incidents[0].events == ["trigger", "acknowledge", "resolve"]
    assert shell.json("alerts", "list", "--status", "open")["alerts"] == []
    page = shell("alerts", "show", alert["id"]).out
    assert "closed as false positive" in page
    assert "acknowledged by" in page
    stats = shell.json("alerts", "stats")
    assert stats["by_status"]["closed"] == 1
    assert stats["by_rule"][MINE]["precision"] == 0


def test_changes_for_people_are_one_line(shell: Shell) -> None:
    alert = the_alert(shell)
    acknowledged = shell("alerts", "ack", alert["id"]).out
    assert acknowledged.startswith(alert["id"][:12])
    assert acknowledged.count("\n") == 1
    closed = shell("alerts", "close", alert["id"], "--as", "benign").out
    assert "closed as benign" in closed


def test_a_refusal_is_retried_later_and_needs_a_look(shell: Shell, receiver: Receiver) -> None:
    receiver.fail(status(500), status(500))
    report = shell.json("alerts", "deliver", code=3)
    assert report["sent"] + report["retry"] == 2
    assert report["retry"] >= 1
    states = {d["state"] for d in the_alert(shell)["deliveries"]}
    assert "retry" in states
    assert "retry" in shell("alerts", "show", the_alert(shell)["id"]).out


def test_a_destination_can_be_tried(shell: Shell, receiver: Receiver) -> None:
    assert shell.json("alerts", "test", "channel")["ok"] is True
    assert len(receiver.slack_posts) == 1
    assert "took the message" in shell("alerts", "test", "pager").out
    receiver.slack_paths = set()
    tried = shell.json("alerts", "test", "channel", code=1)
    assert (tried["ok"], tried["status"]) == (False, 404)
    assert "did not take" in shell("alerts", "test", "channel", code=1).out
    assert the_alert(shell)["deliveries"][0]["state"] == "pending"


def test_a_missing_secret_is_named_and_never_shown(
    shell: Shell, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert shell.json("doctor")["ok"]
    monkeypatch.delenv("MANTISSA_SECRET_PAGER_KEY")
    report = shell.json("doctor", code=3)
    (failing,) = [check for check in report["checks"] if not check["ok"]]
    assert failing["name"] == "destination pager"
    assert "pager-key" in failing["detail"] + failing["fix"]
    tried = shell("alerts", "test", "pager", code=None)
    assert tried.code in (1, 2)
    assert receiver.slack_url not in shell("doctor", code=3).out


def test_without_destinations_alerts_stay_and_the_user_is_told(tmp_path: Path) -> None:
    shell = Shell(tmp_path / "lake")
    shell("init")
    write_rule(shell.home / "rules", "mine.yml", rule(MINE))
    shell("ingest", trail(tmp_path, "a.json.gz", [2]), "--detect")
    ran = shell("alerts", "deliver")
    assert "No destination is configured" in ran.err
    assert the_alert(shell)["deliveries"] == []


def test_hostile_words_reach_no_terminal(tmp_path: Path) -> None:
    shell = Shell(tmp_path / "lake")
    shell("init")
    detection = {"x": {"eventName": "GetObject", "userAgent|contains": "a"}, "condition": "x"}
    odd = rule(MINE, title=HOSTILE, description=HOSTILE, detection=detection)
    write_rule(shell.home / "rules", "odd\x1b[2J.yml", odd)
    who = {"type": "IAMUser", "userName": HOSTILE, "arn": HOSTILE}
    file = trail(tmp_path, "a.json.gz", [2], userAgent=HOSTILE, userIdentity=who)
    shell("ingest", file, "--detect", code=None)
    alert = the_alert(shell)
    for argv in (
        ("findings", "list"),
        ("alerts", "list"),
        ("alerts", "show", alert["id"]),
        ("alerts", "ack", alert["id"]),
        ("alerts", "stats"),
        ("rules", "list"),
        ("rules", "show", MINE),
    ):
        shell(*argv)
        shell(*argv, "--json")
