"""Athena's workgroups: their settings hold for everybody, and no query reads without end."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

from mantissa.adapters.aws.checks.buckets import AGAIN
from mantissa.adapters.aws.checks.keys import Keys
from mantissa.adapters.aws.checks.look import Flaw, look, reading
from mantissa.model import Check

if TYPE_CHECKING:
    from types_boto3_athena.client import AthenaClient


def checks(athena: AthenaClient, workgroup: str, results: str, keys: Keys) -> Iterator[Check]:
    """Look at one workgroup.

    Args:
        results: the bucket that its results belong into.
    """
    return look(f"workgroup {workgroup}", partial(_in_order, athena, workgroup, results, keys))


def _in_order(athena: AthenaClient, workgroup: str, results: str, keys: Keys) -> str:
    with reading("athena:GetWorkGroup", workgroup):
        found: Mapping[str, Any] = dict(athena.get_work_group(WorkGroup=workgroup)["WorkGroup"])
    if found.get("State") == "DISABLED":
        fix = f"aws athena update-work-group --work-group {workgroup} --state ENABLED"
        raise Flaw("it is disabled: no query runs", where=workgroup, fix=fix)
    settings = found.get("Configuration", {})
    wrong = list(_wrong(settings, results))
    if wrong:
        raise Flaw("; ".join(wrong), where=workgroup, fix=AGAIN)
    encryption = settings["ResultConfiguration"].get("EncryptionConfiguration", {})
    key = keys.note(encryption.get("KmsKey"), f"workgroup {workgroup}")
    limit = settings["BytesScannedCutoffPerQuery"] / (1 << 30)
    return f"enforced, at most {limit:,.0f} GiB a query, {key}"


def _wrong(settings: Mapping[str, Any], results: str) -> Iterator[str]:
    if not settings.get("EnforceWorkGroupConfiguration"):
        yield "its settings are not enforced: a query may bring its own"
    if not settings.get("BytesScannedCutoffPerQuery"):
        yield "a query may scan without limit"
    place = settings.get("ResultConfiguration", {}).get("OutputLocation", "")
    if not place.startswith(f"s3://{results}/"):
        yield f"its results go to {place or 'no place'}, not into s3://{results}"
