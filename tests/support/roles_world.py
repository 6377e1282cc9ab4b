"""A deployment's parts in a moto that judges IAM, and its functions under their own roles."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

from mantissa.adapters.aws.dynamodb import DynamoState
from mantissa.adapters.aws.glue import GlueCatalog
from mantissa.adapters.aws.s3 import S3Objects
from mantissa.detection.table import FINDINGS, MATCHES
from support import moto_server
from support.athena.operations import Behalf
from support.athena.server import Endpoint
from support.emulators import REGION, Emulator
from support.iam_judge import JUDGEMENTS, LOSES
from support.lakes import SOURCES
from support.lambda_worker import Function
from support.receiver import Receiver
from support.requirements import ROOT
from support.roles_plan import FUNCTIONS, Document, Planned
from support.trino import Trino

ROUTING_KEY = "R" * 32
IN_ITS_NAME = "athena"
"""The user with a function's rights as whom Athena reads and writes: Trino has no use for sessions."""

LONG, SHORT = 20, 3
"""Seconds that a person waits for an answer that is to come, and for one that is not."""

CONFIG = """\
[alerts]
tenant = "roles"

[api]
concurrent = 3

[detection]
library = false

[[destinations]]
name = "slack"
type = "slack"
secret = "slack-webhook"
options = {{ allow_networks = ["127.0.0.0/8"] }}

[[destinations]]
name = "pagerduty"
type = "pagerduty"
secret = "pagerduty-api-key"
url = "{url}/v2/enqueue"
options = {{ allow_networks = ["127.0.0.0/8"] }}

[[routes]]
destinations = ["slack", "pagerduty"]
min_level = "medium"
"""
RULE = """\
title: {title}
id: 00000000-0000-4000-8000-{number:012d}
status: test
level: {level}
logsource: {{product: aws, service: cloudtrail}}
detection:
  s: {{eventName: {name}}}
  condition: s
"""
TOGETHER = """\
title: two of them
id: 00000000-0000-4000-8000-000000000009
status: test
level: low
correlation:
  type: event_count
  rules: 00000000-0000-4000-8000-000000000001
  timespan: 30d
  generate: true
  condition: {gte: 2}
"""
RULES = (("GetObject", "high"), ("ListBuckets", "low"))
"""The rules of this deployment: name of the call that each is about, and its level."""


@contextmanager
def judge(root: Path, loses: str) -> Iterator[Emulator]:
    """Yield a moto that enforces IAM from its fourth call on, seen as its administrator.

    Args:
        loses: is in the keys of objects the answers to whose first writing are lost.
    """
    root.mkdir(parents=True)
    env = {
        "INITIAL_NO_AUTH_ACTION_COUNT": "3",
        "PYTHONPATH": str(ROOT / "tests"),
        JUDGEMENTS: str(root / "judgements"),
        LOSES: loses,
    }
    with moto_server.running(root, "judge", env, "support.iam_judge") as moto:
        allowed = {"Version": "2012-10-17", "Statement": _ANYTHING}
        yield Emulator(moto.port, moto.log, *user(moto, "admin", allowed))


_ANYTHING = [{"Effect": "Allow", "Action": "*", "Resource": "*"}]


def user(moto: Emulator, name: str, document: Document) -> tuple[str, str]:
    """Make a user with one policy, in three calls; return the key."""
    iam = moto.client("iam")
    iam.create_user(UserName=name)
    iam.put_user_policy(UserName=name, PolicyName="service", PolicyDocument=json.dumps(document))
    key = iam.create_access_key(UserName=name)["AccessKey"]
    return key["AccessKeyId"], key["SecretAccessKey"]


class Judgement(NamedTuple):
    """Whether somebody was allowed an action on a resource."""

    who: str
    action: str
    resource: str
    allowed: bool


