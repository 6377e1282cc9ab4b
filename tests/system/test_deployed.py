"""The deployed system, running: from an object in a bucket to a message, and what goes wrong on the way.

Terraform applies the real root module to ministack; Athena is real Trino. Tests go through one
deployment in the order of this file.
"""

from __future__ import annotations

import io
import itertools
import json
import time
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from mantissa.adapters.local.inputs import expand
from mantissa.bootstrap.aws import FRESH
from mantissa.bootstrap.local import LocalApp
from mantissa.config.reading import load_settings
from support.deployed import System
from support.lakes import cloudtrail

pytestmark = pytest.mark.timeout(1200)

Found = set[tuple[str, str]]
AT_ONCE = 4
STAGES = ("object", "row", "finding", "alert", "message")


@pytest.fixture(scope="session")
def logs(shared_data: Path) -> dict[str, bytes]:
    """Public CloudTrail logs: object key → content."""
    folder = shared_data / "aws_cloudtrail"
    files = sorted(p for p in folder.rglob("*") if p.is_file() and p.suffix != ".md")
    # One exercise left 697 files of a few events each: every twentieth of them is enough here.
    many = [p for p in files if "sans504" in p.parts]
    files = [p for p in files if p not in many or many.index(p) % 20 == 0]
    return {f"AWSLogs/{p.relative_to(folder).as_posix()}": p.read_bytes() for p in files}


@pytest.fixture(scope="session")
def delivered(system: System, logs: dict[str, bytes]) -> System:
    """The system after it ingested the logs and its own schedule judged them."""
    for key, data in logs.items():
        # ministack starts a process for every batch that waits, where Lambda has MaximumConcurrency.
        system.until("room in the ingest queue", lambda: system.depth("ingest") < AT_ONCE, 300)
        system.deliver(key, data)
    waiting = lambda: system.depth("ingest") == 0 and len(finished(system)) >= 1  # noqa: E731
    system.until("the ingest queue to be empty", waiting, 600)
    system.until("everything to be judged", lambda: not system.records("pending"), 300)
    return system


def finished(system: System) -> list[dict[str, Any]]:
    return [r for r in system.records("ledger") if r["state"] in ("DONE", "QUARANTINED")]


def findings_of(system: System) -> Found:
    """Read the findings where they lie."""
    s3, bucket = system.client("s3"), system.outputs["buckets"]["lake"]
    found: Found = set()
    for page in s3.get_paginator("list_objects_v2").paginate(
        Bucket=bucket, Prefix="lake/findings/"
    ):
        for entry in page.get("Contents", []):
            data = s3.get_object(Bucket=bucket, Key=entry["Key"])["Body"].read()
            rows = pq.read_table(io.BytesIO(data), partitioning=None).to_pylist()
            found |= {(row["rule_id"], row["event_id"]) for row in rows}
    return found


@pytest.fixture(scope="session")
def laptop(logs: dict[str, bytes], tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalApp]:
    """The same files on the embedded engine."""
    home = tmp_path_factory.mktemp("laptop")
    (home / "lake").mkdir()
    app = LocalApp(load_settings(home, {}), {})
    for key, data in logs.items():
        place = home / "raw" / key
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(data)
        for member in expand([str(place)], app.limits):
            app.ingest.one(member)
    app.detection().run()
    yield app
    app.close()


def test_the_findings_are_those_of_the_laptop(delivered: System, laptop: LocalApp) -> None:
    sql = "SELECT rule_id, event_id FROM findings"
    rows = laptop.engine.run(sql, limits=laptop.query_limits).table.to_pylist()
    expected = {(row["rule_id"], row["event_id"]) for row in rows}
    found = findings_of(delivered)
    together = {correlation.info.id for correlation in laptop.prepared.correlations}
    assert len(expected) > 50
    assert {pair for pair in found if pair[0] not in together} == {
        pair for pair in expected if pair[0] not in together
    }
    # At which event a correlation is told depends on what had arrived by then; that it is does not.
    fired = {rule_id for rule_id, _ in expected if rule_id in together}
    assert fired
    assert {rule_id for rule_id, _ in found if rule_id in together} == fired


