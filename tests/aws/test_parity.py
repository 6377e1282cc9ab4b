"""Terraform and CloudFormation make the same system, down to every action and every setting.

Terraform is applied to an emulator and planned again: the plan then knows every ARN and still says
what the configuration asks for, whatever the emulator made of it. The template is read with the
same choices. What only one side says is a failure, unless `parity_allowed` gives a reason.
"""

from __future__ import annotations

import copy
import fcntl
import json
import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

import cloudformation_catalog as catalog_tool
from support import cloudformation, parity, parity_allowed, parity_sides, terraform
from support import ministack as ministack_server
from support.parity_variants import DEFAULTS, VARIANTS
from support.requirements import ROOT, require

# An apply takes minutes, for the provider waits on queues; the first test of a variant bears it.
pytestmark = pytest.mark.timeout(1500)

TEMPLATE = cloudformation.read(ROOT / catalog_tool.TEMPLATE)

# What ministack cannot make, so that an apply ends with these errors and no other.
NOT_MADE = (r"PutLoggingConfiguration", r"creating GuardDuty Detector")
APPLIED = ("defaults", "everything")


def planned(folder: Path, variables: Mapping[str, Any]) -> dict[str, Any]:
    """Apply the root module and return what a plan says after that."""
    folder.mkdir()
    with ministack_server.running(folder / "servers") as emulator:
        choices = {**terraform.tiny_artefacts(folder), **variables}
        deployed = terraform.deployment(folder / "root", emulator, choices)
        try:
            deployed.apply()
        except terraform.AnswerLost:
            raise
        except terraform.TerraformFailed as failed:
            errors = re.findall(r"^Error: (.*)", str(failed), flags=re.M)
            assert [e for e in errors if not re.search("|".join(NOT_MADE), e)] == []
        # Without a refresh: what the emulator says of itself is not the question here.
        words = ("plan", "-refresh=false", "-input=false", "-out=plan")
        terraform.run(deployed.folder, *words, env=deployed.env)
        shown = terraform.run(deployed.folder, "show", "-json", "plan", env=deployed.env)
        loaded: dict[str, Any] = json.loads(shown.stdout)
        return loaded


@pytest.fixture(scope="session", params=APPLIED)
def variant(request: pytest.FixtureRequest, servers_root: Path) -> tuple[str, dict[str, Any]]:
    """The name of a variant and its plan, which one worker of the session makes for all."""
    require("terraform")
    require("ministack")
    folder = servers_root / f"parity-{request.param}"
    folder.mkdir(parents=True, exist_ok=True)
    made = folder / "plan.json"
    with (folder / "lock").open("a") as turn:
        fcntl.flock(turn, fcntl.LOCK_EX)
        if not made.is_file():
            variables = VARIANTS[request.param].variables
            plan = terraform.answered(lambda attempt: planned(folder / attempt, variables))
            made.write_text(json.dumps(plan), encoding="utf-8")
    loaded: dict[str, Any] = json.loads(made.read_text(encoding="utf-8"))
    return request.param, loaded


def stack(name: str, template: Mapping[str, Any] = TEMPLATE) -> cloudformation.Stack:
    return cloudformation.Stack(template, VARIANTS[name].parameters)


def unlike(name: str, plan: Mapping[str, Any], template: Mapping[str, Any]) -> Iterator[str]:
    """Yield every difference that nothing allows."""
    ours, theirs = parity_sides.terraform_side(plan), parity_sides.stack_side(stack(name, template))
    missing = tuple(f"no row for {type_}" for type_ in parity_allowed.TYPES)
    yield from (entry for entry in ours.unread if not entry.endswith(missing))
    yield from theirs.unread
    for found in parity.differences(ours.facts, theirs.facts):
        if not any(re.fullmatch(pattern, found.path) for pattern in parity_allowed.SETTINGS):
            yield str(found)


def test_both_make_the_same_system(variant: tuple[str, dict[str, Any]]) -> None:
    name, plan = variant
    assert list(unlike(name, plan, TEMPLATE)) == []


def test_it_compares_what_matters(variant: tuple[str, dict[str, Any]]) -> None:
    name, plan = variant
    facts = parity_sides.terraform_side(plan).facts
    kinds = {kind for kind, _ in facts}
    assert kinds >= {"role rights", "function", "queue", "state table", "bucket", "bucket policy"}
    assert kinds >= {"schedule", "alarm", "key", "workgroup", "table", "method", "pool", "firewall"}
    assert len(facts) > 200
    assert len(facts["role rights", f"{prefix(name)}-ingest"]["rights"]) > 20


def prefix(name: str) -> str:
    variables = VARIANTS[name].variables
    return f"{variables.get('project_prefix', 'mantissa')}-{variables.get('environment', 'dev')}"


