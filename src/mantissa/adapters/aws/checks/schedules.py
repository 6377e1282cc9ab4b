"""The clocks that call the functions: a clock that stopped is the quietest failure."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import TYPE_CHECKING

from mantissa.adapters.aws.checks.buckets import AGAIN
from mantissa.adapters.aws.checks.keys import Keys
from mantissa.adapters.aws.checks.look import Flaw, look, reading
from mantissa.model import Check

if TYPE_CHECKING:
    from types_boto3_scheduler.client import EventBridgeSchedulerClient


def checks(
    scheduler: EventBridgeSchedulerClient, group: str, name: str, keys: Keys
) -> Iterator[Check]:
    """Look at one schedule of the deployment's group."""
    return look(f"schedule {name}", partial(_enabled, scheduler, group, name, keys))


def _enabled(scheduler: EventBridgeSchedulerClient, group: str, name: str, keys: Keys) -> str:
    where = f"{group}/{name}"
    with reading("scheduler:GetSchedule", where):
        found = scheduler.get_schedule(GroupName=group, Name=name)
    if found.get("State") != "ENABLED":
        told = f"it is switched off: nobody calls {name}"
        fix = f"schedules = {{ {name} = {{ enabled = true }} }} in the variables, and apply"
        raise Flaw(told, where=where, fix=fix)
    target = found["Target"]["Arn"]
    if not target.endswith(f"-{name}:live"):
        raise Flaw(f"it calls {target}, not the alias `live` of {name}", where=where, fix=AGAIN)
    keys.note(found.get("KmsKeyArn"), f"schedule {name}")
    return f"{found['ScheduleExpression']}"
