"""Routes of alerts: the queue, one alert, and what people say of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

from mantissa.alerts.listing import AlertFilter, list_alerts, sort_key
from mantissa.alerts.outbox import all_rows
from mantissa.alerts.record import TABLE, alert_from, alert_json, alert_value
from mantissa.audit.trail import fingerprint
from mantissa.entrypoints.api.bodies import AlertSummary
from mantissa.entrypoints.api.messages import Answer
from mantissa.entrypoints.api.needs import Call
from mantissa.entrypoints.api.problem import Problem
from mantissa.entrypoints.api.reading import cursor, place
from mantissa.errors import ConfigError, NotFound

if TYPE_CHECKING:
    from mantissa.alerts.triage import Triage
    from mantissa.model import Alert
    from mantissa.ports import Write

_LISTED = AlertSummary.__struct_fields__


def listing(call: Call) -> Answer:
    """List alerts, the latest event first."""
    asked = call.params
    wanted = AlertFilter(
        status=asked.status,
        min_level=asked.level,
        rule=asked.rule,
        source=asked.source,
        entity=asked.entity,
        assignee=asked.assignee,
        verdict=asked.verdict,
        since=asked.since,
        until=asked.until,
    )
    before = place(asked.cursor, tuple[datetime, int, str]) if asked.cursor else None
    if before is not None and before[0].tzinfo is None:
        raise Problem(400, "cursor", "the cursor is not one of ours")
    found = list_alerts(call.app.state, wanted, asked.limit + 1, before=before)
    page = found[: asked.limit]
    further = cursor(sort_key(page[-1])) if len(found) > asked.limit else None
    return Answer({"alerts": [_summary(call, alert) for alert in page], "next": further})


def show(call: Call) -> Answer:
    """Show one alert with its samples, deliveries and history."""
    return Answer(_document(call, _found(call)))


def acknowledge(call: Call) -> Answer:
    """Say that someone is on it."""
    return _changed(call, "acknowledge", lambda triage, who: triage.acknowledge(call.id, who))


def close(call: Call) -> Answer:
    """Say what it was and close it."""
    said = call.body
    return _changed(
        call, "close", lambda triage, who: triage.close(call.id, said.verdict, who, said.note)
    )


def reopen(call: Call) -> Answer:
    """Open a closed alert again."""
    return _changed(call, "reopen", lambda triage, who: triage.reopen(call.id, who))


def assign(call: Call) -> Answer:
    """Give it to someone, or with an empty name to nobody."""
    name = call.body.assignee
    return _changed(call, "assign", lambda triage, who: triage.assign(call.id, name, who))


def comment(call: Call) -> Answer:
    """Add a comment to its history."""
    text = call.body.text
    return _changed(call, "comment", lambda triage, who: triage.comment(call.id, text, who))


def _changed(call: Call, verb: str, change: Callable[[Triage, str], Alert]) -> Answer:
    """Change an alert; the audit record is written in the same transaction."""
    _found(call)

    def witness(before: Alert, after: Alert) -> Sequence[Write]:
        hashes = {
            "before": fingerprint(alert_value(before)),
            "after": fingerprint(alert_value(after)),
        }
        place = f"alerts/{call.id}"
        return [call.app.trail.entry(call.caller, f"alert.{verb}", place, **hashes)]

    who = call.caller.name or call.caller.subject
    try:
        alert = change(replace(call.app.triage, witness=witness), who)
    except ConfigError as error:
        # Triage says so of what the caller asked for: an alert that is closed, a blank comment.
        raise Problem(409, "alert_state", error.message, fix=error.fix or "") from error
    return Answer(_document(call, alert))


def _found(call: Call) -> Alert:
    item = call.app.state.get(TABLE, call.id)
    if item is None:
        raise NotFound("no such alert", where=f"alerts/{call.id}")
    return alert_from(item.value)


def _document(call: Call, alert: Alert) -> dict[str, Any]:
    return alert_json(alert, all_rows(call.app.state, alert.id))


def _summary(call: Call, alert: Alert) -> dict[str, Any]:
    whole = _document(call, alert)
    return {name: whole[name] for name in _LISTED}
