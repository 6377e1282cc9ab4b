"""Findings, rules and settings for tests about alerts."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from mantissa.adapters.memory import ManualClock, MemoryState
from mantissa.alerts.group import Writes, alert_writes
from mantissa.alerts.listing import every_alert
from mantissa.alerts.route import AlertSettings, DestinationConfig
from mantissa.model import Alert, Finding, RuleInfo, Severity
from mantissa.ports import StateStore

NOW = datetime(2026, 3, 4, 12, 30, tzinfo=UTC)

RULE = RuleInfo(
    id="6f1c0f52-0000-4000-8000-000000000001",
    title="Console login without MFA",
    level=Severity.HIGH,
    description="A person signed in to the console with a password alone.",
    tags=("attack.initial-access", "attack.t1078.004"),
    false_positives=("Accounts that are meant for emergencies",),
    fields=("eventname", "sourceipaddress"),
    version="0123456789ab",
    sql="SELECT 1",
)


_RUNS = itertools.count(1)


def finding(number: int = 0, *, rule: RuleInfo = RULE, **changes: Any) -> Finding:
    """Make one finding; a minute apart by number."""
    base = Finding(
        finding_id=f"f{number:08d}",
        rule_id=rule.id,
        rule_title=rule.title,
        rule_version=rule.version,
        level=rule.level,
        tags=rule.tags,
        source="aws_cloudtrail",
        event_id=f"e{number:08d}",
        event_time=datetime(2026, 3, 4, 12, 0, tzinfo=UTC) + timedelta(minutes=number % 60),
        source_object=f"trail-{number}.json.gz",
        entities={"actor_user": "mira", "src_ip": "203.0.113.7", "cloud_account": "111122223333"},
        fields={"eventname": "ConsoleLogin", "sourceipaddress": "203.0.113.7"},
        run_id="run-0",
        detected_at=NOW,
    )
    return replace(base, **changes)


def config(name: str = "soc", type: str = "slack", **options: object) -> DestinationConfig:
    return DestinationConfig(name, type, secret=f"{name}-secret", options=options)


def settings(*names: str, **changes: Any) -> AlertSettings:
    return AlertSettings(destinations=tuple(config(n) for n in names), **changes)


def commit(
    state: StateStore,
    findings: Iterable[Finding],
    chosen: AlertSettings,
    *,
    rules: Mapping[str, RuleInfo] | None = None,
    now: datetime = NOW,
) -> Writes:
    """Do what a detection run does: turn findings into writes and carry them out."""
    run = f"run-{next(_RUNS)}"
    findings = [replace(f, run_id=run) for f in findings]
    writes = alert_writes(state, findings, {RULE.id: RULE} if rules is None else rules, chosen, now)
    state.transact(writes.writes)
    return writes


def only_alert(state: StateStore) -> Alert:
    (alert,) = every_alert(state)
    return alert


def opened(chosen: AlertSettings, *findings: Finding) -> tuple[MemoryState, ManualClock, Alert]:
    """Make a state with one alert in it."""
    state = MemoryState()
    commit(state, findings or [finding()], chosen)
    return state, ManualClock(NOW), only_alert(state)
