"""A canary: one harmless object put where logs land, and followed to an alert.

Its record has CloudTrail's shape and an event source that no AWS service has, so that the one
rule of the library made for it matches, and no other. Each canary has an actor of its own: its
finding opens an alert of its own.
"""

from __future__ import annotations

import gzip
import hashlib
import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from mantissa.adapters.aws.checks.look import reading

if TYPE_CHECKING:
    from types_boto3_s3.client import S3Client

RULE = "5b1d6c1e-6f0a-4f5e-9d8c-2f7a0e9b4c31"
"""`rules/aws/cloudtrail/mantissa_canary_object_arrived.yml`"""
PREFIX = "mantissa-canary/"
SOURCE = "mantissa.canary"


@dataclass(frozen=True, slots=True)
class Canary:
    """One canary on its way.

    Args:
        uri: where it was put.
        identity: what the ledger calls its content.
        released_at: the time in its record.
    """

    uri: str
    identity: str
    released_at: datetime


@dataclass(frozen=True, slots=True)
class Place:
    """Where a canary is let go: bucket, and what its record says of the place."""

    bucket: str
    account: str
    region: str


def release(s3: S3Client, place: Place, now: datetime, token: str) -> Canary:
    """Put a canary's object into a raw bucket.

    Args:
        token: 16 hex digits or so, never used before.
    """
    now = now.astimezone(UTC).replace(microsecond=0)
    data = gzip.compress(json.dumps({"Records": [record(place, now, token)]}).encode(), mtime=0)
    key = f"{PREFIX}{now:%Y%m%dT%H%M%SZ}-{token}.json.gz"
    uri = f"s3://{place.bucket}/{key}"
    with reading("s3:PutObject", uri):
        s3.put_object(Bucket=place.bucket, Key=key, Body=data)
    return Canary(uri, hashlib.sha256(data).hexdigest(), now)


def record(place: Place, now: datetime, token: str) -> dict[str, Any]:
    """Return the record of a canary."""
    return {
        "eventVersion": "1.11",
        "userIdentity": {
            "type": "IAMUser",
            "accountId": place.account,
            "userName": f"mantissa-canary-{token}",
        },
        "eventTime": f"{now:%Y-%m-%dT%H:%M:%SZ}",
        "eventSource": SOURCE,
        "eventName": "CanaryReleased",
        "awsRegion": place.region,
        "sourceIPAddress": SOURCE,
        "userAgent": SOURCE,
        "requestParameters": {"canary": token},
        "responseElements": None,
        "eventID": f"{token[:8]}-canary-{token[8:]}",
        "readOnly": True,
        "eventType": "AwsServiceEvent",
        "managementEvent": True,
        "recipientAccountId": place.account,
        "eventCategory": "Management",
    }
