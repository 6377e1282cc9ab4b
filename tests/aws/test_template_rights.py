"""What roles, keys and buckets allow: our own rules, and two analysers that know AWS's actions.

The template is judged here; `test_parity.py` says that Terraform grants the same, action by action.
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

import cloudformation_catalog as catalog_tool
from support import cloudformation, infra, parity, parity_sides, rights
from support.parity_variants import VARIANTS
from support.requirements import ROOT, require

TEMPLATE = cloudformation.read(ROOT / catalog_tool.TEMPLATE)
EVERYTHING = cloudformation.Stack(TEMPLATE, VARIANTS["everything"].parameters)
ROLES = {r.properties["RoleName"]: r for r in EVERYTHING.resources() if r.type == "AWS::IAM::Role"}


def documents() -> dict[str, Any]:
    """Return every inline policy as `role/policy` → document, as IAM would get it."""
    return {
        f"{role}/{policy['PolicyName']}": policy["PolicyDocument"]
        for role, resource in ROLES.items()
        for policy in resource.properties.get("Policies", ())
    }


@pytest.mark.parametrize("variant", VARIANTS)
def test_no_role_has_a_right_that_none_may_have(variant: str) -> None:
    stack = cloudformation.Stack(TEMPLATE, VARIANTS[variant].parameters)
    facts = parity_sides.stack_side(stack).facts
    held = {name: fact["rights"] for (kind, name), fact in facts.items() if kind == "role rights"}
    assert len(held) >= 6
    assert [line for role, lines in held.items() for line in rights.wrong(role, lines)] == []


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("Allow s3:* on arn:aws:s3:::a/* by role if {}", "an action with a star"),
        ("Allow s3:GetObject on * by role if {}", "any resource"),
        ("Allow sqs:SendMessage on arn:aws:sqs:us-east-1:1:* by role if {}", "every resource"),
        ("Allow s3:GetObject on arn:aws:s3:::*/x by role if {}", "any bucket"),
        ("Allow s3:GetObject on arn:aws:s3:::m-audit-1-x/* by role if {}", "the audit bucket"),
        ("Allow iam:PassRole on arn:aws:iam::1:role/x by role if {}", "a right over rights"),
        ("Allow s3:BypassGovernanceRetention on arn:aws:s3:::a/* by role if {}", "a right over"),
        ("Allow secretsmanager:GetSecretValue on arn:aws:x:secret:a/* by role if {}", "more than"),
        ("Allow kms:Decrypt on arn:aws:kms:us-east-1:1:key/* by role if {}", "a key that is not"),
    ],
)
def test_a_right_too_many_is_found(line: str, why: str) -> None:
    assert any(found.startswith(f"r: {why}") for found in rights.wrong("r", [line]))


def test_the_audit_bucket_refuses_to_be_unlocked() -> None:
    (policy,) = [
        r.properties["PolicyDocument"]
        for r in EVERYTHING.resources()
        if r.type == "AWS::S3::BucketPolicy" and "-audit-" in r.properties["Bucket"]
    ]
    lines = set(parity.permissions(policy))
    (bucket,) = [r.properties for r in EVERYTHING.resources() if r.name == "AuditBucket"]
    name = bucket["BucketName"]
    for action in ("BypassGovernanceRetention", "PutObjectRetention", "PutObjectLegalHold"):
        assert f"Deny s3:{action} on arn:aws:s3:::{name}/* by * if {{}}" in lines
    assert bucket["ObjectLockEnabled"] is True


def test_every_bucket_and_queue_refuses_plain_http() -> None:
    for type_, service in (("AWS::S3::BucketPolicy", "s3"), ("AWS::SQS::QueuePolicy", "sqs")):
        policies = [r for r in EVERYTHING.resources() if r.type == type_]
        assert policies
        for resource in policies:
            lines = parity.permissions(resource.properties["PolicyDocument"])
            refused = [line for line in lines if line.startswith(f"Deny {service}:* on ")]
            assert any('"aws:SecureTransport": ["false"]' in line for line in refused), resource


def test_no_policy_of_a_resource_is_open_to_the_world() -> None:
    """Whoever is not of this account is named, or is a service that says for whom it acts."""
    found = []
    for resource in EVERYTHING.resources():
        document = resource.properties.get("PolicyDocument") or resource.properties.get("KeyPolicy")
        for line in parity.permissions(document) if document else ():
            condition = json.loads(line.partition(" if ")[2])
            named = {key for keys in condition.values() for key in keys}
            if line.startswith("Allow") and (" by * " in line or " by Service " in line):
                bounded = named & {
                    "aws:SourceAccount", "aws:SourceArn", "aws:SourceOrgID",
                    "aws:PrincipalAccount", "kms:EncryptionContext:aws:logs:arn",
                }  # fmt: skip
                found += [] if bounded else [f"{resource.name}: {line}"]
    assert found == []


def test_every_role_says_who_may_take_it_and_for_whom() -> None:
    assert len(ROLES) >= 8
    for name, role in ROLES.items():
        (statement,) = role.properties["AssumeRolePolicyDocument"]["Statement"]
        keys = {key for keys in statement["Condition"].values() for key in keys}
        assert keys & {"aws:SourceAccount", "sts:ExternalId"}, name
        assert role.properties["PermissionsBoundary"].endswith(":policy/boundary"), name


# ---- the analysers

_ANALYSE = """
import json, sys, warnings
warnings.simplefilter("ignore")
import parliament
found = []
for name, document in json.load(sys.stdin).items():
    policy = parliament.analyze_policy_string(json.dumps(document))
    for finding in policy.findings:
        said = finding.detail or finding.location
        actions = said if isinstance(said, list) else [said]
        actions = [a["action"] if isinstance(a, dict) else str(a) for a in actions]
        found += [[name, finding.issue, action] for action in actions]
