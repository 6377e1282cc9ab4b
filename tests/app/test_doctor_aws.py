"""`mantissa doctor --aws` over a deployment on moto: in order, and with one thing wrong at a time."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from mantissa.adapters.aws.checks.buckets import Notifications
from mantissa.adapters.aws.checks.canary import RULE
from mantissa.adapters.aws.dynamodb import DynamoState
from mantissa.bootstrap.aws import AwsApp
from mantissa.bootstrap.doctor import Doctor, parts_of
from mantissa.config.reading import settings_of
from mantissa.detection.journal import ACTIVE, HEALTH, RUNS
from mantissa.errors import ConfigError
from mantissa.lake.books import PENDING
from mantissa.model import Check
from mantissa.ports import Put
from support.aws_faults import Network, answered, refused, through
from support.aws_faults import no_waiting as no_waiting
from support.aws_stores import environ, moto_clients
from support.cli import Shell
from support.deployed_parts import (
    BLOCK,
    CONFIG,
    NAME,
    SLACK,
    Deployed,
    deploy,
    notify,
    workgroup_settings,
)
from support.emulators import REGION

pytestmark = pytest.mark.usefixtures("no_waiting")


@pytest.fixture
def world() -> Iterator[Deployed]:
    with moto_clients() as clients:
        yield deploy(clients)


@pytest.fixture
def found(world: Deployed, tmp_path: Path) -> Callable[[], list[Check]]:
    """Look at everything, anew with every call."""
    number = iter(range(100))

    def look() -> list[Check]:
        app = AwsApp(settings_of(world.environ()), clients=world.clients)
        return list(Doctor(app, tmp_path / str(next(number))).checks())

    return look


Found = Callable[[], list[Check]]


def wrong(checks: list[Check]) -> dict[str, Check]:
    return {check.name: check for check in checks if not check.ok}


def test_a_deployment_in_order_passes(found: Found) -> None:
    checks = found()
    assert wrong(checks) == {}
    names = [check.name for check in checks]
    assert len(set(names)) == len(names)
    for name in ("credentials", "bucket raw", "state table", "catalog", "schedule sweep"):
        assert name in names
    assert any(name.startswith("key of bucket") for name in names)
    assert SLACK not in repr(checks)


def break_versioning(world: Deployed) -> None:
    status: Any = {"Status": "Suspended"}
    bucket = world.parts.lake_bucket
    world.clients.s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration=status)


def break_public_access(world: Deployed) -> None:
    block: Any = {**BLOCK, "BlockPublicPolicy": False}
    bucket = world.parts.raw_buckets[0]
    world.clients.s3.put_public_access_block(Bucket=bucket, PublicAccessBlockConfiguration=block)


def remove_public_access(world: Deployed) -> None:
    world.clients.s3.delete_public_access_block(Bucket=world.parts.raw_buckets[0])


def remove_encryption(world: Deployed) -> None:
    world.clients.s3.delete_bucket_encryption(Bucket=world.parts.results_bucket)


def own_encryption(world: Deployed) -> None:
    rule: Any = {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}
    world.clients.s3.put_bucket_encryption(
        Bucket=world.parts.lake_bucket, ServerSideEncryptionConfiguration={"Rules": [rule]}
    )


def remove_bucket(world: Deployed) -> None:
    world.clients.s3.delete_bucket(Bucket=world.parts.results_bucket)


def stop_notifying(world: Deployed) -> None:
    world.clients.s3.put_bucket_notification_configuration(
        Bucket=world.parts.raw_buckets[0], NotificationConfiguration={}
    )


def notify_of_some(world: Deployed) -> None:
    rule = {"Name": "prefix", "Value": "AWSLogs/"}
    notify(world, Filter={"Key": {"FilterRules": [rule]}})


def notify_of_puts(world: Deployed) -> None:
    notify(world, Events=["s3:ObjectCreated:Put"])


def notify_another(world: Deployed) -> None:
    notify(world, QueueArn=world.arn(f"{NAME}-alert"))


def forget_the_dead(world: Deployed) -> None:
    attributes: Any = {"RedrivePolicy": ""}
    world.clients.sqs.set_queue_attributes(QueueUrl=world.parts.alert_queue, Attributes=attributes)


def dead_letter(world: Deployed) -> None:
    world.clients.sqs.send_message(QueueUrl=world.url(f"{NAME}-ingest-dlq"), MessageBody="{}")


def failed_call(world: Deployed) -> None:
    world.clients.sqs.send_message(QueueUrl=world.url(f"{NAME}-detect-failed"), MessageBody="{}")


def missed_schedule(world: Deployed) -> None:
    world.clients.sqs.send_message(QueueUrl=world.url(f"{NAME}-schedule-dlq"), MessageBody="{}")


def remove_queue(world: Deployed) -> None:
    world.clients.sqs.delete_queue(QueueUrl=world.parts.alert_queue)


def no_way_back(world: Deployed) -> None:
    world.clients.dynamodb.update_continuous_backups(
        TableName=world.parts.state_table,
        PointInTimeRecoverySpecification={"PointInTimeRecoveryEnabled": False},
    )


def no_expiry(world: Deployed) -> None:
    world.clients.dynamodb.update_time_to_live(
        TableName=world.parts.state_table,
        TimeToLiveSpecification={"Enabled": False, "AttributeName": "expires_at"},
    )


def other_key(world: Deployed) -> None:
    table = world.parts.state_table
    world.clients.dynamodb.delete_table(TableName=table)
    world.clients.dynamodb.create_table(
        TableName=table,
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )


def remove_table(world: Deployed) -> None:
    world.clients.glue.delete_table(DatabaseName=world.parts.database, Name="okta")


def change_table(world: Deployed) -> None:
    glue, database = world.clients.glue, world.parts.database
    table: Any = glue.get_table(DatabaseName=database, Name="github")["Table"]
    columns = table["StorageDescriptor"]["Columns"]
    assert columns[1]["Name"] == "event_time"
    columns[1]["Type"] = "string"
    columns[2]["Name"] = "ingest_moment"
    names = ("Name", "TableType", "Parameters", "PartitionKeys", "StorageDescriptor")
    glue.update_table(DatabaseName=database, TableInput={n: table[n] for n in names})


def change_view(world: Deployed) -> None:
    glue, database = world.clients.glue, world.parts.database
    listed: Any = glue.get_tables(DatabaseName=database)["TableList"]
    view = next(t for t in listed if t["TableType"] == "VIRTUAL_VIEW")
    names = ("Name", "TableType", "Parameters", "StorageDescriptor", "ViewExpandedText")
    kept = {n: view[n] for n in names}
    glue.update_table(DatabaseName=database, TableInput={**kept, "ViewOriginalText": "/* old */"})


def remove_database(world: Deployed) -> None:
    world.clients.glue.delete_database(Name=world.parts.database)


def change_workgroup(world: Deployed, use: str, **changes: Any) -> None:
    name = f"{NAME}-{use}"
    wanted = {**workgroup_settings(world), **changes}
    settings: Any = {name: value for name, value in wanted.items() if value is not None}
    world.clients.athena.delete_work_group(WorkGroup=name, RecursiveDeleteOption=True)
    world.clients.athena.create_work_group(Name=name, Configuration=settings)


def unlimited(world: Deployed) -> None:
    change_workgroup(world, "detection", BytesScannedCutoffPerQuery=None)


def not_enforced(world: Deployed) -> None:
    change_workgroup(world, "interactive", EnforceWorkGroupConfiguration=False)


def elsewhere(world: Deployed) -> None:
    change_workgroup(world, "detection", ResultConfiguration={"OutputLocation": "s3://other/"})


def disable_key(world: Deployed) -> None:
    world.clients.kms.disable_key(KeyId=world.key.rpartition("/")[2])


def delete_key(world: Deployed) -> None:
    key = world.key.rpartition("/")[2]
    world.clients.kms.schedule_key_deletion(KeyId=key, PendingWindowInDays=7)


def remove_secret(world: Deployed) -> None:
    world.clients.secretsmanager.delete_secret(
        SecretId="mantissa-log/slack-webhook", ForceDeleteWithoutRecovery=True
    )


def stop_clock(world: Deployed) -> None:
    world.schedule("detect", State="DISABLED")


def call_a_version(world: Deployed) -> None:
    function = f"arn:aws:lambda:us-east-1:123456789012:function:{NAME}-sweep:3"
    role = f"arn:aws:iam::123456789012:role/{NAME}-scheduler"
    world.schedule("sweep", Target={"Arn": function, "RoleArn": role})


def remove_schedule(world: Deployed) -> None:
    world.clients.scheduler.delete_schedule(GroupName=NAME, Name="alert")


def configure(world: Deployed, text: str, name: str = "mantissa.toml") -> None:
    bucket, key = world.parts.lake_bucket, f"config/{name}"
    world.clients.s3.put_object(Bucket=bucket, Key=key, Body=text.encode())


def remove_configuration(world: Deployed) -> None:
    bucket = world.parts.lake_bucket
    world.clients.s3.delete_object(Bucket=bucket, Key="config/mantissa.toml")


def misspell(world: Deployed) -> None:
    configure(world, CONFIG + "[alertz]\n")


def push_bad_rule(world: Deployed) -> None:
    configure(world, "title: [\n", "rules/bad.yml")


def state_of(world: Deployed) -> DynamoState:
    return DynamoState(world.clients.dynamodb, world.parts.state_table)


def rule_fails(world: Deployed) -> None:
    value = {"failing_since": "2026-11-20T10:00:00+00:00", "last_error": "timed_out: 120 s"}
    state_of(world).put(Put(HEALTH, RULE, value, None))


def waits_for_hours(world: Deployed) -> None:
    value = {"committed_at": "2026-01-20T10:00:00+00:00", "files": {}}
    state_of(world).put(Put(PENDING, "0" * 64, value, None))


BROKEN: dict[Callable[[Deployed], None], tuple[str, str]] = {
    break_versioning: ("bucket lake", "versioning is suspended"),
    break_public_access: ("bucket raw", "not blocked: BlockPublicPolicy"),
    remove_public_access: ("bucket raw", "public access is not blocked"),
    remove_encryption: ("bucket results", "encryption|encrypted"),
    own_encryption: ("bucket lake", "not encrypted with a customer key"),
    remove_bucket: ("bucket results", "no such bucket"),
    stop_notifying: (f"notification of {NAME}-raw", "do not reach the ingest queue"),
    notify_of_some: (f"notification of {NAME}-raw", "only objects with prefix AWSLogs/"),
    notify_of_puts: (f"notification of {NAME}-raw", "only s3:ObjectCreated:Put"),
    notify_another: (f"notification of {NAME}-raw", "do not reach the ingest queue"),
    forget_the_dead: (f"dead letters of {NAME}-alert", "no dead-letter queue"),
    dead_letter: (f"dead letters of {NAME}-ingest", "1 messages failed 5 times"),
    failed_call: (f"queue {NAME}-detect-failed", "1 calls failed for good"),
    missed_schedule: (f"queue {NAME}-schedule-dlq", "1 calls failed for good"),
    no_way_back: ("state table", "point-in-time recovery is off"),
    no_expiry: ("state table", "do not expire"),
    remove_table: ("table okta", "not in the Glue database"),
    change_table: (
        "table github",
        "ingest_time is missing, event_time is string, not timestamp, ingest_moment is not known",
    ),
    remove_database: ("catalog", "no such Glue database"),
    unlimited: (f"workgroup {NAME}-detection", "without limit"),
    not_enforced: (f"workgroup {NAME}-interactive", "not enforced"),
    elsewhere: (f"workgroup {NAME}-detection", "go to s3://other/"),
    remove_secret: ("secret of slack", "there is no secret"),
    stop_clock: ("schedule detect", "switched off"),
    call_a_version: ("schedule sweep", "not the alias"),
    remove_schedule: ("schedule alert", "ResourceNotFound"),
    remove_configuration: ("configuration", "no such object"),
    misspell: ("configuration", "unknown section"),
    push_bad_rule: ("rule refused", "config/rules/bad.yml"),
    rule_fails: ("rule health", f"1 rules failed at their last run, {RULE} since 2026-11-20"),
    waits_for_hours: ("pending", "1 objects are not judged, one of them since 2026-01-20"),
}


@pytest.mark.parametrize("broken", BROKEN, ids=lambda broken: broken.__name__)
def test_one_thing_wrong_is_one_check_with_a_fix(
    broken: Callable[[Deployed], None], world: Deployed, found: Found
) -> None:
    broken(world)
    checks = wrong(found())
    name, said = BROKEN[broken]
    assert list(checks) == [name]
    assert any(words in checks[name].detail for words in said.split("|")), checks[name].detail
    assert checks[name].fix
    assert SLACK not in repr(checks)


def test_a_view_of_another_version_is_named(world: Deployed, found: Found) -> None:
    change_view(world)
    (name,) = wrong(found())
    assert name.startswith("view ")


def test_a_queue_that_is_gone_is_told_at_each_of_its_checks(world: Deployed, found: Found) -> None:
    remove_queue(world)
    assert list(wrong(found())) == [f"queue {NAME}-alert", f"dead letters of {NAME}-alert"]


@pytest.mark.parametrize(
    ("broken", "said"), [(disable_key, "Disabled"), (delete_key, "being deleted")]
)
def test_a_key_that_is_off_is_one_check_that_names_what_it_serves(
    broken: Callable[[Deployed], None], said: str, world: Deployed, found: Found
) -> None:
    broken(world)
    bad = wrong(found())
    (name,) = [name for name in bad if name.startswith("key of")]
    assert said in bad[name].detail
    assert all(part in name for part in ("bucket", "queue", "workgroup", "secret"))


def test_another_key_of_the_state_table_is_told(world: Deployed, found: Found) -> None:
    other_key(world)
    bad = wrong(found())
    assert "id HASH, not pk HASH, sk RANGE" in bad["state table"].detail


def test_the_dead_letter_check_says_how_to_redrive(world: Deployed, found: Found) -> None:
    dead_letter(world)
    fix = wrong(found())[f"dead letters of {NAME}-ingest"].fix
    assert fix.endswith(f"start-message-move-task --source-arn {world.arn(f'{NAME}-ingest-dlq')}")


class Announcing:
    """A bucket that tells EventBridge, and the rules that lead from there; moto forgets the former."""

    def __init__(self, **rules: str) -> None:
        self._rules = rules

    def get_bucket_notification_configuration(self, **_: str) -> dict[str, Any]:
        return {"ResponseMetadata": {}, "EventBridgeConfiguration": {}}

    def list_rule_names_by_target(self, **asked: str) -> dict[str, Any]:
        assert asked == {"TargetArn": "arn:aws:sqs:eu-west-1:123456789012:ingest"}
        return {"RuleNames": list(self._rules)}

    def describe_rule(self, **asked: str) -> dict[str, Any]:
        return {**asked, "State": self._rules[asked["Name"]]}


@pytest.mark.parametrize(
    ("rules", "ok", "said"),
    [
        ({"raw": "ENABLED"}, True, "EventBridge's rule raw"),
        ({"old": "DISABLED", "raw": "ENABLED"}, True, "EventBridge's rule raw"),
        ({"raw": "DISABLED"}, False, "the rule raw is disabled"),
        ({}, False, "no rule leads to the ingest queue"),
    ],
)
def test_eventbridge_is_followed_to_its_rule(rules: dict[str, str], ok: bool, said: str) -> None:
    aws: Any = Announcing(**rules)
    queue = "arn:aws:sqs:eu-west-1:123456789012:ingest"
    (told,) = Notifications(aws, aws, queue).checks("raw")
    assert (told.ok, said in told.detail) == (ok, True)


def test_a_bucket_of_the_users_own_is_kept_as_the_user_wants(world: Deployed, found: Found) -> None:
    world.clients.s3.create_bucket(Bucket="my-trails")
    raw = (*world.parts.raw_buckets, "my-trails")
    world.parts = replace(world.parts, raw_buckets=raw)
    assert list(wrong(found())) == ["notification of my-trails"]


DENIED = {
    "HeadBucket": ("s3", "s3:ListBucket", "bucket raw"),
    "GetBucketVersioning": ("s3", "s3:GetBucketVersioning", "bucket raw"),
    "GetBucketEncryption": ("s3", "s3:GetEncryptionConfiguration", "bucket raw"),
    "GetPublicAccessBlock": ("s3", "s3:GetBucketPublicAccessBlock", "bucket raw"),
    "GetBucketNotificationConfiguration": (
        "s3",
        "s3:GetBucketNotification",
        f"notification of {NAME}-raw",
    ),
    "DescribeTable": ("dynamodb", "dynamodb:DescribeTable", "state table"),
    "DescribeContinuousBackups": ("dynamodb", "dynamodb:DescribeContinuousBackups", "state table"),
    "DescribeTimeToLive": ("dynamodb", "dynamodb:DescribeTimeToLive", "state table"),
    "GetTables": ("glue", "glue:GetTables", "catalog"),
    "GetWorkGroup": ("athena", "athena:GetWorkGroup", f"workgroup {NAME}-detection"),
    "GetSchedule": ("scheduler", "scheduler:GetSchedule", "schedule detect"),
    "GetSecretValue": ("secretsmanager", "secretsmanager:GetSecretValue", "secret of slack"),
    "DescribeSecret": ("secretsmanager", "secretsmanager:DescribeSecret", "secret of slack"),
    "GetQueueUrl": ("sqs", "sqs:GetQueueUrl", f"dead letters of {NAME}-ingest"),
    "DescribeKey": ("kms", "kms:DescribeKey", "key of "),
}


@pytest.mark.parametrize("operation", DENIED)
def test_a_denial_is_a_check_that_names_the_action(
    operation: str, world: Deployed, found: Found
) -> None:
    service, action, name = DENIED[operation]
    kind = "xml" if service == "s3" else "json"
    code = "AccessDenied" if service == "s3" else "AccessDeniedException"
    message = f"not authorized to perform: {action}"
    Network(getattr(world.clients, service)).add(operation, refused(403, code, message, kind))
    checks = found()
    (told,) = wrong(checks).values()
    assert told.name.startswith(name)
    assert action in told.detail
    assert action in told.fix
    assert len(checks) > 20


def test_without_credentials_nothing_else_is_asked(world: Deployed, found: Found) -> None:
    body = "<Error><Code>ExpiredToken</Code><Message>expired</Message></Error>"
    fault = answered(403, f"<ErrorResponse>{body}</ErrorResponse>")
    Network(world.clients.sts).add("GetCallerIdentity", fault)
    (told,) = found()
    assert (told.name, told.ok) == ("credentials", False)
    assert "ExpiredToken" in told.detail
    assert "sign in again" in told.fix


def test_a_throttled_question_is_told_and_hides_nothing(world: Deployed, found: Found) -> None:
    throttled = refused(400, "ThrottlingException", kind="json")
    Network(world.clients.athena).add("GetWorkGroup", *[throttled] * 5, through)
    (told,) = wrong(found()).values()
    assert (told.name, told.fix) == (f"workgroup {NAME}-detection", "try again")


def test_what_the_last_run_did_is_told(world: Deployed, found: Found) -> None:
    state = state_of(world)
    report = {"objects_judged": 7, "findings": 3, "rules": {"failed": []}}
    done = {"finished_at": "2026-11-20T10:00:00+00:00", "report": report}
    state.put(Put(RUNS, ACTIVE, {"run": "r1", "started_at": ""}, None))
    state.put(Put(RUNS, "r1", done, None))
    (told,) = [check for check in found() if check.name == "detection"]
    assert "2026-11-20T10:00:00+00:00: 7 objects, 3 findings, 0 rules failed" in told.detail


def test_a_deployment_that_is_not_named_is_wrong_usage() -> None:
    with pytest.raises(ConfigError, match="raw_buckets, lake_bucket"):
        parts_of(settings_of({}).aws)


@pytest.fixture
def shell(world: Deployed, tmp_path: Path) -> Iterator[Shell]:
    credentials = {"AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b"}
    with environ(AWS_DEFAULT_REGION=REGION, **credentials, **world.environ()):
        yield Shell(tmp_path / "home")


def test_the_command_ends_with_0_or_3(shell: Shell, world: Deployed) -> None:
    assert shell.json("doctor", "--aws", "--no-canary")["ok"] is True
    dead_letter(world)
    document = shell.json("doctor", "--aws", "--no-canary", code=3)
    assert document["ok"] is False
    assert [set(check) for check in document["checks"]] == [
        {"name", "ok", "detail", "fix"} for _ in document["checks"]
    ]
    assert SLACK not in json.dumps(document)
    assert "NOT OK" in shell("doctor", "--aws", "--no-canary", code=3).out


def test_the_command_without_settings_is_wrong_usage(tmp_path: Path) -> None:
    error = Shell(tmp_path / "home")("doctor", "--aws", "--json", code=2).error
    assert "terraform output" in error["fix"]
