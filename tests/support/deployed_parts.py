"""The parts of a deployment on moto, each as Terraform makes it: what `mantissa doctor` looks at."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from functools import cache
from typing import Any

from mantissa.adapters.aws.checks.parts import FUNCTIONS, SCHEDULES, Parts
from mantissa.adapters.aws.session import Clients
from mantissa.detection.table import FINDINGS, MATCHES
from mantissa.model import Table
from mantissa.sources.presto_view import glue_view, presto_views
from mantissa.sources.registry import load_sources
from mantissa.sources.schema import glue_table
from support.aws_stores import make_state

NAME = "mantissa-test"
ACCOUNT = "123456789012"
SLACK = "https://hooks.slack.com/services/T000/B000/correct-horse"
CONFIG = """\
[detection]
library = false

[alerts]
tenant = "mantissa-test"

[[destinations]]
name = "slack"
type = "slack"
secret = "slack-webhook"

[[routes]]
destinations = ["slack"]
min_level = "medium"
"""
CUSTOMER = {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": ""}
BLOCK = dict.fromkeys(
    ("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets"), True
)


@cache
def tables() -> list[Table]:
    """Return every table of the product."""
    return [*(spec.table for spec in load_sources().values()), FINDINGS, MATCHES]


@dataclass
class Deployed:
    """A deployment where everything is in order."""

    clients: Clients
    parts: Parts
    key: str

    def environ(self) -> dict[str, str]:
        """Return what `terraform output environment` prints."""
        values = {
            n: ",".join(v) if isinstance(v, tuple) else v for n, v in asdict(self.parts).items()
        }
        return {f"MANTISSA_AWS_{name.upper()}": value for name, value in values.items()}

    def arn(self, queue: str) -> str:
        return f"arn:aws:sqs:{self.clients.sqs.meta.region_name}:{ACCOUNT}:{queue}"

    def url(self, queue: str) -> str:
        return str(self.clients.sqs.get_queue_url(QueueName=queue)["QueueUrl"])

    def schedule(self, name: str, **changes: Any) -> None:
        """Make a schedule, or change it."""
        clients = self.clients
        role = f"arn:aws:iam::{ACCOUNT}:role/{NAME}-scheduler"
        function = f"arn:aws:lambda:us-east-1:{ACCOUNT}:function:{NAME}-{name}:live"
        wanted: Any = {
            "Name": name,
            "GroupName": NAME,
            "ScheduleExpression": "rate(5 minutes)",
            "FlexibleTimeWindow": {"Mode": "OFF"},
            "Target": {"Arn": function, "RoleArn": role},
            "State": "ENABLED",
            **changes,
        }
        listed = clients.scheduler.list_schedules(GroupName=NAME)["Schedules"]
        there = any(schedule["Name"] == name for schedule in listed)
        (clients.scheduler.update_schedule if there else clients.scheduler.create_schedule)(
            **wanted
        )


def deploy(clients: Clients) -> Deployed:
    """Make a deployment."""
    key = clients.kms.create_key()["KeyMetadata"]["Arn"]
    urls = {q: _queue(clients, q, key) for q in ("ingest", "detect", "alert")}
    names = {p: f"{NAME}-{p}" for p in ("raw", "lake", "results")}
    parts = Parts(
        raw_buckets=(names["raw"],),
        lake_bucket=names["lake"],
        results_bucket=names["results"],
        state_table=f"{NAME}-state",
        database="mantissa_test",
        workgroup=f"{NAME}-interactive",
        ingest_queue=urls["ingest"],
        alert_queue=urls["alert"],
        detect_queue=urls["detect"],
        secret_prefix="mantissa-log/",
    )
    world = Deployed(clients, parts, key)
    for bucket in names.values():
        _bucket(clients, bucket, key)
    notify(world)
    for queue in ("schedule-dlq", *(f"{f}-failed" for f in FUNCTIONS)):
        clients.sqs.create_queue(QueueName=f"{NAME}-{queue}")
    _table(clients, parts.state_table, key)
    _catalog(world)
    for use in ("detection", "interactive"):
        _workgroup(world, use)
    clients.scheduler.create_schedule_group(Name=NAME)
    for name in SCHEDULES:
        world.schedule(name)
    secret: Any = {"Name": "mantissa-log/slack-webhook", "SecretString": SLACK, "KmsKeyId": key}
    clients.secretsmanager.create_secret(**secret)
    clients.s3.put_object(
        Bucket=parts.lake_bucket, Key="config/mantissa.toml", Body=CONFIG.encode()
    )
    return world


def notify(world: Deployed, **changes: Any) -> None:
    """Let the raw bucket tell the ingest queue."""
    queue: Any = {"QueueArn": world.arn(f"{NAME}-ingest"), "Events": ["s3:ObjectCreated:*"]}
    world.clients.s3.put_bucket_notification_configuration(
        Bucket=world.parts.raw_buckets[0],
        NotificationConfiguration={"QueueConfigurations": [{**queue, **changes}]},
    )


def workgroup_settings(world: Deployed) -> dict[str, Any]:
    """Return the configuration of a workgroup in order."""
    return {
        "EnforceWorkGroupConfiguration": True,
        "BytesScannedCutoffPerQuery": 50 << 30,
        "ResultConfiguration": {
            "OutputLocation": f"s3://{world.parts.results_bucket}/athena/",
            "EncryptionConfiguration": {"EncryptionOption": "SSE_KMS", "KmsKey": world.key},
        },
    }


def _queue(clients: Clients, use: str, key: str) -> str:
    name = f"{NAME}-{use}"
    clients.sqs.create_queue(QueueName=f"{name}-dlq")
    region = clients.sqs.meta.region_name
    dead = f"arn:aws:sqs:{region}:{ACCOUNT}:{name}-dlq"
    redrive = json.dumps({"deadLetterTargetArn": dead, "maxReceiveCount": 5})
    attributes: Any = {"RedrivePolicy": redrive, "KmsMasterKeyId": key}
    return str(clients.sqs.create_queue(QueueName=name, Attributes=attributes)["QueueUrl"])


def _bucket(clients: Clients, bucket: str, key: str) -> None:
    s3 = clients.s3
    s3.create_bucket(Bucket=bucket)
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    default: Any = {**CUSTOMER, "KMSMasterKeyID": key}
    rules: Any = {"Rules": [{"ApplyServerSideEncryptionByDefault": default}]}
    s3.put_bucket_encryption(Bucket=bucket, ServerSideEncryptionConfiguration=rules)
    s3.put_public_access_block(Bucket=bucket, PublicAccessBlockConfiguration=BLOCK)


def _table(clients: Clients, table: str, key: str) -> None:
    make_state(clients, table)
    encryption: Any = {"Enabled": True, "SSEType": "KMS", "KMSMasterKeyId": key}
    clients.dynamodb.update_table(TableName=table, SSESpecification=encryption)
    clients.dynamodb.update_continuous_backups(
        TableName=table, PointInTimeRecoverySpecification={"PointInTimeRecoveryEnabled": True}
    )
    clients.dynamodb.update_time_to_live(
        TableName=table,
        TimeToLiveSpecification={"Enabled": True, "AttributeName": "expires_at"},
    )


def _catalog(world: Deployed) -> None:
    glue, database = world.clients.glue, world.parts.database
    glue.create_database(DatabaseInput={"Name": database})
    for table in tables():
        made: Any = glue_table(table, f"s3://{world.parts.lake_bucket}/lake/{table.name}")
        glue.create_table(DatabaseName=database, TableInput=made)
    for view in presto_views(tables()):
        made = glue_view(view, database)
        glue.create_table(DatabaseName=database, TableInput=made)


def _workgroup(world: Deployed, use: str) -> None:
    settings: Any = workgroup_settings(world)
    world.clients.athena.create_work_group(Name=f"{NAME}-{use}", Configuration=settings)
