"""Read events that are one flat JSON object: NXLog, Fluent Bit, evtx tools, PowerShell, Splunk.

The fields of the event lie beside those of the system and of the collector, so names clash: NXLog
keeps the logging process in `ExecutionProcessID` because an event has its own `ProcessId`. A system
field is therefore taken from the most specific name present, and what remains is event data.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson

from mantissa.sources.windows.fields import names_of
from mantissa.sources.windows.nested import read_data
from mantissa.sources.windows.parts import Parts, add, content, filled, text
from mantissa.sources.windows.values import CLEANERS
from mantissa.sources.windows.xml import parse_fragment

_ALIASES = {
    "Channel": ("Channel", "LogName", "log_name", "channel"),
    "EventID": ("EventID", "EventId", "event_id", "EventCode", "Id", "eventid"),
    "Provider_Name": ("Provider_Name", "ProviderName", "SourceName", "source_name", "Provider"),
    "Provider_Guid": ("Provider_Guid", "ProviderGuid", "provider_guid", "ProviderId"),
    "Computer": ("Computer", "Hostname", "ComputerName", "MachineName", "computer_name"),
    "EventRecordID": (
        "EventRecordID",
        "EventRecordId",
        "RecordNumber",
        "RecordId",
        "record_number",
    ),
    "Version": ("Version", "version"),
    "Level": ("Level", "level"),
    "Task": ("Task",),
    "Opcode": ("OpcodeValue", "Opcode"),
    "Keywords": ("Keywords", "keywords"),
    "Qualifiers": ("Qualifiers",),
    "Execution_ProcessID": ("Execution_ProcessID", "ExecutionProcessID", "ProcessID", "process_id"),
    "Execution_ThreadID": ("Execution_ThreadID", "ExecutionThreadID", "ThreadID", "thread_id"),
    "Security_UserID": ("Security_UserID", "UserID", "Sid"),
    "Correlation_ActivityID": ("Correlation_ActivityID", "ActivityID", "activity_id"),
    "Correlation_RelatedActivityID": ("Correlation_RelatedActivityID", "RelatedActivityID"),
    "TimeCreated": ("TimeCreated_SystemTime", "TimeCreated", "SystemTime", "TimeGenerated"),
    "Message": ("Message", "message"),
    "Category": ("Category", "TaskCategory", "TaskDisplayName"),
}
_TOOL_ALIASES = {
    "Execution_ProcessID": ("ProcessId",),
    "Execution_ThreadID": ("ThreadId",),
    "Security_UserID": ("UserId",),
    "EventRecordID": ("EventRecordId",),
}
"""Names that are the system's only in EvtxECmd's and PowerShell's output, event data elsewhere."""

_NXLOG = {"EventReceivedTime", "SourceModuleName", "SourceModuleType", "SeverityValue"}
_NXLOG_ONLY = {"Severity", "Opcode", "Category", "EventTypeOrignal", "ERROR_EVT_UNRESOLVED", "port"}
_ACCOUNT = {"AccountName", "AccountType", "Domain"}
_NXLOG_TYPES = {"INFO", "WARNING", "ERROR", "CRITICAL", "VERBOSE", "DEBUG"}
_NXLOG_TYPES |= {"AUDIT_SUCCESS", "AUDIT_FAILURE"}
_COLLECTOR = {"@timestamp", "@version", "EventTime", "EventReceivedTime", "TimeWritten", "host"}
_COLLECTOR |= {"tags", "date", "OriginalLogfile", "Opcode", "LevelDisplayName", "OpcodeDisplayName"}
_COLLECTOR |= {"SourceFile", "ChunkNumber", "MapDescription", "ExtraDataOffset", "HiddenRecord"}
_COLLECTOR |= {"EventCategory", "KeywordsDisplayNames", "PSComputerName", "RunspaceId", "row_id"}
_SECTIONS = ("EventData", "UserData", "event_data", "user_data")


def is_flat(record: Mapping[str, Any]) -> bool:
    """Tell whether the record has an event number and where it was logged, side by side."""
    return _present(record, "EventID") is not None and any(
        _present(record, name) is not None for name in ("Channel", "Provider_Name")
    )


