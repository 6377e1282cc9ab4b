"""Buckets: there, versioned, encrypted, closed to the public; and the raw ones' notifications."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

from mantissa.adapters.aws.checks.keys import Keys
from mantissa.adapters.aws.checks.look import Flaw, look, reading
from mantissa.model import Check

if TYPE_CHECKING:
    from types_boto3_s3.client import S3Client

AGAIN = "apply the deployment again: `terraform plan` shows what was changed by hand"
PUBLIC = ("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets")
CREATED = "s3:ObjectCreated:*"


class Buckets:
    """Looks at buckets.

    Args:
        keys: is told of each bucket's key.
    """

    def __init__(self, s3: S3Client, keys: Keys) -> None:
        self._s3 = s3
        self._keys = keys

    def checks(self, purpose: str, bucket: str) -> Iterator[Check]:
        """Look at a bucket of the deployment."""
        aspects = (self._versioned, self._encrypted, self._private)
        return look(
            f"bucket {purpose}",
            partial(self._reachable, bucket),
            [partial(aspect, bucket) for aspect in aspects],
        )

    def reached(self, purpose: str, bucket: str) -> Iterator[Check]:
        """Look whether a bucket that the user brought is there; how it is kept is the user's."""
        return look(f"bucket {purpose}", partial(self._reachable, bucket))

    def _reachable(self, bucket: str) -> str:
        gone = Flaw(
            "there is no such bucket",
            where=f"s3://{bucket}",
            fix="check its name, the account and the region, or deploy again",
        )
        absent = dict.fromkeys(("404", "NoSuchBucket", "NotFound"), gone)
        with reading("s3:ListBucket", f"s3://{bucket}", absent):
            self._s3.head_bucket(Bucket=bucket)
        return bucket

    def _versioned(self, bucket: str) -> str:
        place = f"s3://{bucket}"
        with reading("s3:GetBucketVersioning", place):
            status = self._s3.get_bucket_versioning(Bucket=bucket).get("Status", "off")
        if status != "Enabled":
            raise Flaw(
                f"versioning is {status.lower()}: what is replaced or deleted is gone",
                where=place,
                fix=AGAIN,
            )
        return "versioned"

    def _encrypted(self, bucket: str) -> str:
        place = f"s3://{bucket}"
        none = Flaw("it has no encryption of its own", where=place, fix=AGAIN)
        absent = {"ServerSideEncryptionConfigurationNotFoundError": none}
        with reading("s3:GetEncryptionConfiguration", place, absent):
            answer = self._s3.get_bucket_encryption(Bucket=bucket)
        rule = answer["ServerSideEncryptionConfiguration"]["Rules"][0]
        default = rule.get("ApplyServerSideEncryptionByDefault")
        if default is None or not default["SSEAlgorithm"].startswith("aws:kms"):
            raise Flaw("it is not encrypted with a customer key", where=place, fix=AGAIN)
        return self._keys.note(default.get("KMSMasterKeyID"), f"bucket {bucket}")

    def _private(self, bucket: str) -> str:
        place = f"s3://{bucket}"
        absent = {
            "NoSuchPublicAccessBlockConfiguration": Flaw(
                "public access is not blocked", where=place, fix=AGAIN
            )
        }
        with reading("s3:GetBucketPublicAccessBlock", place, absent):
            answer = self._s3.get_public_access_block(Bucket=bucket)
        block: Mapping[str, Any] = dict(answer["PublicAccessBlockConfiguration"])
        open_ = [name for name in PUBLIC if not block.get(name)]
        if open_:
            raise Flaw(f"public access is not blocked: {', '.join(open_)}", where=place, fix=AGAIN)
        return "private"


class Notifications:
    """Looks whether a raw bucket's new objects reach the ingest queue, by what is configured.

    Args:
        events: a client of EventBridge, asked only if a bucket tells EventBridge.
        queue_arn: of the ingest queue.
    """

    def __init__(self, s3: S3Client, events: Any, queue_arn: str) -> None:
        self._s3 = s3
        self._events = events
        self._queue_arn = queue_arn

    def checks(self, bucket: str) -> Iterator[Check]:
        """Look at one raw bucket."""
        return look(f"notification of {bucket}", partial(self._reaches_queue, bucket))

    def _reaches_queue(self, bucket: str) -> str:
        place = f"s3://{bucket}"
        with reading("s3:GetBucketNotification", place):
            told: Mapping[str, Any] = dict(
                self._s3.get_bucket_notification_configuration(Bucket=bucket)
            )
        ours = [q for q in told.get("QueueConfigurations", ()) if q["QueueArn"] == self._queue_arn]
        whole = [q for q in ours if CREATED in q["Events"]]
        if any(not _filters(q) for q in whole):
            return f"every new object to {self._queue_arn.rpartition(':')[2]}"
        if "EventBridgeConfiguration" in told:
            return self._by_eventbridge(place)
        raise Flaw(
            _missing(ours, whole), where=place, fix=f"{AGAIN}; the sweep finds what was missed"
        )

    def _by_eventbridge(self, place: str) -> str:
        with reading("events:ListRuleNamesByTarget", self._queue_arn):
            names = self._events.list_rule_names_by_target(TargetArn=self._queue_arn)["RuleNames"]
        for name in names:
            with reading("events:DescribeRule", name):
                if self._events.describe_rule(Name=name).get("State") == "ENABLED":
                    return f"every new object through EventBridge's rule {name}"
        found = f"the rule {names[0]} is disabled" if names else "no rule leads to the ingest queue"
        raise Flaw(f"it tells EventBridge, and {found}", where=place, fix=AGAIN)


def _filters(queue: Mapping[str, Any]) -> list[str]:
    rules = queue.get("Filter", {}).get("Key", {}).get("FilterRules", [])
    return [f"{rule['Name'].lower()} {rule['Value']}" for rule in rules]


def _missing(ours: list[Mapping[str, Any]], whole: list[Mapping[str, Any]]) -> str:
    if whole:
        return f"only objects with {' and '.join(_filters(whole[0]))} reach the ingest queue"
    if ours:
        return f"only {', '.join(ours[0]['Events'])} reach the ingest queue, not {CREATED}"
    return "its new objects do not reach the ingest queue"
