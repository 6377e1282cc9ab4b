"""The API's function as Lambda calls it, in a process of its own, over S3 and DynamoDB on moto."""

from __future__ import annotations

import io
import json
import subprocess
import sys
import uuid
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from mantissa.adapters.aws.dynamodb import DynamoState
from mantissa.alerts.record import TABLE as ALERTS
from mantissa.alerts.record import alert_value
from mantissa.audit.trail import TABLE as AUDIT
from mantissa.ports import Put
from support.api_world import HOSTILE, ORIGIN, Reply, an_alert, event
from support.emulators import Emulator

CALLER = """\
import json, sys
from mantissa.entrypoints.lambdas.api import handler

class Context:
    function_name = "mantissa-test-api"
    function_version = "1"
    memory_limit_in_mb = 512
    invoked_function_arn = "arn:aws:lambda:us-east-1:000000000000:function:mantissa-test-api:live"
    aws_request_id = "11111111-2222-3333-4444-555555555555"
    def get_remaining_time_in_millis(self):
        return 29_000

replies = [handler(event, Context()) for event in json.load(sys.stdin)]
loaded = sorted({name.partition(".")[0] for name in sys.modules})
print("\\nREPLIES " + json.dumps({"replies": replies, "loaded": loaded}))
"""
NOT_IN_THE_ARTEFACT = {
    "awswrangler", "duckdb", "evtx", "isal", "moto", "rich", "sigma", "trino", "typer",
}  # fmt: skip


