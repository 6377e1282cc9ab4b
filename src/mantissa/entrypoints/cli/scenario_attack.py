"""The intrusion that the demo hides in a company's ordinary day.

The leaked key of the build system's user can manage IAM (a common mistake), which is all that is
needed. The account's own trail is stopped on the way; the second trail, the one that fills the log
archive which this lake reads, keeps recording.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from mantissa.entrypoints.cli.scenario_record import (
    ACCOUNT,
    CI_KEY,
    HOME_REGION,
    OUTSIDER,
    Call,
    Caller,
    Json,
    Mint,
    console_login,
    console_user,
    iam_user,
)

KALI_ADDRESS = "198.51.100.77"
BROWSER_ADDRESS = "198.51.100.140"
STOLEN_BACKUP_KEY = "AKIAI44QH8DHBEXAMPLE"
BUCKET = "example-payroll-exports"
SNAPSHOT = "snap-0f1e2d3c4b5a69788"
LENGTH = timedelta(minutes=75)

_TRAIL = f"arn:aws:cloudtrail:{HOME_REGION}:{ACCOUNT}:trail/account-trail"
_DETECTOR = "12abc34d567e8fa901bc2d34e56789f0"
_KALI = "aws-cli/2.15.30 Python/3.11.8 Linux/6.6.9-amd64 exe/x86_64.kali.2024 prompt/off command/"
_PLAIN = (
    "Boto3/1.34.46 md/Botocore#1.34.46 ua/2.0 os/linux#5.15.0 md/arch#x86_64 lang/python#3.10.12"
)
_FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:115.0) Gecko/20100101 Firefox/115.0"
_WORD = re.compile(r"(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_SECRETS = (
    "prod/orders/database",
    "prod/payroll/database",
    "prod/checkout/payment-provider",
    "prod/mail/smtp",
    "prod/crm/api-token",
    "prod/warehouse/reader",
    "prod/vpn/shared-key",
    "prod/github/deploy-token",
    "prod/okta/api-token",
    "stage/orders/database",
    "stage/checkout/payment-provider",
    "stage/mail/smtp",
)


@dataclass(frozen=True, slots=True)
class Act:
    """One step of the intrusion: when after the start, what is told, which calls are made."""

    name: str
    minute: int
    title: str
    moves: tuple[tuple[Caller, Call], ...]


def intrusion(mint: Mint, start: datetime) -> tuple[Act, ...]:
    """Return the acts in order; the first begins at `start`, the last ends before `LENGTH`."""
    return (
        _act("key_tried", 0, "A leaked key of the build user is tried out from Kali", _key_tried),
        _act("looking_around", 2, "The key's holder looks around and is often refused", _looking),
        _act("administrator_rights", 14, "The build user makes itself administrator", _rights),
        _act("second_key", 17, "A second key is made for the backup user", _second_key),
        _act("console_password", 21, "The backup user is given a console password", _password),
        _console_login(mint, start),
        _act("trail_narrowed", 34, "The account's trail is told to record reads only", _narrow),
        _act("trail_stopped", 37, "The account's trail is stopped", _stop),
        _act("flow_logs_deleted", 40, "The network's flow log is deleted", _flow_logs),
        _act("guardduty_off", 43, "GuardDuty is switched off", _guardduty),
        _act("secrets_read", 48, "Twelve secrets are read in a row", _secrets),
        _act("snapshot_shared", 57, "A disk is copied and shared with another account", _snapshot),
        _act("bucket_opened", 66, "A bucket is opened to everyone", _bucket),
    )


def timed(act: Act, start: datetime) -> Iterable[tuple[datetime, Caller, Call]]:
    """Yield the act's calls with their times, a few seconds apart."""
    for number, (caller, call) in enumerate(act.moves):
        seconds = 11 * number + number * number % 7
        yield start + timedelta(minutes=act.minute, seconds=seconds), caller, call


Moves = tuple[tuple[Caller, Call], ...]


def _act(name: str, minute: int, title: str, moves: Callable[[], Moves]) -> Act:
    return Act(name, minute, title, moves())


def _build(command: str) -> Caller:
    return Caller(iam_user("ci-deploy", CI_KEY), KALI_ADDRESS, _KALI + command)


def _command(call: Call) -> str:
    """Return a call as the command line names it: `iam.list-users`."""
    service = "s3api" if call.source == "s3" else call.source
    return f"{service}.{_WORD.sub('-', call.name).lower()}"


def _backup() -> Caller:
    return Caller(iam_user("svc-backup", STOLEN_BACKUP_KEY), KALI_ADDRESS, _PLAIN)


def _refused(action: str, code: str = "AccessDenied") -> tuple[str, str]:
    user = f"arn:aws:iam::{ACCOUNT}:user/ci-deploy"
    reason = "because no identity-based policy allows the"
    return code, f"User: {user} is not authorized to perform: {action} {reason} {action} action"


def _key_tried() -> Moves:
    return ((_build("sts.get-caller-identity"), Call("sts", "GetCallerIdentity")),)


def _looking() -> Moves:
    denied = "AccessDeniedException"
    calls = (
        Call("iam", "ListUsers", {"maxItems": 1000}),
        Call("iam", "ListRoles", {"maxItems": 1000}),
        Call("iam", "ListAttachedUserPolicies", {"userName": "ci-deploy"}),
        Call("iam", "GetAccountAuthorizationDetails", {"maxItems": 1000}),
        Call("s3", "ListBuckets", {"Host": "s3.amazonaws.com"}),
        Call("organizations", "ListAccounts", error=_refused("organizations:ListAccounts", denied)),
        Call("secretsmanager", "ListSecrets", error=_refused("secretsmanager:ListSecrets", denied)),
        Call("kms", "ListKeys", error=_refused("kms:ListKeys", denied)),
        Call("rds", "DescribeDBInstances", error=_refused("rds:DescribeDBInstances")),
        Call(
            "ec2",
            "DescribeInstances",
            {"instancesSet": {}, "filterSet": {}},
            error=(
                "Client.UnauthorizedOperation",
                "You are not authorized to perform this operation.",
            ),
        ),
    )
    return tuple((_build(_command(call)), call) for call in calls)


