"""Finding alerts again: by id, by filter, and in numbers."""

from __future__ import annotations

import heapq
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from mantissa.alerts import circuit
from mantissa.alerts.outbox import finished_rows, live_rows
from mantissa.alerts.record import TABLE, alert_from
from mantissa.errors import ConfigError
from mantissa.model import Alert, AlertStatus, Severity, Verdict
from mantissa.ports import StateStore

_PREFIX = 6
"""Fewest characters of an id that may stand for it."""


@dataclass(frozen=True, slots=True)
class AlertFilter:
    """Which alerts to list; None matches all.

    Args:
        entity: text that stands in one of the entities' values, in any case.
        since: the last event is at or after.
        until: the first event is before.
    """

    status: AlertStatus | None = None
    min_level: Severity = Severity.INFORMATIONAL
    rule: str | None = None
    source: str | None = None
    entity: str | None = None
    assignee: str | None = None
    verdict: Verdict | None = None
    since: datetime | None = None
    until: datetime | None = None

    def matches(self, alert: Alert) -> bool:
        """Tell whether the alert is wanted."""
        return (
            alert.level.rank >= self.min_level.rank
            and self.status in (None, alert.status)
            and self.rule in (None, alert.rule.id)
            and self.source in (None, alert.source)
            and self.assignee in (None, alert.assignee)
            and self.verdict in (None, alert.verdict)
            and (self.since is None or alert.last_event >= self.since)
            and (self.until is None or alert.first_event < self.until)
            and (self.entity is None or _mentions(alert, self.entity.lower()))
        )


Place = tuple[datetime, int, str]
"""Where an alert stands in a list: last event, rank of its level, id."""


def list_alerts(
    state: StateStore, wanted: AlertFilter, limit: int = 100, *, before: Place | None = None
) -> list[Alert]:
    """List matching alerts, the latest event first; holds no more than `limit` of them.

    Args:
        before: the place of an earlier list's last alert, to go on after it.
    """
    matching = (alert for alert in every_alert(state) if wanted.matches(alert))
    further = (alert for alert in matching if before is None or sort_key(alert) < before)
    return heapq.nlargest(limit, further, key=sort_key)


def sort_key(alert: Alert) -> Place:
    """Return an alert's place in a list; no two alerts share one."""
    return alert.last_event, alert.level.rank, alert.id


def every_alert(state: StateStore) -> Iterator[Alert]:
    """Yield every alert, by id."""
    return (alert_from(item.value) for item in state.query(TABLE))


def find(state: StateStore, alert_id: str) -> Alert:
    """Return the alert of that id or unique beginning of an id. Raises `ConfigError`."""
    item = state.get(TABLE, alert_id)
    if item is not None:
        return alert_from(item.value)
    fix = "list them: mantissa alerts list"
    if len(alert_id) < _PREFIX:
        raise ConfigError(f"no alert {alert_id!r}", fix=f"give {_PREFIX} characters; {fix}")
    found = [item for _, item in zip(range(2), state.query(TABLE, alert_id), strict=False)]
    if len(found) != 1:
        problem = "more than one alert begins with" if found else "no alert"
        raise ConfigError(f"{problem} {alert_id!r}", fix=fix)
    return alert_from(found[0].value)


def stats(state: StateStore) -> dict[str, Any]:
    """Count alerts by status, level and rule, and deliveries by destination and state.

    A rule's `precision` is its true positives over all its closed alerts, null without any.
    """
    status: Counter[str] = Counter()
    level: Counter[str] = Counter()
    rules: dict[str, Counter[str]] = defaultdict(Counter)
    for alert in every_alert(state):
        status[alert.status] += 1
        level[alert.level] += 1
        rules[alert.rule.id].update(("alerts", str(alert.verdict or "undecided")))
    return {
        "alerts": sum(status.values()),
        "by_status": {str(s): status[s] for s in AlertStatus},
        "by_level": {str(s): level[s] for s in Severity},
        "by_rule": {rule: _precision(counts) for rule, counts in sorted(rules.items())},
        "deliveries": _deliveries(state),
    }


def _deliveries(state: StateStore) -> dict[str, dict[str, Any]]:
    states: dict[str, Counter[str]] = defaultdict(Counter)
    for row in finished_rows(state):
        states[row.destination][row.state] += 1
    for held in live_rows(state):
        states[held.row.destination][held.row.state] += 1
    return {name: _health(state, name, states[name]) for name in sorted(states)}


def _health(state: StateStore, name: str, states: Counter[str]) -> dict[str, Any]:
    seen = circuit.load(state, name)[0]
    told = {"failures": seen.failures, "open": seen.open_until is not None, "error": seen.error}
    return {**{str(s): n for s, n in sorted(states.items())}, "circuit": told}


def _precision(counts: Counter[str]) -> dict[str, Any]:
    decided = {str(v): counts[v] for v in Verdict}
    total = sum(decided.values())
    precision = decided[Verdict.TRUE_POSITIVE] / total if total else None
    return {"alerts": counts["alerts"], **decided, "precision": precision}


def _mentions(alert: Alert, text: str) -> bool:
    return any(text in value.lower() for values in alert.entities.values() for value in values)