def test_every_record_is_accounted_for(delivered: System, laptop: LocalApp) -> None:
    def totals(entries: list[dict[str, Any]]) -> dict[str, int]:
        names = ("records", "rows", "quarantined", "filtered")
        return {n: sum(e["counts"][n] for e in entries) for n in names}

    here = [dict(item.value) for item in laptop.state.query("ledger")]
    there = finished(delivered)
    assert totals(there) == totals(here)
    assert len(there) == len(here)


def test_messages_reach_slack_and_pagerduty(delivered: System) -> None:
    alerts = delivered.records("alerts")
    owed = [a for a in alerts if a["level"] in ("medium", "high", "critical")]
    assert owed
    receiver = delivered.receiver
    told = lambda: not delivered.records("outbox")  # noqa: E731
    delivered.until("every message to be sent", told, 300)
    keys = {incident.dedup_key for incident in receiver.incidents}
    assert keys == {alert["id"] for alert in owed}
    texts = json.dumps(receiver.slack_posts)
    assert all(alert["id"] in texts for alert in owed)


def test_five_times_say_how_long_each_stage_took(
    delivered: System, capsys: pytest.CaptureFixture[str]
) -> None:
    sent = {row["key"].split("/")[0]: row for row in delivered.records("deliveries")}
    lines = []
    for alert in delivered.records("alerts"):
        if alert["id"] not in sent:
            continue
        times = [datetime.fromisoformat(alert["stages"][name]) for name in STAGES[:4]]
        times.append(datetime.fromisoformat(sent[alert["id"]]["updated_at"]))
        assert times == sorted(times)
        steps = [round((b - a).total_seconds(), 1) for a, b in itertools.pairwise(times)]
        lines.append((alert["rule"]["title"], steps))
    assert lines
    with capsys.disabled():
        print("\nseconds from object to row, finding, alert, message:")
        for title, steps in lines[:5]:
            print(f"  {title[:60]:60} {steps}")


def test_a_second_plan_changes_nothing(delivered: System) -> None:
    plan = delivered.terraform.drift()
    assert [
        line for line in plan.splitlines() if line.lstrip().startswith(("#", "~", "+", "-"))
    ] == []
    assert plan == ""


def test_a_duplicate_delivery_changes_nothing(delivered: System, logs: dict[str, bytes]) -> None:
    before = sorted(json.dumps(r, sort_keys=True) for r in finished(delivered))
    key = next(iter(logs))
    delivered.deliver(key, logs[key])
    delivered.deliver("another/name.json", logs[key])
    seen = lambda: any("another/name.json" in r["key"] for r in delivered.records("seen"))  # noqa: E731
    delivered.until("the duplicate to be seen", seen)
    delivered.until("the queue to be empty", lambda: delivered.depth("ingest") == 0)
    assert sorted(json.dumps(r, sort_keys=True) for r in finished(delivered)) == before
    assert delivered.records("pending") == []


def test_a_poison_object_ends_in_quarantine(delivered: System) -> None:
    delivered.deliver("poison.gz", b"\x1f\x8b" + bytes(range(256)) * 40)

    def kept() -> list[dict[str, Any]]:
        entries = delivered.records("ledger")
        return [e for e in entries if e["plan"]["source_object"].endswith("/poison.gz")]

    (entry,) = delivered.until(
        "the poison object's entry", lambda: [k for k in kept() if k["quarantine"]]
    )
    assert entry["counts"]["quarantined"] == entry["counts"]["records"] == 1
    delivered.until("the queue to be empty", lambda: delivered.depth("ingest") == 0)


