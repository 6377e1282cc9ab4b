"""Read events from winlogbeat and Elastic agents: `winlog` in JSON, often with the XML beside it.

Winlogbeat drops empty fields and gives names instead of numbers (`level`, `opcode`, `keywords`), so
where the original XML came along, it is the better witness and `winlog` only fills the gaps.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mantissa.sources.record import RecordError
from mantissa.sources.windows.nested import read_data, read_event
from mantissa.sources.windows.parts import Parts, filled, text
from mantissa.sources.windows.xml import parse_events

_SYSTEM = {
    "channel": "Channel",
    "event_id": "EventID",
    "provider_name": "Provider_Name",
    "provider_guid": "Provider_Guid",
    "computer_name": "Computer",
    "record_id": "EventRecordID",
    "version": "Version",
    "level": "Level",
    "opcode": "Opcode",
    "keywords": "Keywords",
    "activity_id": "Correlation_ActivityID",
    "related_activity_id": "Correlation_RelatedActivityID",
    "time_created": "TimeCreated",
}
_NESTED = {
    "Execution_ProcessID": ("process", "pid"),
    "Execution_ThreadID": ("process", "thread", "id"),
    "Security_UserID": ("user", "identifier"),
}
_ECS = {
    "EventID": ("event", "code"),
    "Provider_Name": ("event", "provider"),
    "Computer": ("host", "name"),
    "Level": ("log", "level"),
}
_READ = set(_SYSTEM) | {"event_data", "user_data", "process", "user", "task", "outcome"}


def nested(record: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the record with a dotted `winlog.…` spelling turned into nested objects."""
    if not any(key.startswith("winlog.") for key in record):
        return record
    unfolded: dict[str, Any] = {}
    for key, value in record.items():
        names = key.split(".", 2)
        into = unfolded
        for name in names[:-1]:
            held = into.setdefault(name, {})
            into = held if isinstance(held, dict) else {}
        into[names[-1]] = value
    return unfolded


def read_beats(record: Mapping[str, Any]) -> Parts:
    """Read `winlog`, then let the original XML overrule and complete it."""
    record = nested(record)
    winlog = record.get("winlog")
    parts = _read_winlog(winlog if isinstance(winlog, dict) else {})
    original = original_of(record)
    if original is not None and original.lstrip().startswith("<"):
        _overrule(parts, original)
    for name, path in _ECS.items():
        _fill(parts.system, name, at(record, *path))
    parts.other |= {k: v for k, v in record.items() if k not in ("winlog", "event", "message")}
    event = record.get("event")
    if isinstance(event, dict):
        parts.other["event"] = {k: v for k, v in event.items() if k != "original"}
    if isinstance(record.get("message"), str):
        parts.other.setdefault("Message", record["message"])
    return parts


def at(record: Any, *path: str) -> Any:
    """Return the value at a path of nested objects; None when it leads nowhere."""
    for name in path:
        record = record.get(name) if isinstance(record, dict) else None
    return record


def original_of(record: Mapping[str, Any]) -> str | None:
    """Return the event's original text, when the shipper kept it."""
    for value in (at(record, "event", "original"), record.get("event.original")):
        if isinstance(value, str) and value.strip():
            return value
    message = record.get("message")
    return message if isinstance(message, str) and message.lstrip().startswith("<Event") else None


def _read_winlog(winlog: Mapping[str, Any]) -> Parts:
    parts = Parts()
    for key, name in _SYSTEM.items():
        _fill(parts.system, name, winlog.get(key))
    for name, path in _NESTED.items():
        _fill(parts.system, name, at(winlog, *path))
    if isinstance(winlog.get("event_data"), dict):
        read_data(winlog["event_data"], parts)
    user = winlog.get("user_data")
    if isinstance(user, dict):
        read_data({k: v for k, v in user.items() if k != "xml_name"}, parts, user=True)
        _fill(parts.other, "UserData_Name", user.get("xml_name"))
    _fill(parts.other, "Category", winlog.get("task"))
    _fill(parts.other, "Outcome", winlog.get("outcome"))
    rest = {k: v for k, v in winlog.items() if k not in _READ}
    _fill(parts.other, "winlog", rest)
    return parts


def _fill(into: dict[str, Any], name: str, value: Any) -> None:
    if filled(value):
        into.setdefault(name, value)


def _overrule(parts: Parts, original: str) -> None:
    """Take the fields of the event whose record number `winlog` names, or of the only one.

    An original that is damaged is of no use, but the event was read without it: it stays a row.
    """
    try:
        events = [read_event(event) for event in parse_events(original)]
    except RecordError:
        if filled(parts.system.get("EventID")):
            return
        raise
    number = parts.system.get("EventRecordID")
    same = [e for e in events if text(e.system.get("EventRecordID", "")) == text(number or "")]
    if not same and len(events) > 1:
        return
    witness = (same or events)[0]
    parts.system |= witness.system
    parts.data |= witness.data
    parts.other |= witness.other