def _rights() -> Moves:
    request = {
        "userName": "ci-deploy",
        "policyArn": "arn:aws:iam::aws:policy/AdministratorAccess",
    }
    return ((_build("iam.attach-user-policy"), Call("iam", "AttachUserPolicy", request)),)


def _second_key() -> Moves:
    made = {"accessKeyId": STOLEN_BACKUP_KEY, "status": "Active", "userName": "svc-backup"}
    call = Call("iam", "CreateAccessKey", {"userName": "svc-backup"}, {"accessKey": made})
    return ((_build("iam.create-access-key"), call),)


def _password() -> Moves:
    request = {"userName": "svc-backup", "passwordResetRequired": False}
    call = Call("iam", "CreateLoginProfile", request, {"loginProfile": request})
    return ((_build("iam.create-login-profile"), call),)


def _console_login(mint: Mint, start: datetime) -> Act:
    minute = 26
    signing_in = Caller(iam_user("svc-backup", None), BROWSER_ADDRESS, _FIREFOX)
    identity = console_user("svc-backup", mint.session_key(), start + timedelta(minutes=minute))
    browsing = Caller(identity, BROWSER_ADDRESS, _FIREFOX, from_console=True)
    moves = (
        (signing_in, console_login(mfa=False)),
        (browsing, Call("ec2", "DescribeRegions", {"regionSet": {}, "allRegions": True})),
        (browsing, Call("s3", "ListBuckets", {"Host": "s3.us-east-1.amazonaws.com"})),
        (browsing, Call("cloudtrail", "DescribeTrails", {"trailNameList": []})),
    )
    return Act("console_login", minute, "The backup user signs in without a second factor", moves)


def _narrow() -> Moves:
    selectors = [
        {
            "readWriteType": "ReadOnly",
            "includeManagementEvents": True,
            "dataResources": [],
            "excludeManagementEventSources": ["kms.amazonaws.com"],
        }
    ]
    request = {"trailName": "account-trail", "eventSelectors": selectors}
    answer = {"trailARN": _TRAIL, "eventSelectors": selectors}
    return ((_backup(), Call("cloudtrail", "PutEventSelectors", request, answer)),)


def _stop() -> Moves:
    return ((_backup(), Call("cloudtrail", "StopLogging", {"name": _TRAIL})),)


def _flow_logs() -> Moves:
    request = {
        "DeleteFlowLogsRequest": {"FlowLogId": {"tag": 1, "content": "fl-0a1b2c3d4e5f60718"}}
    }
    answer = {"DeleteFlowLogsResponse": {"unsuccessful": ""}}
    return (
        (_backup(), Call("ec2", "DescribeFlowLogs", {"DescribeFlowLogsRequest": ""})),
        (_backup(), Call("ec2", "DeleteFlowLogs", request, answer)),
    )


def _guardduty() -> Moves:
    return (
        (_backup(), Call("guardduty", "ListDetectors", {})),
        (_backup(), Call("guardduty", "DeleteDetector", {"detectorId": _DETECTOR})),
    )


def _secrets() -> Moves:
    prefix = f"arn:aws:secretsmanager:{HOME_REGION}:{ACCOUNT}:secret:"
    reads = (Call("secretsmanager", "GetSecretValue", {"secretId": prefix + s}) for s in _SECRETS)
    first = Call("secretsmanager", "ListSecrets", {"maxResults": 100})
    return tuple((_backup(), call) for call in (first, *reads))


def _snapshot() -> Moves:
    made = {"snapshotId": SNAPSHOT, "volumeId": "vol-0a9b8c7d6e5f41327", "status": "pending"}
    share: Json = {
        "snapshotId": SNAPSHOT,
        "createVolumePermission": {"add": {"items": [{"userId": OUTSIDER}]}},
        "attributeType": "CREATE_VOLUME_PERMISSION",
    }
    return (
        (_backup(), Call("ec2", "DescribeVolumes", {"volumeSet": {}, "filterSet": {}})),
        (_backup(), Call("ec2", "CreateSnapshot", {"volumeId": made["volumeId"]}, made)),
        (_backup(), Call("ec2", "ModifySnapshotAttribute", share, {"_return": True})),
    )


def _bucket() -> Moves:
    host = f"{BUCKET}.s3.{HOME_REGION}.amazonaws.com"
    statement = {
        "Sid": "Share",
        "Effect": "Allow",
        "Principal": "*",
        "Action": ["s3:GetObject", "s3:ListBucket"],
        "Resource": [f"arn:aws:s3:::{BUCKET}", f"arn:aws:s3:::{BUCKET}/*"],
    }
    place = {"bucketName": BUCKET, "Host": host}
    policy = {"bucketPolicy": {"Version": "2012-10-17", "Statement": [statement]}, "policy": ""}
    return (
        (
            _backup(),
            Call("s3", "DeleteBucketPublicAccessBlock", {**place, "publicAccessBlock": ""}),
        ),
        (_backup(), Call("s3", "PutBucketPolicy", {**place, **policy})),
    )