OUTPUTS = {
    "RawBucket": "buckets.raw",
    "LakeBucket": "buckets.lake",
    "ResultsBucket": "buckets.results",
    "LogsBucket": "buckets.logs",
    "AuditBucket": "buckets.audit",
    "WebBucket": "buckets.web",
    "StateTable": "state_table",
    "Database": "database",
    "DetectionWorkgroup": "workgroups.detection",
    "InteractiveWorkgroup": "workgroups.interactive",
    "IngestQueueUrl": "queue_urls.ingest",
    "DetectQueueUrl": "queue_urls.detect",
    "DetectDeadLettersUrl": "dlq_urls.detect",
    "AlertQueueUrl": "queue_urls.alert",
    "IngestDeadLettersUrl": "dlq_urls.ingest",
    "AlertDeadLettersUrl": "dlq_urls.alert",
    "ScheduleDeadLettersUrl": "dlq_urls.schedule",
    "ApiUrl": "api_url",
    "UiUrl": "ui_url",
    "UserPoolId": "user_pool_id",
    "UserPoolClientId": "user_pool_client_id",
    "SignInUrl": "sign_in_url",
    "AlarmTopicArn": "alarm_topic_arn",
    "DashboardName": "dashboard",
    "ForwarderRoleArn": "forwarder_role_arns.444444444444",
    **{
        f"{function.capitalize()}{name}": f"{output}.{function}"
        for function in ("ingest", "detect", "alert", "api", "sweep")
        for name, output in (
            ("FunctionArn", "function_arns"),
            ("FunctionVersion", "function_versions"),
            ("RoleArn", "role_arns"),
        )
    },
    **{
        f"{name.capitalize()}KeyArn": f"key_arns.{name}"
        for name in ("raw", "lake", "state", "secrets", "logs", "audit")
    },
}
"""Output of the stack → output of Terraform, with the key where that is a map."""
ONLY_TERRAFORM = {"environment": "the other outputs as environment variables, in one map"}


def test_every_output_is_on_both_sides(variant: tuple[str, dict[str, Any]]) -> None:
    name, plan = variant
    outputs = plan["planned_values"]["outputs"]
    assert set(TEMPLATE["Outputs"]) == set(OUTPUTS)
    roots = {path.partition(".")[0] for path in OUTPUTS.values()}
    assert set(outputs) == roots | set(ONLY_TERRAFORM)
    made = stack(name).outputs()
    for ours, path in OUTPUTS.items():
        root, _, key = path.partition(".")
        value = outputs[root].get("value")
        theirs = (value or {}).get(key) if key else value
        unknown = plan["output_changes"][root].get("after_unknown")
        later = bool(unknown.get(key) if isinstance(unknown, dict) else unknown)
        assert (ours in made) == (bool(theirs) or later), ours
        shown = ours in made and theirs and not made[ours].startswith("https://sqs.")
        if shown and "<" not in made[ours]:
            assert made[ours] == theirs, ours


@pytest.mark.parametrize("name", [name for name in VARIANTS if name not in APPLIED])
def test_both_make_the_same_things_where_little_is_chosen(name: str, tmp_path: Path) -> None:
    """A plan alone knows no ARN, but every type and how often it is made."""
    require("terraform")
    require("ministack")
    with ministack_server.running(tmp_path / "servers") as emulator:
        choices = {**terraform.tiny_artefacts(tmp_path), **VARIANTS[name].variables}
        planned_only = terraform.deployment(tmp_path / "root", emulator, choices)
        words = ("plan", "-input=false", "-out=plan")
        terraform.run(planned_only.folder, *words, env=planned_only.env)
        shown = terraform.run(planned_only.folder, "show", "-json", "plan", env=planned_only.env)
    ours = counts(parity.terraform_items(json.loads(shown.stdout)), 0)
    theirs = counts(parity_sides.stack_items(stack(name)), 1)
    assert ours == theirs


def counts(items: list[parity.Item], which: int) -> dict[str, int]:
    """Count the resources of every kind that is one resource on either side."""
    kinds = {k.terraform: k for k in parity_sides.KINDS if k.cloudformation not in _SEVERAL}
    found: dict[str, int] = {}
    for kind in kinds.values():
        type_ = (kind.terraform, kind.cloudformation)[which]
        number = sum(1 for item in items if item.type == type_)
        if number and kind.terraform != "aws_iam_role_policy":
            found[kind.kind] = number
    return found


# A resource of CloudFormation that is several of Terraform is counted by none of them.
_SEVERAL = {
    kind.cloudformation
    for kind in parity_sides.KINDS
    if sum(1 for other in parity_sides.KINDS if other.cloudformation == kind.cloudformation) > 1
}


# ---- it would be found


def _lose_action(template: dict[str, Any]) -> None:
    statement = _statement(template, "IngestRole", "service", "WriteLake")
    statement["Action"] = [action for action in statement["Action"] if action != "s3:PutObject"]


def _gain_action(template: dict[str, Any]) -> None:
    _statement(template, "AlertRole", "service", "State")["Action"].append("dynamodb:Scan")


def _widen_resource(template: dict[str, Any]) -> None:
    _statement(template, "DetectRole", "service", "WriteFindings")["Resource"] = "*"


def _lose_condition(template: dict[str, Any]) -> None:
    trust = template["Resources"]["ApiRole"]["Properties"]["AssumeRolePolicyDocument"]
    del trust["Statement"][0]["Condition"]