class Function:
    """The function with a bucket and a table of its own."""

    def __init__(self, emulator: Emulator, home: Path) -> None:
        self.name = f"mantissa-{uuid.uuid4().hex[:8]}"
        self.home = home
        s3, dynamodb = emulator.client("s3"), emulator.client("dynamodb")
        self.bucket = f"{self.name}-lake"
        s3.create_bucket(Bucket=self.bucket)
        config = f'[api]\norigins = ["{ORIGIN}"]\nconcurrent = 1\n'
        s3.put_object(Bucket=self.bucket, Key="config/mantissa.toml", Body=config.encode())
        dynamodb.create_table(
            TableName=self.name,
            KeySchema=[
                {"AttributeName": "pk", "KeyType": "HASH"},
                {"AttributeName": "sk", "KeyType": "RANGE"},
            ],
            AttributeDefinitions=[
                {"AttributeName": "pk", "AttributeType": "S"},
                {"AttributeName": "sk", "AttributeType": "S"},
            ],
            BillingMode="PAY_PER_REQUEST",
        )
        self.s3 = s3
        self.state = DynamoState(dynamodb, self.name)
        self.environ = dict(emulator.environ()) | {
            "MANTISSA_AWS_LAKE_BUCKET": self.bucket,
            "MANTISSA_AWS_STATE_TABLE": self.name,
            "MANTISSA_AWS_DATABASE": self.name.replace("-", "_"),
            "MANTISSA_AWS_WORKGROUP": self.name,
            "POWERTOOLS_SERVICE_NAME": "api",
            "POWERTOOLS_METRICS_NAMESPACE": "Mantissa",
            "POWERTOOLS_TRACE_DISABLED": "true",
            "TMPDIR": str(home),
            "PATH": "/usr/bin:/bin",
        }

    def call(self, *events: dict[str, Any], **environ: str) -> list[Reply]:
        """Call the handler with each event in one process, as a warm function is."""
        done = subprocess.run(
            [sys.executable, "-c", CALLER],
            input=json.dumps(events),
            env=self.environ | environ,
            cwd=self.home,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert done.returncode == 0, done.stderr[-4000:]
        self.log, _, said = done.stdout.rpartition("\nREPLIES ")
        self.log += done.stderr
        told = json.loads(said)
        self.loaded = set(told["loaded"])
        return [Reply(raw) for raw in told["replies"]]

    def logged(self) -> list[dict[str, Any]]:
        """Return what the function logged about requests."""
        lines = [json.loads(line) for line in self.log.splitlines() if line.startswith("{")]
        return [line for line in lines if line.get("message") == "answered"]


@pytest.fixture
def function(moto: Emulator, tmp_path: Path) -> Function:
    return Function(moto, tmp_path)


def statuses(replies: Sequence[Reply]) -> list[int]:
    return [reply.status for reply in replies]


def test_it_answers_from_the_deployed_lake(function: Function) -> None:
    alert = an_alert()
    function.state.put(Put(ALERTS, alert.id, alert_value(alert), None))
    replies = function.call(
        event("GET", "/v1/health", "anon"),
        event("GET", "/v1/alerts", "anon"),
        event("GET", "/v1/alerts", "viewer"),
        event("POST", f"/v1/alerts/{alert.id}/ack", "viewer"),
        event("POST", f"/v1/alerts/{alert.id}/ack", "analyst"),
        event("GET", "/v1/tables", "viewer"),
        event("GET", "/v1/sources", "viewer"),
    )
    assert statuses(replies) == [200, 401, 200, 403, 200, 200, 200]
    assert replies[2].json["alerts"][0]["title"] == HOSTILE
    assert replies[4].json["status"] == "acknowledged"
    assert "findings" in [table["name"] for table in replies[5].json["tables"]]
    (entry,) = [item.value for item in function.state.query(AUDIT)]
    assert (entry["actor"], entry["action"]) == ("sub-analyst", "alert.acknowledge")
    assert function.loaded.isdisjoint(NOT_IN_THE_ARTEFACT)


def test_it_plans_and_refuses_queries_and_audits_both(function: Function) -> None:
    sink = io.BytesIO()
    pq.write_table(pa.table({"rule_title": ["x"] * 100}), sink)
    key = "lake/findings/event_date=2026-03-01/a.parquet"
    function.s3.put_object(Bucket=function.bucket, Key=key, Body=sink.getvalue())
    sql = "SELECT rule_title FROM findings WHERE event_date >= '2026-03-01'"
    planned, refused = function.call(
        event("POST", "/v1/queries/plan", body=json.dumps({"sql": sql})),
        event("POST", "/v1/queries", body=json.dumps({"sql": "DROP TABLE findings"})),
    )
    assert (planned.status, planned.json["tables"]) == (200, ["findings"])
    assert planned.json["estimated_bytes"] == len(sink.getvalue())
    assert (refused.status, refused.json["code"]) == (422, "not_select")
    entries = [item.value for item in function.state.query(AUDIT)]
    assert [(entry["sql"], entry.get("refused")) for entry in entries] == [
        (sql, None),
        ("DROP TABLE findings", "not_select"),
    ]
    assert function.loaded.isdisjoint(NOT_IN_THE_ARTEFACT)


def test_settings_that_are_pushed_hold_for_the_next_request(function: Function) -> None:
    given = event("GET", "/v1/health", "anon")
    given["multiValueHeaders"]["Origin"] = [ORIGIN]
    (reply,) = function.call(given)
    assert reply.headers["Access-Control-Allow-Origin"] == ORIGIN
    function.s3.put_object(Bucket=function.bucket, Key="config/mantissa.toml", Body=b"")
    (reply,) = function.call(given)
    assert "Access-Control-Allow-Origin" not in reply.headers


def test_a_deployment_that_is_wrong_is_a_problem_and_says_why_in_the_log(
    function: Function,
) -> None:
    (reply,) = function.call(event("GET", "/v1/alerts"), MANTISSA_AWS_LAKE_BUCKET="")
    assert (reply.status, reply.json["code"]) == (500, "config")
    assert "lake_bucket" not in reply.text
    (told,) = function.logged()
    assert "lake_bucket" in told["detail"]
    assert (told["status"], told["request_id"]) == (500, reply.json["id"])
    assert told["correlation_id"] == reply.json["id"]


def test_requests_are_counted(function: Function) -> None:
    function.call(event("GET", "/v1/alerts", "anon"))
    (metrics,) = [
        json.loads(line) for line in function.log.splitlines() if '"Requests"' in line
    ]  # fmt: skip
    assert (metrics["Requests"], metrics["RequestsRefused"], metrics["RequestsFailed"]) == (
        [1.0], [1.0], [0.0],
    )  # fmt: skip