def read_flat(record: Mapping[str, Any]) -> Parts:
    """Separate the system's fields, the collector's and the event's own."""
    parts = Parts()
    rest = dict(record)
    tool = _is_tool(record)
    if tool:
        _take(rest, _TOOL_ALIASES, parts)
    _take(rest, _ALIASES, parts)
    for section in _SECTIONS:
        _read_section(rest, section, parts)
    _read_payload(rest, parts)
    inserts = _pop_list(rest, "StringInserts") or _pop_list(rest, "Properties")
    _set_aside(rest, parts, tool=tool)
    for name, value in rest.items():
        into = parts.other if isinstance(value, dict | list) and name != "Data" else parts.data
        add(into, name, value)
    if inserts:
        _read_inserts([content(i) for i in inserts], parts)
    return parts


def _pop_list(record: dict[str, Any], name: str) -> list[Any]:
    """Take a list of insertion strings; event 4662 has a text of its own under such a name."""
    found = record.get(name)
    if not isinstance(found, list):
        return []
    del record[name]
    return found


def _present(record: Mapping[str, Any], field: str) -> str | None:
    return next((a for a in _ALIASES[field] if filled(record.get(a))), None)


def _is_tool(record: Mapping[str, Any]) -> bool:
    return "MapDescription" in record or "ChunkNumber" in record or "LevelDisplayName" in record


def _take(rest: dict[str, Any], aliases: Mapping[str, tuple[str, ...]], parts: Parts) -> None:
    """Move the system's fields out of the record, leaving what cannot be one of them."""
    for field, names in aliases.items():
        if field in parts.system:
            continue
        clean = CLEANERS.get(field)
        for name in names:
            value = rest.get(name)
            if not filled(value):
                rest.pop(name, None)
            elif clean is None or clean(value) is not None:
                target = parts.other if field in ("Message", "Category") else parts.system
                target[field] = rest.pop(name)
                break


def _read_section(rest: dict[str, Any], name: str, parts: Parts) -> None:
    section = rest.get(name)
    if isinstance(section, str) and section.lstrip().startswith("<"):
        section = parse_fragment(section)
    if isinstance(section, dict):
        del rest[name]
        read_data(section, parts, user=name.lower().startswith("user"))


def _read_payload(rest: dict[str, Any], parts: Parts) -> None:
    """Read the event data that EvtxECmd keeps as JSON text in `Payload`."""
    payload = rest.get("Payload")
    if not isinstance(payload, str) or not payload.startswith(('{"EventData"', '{"UserData"')):
        return
    try:
        sections = orjson.loads(payload)
    except orjson.JSONDecodeError:
        return
    for name in [n for n in rest if n.startswith("PayloadData")]:
        parts.other[name] = rest.pop(name)
    del rest["Payload"]
    for name in ("EventData", "UserData"):
        if filled(sections.get(name)):
            read_data(sections[name], parts, user=name == "UserData")


def _set_aside(rest: dict[str, Any], parts: Parts, *, tool: bool) -> None:
    """Move what the collector added from the event's fields to the others."""
    aside = set(_COLLECTOR)
    if not tool:
        aside.discard("RunspaceId")
    if not _NXLOG.isdisjoint(rest):
        aside |= _NXLOG | _NXLOG_ONLY
        if filled(parts.system.get("Security_UserID")) and "AccountType" in rest:
            aside |= _ACCOUNT
    if text(rest.get("EventType", "")) in _NXLOG_TYPES:
        aside.add("EventType")
        _level_from_type(str(rest["EventType"]), parts)
    for name in [n for n in rest if n in aside]:
        parts.other[name] = rest.pop(name)


def _level_from_type(event_type: str, parts: Parts) -> None:
    parts.system.setdefault("Level", event_type)
    if event_type.startswith("AUDIT"):
        parts.system.setdefault("Keywords", event_type)


def _read_inserts(inserts: list[Any], parts: Parts) -> None:
    """Name the insertion strings of a known event; those of others are unnamed `Data`."""
    names = names_of(parts.system, len(inserts))
    if not names:
        parts.data.setdefault("Data", inserts)
        return
    for name, value in zip(names, inserts, strict=True):
        if value is not None:
            parts.data.setdefault(name, value)
