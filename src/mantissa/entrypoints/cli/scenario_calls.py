"""The calls that a small company's programs and people make all day, with parameters as AWS logs them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from mantissa.entrypoints.cli.scenario_record import (
    ACCOUNT,
    HOME_REGION,
    SECOND_REGION,
    Call,
    Mint,
    role_arn,
)

Maker = Callable[[Mint], Call]
"""Makes one call; what varies from call to call comes from the mint."""

_INSTANCES = tuple(f"i-0{n:016x}" for n in range(0x51A7, 0x51A7 + 14))
_FUNCTIONS = ("orders-worker", "invoice-render", "mail-sender", "stock-sync", "webhook-intake")
_GROUPS = tuple(f"/aws/lambda/{name}" for name in _FUNCTIONS)
_SECRETS = ("prod/orders/database", "prod/checkout/payment-provider", "prod/mail/smtp")
_BUCKETS = ("example-artifacts", "example-web-assets", "example-payroll-exports", "example-logs")
_KEY = f"arn:aws:kms:{HOME_REGION}:{ACCOUNT}:key/2f0c1a7e-5b7d-4c57-9a1f-7f3f6d0b8e21"


def plain(source: str, name: str, request: Mapping[str, Any] | None = None) -> Maker:
    """Return a maker of a call that is always the same but for its region."""

    def make(mint: Mint) -> Call:
        return Call(source, name, request, region=_region(mint))

    return make


def fixed(source: str, name: str, request: Mapping[str, Any] | None = None) -> Maker:
    """Return a maker of a call to a service that logs in the home region only."""
    call = Call(source, name, request)
    return lambda _: call


def refused(source: str, name: str, action: str) -> Maker:
    """Return a maker of a call that the caller's policy does not allow."""
    error = ("AccessDenied", f"not authorized to perform: {action}")
    return lambda mint: Call(source, name, region=_region(mint), error=error)


def _region(mint: Mint) -> str:
    return SECOND_REGION if mint.chance.random() < 0.2 else HOME_REGION


def describe_instances(mint: Mint) -> Call:
    """Ask for the state of one instance."""
    item = {"instanceId": mint.chance.choice(_INSTANCES)}
    request = {"instancesSet": {"items": [item]}, "filterSet": {}}
    return Call("ec2", "DescribeInstances", request, region=_region(mint))


def create_log_stream(mint: Mint) -> Call:
    """Open a log stream for a new instance of a function."""
    group = mint.chance.choice(_GROUPS)
    request = {"logGroupName": group, "logStreamName": f"[$LATEST]{mint.hex(32)}"}
    return Call("logs", "CreateLogStream", request)


def decrypt(mint: Mint) -> Call:
    """Decrypt a data key for a secret or an object."""
    context = {"SecretARN": _secret_arn(mint)}
    request = {"encryptionContext": context, "encryptionAlgorithm": "SYMMETRIC_DEFAULT"}
    return Call("kms", "Decrypt", {**request, "keyId": _KEY})


def generate_data_key(mint: Mint) -> Call:
    """Make a data key for an object that is about to be stored."""
    bucket = mint.chance.choice(_BUCKETS)
    context = {"aws:s3:arn": f"arn:aws:s3:::{bucket}"}
    request = {"keySpec": "AES_256", "encryptionContext": context, "keyId": _KEY}
    return Call("kms", "GenerateDataKey", request)


def get_secret(mint: Mint) -> Call:
    """Read a secret, as workloads do when they start."""
    return Call("secretsmanager", "GetSecretValue", {"secretId": _secret_arn(mint)})


def _secret_arn(mint: Mint) -> str:
    name = mint.chance.choice(_SECRETS)
    return f"arn:aws:secretsmanager:{HOME_REGION}:{ACCOUNT}:secret:{name}-a1B2c3"


def assume(*roles: str) -> Maker:
    """Return a maker of `AssumeRole` calls for one of these roles."""

    def make(mint: Mint) -> Call:
        role = mint.chance.choice(roles)
        return _assume(mint, role)

    return make


def _assume(mint: Mint, role: str) -> Call:
    session, key = f"{role}-{mint.hex(8)}", mint.session_key()
    answer = {
        "credentials": {"accessKeyId": key, "sessionToken": f"EXAMPLE{mint.hex(48)}"},
        "assumedRoleUser": {
            "assumedRoleId": f"AROAEXAMPLE:{session}",
            "arn": f"arn:aws:sts::{ACCOUNT}:assumed-role/{role}/{session}",
        },
    }
    request = {"roleArn": role_arn(role), "roleSessionName": session}
    return Call("sts", "AssumeRole", request, answer, role_arn=role_arn(role))


def update_function(mint: Mint) -> Call:
    """Deploy new code to a function."""
    name = mint.chance.choice(_FUNCTIONS)
    request = {
        "functionName": name,
        "s3Bucket": "example-artifacts",
        "s3Key": f"{name}/{mint.hex(12)}.zip",
        "publish": True,
        "dryRun": False,
    }
    answer = {"functionName": name, "runtime": "python3.12", "version": "$LATEST"}
    return Call("lambda", "UpdateFunctionCode20150331v2", request, answer)


def update_service(mint: Mint) -> Call:
    """Roll a container service to a new task definition."""
    revision = mint.chance.randint(80, 99)
    request = {"cluster": "prod", "service": "checkout", "taskDefinition": f"checkout:{revision}"}
    return Call("ecs", "UpdateService", request, {"service": {"serviceName": "checkout"}})


def create_snapshot(mint: Mint) -> Call:
    """Take the nightly copy of a volume."""
    volume, snapshot = f"vol-0{mint.hex(16)}", f"snap-0{mint.hex(16)}"
    answer = {"snapshotId": snapshot, "volumeId": volume, "status": "pending", "encrypted": True}
    request = {"volumeId": volume, "description": "nightly"}
    return Call("ec2", "CreateSnapshot", request, answer)


def delete_snapshot(mint: Mint) -> Call:
    """Remove a copy that has become too old."""
    return Call("ec2", "DeleteSnapshot", {"snapshotId": f"snap-0{mint.hex(16)}"}, {"_return": True})


def bucket_read(mint: Mint) -> Call:
    """Read one of the settings of one bucket."""
    bucket = mint.chance.choice(_BUCKETS)
    name = mint.chance.choice(
        ("GetBucketPolicy", "GetBucketAcl", "GetBucketEncryption", "GetBucketVersioning")
    )
    request = {"bucketName": bucket, "Host": f"{bucket}.s3.{HOME_REGION}.amazonaws.com"}
    return Call("s3", name, request)


def tls_only_policy(_: Mint) -> Call:
    """Write the usual bucket policy that denies everyone plain HTTP."""
    statement = {
        "Sid": "TlsOnly",
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:*",
        "Resource": ["arn:aws:s3:::example-logs", "arn:aws:s3:::example-logs/*"],
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    }
    policy = {"Version": "2012-10-17", "Statement": [statement]}
    host = f"example-logs.s3.{HOME_REGION}.amazonaws.com"
    request = {"bucketPolicy": policy, "bucketName": "example-logs", "Host": host, "policy": ""}
    return Call("s3", "PutBucketPolicy", request)
