"""`mantissa doctor --aws` on the deployed system: what it finds in order, and a canary to its alert."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from support.deployed import NAME, System
from support.emulators import bare_environ

WAIT = 300
BLIND: dict[str, str] = {}
"""Check → why the emulator cannot show it; empty as long as it shows them all."""


def doctor(system: System, home: Path, *options: str) -> tuple[int, dict[str, Any], str]:
    """Run the command in a process of its own, as a person does after `terraform output`."""
    endpoint = {"AWS_ENDPOINT_URL_ATHENA": system.endpoint.url}
    environ = bare_environ(os.environ) | dict(system.emulator.environ(**endpoint))
    environ = {n: v for n, v in environ.items() if not n.startswith("MANTISSA_AWS_")}
    mantissa = str(Path(sys.executable).with_name("mantissa"))
    argv = [mantissa, "doctor", "--aws", "--json", *options]
    ran = subprocess.run(
        [*argv, "--home", str(home)],
        env=environ | system.outputs["environment"],
        capture_output=True,
        text=True,
        timeout=2 * WAIT,
    )
    return ran.returncode, json.loads(ran.stdout), ran.stderr


def wrong(document: dict[str, Any]) -> dict[str, str]:
    """Return what did not pass, but for what the emulator cannot show."""
    bad = {c["name"]: c["detail"] for c in document["checks"] if not c["ok"]}
    return {name: detail for name, detail in bad.items() if name not in BLIND}


def drain(system: System) -> None:
    """Take away what earlier tests of the session left in queues of failed calls."""
    names = [
        "schedule-dlq",
        *(f"{f}-failed" for f in ("ingest", "detect", "alert", "api", "sweep")),
    ]
    sqs = system.client("sqs")
    for name in names:
        sqs.purge_queue(QueueUrl=sqs.get_queue_url(QueueName=f"{NAME}-{name}")["QueueUrl"])


def test_the_deployment_is_in_order_and_a_canary_reaches_its_alert(
    system: System, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    drain(system)
    before = len(system.receiver.incidents), len(system.receiver.slack_posts)
    code, document, said = doctor(system, tmp_path, "--wait", str(WAIT))
    assert wrong(document) == {}, f"{said}\n{system.logs()}"
    assert code == (3 if BLIND else 0)
    seconds = document["canary"]["seconds"]
    assert list(seconds) == ["ingested", "judged", "found", "alert"]
    with capsys.disabled():
        print(f"\nseconds of the canary by stage: {seconds}")
    (alert,) = [
        record
        for record in system.records("alerts")
        if record["rule"]["title"] == "Mantissa Log canary object arrived"
    ]
    assert alert["level"] == "informational"
    system.until("the alert function to have run", lambda: system.call("alert") is not None)
    texts = json.dumps(
        [system.receiver.slack_posts, [i.dedup_key for i in system.receiver.incidents]]
    )
    assert alert["id"] not in texts
    assert (len(system.receiver.incidents), len(system.receiver.slack_posts)) >= before


def test_what_is_switched_off_is_found(system: System, tmp_path: Path) -> None:
    s3, bucket = system.client("s3"), system.outputs["buckets"]["lake"]
    status = {"Status": "Suspended"}
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration=status)
    try:
        code, document, _ = doctor(system, tmp_path, "--no-canary")
    finally:
        s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    assert code == 3
    assert "bucket lake" in wrong(document)