class World:
    """Everything that one plan deploys and the functions use."""

    def __init__(self, admin: Emulator, planned: Planned, root: Path) -> None:
        self.admin, self.planned, self.root = admin, planned, root
        self.judgements = root / "judge" / "judgements"
        self.patience = LONG
        self.endpoint: Any = None
        self.receiver: Any = None
        self._open = ExitStack()
        self._functions: dict[str, Function] = {}
        self._sessions: dict[str, dict[str, str]] = {}

    @cached_property
    def s3(self) -> Any:
        return self.admin.client("s3")

    @cached_property
    def sqs(self) -> Any:
        return self.admin.client("sqs")

    @cached_property
    def glue(self) -> Any:
        return self.admin.client("glue")

    @cached_property
    def dynamodb(self) -> Any:
        return self.admin.client("dynamodb")

    @cached_property
    def iam(self) -> Any:
        return self.admin.client("iam")

    @cached_property
    def state(self) -> DynamoState:
        return DynamoState(self.dynamodb, self.planned.table)

    @cached_property
    def lake(self) -> S3Objects:
        return S3Objects(self.s3, self.planned.buckets["lake"])

    @cached_property
    def urls(self) -> dict[str, str]:
        names = {queue: f"{self.planned.name}-{queue}" for queue in ("ingest", "detect", "alert")}
        return {q: self.sqs.get_queue_url(QueueName=name)["QueueUrl"] for q, name in names.items()}

    # ---- making it

    def make(self) -> None:
        """Make the parts, the roles and what users push."""
        for bucket in (*self.planned.buckets.values(), self.audit):
            self.s3.create_bucket(Bucket=bucket)
        self._make_table()
        for queue in self.planned.queues:
            # Whoever comes next finds a message that was taken and not deleted.
            self.sqs.create_queue(QueueName=queue, Attributes={"VisibilityTimeout": "0"})
        self._make_catalog()
        for name in self.planned.workgroups.values():
            place = f"s3://{self.planned.buckets['results']}/athena/{name}/"
            self.admin.client("athena").create_work_group(
                Name=name,
                Configuration={"ResultConfiguration": {"OutputLocation": place}},
                Tags=[{"Key": "Project", "Value": "mantissa-log"}],
            )
        self._make_roles()
        self._push()

    @property
    def audit(self) -> str:
        return self.planned.buckets["lake"].replace("-lake-", "-audit-")

    def _make_table(self) -> None:
        keys = {"pk": "HASH", "sk": "RANGE"}
        self.dynamodb.create_table(
            TableName=self.planned.table,
            KeySchema=[{"AttributeName": n, "KeyType": k} for n, k in keys.items()],
            AttributeDefinitions=[{"AttributeName": n, "AttributeType": "S"} for n in keys],
            BillingMode="PAY_PER_REQUEST",
        )

    def _make_catalog(self) -> None:
        self.glue.create_database(DatabaseInput={"Name": self.planned.database})
        for table in self.tables:
            self.catalog().ensure(table)

    def catalog(self) -> GlueCatalog:
        """Return a catalogue that remembers no days."""
        location = f"s3://{self.planned.buckets['lake']}/lake"
        return GlueCatalog(self.glue, self.planned.database, location)

    @property
    def tables(self) -> list[Any]:
        return [SOURCES["aws_cloudtrail"].table, FINDINGS, MATCHES]

    def _make_roles(self) -> None:
        sts = self.admin.client("sts")
        for function in FUNCTIONS:
            name, trust = self.role(function), self.planned.trust[function]
            made = self.iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(trust))
            self.allow(function, self.planned.service[function])
            arn = made["Role"]["Arn"]
            key = sts.assume_role(RoleArn=arn, RoleSessionName="lambda")["Credentials"]
            self._sessions[function] = {
                "AWS_ACCESS_KEY_ID": key["AccessKeyId"],
                "AWS_SECRET_ACCESS_KEY": key["SecretAccessKey"],
                "AWS_SESSION_TOKEN": key["SessionToken"],
            }

    def _push(self) -> None:
        """Put there what `rules push` and the secrets' variables do."""
        pushed = {"mantissa.toml": CONFIG.format(url=self.receiver.url)}
        for number, (name, level) in enumerate(RULES, 1):
            text = RULE.format(title=name, number=number, name=name, level=level)
            pushed[f"rules/{number}.yml"] = text
        pushed["rules/together.yml"] = TOGETHER
        for name, text in pushed.items():
            self.lake.put_if_absent(f"config/{name}", text.encode())
        values = {"slack-webhook": self.receiver.slack_url, "pagerduty-api-key": ROUTING_KEY}
        for name in self.planned.secrets:
            self.admin.client("secretsmanager").create_secret(
                Name=name, SecretString=values[name.rpartition("/")[2]]
            )

    # ---- roles

    def role(self, function: str) -> str:
        return f"{self.planned.name}-{function}"

    def allow(self, function: str, policy: Document) -> None:
        """Give a function's role this policy and no other; Athena acts under it, too."""
        given = {"PolicyName": "service", "PolicyDocument": json.dumps(policy)}
        self.iam.put_role_policy(RoleName=self.role(function), **given)
        self.iam.put_user_policy(UserName=IN_ITS_NAME, **given)

    def client(self, function: str, service: str) -> Any:
        """Return a client with the credentials of a function's role."""
        import boto3
        from botocore.config import Config

        key = self._sessions[function]
        return boto3.Session(
            key["AWS_ACCESS_KEY_ID"], key["AWS_SECRET_ACCESS_KEY"], key["AWS_SESSION_TOKEN"], REGION
        ).client(
            service,
            endpoint_url=self.endpoint.url if service == "athena" else self.admin.url,
            config=Config(s3={"addressing_style": "path"}),
        )

    def judged(self) -> list[Judgement]:
        """Return what was judged since `forget`."""
        lines = self.judgements.read_text(encoding="utf-8").splitlines()
        return [Judgement(*json.loads(line)) for line in lines]

    def denied(self) -> set[str]:
        """Return the actions that were denied since `forget`; waits until there is one."""
        end = time.monotonic() + LONG
        while not (found := {j.action for j in self.judged() if not j.allowed}):
            if time.monotonic() > end:
                return set()
            time.sleep(0.1)
        return found

    def forget(self) -> None:
        """Begin a new list of judgements."""
        self.judgements.write_text("", encoding="utf-8")

    # ---- functions

    def call(self, function: str, *events: Any) -> list[Any]:
        """Call a function's handler with events, in a process that did nothing before."""
        if function not in self._functions:
            made = Function(
                self.role(function),
                f"mantissa.entrypoints.lambdas.{function}",
                self.environ(function),
                self.root / function,
            )
            self._functions[function] = self._open.enter_context(made)
        return self._functions[function].call(events)

    def environ(self, function: str) -> dict[str, str]:
        buckets, kind = self.planned.buckets, "detection" if function == "detect" else "interactive"
        return {
            "AWS_ENDPOINT_URL": self.admin.url,
            "AWS_ENDPOINT_URL_ATHENA": self.endpoint.url,
            "AWS_REGION": REGION,
            "AWS_DEFAULT_REGION": REGION,
            "AWS_EC2_METADATA_DISABLED": "true",
            "MANTISSA_AWS_LAKE_BUCKET": buckets["lake"],
            "MANTISSA_AWS_RAW_BUCKETS": buckets["raw"],
            "MANTISSA_AWS_RESULTS_BUCKET": buckets["results"],
            "MANTISSA_AWS_STATE_TABLE": self.planned.table,
            "MANTISSA_AWS_DATABASE": self.planned.database,
            "MANTISSA_AWS_WORKGROUP": self.planned.workgroups[kind],
            "MANTISSA_AWS_INGEST_QUEUE": self.urls["ingest"],
            "MANTISSA_AWS_ALERT_QUEUE": self.urls["alert"],
            "MANTISSA_AWS_DETECT_QUEUE": self.urls["detect"],
            # What is here is little, and Athena's rights are to be proven.
            "MANTISSA_DETECTION_ENGINE": "athena",
            "MANTISSA_AWS_SECRET_PREFIX": "mantissa-log/",
            "POWERTOOLS_SERVICE_NAME": function,
            "POWERTOOLS_METRICS_NAMESPACE": "Mantissa",
            "POWERTOOLS_TRACE_DISABLED": "true",
            **self._sessions[function],
        }

    def poll(self, function: str) -> dict[str, Any]:
        """Take a batch from a function's queue, as Lambda does in the name of its role."""
        sqs, url = self.client(function, "sqs"), self.urls[function]
        sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])
        told = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, AttributeNames=["All"])
        return {
            "Records": [
                {
                    "messageId": message["MessageId"],
                    "receiptHandle": message["ReceiptHandle"],
                    "body": message["Body"],
                    "attributes": message["Attributes"],
                    "eventSource": "aws:sqs",
                    "awsRegion": REGION,
                }
                for message in told.get("Messages", [])
            ]
        }

    def delete(self, function: str, batch: Mapping[str, Any], kept: set[str]) -> None:
        """Delete a batch's messages but those that are to come again, as Lambda does."""
        entries = [
            {"Id": str(n), "ReceiptHandle": record["receiptHandle"]}
            for n, record in enumerate(batch["Records"])
            if record["messageId"] not in kept
        ]
        if entries:
            url = self.urls[function]
            self.client(function, "sqs").delete_message_batch(QueueUrl=url, Entries=entries)

    def waiting(self, queue: str) -> list[dict[str, Any]]:
        """Return the first messages of a queue."""
        told = self.sqs.receive_message(QueueUrl=self.urls[queue], MaxNumberOfMessages=10)
        messages: list[dict[str, Any]] = told.get("Messages", [])
        return messages


@contextmanager
def world(root: Path, admin: Emulator, trino: Trino, planned: Planned) -> Iterator[World]:
    """Yield everything of a plan, ready to be used."""
    made = World(admin, planned, root)
    with ExitStack() as stack, made._open:
        made.receiver = stack.enter_context(Receiver())
        in_its_name = Emulator(
            admin.port, admin.log, *user(admin, IN_ITS_NAME, planned.service["api"])
        )
        catalog = stack.enter_context(trino.catalog_of(in_its_name))
        behalf = Behalf(in_its_name, catalog)
        made.endpoint = stack.enter_context(
            Endpoint(trino.url, admin, asks_first=True, behalf=behalf)
        )
        made.make()
        yield made
