"""Each function under its own role: with it the work is done, and with any one action less it is not.

The rights are those of a Terraform plan, the handlers are the deployed ones in processes of their
own with their role's session, and moto judges every call (`support/iam_judge.py`), those of the
event source mapping included. Athena's own reading and writing is done by a real Trino and judged
as well, under the same policy.

moto judges neither conditions nor key policies nor what a service does by itself: `UNJUDGED` says
which rights that leaves, and what holds each of them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from botocore.exceptions import ClientError

from support import roles_play as play
from support.iam_judge import matches
from support.requirements import require
from support.roles_plan import FUNCTIONS, Document, Removal, listed, plan, removals
from support.roles_play import Role
from support.roles_world import IN_ITS_NAME, World, judge, world
from support.trino import Trino

pytestmark = [pytest.mark.xdist_group("roles"), pytest.mark.timeout(900)]

ATHENA = "docs.aws.amazon.com/athena/latest/ug"
UNJUDGED: Mapping[tuple[str, str, str], str] = {
    ("AthenaReadsCatalogue", "glue:GetDatabase", "*"): "Athena asks for a table's database first, "
    f"Trino does not ({ATHENA}/fine-grained-access-to-glue-resources.html)",
    ("AthenaReadsCatalogue", "glue:GetPartition", "*"): "Athena reads a single partition so, Trino "
    "a batch of one (the examples of the same page)",
    ("AthenaFindsBuckets", "s3:GetBucketLocation", "*-lake-*"): "Athena finds the region of a "
    "table's bucket; Trino is told it",
    ("AthenaFindsBuckets", "s3:ListBucket", "*-results-*"): "Athena looks for its own answers, "
    "which the endpoint reads by name",
    ("AthenaWritesAnswers", "s3:AbortMultipartUpload", "*"): "Athena writes an answer that is "
    "large in parts; those of the tests are small (AmazonAthenaFullAccess has both)",
    ("AthenaWritesAnswers", "s3:ListMultipartUploadParts", "*"): "as above",
}
"""Statement, action and resources that nothing here needs, and who does.

All are Athena's, which runs in no emulator: docs/aws-unverified.md says how to see them at work.
The rights on keys (policy `keys`) are not in a plan, as keys get their names when they are made:
the parity test and the deployed system hold them.
"""

PLATFORM: Mapping[str, str] = {
    "logs:CreateLogStream": "Lambda itself writes the log; no emulator does so under a role",
    "logs:PutLogEvents": "as above",
    "sqs:SendMessage": "Lambda's destination for calls that failed for good",
    "xray:PutTelemetryRecords": "the X-Ray daemon beside the function",
    "xray:PutTraceSegments": "as above",
}
"""What Lambda does in a function's name, outside its code: the plan may hold this and no more."""


@pytest.fixture(scope="session")
def tools() -> None:
    """What has to be there before anything is started."""
    for name in ("terraform", "moto"):
        require(name)


