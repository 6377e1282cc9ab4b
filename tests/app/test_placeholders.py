"""Placeholders of rules have their values in the settings: for commands, runs and functions."""

from __future__ import annotations

from pathlib import Path

import pytest

from mantissa.bootstrap.aws import Deployed
from mantissa.bootstrap.local import LocalApp
from mantissa.config.reading import load_settings
from mantissa.detection.dialects import TRINO
from mantissa.detection.prepare import prepare
from support.aws_stores import moto_clients
from support.cli import Shell
from support.requirements import ROOT, require

RULE_ID = "4f0d8a51-6f5e-4a0e-8a53-0c2f0b6d7e01"
RULE = f"""\
title: A call from outside
id: {RULE_ID}
status: test
level: low
logsource: {{product: aws, service: cloudtrail}}
detection:
  selection: {{eventName: GetCallerIdentity}}
  ours: {{sourceIPAddress|cidr|expand: '%office%'}}
  condition: selection and not ours
tests:
  - name: from outside
    match: true
    event: {{eventSource: sts.amazonaws.com, eventName: GetCallerIdentity, eventTime: '2026-03-04T05:06:07Z', sourceIPAddress: 203.0.113.9}}
  - name: from the office
    match: false
    event: {{eventSource: sts.amazonaws.com, eventName: GetCallerIdentity, eventTime: '2026-03-04T05:06:07Z', sourceIPAddress: 192.0.2.9}}
"""
SETTINGS = '[detection]\nlibrary = false\n[detection.placeholders]\noffice = ["192.0.2.0/24"]\n'
EVENTS = """\
{"eventSource": "sts.amazonaws.com", "eventName": "GetCallerIdentity", "eventTime": "2026-03-04T05:06:07Z", "sourceIPAddress": "203.0.113.9"}
{"eventSource": "sts.amazonaws.com", "eventName": "GetCallerIdentity", "eventTime": "2026-03-04T05:06:07Z", "sourceIPAddress": "192.0.2.9"}
"""


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    made = Shell(tmp_path / "lake")
    made("init")
    (made.home / "rules").mkdir(exist_ok=True)
    (made.home / "rules/outside.yml").write_text(RULE)
    return made


def test_without_values_the_rule_is_refused_by_name(shell: Shell) -> None:
    (refused,) = shell.json("rules", "check", shell.home / "rules", code=3)["refused"]
    assert refused["id"] == RULE_ID
    assert "%office%" in refused["reason"]
    assert "[detection.placeholders]" in refused["reason"]


def test_every_command_knows_the_values(shell: Shell, tmp_path: Path) -> None:
    (shell.home / "mantissa.toml").write_text(SETTINGS)
    rules, events = shell.home / "rules", tmp_path / "events.jsonl"
    events.write_text(EVENTS)
    for paths in ([], [rules]):
        assert shell.json("rules", "check", *paths)["ok"] == 1
        assert shell.json("rules", "test", *paths)["tests"] == 2
    asked = ("rules", "match", events, "--source", "aws_cloudtrail")
    for chosen in ([], ["--rules", rules]):
        assert shell.json(*asked, *chosen)["matches"] == {"0": [RULE_ID], "1": []}
    assert "192.0.2.0/24" in shell.json("rules", "sql", RULE_ID, "--dialect", "trino")["sql"]
    assert shell.json("rules", "import", rules)["runs"] == 1
    assert [r["state"] for r in shell.json("rules", "list")["rules"]] == ["runs"]


def test_other_values_are_another_version_of_what_runs(shell: Shell) -> None:
    versions = set()
    for network in ("192.0.2.0/24", "192.0.2.0/25"):
        (shell.home / "mantissa.toml").write_text(SETTINGS.replace("192.0.2.0/24", network))
        versions.add(LocalApp(load_settings(shell.home, {})).prepared.version)
    assert len(versions) == 2


def test_functions_read_the_values_with_the_lakes_settings(tmp_path: Path) -> None:
    require("moto")
    with moto_clients() as clients:
        clients.s3.create_bucket(Bucket="a-lake")
        for key, text in (("mantissa.toml", SETTINGS), ("rules/outside.yml", RULE)):
            clients.s3.put_object(Bucket="a-lake", Key=f"config/{key}", Body=text.encode())
        environ = {"MANTISSA_AWS_LAKE_BUCKET": "a-lake"}
        app = Deployed(tmp_path / "copy", environ).app()
        prepared = prepare(app.rules, app.sources.values(), TRINO)
    assert list(prepared.rules) == [RULE_ID]
    assert "192.0.2.0/24" in prepared.predicates[0].text


def test_no_cluster_is_named(shell: Shell, tmp_path: Path) -> None:
    sample = ROOT / "src/mantissa/sources/builtin/aws_cloudtrail/sample.json"
    asked = ("rules", "match", sample, "--source", "aws_cloudtrail", "--engine")
    error = shell.json(*asked, "trino", code=2)["error"]
    assert "Trino" in error["message"]
    assert "[trino]" in error["fix"]
    assert "duckdb, trino" in shell.json(*asked, "athena", code=2)["error"]["fix"]