def _lose_deny(template: dict[str, Any]) -> None:
    del template["Resources"]["AuditBucketPolicy"]["Properties"]["PolicyDocument"]["Statement"][0]


def _lose_resource(template: dict[str, Any]) -> None:
    del template["Resources"]["DetectionSilent"]


def _set(logical_id: str, path: str, value: Any) -> Callable[[dict[str, Any]], None]:
    def change(template: dict[str, Any]) -> None:
        *parents, last = path.split(".")
        found = template["Resources"][logical_id]["Properties"]
        for part in parents:
            found = found[part]
        assert found.get(last) != value
        found[last] = value

    return change


def _statement(template: Mapping[str, Any], role: str, policy: str, sid: str) -> dict[str, Any]:
    (document,) = [
        found["PolicyDocument"]
        for found in template["Resources"][role]["Properties"]["Policies"]
        if found["PolicyName"] == policy
    ]
    (statement,) = [s for s in document["Statement"] if s.get("Sid") == sid]
    loaded: dict[str, Any] = statement
    return loaded


MUTATIONS: Mapping[str, Callable[[dict[str, Any]], None]] = {
    "a lost action": _lose_action,
    "an action too many": _gain_action,
    "a wider resource": _widen_resource,
    "a lost condition of a trust": _lose_condition,
    "a lost refusal": _lose_deny,
    "a lost alarm": _lose_resource,
    "memory": _set("IngestFunction", "MemorySize", 512),
    "a timeout": _set("ApiFunction", "Timeout", 30),
    "concurrency": _set("DetectFunction", "ReservedConcurrentExecutions", 2),
    "an environment variable": _set("SweepFunction", "Environment.Variables.LOG_LEVEL", "WARNING"),
    "a variable too many": _set("SweepFunction", "Environment.Variables.MORE", "x"),
    "a queue's visibility": _set("IngestQueue", "VisibilityTimeout", 60),
    "a redrive": _set("AlertQueue", "RedrivePolicy.maxReceiveCount", 50),
    "a table's key": _set("StateTable", "KeySchema", [{"AttributeName": "pk", "KeyType": "HASH"}]),
    "versioning": _set("RawBucket", "VersioningConfiguration.Status", "Suspended"),
    "public access": _set("LakeBucket", "PublicAccessBlockConfiguration.BlockPublicAcls", False),
    "a key's rotation": _set("LakeKey", "EnableKeyRotation", False),
    "a schedule's target": _set("AlertSchedule", "Target.Arn", "arn:aws:lambda:x"),
    "an alarm's threshold": _set("ApiGatewayErrors", "Threshold", 500),
    "an open route": _set("ApiQueriesPost", "AuthorizationType", "NONE"),
    "a scope": _set("ApiQueriesPost", "AuthorizationScopes", ["openid"]),
    "a password": _set("UserPool", "Policies.PasswordPolicy.MinimumLength", 8),
    "a property nobody reads": _set("IngestQueue", "FifoQueue", True),
}


@pytest.mark.parametrize("mutation", MUTATIONS)
def test_a_difference_is_found(mutation: str) -> None:
    """The template against itself with one thing changed: the comparison sees exactly that."""
    changed = copy.deepcopy(TEMPLATE)
    MUTATIONS[mutation](changed)
    one = parity_sides.stack_side(stack("defaults"))
    other = parity_sides.stack_side(stack("defaults", changed))
    found = [*parity.differences(one.facts, other.facts), *other.unread]
    assert len(found) == 1, [str(difference) for difference in found]
    assert one.unread == []


def test_a_lost_action_of_terraform_is_found(variant: tuple[str, dict[str, Any]]) -> None:
    name, plan = variant
    changed = copy.deepcopy(plan)
    (policy,) = [
        resource
        for resource in parity.resources(changed)
        if resource["type"] == "aws_iam_role_policy"
        and resource["values"]["name"] == "service"
        and resource["values"]["role"] == f"{prefix(name)}-detect"
    ]
    document = json.loads(policy["values"]["policy"])
    lost = document["Statement"].pop()
    policy["values"]["policy"] = json.dumps(document)
    (found,) = unlike(name, changed, TEMPLATE)
    actions = lost["Action"] if isinstance(lost["Action"], list) else [lost["Action"]]
    assert all(action in found for action in actions)


@pytest.mark.parametrize("pattern", parity_allowed.SETTINGS)
def test_what_is_allowed_is_still_needed(pattern: str, variant: tuple[str, dict[str, Any]]) -> None:
    name, plan = variant
    if name != "everything":
        return
    ours, theirs = parity_sides.terraform_side(plan), parity_sides.stack_side(stack(name))
    paths = [found.path for found in parity.differences(ours.facts, theirs.facts)]
    assert [path for path in paths if re.fullmatch(pattern, path)], "take it off the list"


def test_defaults_need_no_more_than_the_artefacts() -> None:
    assert set(DEFAULTS.parameters) == {
        name for name, body in TEMPLATE["Parameters"].items() if "Default" not in body
    }
