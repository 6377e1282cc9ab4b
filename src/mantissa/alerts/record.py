"""An alert as its record in the state store, and as the JSON that people's programs read."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import msgspec

from mantissa.alerts.outbox import Row, RowState
from mantissa.errors import StoreError
from mantissa.model import Alert

TABLE = "alerts"


def alert_value(alert: Alert) -> dict[str, Any]:
    """Turn an alert into its record; the rule's SQL is left out, it can be large."""
    value: dict[str, Any] = msgspec.to_builtins(alert)
    value["rule"]["sql"] = ""
    return value


def alert_from(value: Mapping[str, Any]) -> Alert:
    """Read an alert's record; keys of a newer version are ignored."""
    try:
        return msgspec.convert(value, Alert)
    except msgspec.ValidationError as error:
        raise StoreError(
            f"an alert's record cannot be read: {error}",
            where=f"{TABLE}/{value.get('id', '?')}",
            fix="another version of the product wrote it: run the newer of the two",
        ) from error


def alert_json(alert: Alert, rows: Sequence[Row] = ()) -> dict[str, Any]:
    """Shape an alert for `--json` and for the API; times are ISO 8601 in UTC."""
    value = alert_value(alert)
    rule = value.pop("rule")
    return {
        "id": alert.id,
        "title": alert.rule.title,
        "level": str(alert.level),
        "status": str(alert.status),
        "rule": alert.rule.id,
        **{k: value[k] for k in ("entities", "first_event", "last_event", "count")},
        "deliveries": [delivery_json(row) for row in rows],
        **{k: value[k] for k in ("source", "verdict", "note", "assignee", "samples", "history")},
        **{k: rule[k] for k in ("tags", "description", "false_positives", "references")},
        **{k: value[k] for k in ("window_start", "created_at", "updated_at")},
        "rule_version": alert.rule.version,
        "stages": stages_json(alert, rows),
    }


def stages_json(alert: Alert, rows: Iterable[Row]) -> dict[str, str | None]:
    """Shape the five times of an alert: object, row, finding, alert, first message sent."""
    known = msgspec.to_builtins(alert.stages) if alert.stages else {}
    sent = [row.updated_at for row in rows if row.state is RowState.SENT]
    message = min(sent).isoformat() if sent else None
    names = ("object", "row", "finding", "alert")
    return {name: known.get(name) for name in names} | {"message": message}


def delivery_json(row: Row) -> dict[str, Any]:
    """Shape one delivery of an alert."""
    value = msgspec.to_builtins(row)
    keys = ("destination", "state", "attempts", "kind", "status", "error", "provider_id")
    return {k: value[k] for k in keys} | {"next_at": value["next_at"], "at": value["updated_at"]}