json.dump(found, sys.stdout)
"""
_SPLAIN = """
import json, sys
from cloudsplaining.scan.policy_document import PolicyDocument
found = []
for name, document in json.load(sys.stdin).items():
    policy = PolicyDocument(document)
    kinds = {
        "privilege escalation": policy.allows_privilege_escalation,
        "rights over rights": policy.permissions_management_without_constraints,
        "writes without bounds": policy.write_actions_without_constraints,
        "exposes credentials": policy.credentials_exposure,
        "reads without bounds": policy.allows_data_exfiltration_actions,
        "service wildcard": policy.service_wildcard,
    }
    found += [[name, kind, str(what)] for kind, said in kinds.items() for what in said]
json.dump(found, sys.stdout)
"""


def analyse(program: str, given: Mapping[str, Any]) -> list[list[str]]:
    """Run one of the analysers over policies, in the environment that has it."""
    require("infra")
    done = subprocess.run(
        [str(infra.FOLDER / "python"), "-c", program],
        input=json.dumps(given),
        capture_output=True,
        text=True,
        check=False,
    )
    if "ModuleNotFoundError" in done.stderr:
        pytest.skip(done.stderr.strip().splitlines()[-1])
    assert done.returncode == 0, done.stderr[-2000:]
    found: list[list[str]] = json.loads(done.stdout)
    return found


def test_cloudsplaining_finds_only_what_is_explained() -> None:
    allowed = {action.lower() for action in rights.EVERYWHERE}
    found = analyse(_SPLAIN, documents())
    assert [entry for entry in found if entry[2].lower() not in allowed] == []


def test_parliament_knows_every_action_resource_and_condition() -> None:
    found = analyse(_ANALYSE, documents())
    allowed = {("RESOURCE_STAR", action) for action in rights.EVERYWHERE}
    # It wants each kind of resource that the action knows; a model is one of them.
    allowed.add(("RESOURCE_MISMATCH", "bedrock:InvokeModel"))
    assert [entry for entry in found if (entry[1], entry[2]) not in allowed] == []


@pytest.mark.parametrize("program", [_SPLAIN, _ANALYSE], ids=["cloudsplaining", "parliament"])
def test_an_analyser_would_find_a_policy_that_is_wrong(program: str) -> None:
    statement = {"Effect": "Allow", "Action": ["s3:PutObjectt", "iam:*"], "Resource": "*"}
    wrong = {"r/p": {"Version": "2012-10-17", "Statement": [statement]}}
    assert analyse(program, wrong)


def test_zizmor_finds_nothing_in_the_workflows() -> None:
    require("infra")
    program = infra.FOLDER / "zizmor"
    if not Path(program).is_file():
        pytest.skip("zizmor is not in the environment of the checkers")
    done = infra.run("zizmor", "--offline", "--no-progress", str(ROOT / ".github/workflows"))
    assert done.returncode == 0, done.stdout
