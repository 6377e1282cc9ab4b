"""A workgroup's settings as the emulator has them, so that what Terraform deployed applies."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from support.athena.refusal import invalid

ENGINE = "Athena engine version 3"


@dataclass(frozen=True)
class Settings:
    """What applies to one query."""

    location: str
    """Where its result goes: a folder, or a whole key of an S3 URI."""
    encryption: Mapping[str, str]
    cutoff: int | None
    """Bytes that it may scan."""


def of_workgroup(athena: Any, workgroup: str) -> dict[str, Any]:
    """Return the emulator's WorkGroup, with what Athena always says and an emulator may not."""
    try:
        found: dict[str, Any] = athena.get_work_group(WorkGroup=workgroup)["WorkGroup"]
    except ClientError as error:
        raise invalid(f"WorkGroup {workgroup} is not found.") from error
    # Enforcing is what CreateWorkGroup does unless told otherwise; `primary` is born without.
    defaults = {
        "EnforceWorkGroupConfiguration": workgroup != "primary",
        "PublishCloudWatchMetricsEnabled": True,
        "RequesterPaysEnabled": False,
        "ResultConfiguration": {},
        "EngineVersion": {"SelectedEngineVersion": ENGINE, "EffectiveEngineVersion": ENGINE},
    }
    return {"State": "ENABLED", **found, "Configuration": defaults | found.get("Configuration", {})}


def of_query(athena: Any, workgroup: str, asked: Mapping[str, Any]) -> Settings:
    """Return the settings of a query that asks for a ResultConfiguration; raises `Refused`."""
    found = of_workgroup(athena, workgroup)
    if found["State"] == "DISABLED":
        raise invalid(f"WorkGroup {workgroup} is disabled.")
    configuration = found["Configuration"]
    own = configuration.get("ResultConfiguration") or {}
    # Enforced: what the client asks for is ignored, without a word.
    asked = {} if configuration["EnforceWorkGroupConfiguration"] else asked
    location = asked.get("OutputLocation") or own.get("OutputLocation")
    if not location:
        raise invalid(
            "No output location provided. An output location is required either through the "
            "Workgroup result configuration setting or as an API input."
        )
    encryption = asked.get("EncryptionConfiguration") or own.get("EncryptionConfiguration") or {}
    return Settings(location, encryption, configuration.get("BytesScannedCutoffPerQuery"))


def as_put_arguments(encryption: Mapping[str, str]) -> dict[str, str]:
    """Return what `put_object` takes for a workgroup's encryption."""
    if encryption.get("EncryptionOption") == "SSE_KMS":
        return {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": encryption["KmsKey"]}
    if encryption.get("EncryptionOption") == "SSE_S3":
        return {"ServerSideEncryption": "AES256"}
    return {}
