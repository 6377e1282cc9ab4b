"""What a role of the deployment may never be given, whichever side gives it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping

_LINE = re.compile(r"(Allow|Deny) (\S+) on (.+?) by (.+?) if (\{.*\})")

EVERYWHERE: Mapping[str, str] = {
    "ec2:AssignPrivateIpAddresses": "Lambda makes network interfaces before it knows their names",
    "ec2:CreateNetworkInterface": "as above",
    "ec2:DeleteNetworkInterface": "as above",
    "ec2:DescribeNetworkInterfaces": "as above; a Describe action of EC2 knows no resources",
    "ec2:DescribeSubnets": "as above",
    "ec2:UnassignPrivateIpAddresses": "as above",
    "xray:PutTelemetryRecords": "X-Ray has no resources to name",
    "xray:PutTraceSegments": "X-Ray has no resources to name",
}
"""Action that may name `*` as its resource → why."""

ANYWHERE_IN_ACCOUNT: Mapping[str, str] = {
    "logs:DescribeLogGroups": "API Gateway looks for its groups among all of the account",
}
"""Action whose resource may be every one of its kind in the account → why."""

# What gives rights on, or takes protection away.
_FORBIDDEN = re.compile(
    r"(iam|organizations|sts):.*|kms:(Create|Put|Schedule|Disable|Retire|Revoke|Tag).*"
    r"|s3:(Bypass|PutObjectRetention|PutObjectLegalHold|PutBucket|DeleteBucket|PutEncryption|PutLifecycle).*"
    r"|lambda:(Add|Create|Update|Put|Delete).*|logs:(Delete|Put(Resource|Retention)).*|glue:(Delete|Put).*"
    r"|dynamodb:(Delete|Update|Create)Table|sqs:(SetQueueAttributes|AddPermission|PurgeQueue)"
)


def wrong(role: str, rights: Iterable[str]) -> list[str]:
    """Return every right of a role that breaks a rule."""
    return [f"{role}: {why}: {line}" for line in rights for why in _broken(line)]


def _broken(line: str) -> Iterator[str]:
    match = _LINE.fullmatch(line)
    assert match, line
    effect, action, resource, _, condition = match.groups()
    if effect == "Deny":
        return
    if "*" in action:
        yield "an action with a star"
    if resource == "*" and action not in EVERYWHERE:
        yield "any resource"
    if (
        resource.endswith(":*")
        and action not in ANYWHERE_IN_ACCOUNT
        and ":log-stream:" not in resource
    ):
        yield "every resource of a kind"
    if re.match(r"arn:aws:s3:::[^/]*\*", resource):
        yield "any bucket"
    if "-audit-" in resource:
        yield "the audit bucket"
    if _FORBIDDEN.fullmatch(action):
        yield "a right over rights or protection"
    if action.startswith("secretsmanager:") and not resource.endswith("-??????"):
        yield "more than one secret"
    if action.startswith("kms:") and not _bounded(resource, json.loads(condition)):
        yield "a key that is not named"


def _bounded(resource: str, condition: Mapping[str, Mapping[str, object]]) -> bool:
    """Say whether a right on keys is for one key, or for keys by way of one service."""
    via = any("kms:ViaService" in keys for keys in condition.values())
    return via or (":key/" in resource and not resource.endswith("*"))
