"""A lake of three tables and a view, with a handful of rows, for queries that people write."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson
import pyarrow as pa
import pyarrow.parquet as pq

from mantissa.model import Column, Table

ENVELOPE = (
    Column("event_id", "string"),
    Column("event_time", "timestamp"),
    Column("source_object", "string"),
    Column("event_class", "string"),
    Column("outcome", "string"),
    Column("actor_user", "string"),
    Column("src_ip", "string"),
)
CLOUDTRAIL = Table(
    "aws_cloudtrail",
    (
        *ENVELOPE,
        Column("eventname", "string"),
        Column("eventsource", "string"),
        Column("awsregion", "string"),
        Column("errorcode", "string"),
        Column("useridentity_arn", "string"),
        Column("useridentity_type", "string"),
        Column("useragent", "string"),
        Column("readonly", "boolean"),
        Column("requestparameters", "json"),
        Column("responseelements", "json"),
        Column("raw", "string"),
    ),
)
FLOWS = Table(
    "aws_vpcflow",
    (
        *ENVELOPE,
        Column("dst_ip", "string"),
        Column("dst_port", "bigint"),
        Column("protocol", "bigint"),
        Column("action", "string"),
        Column("bytes", "bigint"),
        Column("packets", "bigint"),
    ),
)
OKTA = Table(
    "okta_system",
    (
        *ENVELOPE,
        Column("eventtype", "string"),
        Column("client_country", "string"),
        Column("risk_score", "double"),
        Column("target", "json"),
    ),
)
TABLES = (CLOUDTRAIL, FLOWS, OKTA)
VIEWS = {
    "authentication": " UNION ALL ".join(
        f"SELECT event_id, event_time, outcome, actor_user, src_ip, event_date FROM {table}"
        " WHERE event_class = 'authentication'"
        for table in ("aws_cloudtrail", "okta_system")
    )
}

_ARROW = {
    "string": pa.string(),
    "json": pa.string(),
    "bigint": pa.int64(),
    "double": pa.float64(),
    "boolean": pa.bool_(),
    "timestamp": pa.timestamp("ms"),
}


def _row(day: int, hour: int, number: int, **values: Any) -> dict[str, Any]:
    when = datetime(2026, 3, day, hour, number % 60, tzinfo=UTC)
    return {"event_id": f"e{day}{hour}{number}", "event_time": when, "source_object": "o", **values}


def _cloudtrail() -> list[dict[str, Any]]:
    trail = {"name": "org-trail", "tags": ["a", "b"], "rules": [{"port": 22, "cidr": "0.0.0.0/0"}]}
    return [
        _row(1, 9, 1, eventname="ConsoleLogin", event_class="authentication", outcome="failure",
             actor_user="ada", src_ip="203.0.113.7", useridentity_type="IAMUser",
             eventsource="signin.amazonaws.com", awsregion="us-east-1", readonly=False),
        _row(1, 9, 5, eventname="ConsoleLogin", event_class="authentication", outcome="success",
             actor_user="ada", src_ip="203.0.113.7", useridentity_type="IAMUser",
             eventsource="signin.amazonaws.com", awsregion="us-east-1", readonly=False),
        _row(2, 23, 7, eventname="StopLogging", event_class="api_activity", outcome="success",
             actor_user="root", src_ip="10.0.0.9", useridentity_type="Root",
             eventsource="cloudtrail.amazonaws.com", awsregion="eu-west-1", readonly=False,
             useridentity_arn="arn:aws:iam::111122223333:root", useragent="aws-cli/2.15",
             requestparameters=orjson.dumps(trail).decode()),
        _row(3, 4, 9, eventname="GetObject", event_class="api_activity", outcome="failure",
             actor_user="build", src_ip="10.0.0.9", errorcode="AccessDenied", readonly=True,
             eventsource="s3.amazonaws.com", awsregion="eu-west-1", useragent="it's; --odd",
             useridentity_arn="arn:aws:sts::111122223333:assumed-role/build/i-1",
             requestparameters='{"bucketName":"logs","key":"a/b.txt"}'),
    ]  # fmt: skip


def _flows() -> list[dict[str, Any]]:
    return [
        _row(2, hour, hour, event_class="network_activity", outcome="success", src_ip="10.0.0.9",
             dst_ip="198.51.100.4", dst_port=port, protocol=6, action=action, bytes=size,
             packets=3)
        for hour, port, action, size in
        [(1, 22, "REJECT", 40), (2, 443, "ACCEPT", 9000), (3, 443, "ACCEPT", 1 << 31)]
    ]  # fmt: skip


def _okta() -> list[dict[str, Any]]:
    return [
        _row(3, 5, number, event_class="authentication", outcome=outcome, actor_user="ada",
             src_ip=ip, eventtype="user.session.start", client_country=country, risk_score=score,
             target='[{"type":"app","id":"1"},{"type":"user","id":"2"}]')
        for number, outcome, ip, country, score in
        [(1, "success", "203.0.113.7", "FR", 0.1), (2, "failure", "198.51.100.9", "BR", None)]
    ]  # fmt: skip


def write_lake(home: Path) -> None:
    """Write the rows as Parquet files under `<home>/lake`."""
    for table, rows in ((CLOUDTRAIL, _cloudtrail()), (FLOWS, _flows()), (OKTA, _okta())):
        for day in {row["event_time"].date().isoformat() for row in rows}:
            path = home / "lake" / table.name / f"event_date={day}" / "part.parquet"
            path.parent.mkdir(parents=True)
            same = [row for row in rows if row["event_time"].date().isoformat() == day]
            pq.write_table(_arrow(table, same), path)


def _arrow(table: Table, rows: list[dict[str, Any]]) -> pa.Table:
    columns = {}
    for column in table.columns:
        values = [row.get(column.name) for row in rows]
        if column.type == "timestamp":
            values = [value.replace(tzinfo=None) for value in values]
        columns[column.name] = pa.array(values, _ARROW[column.type])
    return pa.table(columns)
