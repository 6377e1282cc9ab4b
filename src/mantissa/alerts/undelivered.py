"""A message that no destination took is itself something a person must be told.

It becomes one alert for each destination and hour, sent to the other destinations only.
"""

from __future__ import annotations

import hashlib
from dataclasses import replace
from datetime import datetime

from mantissa.alerts.group import Writes, alert_writes
from mantissa.alerts.outbox import Row
from mantissa.alerts.route import AlertSettings
from mantissa.model import Finding, RuleInfo, Severity
from mantissa.ports import StateStore

RULE = RuleInfo(
    id="mantissa.delivery.dead",
    title="An alert could not be delivered",
    level=Severity.HIGH,
    description=(
        "A destination refused an alert for good, or failed for a day. The alert itself is kept:"
        " read it with `mantissa alerts show`, and check the destination with"
        " `mantissa alerts test`."
    ),
    fields=("destination", "alert", "status", "error"),
    version="1",
    group_by=("destination",),
)
SOURCE = "mantissa"


def undelivered_writes(
    state: StateStore, row: Row, error: str, settings: AlertSettings, now: datetime
) -> Writes:
    """Raise or extend the system alert about a dead row, past the destination that failed."""
    others = without(settings, row.destination)
    return alert_writes(state, [_finding(row, error, now)], {RULE.id: RULE}, others, now)


def without(settings: AlertSettings, name: str) -> AlertSettings:
    """Leave one destination out of every route."""
    return replace(
        settings,
        destinations=tuple(d for d in settings.destinations if d.name != name),
        routes=tuple(
            replace(r, destinations=tuple(n for n in r.destinations if n != name))
            for r in settings.routes
        ),
    )


def _finding(row: Row, error: str, now: datetime) -> Finding:
    event_id = hashlib.sha256(row.key.encode()).hexdigest()[:40]
    return Finding(
        finding_id=event_id,
        rule_id=RULE.id,
        rule_title=RULE.title,
        rule_version=RULE.version,
        level=RULE.level,
        tags=(),
        source=SOURCE,
        event_id=event_id,
        event_time=now,
        source_object=f"deliveries/{row.key}",
        entities={"destination": row.destination},
        fields={
            "destination": row.destination,
            "alert": row.alert_id,
            "status": str(row.status or "no answer"),
            "error": error,
        },
        run_id=event_id,
        detected_at=now,
    )