@pytest.fixture(scope="module")
def deployed(
    tools: None, trino: Trino, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[World]:
    """What one plan deploys, in a moto that judges."""
    root: Path = tmp_path_factory.mktemp("roles")
    with judge(root / "judge", play.LOSES) as admin:
        planned = plan(root, admin)
        with world(root, admin, trino, planned) as made:
            yield made


@pytest.fixture(scope="module")
def roles(deployed: World) -> dict[str, Role]:
    """The functions with what each has to do; one's results are what the next one finds."""
    ingest = play.to_ingest(deployed)
    detect = play.to_detect(deployed, ingest)
    alert = play.to_alert(deployed, detect)
    found = (ingest, detect, alert, play.to_ask(deployed, alert), play.to_sweep(deployed, ingest))
    return {role.function: role for role in found}


Grant = tuple[str, str, str]


def grants(policy: Document) -> list[Grant]:
    """Return each statement's name with each of its actions and resources."""
    return [
        (statement["Sid"], action, resource)
        for statement in policy["Statement"]
        for action in listed(statement["Action"])
        for resource in listed(statement["Resource"])
    ]


def unjudged(grant: Grant) -> bool:
    *named, place = grant
    return any(named == [*names] and matches(where, place) for *names, where in UNJUDGED)


@pytest.mark.parametrize("function", FUNCTIONS)
def test_a_function_does_its_work_and_needs_all_that_its_role_allows(
    function: str, deployed: World, roles: dict[str, Role]
) -> None:
    role, policy = roles[function], deployed.planned.service[function]
    deployed.forget()
    for scene in role.scenes:
        assert role.problems(deployed, scene, policy) == [], scene
    judged = deployed.judged()
    assert [j for j in judged if not j.allowed] == []
    me = (f"/{deployed.role(function)}/lambda", f"user/{IN_ITS_NAME}")
    assert {j.who for j in judged if not j.who.endswith(me)} == set()
    idle = [
        grant
        for grant in grants(policy)
        if not any(j.action == grant[1] and matches(grant[2], j.resource) for j in judged)
    ]
    assert [grant for grant in idle if not unjudged(grant)] == [], "the function has no use for it"
    assert [g for g in grants(policy) if unjudged(g) and g not in idle] == [], "no exception"


@pytest.mark.parametrize("function", FUNCTIONS)
def test_with_any_one_action_less_a_function_fails(
    function: str, deployed: World, roles: dict[str, Role]
) -> None:
    policy = deployed.planned.service[function]
    judged = {Removal(g[0], g[1]) for g in grants(policy) if not unjudged(g)}
    tried = [removal for removal in removals(policy) if removal in judged]
    assert len(tried) > 5
    idle = [str(r) for r in tried if not roles[function].needs(deployed, r)]
    assert idle == [], "the function works as well without these"


def test_every_exception_is_one(deployed: World) -> None:
    service, platform = deployed.planned.service, deployed.planned.platform
    known = {grant for policy in service.values() for grant in grants(policy) if unjudged(grant)}
    assert {grant[:2] for grant in known} == {names[:2] for names in UNJUDGED}
    for policy in platform.values():
        assert {r.action for r in removals(policy)} == PLATFORM.keys()
    conditions = [s for p in service.values() for s in p["Statement"] if "Condition" in s]
    assert conditions == [], "moto does not judge conditions: show in another way what they do"


def refused(world: World, function: str, service: str, call: str, **asked: object) -> None:
    """Make a call under a function's role, which must be denied."""
    with pytest.raises(ClientError) as denied:
        getattr(world.client(function, service), call)(**asked)
    assert "AccessDenied" in denied.value.response["Error"]["Code"], denied.value


@pytest.fixture
def lawful(deployed: World, roles: dict[str, Role]) -> World:
    """The world with every role as planned, and something everywhere that is not to be had."""
    for function, policy in deployed.planned.service.items():
        deployed.allow(function, policy)
    for bucket in (*deployed.planned.buckets.values(), deployed.audit):
        for key in ("any", "lake/aws_cloudtrail/event_date=2026-11-18/any.parquet"):
            deployed.s3.put_object(Bucket=bucket, Key=key, Body=b"kept")
    return deployed


def test_ingest_reads_no_secret_and_does_not_touch_what_was_delivered(lawful: World) -> None:
    raw, secret = lawful.planned.buckets["raw"], lawful.planned.secrets[0]
    refused(lawful, "ingest", "secretsmanager", "get_secret_value", SecretId=secret)
    refused(lawful, "ingest", "s3", "put_object", Bucket=raw, Key="any", Body=b"")
    refused(lawful, "ingest", "s3", "delete_object", Bucket=raw, Key="any")


def test_alert_reads_its_own_secrets_only(lawful: World) -> None:
    secrets = lawful.admin.client("secretsmanager")
    for name in ("mantissa-log/another", "elsewhere/slack-webhook"):
        secrets.create_secret(Name=name, SecretString="another's")
        refused(lawful, "alert", "secretsmanager", "get_secret_value", SecretId=name)
    for name in lawful.planned.secrets:
        assert lawful.client("alert", "secretsmanager").get_secret_value(SecretId=name)
    for function in {*FUNCTIONS} - {"alert"}:
        name = lawful.planned.secrets[0]
        refused(lawful, function, "secretsmanager", "get_secret_value", SecretId=name)


def test_api_writes_no_rows_and_asks_in_its_own_workgroup_only(lawful: World) -> None:
    lake, groups = lawful.planned.buckets["lake"], lawful.planned.workgroups
    key = "lake/aws_cloudtrail/event_date=2026-11-18/any.parquet"
    refused(lawful, "api", "s3", "put_object", Bucket=lake, Key=key, Body=b"")
    refused(lawful, "api", "s3", "delete_object", Bucket=lake, Key=key)
    asked = {"QueryString": "SELECT 1", "WorkGroup": groups["detection"]}
    refused(lawful, "api", "athena", "start_query_execution", **asked)
    client = lawful.client("detect", "athena")
    lawful.allow("detect", lawful.planned.service["detect"])
    begun = client.start_query_execution(**asked)["QueryExecutionId"]
    refused(lawful, "api", "athena", "get_query_execution", QueryExecutionId=begun)
    refused(lawful, "api", "athena", "stop_query_execution", QueryExecutionId=begun)


def test_detect_reads_no_raw_logs_and_changes_no_rows(lawful: World) -> None:
    raw, lake = lawful.planned.buckets["raw"], lawful.planned.buckets["lake"]
    key = "lake/aws_cloudtrail/event_date=2026-11-18/any.parquet"
    refused(lawful, "detect", "s3", "get_object", Bucket=raw, Key="any")
    refused(lawful, "detect", "s3", "list_objects_v2", Bucket=raw)
    refused(lawful, "detect", "s3", "put_object", Bucket=lake, Key=key, Body=b"")
    refused(lawful, "detect", "s3", "delete_object", Bucket=lake, Key=key)


@pytest.mark.parametrize("function", FUNCTIONS)
def test_nobody_touches_the_audit_bucket_or_the_settings(function: str, lawful: World) -> None:
    for call in ("delete_object", "get_object"):
        refused(lawful, function, "s3", call, Bucket=lawful.audit, Key="any")
    refused(lawful, function, "s3", "put_object", Bucket=lawful.audit, Key="new", Body=b"")
    lake = lawful.planned.buckets["lake"]
    refused(lawful, function, "s3", "put_object", Bucket=lake, Key="config/rules/1.yml", Body=b"")
    table = lawful.planned.table
    refused(lawful, function, "dynamodb", "delete_table", TableName=table)
    refused(
        lawful, function, "glue", "delete_table", DatabaseName=lawful.planned.database, Name="f"
    )
