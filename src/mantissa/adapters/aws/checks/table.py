"""The state table: the key that every record has, and the ways back after a mistake."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import TYPE_CHECKING

from mantissa.adapters.aws.checks.buckets import AGAIN
from mantissa.adapters.aws.checks.keys import Keys
from mantissa.adapters.aws.checks.look import Flaw, look, reading
from mantissa.model import Check

if TYPE_CHECKING:
    from types_boto3_dynamodb.client import DynamoDBClient

KEY = {"pk": "HASH", "sk": "RANGE"}
EXPIRY = "expires_at"


def checks(dynamodb: DynamoDBClient, table: str, keys: Keys) -> Iterator[Check]:
    """Look at the state table."""
    aspects = (_recoverable, _expiring)
    first = partial(_there, dynamodb, table, keys)
    return look("state table", first, [partial(aspect, dynamodb, table) for aspect in aspects])


def _there(dynamodb: DynamoDBClient, table: str, keys: Keys) -> str:
    with reading("dynamodb:DescribeTable", table):
        found = dynamodb.describe_table(TableName=table)["Table"]
    key = {part["AttributeName"]: part["KeyType"] for part in found.get("KeySchema", [])}
    if key != KEY:
        told = ", ".join(f"{name} {kind}" for name, kind in key.items())
        raise Flaw(f"its key is {told}, not pk HASH, sk RANGE", where=table, fix=AGAIN)
    if found.get("TableStatus") != "ACTIVE":
        status = found.get("TableStatus", "in no state")
        raise Flaw(f"it is {status}", where=table, fix="wait until it is ACTIVE")
    own = keys.note(found.get("SSEDescription", {}).get("KMSMasterKeyArn"), f"table {table}")
    return f"{table}, {own}"


def _recoverable(dynamodb: DynamoDBClient, table: str) -> str:
    with reading("dynamodb:DescribeContinuousBackups", table):
        found = dynamodb.describe_continuous_backups(TableName=table)[
            "ContinuousBackupsDescription"
        ]
    status = found.get("PointInTimeRecoveryDescription", {}).get("PointInTimeRecoveryStatus", "off")
    if status != "ENABLED":
        told = "point-in-time recovery is off: a mistake cannot be taken back"
        raise Flaw(told, where=table, fix=AGAIN)
    return "point-in-time recovery"


def _expiring(dynamodb: DynamoDBClient, table: str) -> str:
    with reading("dynamodb:DescribeTimeToLive", table):
        found = dynamodb.describe_time_to_live(TableName=table)["TimeToLiveDescription"]
    on = found.get("TimeToLiveStatus") in ("ENABLED", "ENABLING")
    if not on or found.get("AttributeName") != EXPIRY:
        raise Flaw(f"records do not expire by {EXPIRY}", where=table, fix=AGAIN)
    return "expiry"