def test_what_keeps_failing_waits_in_the_dead_letter_queue_and_redrives(system: System) -> None:
    sqs, urls = system.client("sqs"), system.outputs["queue_urls"]
    s3, lake = system.client("s3"), system.outputs["buckets"]["lake"]
    good = s3.get_object(Bucket=lake, Key="config/mantissa.toml")["Body"].read()
    before = sqs.get_queue_attributes(QueueUrl=urls["ingest"], AttributeNames=["VisibilityTimeout"])
    sqs.set_queue_attributes(QueueUrl=urls["ingest"], Attributes={"VisibilityTimeout": "1"})
    try:
        s3.put_object(Bucket=lake, Key="config/mantissa.toml", Body=b"[no such section]\n")
        time.sleep(FRESH.total_seconds() + 1)
        system.deliver("redriven.json", json.dumps({"Records": [cloudtrail(7)]}).encode())
        system.until("the message to be given up", lambda: system.depth("ingest-dlq") == 1)
        assert system.depth("ingest") == 0
    finally:
        s3.put_object(Bucket=lake, Key="config/mantissa.toml", Body=good)
        sqs.set_queue_attributes(QueueUrl=urls["ingest"], Attributes=before["Attributes"])
    # What `aws sqs start-message-move-task` does, which ministack does not know.
    dead = system.outputs["dlq_urls"]["ingest"]
    (message,) = sqs.receive_message(QueueUrl=dead)["Messages"]
    sqs.send_message(QueueUrl=urls["ingest"], MessageBody=message["Body"])
    sqs.delete_message(QueueUrl=dead, ReceiptHandle=message["ReceiptHandle"])

    def rows() -> list[dict[str, Any]]:
        entries = finished(system)
        return [e for e in entries if e["plan"]["source_object"].endswith("/redriven.json")]

    (entry,) = system.until("the redriven object's rows", rows)
    assert entry["counts"]["rows"] == 1
    assert system.depth("ingest-dlq") == 0


def test_the_api_answers_whoever_has_signed_in_and_nobody_else(delivered: System) -> None:
    asked = {"sql": "SELECT count(*) AS calls FROM aws_cloudtrail", "wait": 20}
    assert delivered.request("POST", "/v1/queries", body=asked)[0] == 401
    assert delivered.request("POST", "/v1/queries", token="e30.e30.x", body=asked)[0] == 401
    viewer, analyst = delivered.token("viewer"), delivered.token("analyst")
    assert delivered.request("POST", "/v1/queries", token=viewer, body=asked)[0] == 403
    status, answer = delivered.request("POST", "/v1/queries", token=analyst, body=asked)
    assert status in (200, 202), answer
    path = f"/v1/queries/{answer['id']}"
    if status == 202:
        ended = lambda: delivered.request("GET", path, token=analyst)[1]["state"] == "succeeded"  # noqa: E731
        delivered.until("the query's answer", ended)
    assert delivered.request("GET", path, token=delivered.token("admin"))[0] == 200
    status, answer = delivered.request("GET", path, token=analyst)
    assert (status, answer["state"]) == (200, "succeeded")
    rows = sum(e["counts"]["rows"] for e in finished(delivered))
    assert answer["rows"] == [[rows]]
    refused = {"sql": "DROP TABLE aws_cloudtrail"}
    status, problem = delivered.request("POST", "/v1/queries", token=analyst, body=refused)
    assert status == 422 or status == 400
    assert problem["code"] == "not_select"
    status, alerts = delivered.request("GET", "/v1/alerts", token=viewer)
    assert status == 200
    assert {a["id"] for a in alerts["alerts"]} <= {a["id"] for a in delivered.records("alerts")}
    assert alerts["alerts"]


def test_a_lost_notification_is_swept_up(system: System) -> None:
    """An object that was there before the ledger began has no message; the sweep sends one."""
    answer = system.call("sweep")
    assert [swept["bucket"] for swept in answer] == [system.outputs["buckets"]["raw"]]
    assert answer[0]["ended"] and answer[0]["listed"] > 0
    assert answer[0]["covered"] + answer[0]["young"] + answer[0]["sent"] == answer[0]["listed"]
