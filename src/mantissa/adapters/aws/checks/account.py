"""Who is asking, and where."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mantissa.adapters.aws.checks.look import reading

if TYPE_CHECKING:
    from types_boto3_sts.client import STSClient

IDENTITY = "sts:GetCallerIdentity"


def account_of(sts: STSClient) -> str:
    """Return the account's number."""
    with reading(IDENTITY, "aws"):
        return sts.get_caller_identity()["Account"]


def credentials(sts: STSClient) -> str:
    """Say who is asking, and in which region. Raises `ConfigError` without credentials."""
    with reading(IDENTITY, "aws"):
        who = sts.get_caller_identity()
    return f"{who['Arn']} in {sts.meta.region_name}"
