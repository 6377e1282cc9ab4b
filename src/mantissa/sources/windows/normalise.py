"""Turn one Windows event, from whichever collector, into the same fields.

Shapes read: JSON of evtx tools (`Event.System`, with its attribute spellings), winlogbeat and
Elastic agents, NXLog, Fluent Bit, flat rows of evtx tools, PowerShell's `ConvertTo-Json`, and XML.
The result has the system fields under their flattened XML names, `EventData` with every field of
the event as text, `Collector` with what the collector added, and beside them the hashes of Sysmon's
list, its `UtcTime`, and of Security 4688 what process rules know under Sysmon's names.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

import orjson

from mantissa.model import Reason
from mantissa.sources.record import RecordError
from mantissa.sources.reference import compact
from mantissa.sources.windows.beats import at, read_beats
from mantissa.sources.windows.data import SECURITY, SYSMON, created_process, hashes, uniform
from mantissa.sources.windows.flat import is_flat, read_flat
from mantissa.sources.windows.nested import read_event
from mantissa.sources.windows.parts import Parts, filled, text
from mantissa.sources.windows.values import CLEANERS, moment, stamp, whole
from mantissa.sources.windows.xml import parse_events

_WRAPPERS: tuple[tuple[str, ...], ...] = (
    ("document", "data"),
    ("event", "original"),
    ("event",),
    ("message",),
    ("log",),
    ("xml",),
    ("_raw",),
    ("_source",),
    ("data",),
)
_MAX_WRAPPERS = 4


def normalise(raw: bytes) -> dict[str, Any]:
    """Return the fields of one Windows event.

    Raises:
        RecordError: the record is no Windows event, or lacks its number or its time.
    """
    return _finish(_read(raw, 0))


def _read(raw: bytes | str, depth: int) -> Parts:
    start = raw[:64].lstrip()
    if start[:1] in (b"<", "<"):
        return _read_xml(raw.decode("utf-8", "replace") if isinstance(raw, bytes) else raw)
    return _read_object(_json(raw), depth)


def _json(raw: bytes | str) -> Any:
    try:
        return orjson.loads(raw)
    except orjson.JSONDecodeError:
        text_bytes = raw.encode("utf-8", "replace") if isinstance(raw, str) else raw
    try:
        return orjson.loads(compact(text_bytes))
    except orjson.JSONDecodeError as error:
        # How deep orjson follows depends on the interpreter's stack.
        raise RecordError(Reason.BAD_JSON, f"JSON cannot be read: {error.msg}") from error


def _read_xml(source: str) -> Parts:
    events = parse_events(source)
    if len(events) > 1:
        raise RecordError(Reason.BAD_FORMAT, f"{len(events)} events in one record")
    return read_event(events[0])


def _read_object(record: Any, depth: int) -> Parts:
    if isinstance(record, dict):
        reader = _reader(record)
        if reader is not None:
            return reader(record)
        for path in _WRAPPERS:
            inner = at(record, *path)
            if depth < _MAX_WRAPPERS and _may_hold_event(inner):
                parts = _unwrap(inner, depth + 1)
                parts.other = {k: v for k, v in record.items() if k != path[0]} | parts.other
                return parts
    raise RecordError(Reason.MISSING_REQUIRED, "no Windows event: neither System nor EventID")


def _reader(record: Mapping[str, Any]) -> Callable[[Mapping[str, Any]], Parts] | None:
    if isinstance(record.get("Event"), dict):
        return lambda r: read_event(r["Event"])
    if isinstance(record.get("System"), dict):
        return read_event
    if isinstance(record.get("winlog"), dict) or any(k.startswith("winlog.") for k in record):
        return read_beats
    return read_flat if is_flat(record) else None


def _may_hold_event(inner: Any) -> bool:
    if isinstance(inner, str):
        return inner.lstrip()[:1] in ("<", "{")
    return isinstance(inner, dict)


def _unwrap(inner: Any, depth: int) -> Parts:
    return _read(inner, depth) if isinstance(inner, str) else _read_object(inner, depth)


def _finish(parts: Parts) -> dict[str, Any]:
    """Make the values uniform and add what rules and the time need beyond the event's own."""
    fields = {n: _clean(n, v) for n, v in parts.system.items() if n != "TimeCreated"}
    if fields.get("EventID") is None:
        given = text(parts.system.get("EventID", ""))[:40]
        raise RecordError(Reason.MISSING_REQUIRED, f"EventID is missing or no number: {given!r}")
    if fields.get("Provider_Name") == SECURITY and whole(parts.system.get("Level")) is None:
        fields["Level"] = 0  # the Security log has no other, and "information" is its display name
    message = parts.other.pop("Message", None)
    rendered = message if isinstance(message, str) else None
    data = uniform(parts.data, fields, rendered or "")
    fields |= {
        "TimeCreated": stamp(_created(parts)),
        "UtcTime": _sysmon_time(fields, data),
        "Message": rendered,
        "Category": parts.other.pop("Category", None),
        **hashes(data),
        **created_process(fields, data),
        "EventData": data,
        "Collector": parts.other or None,
    }
    return {name: value for name, value in fields.items() if value is not None}


def _clean(name: str, value: Any) -> Any:
    clean = CLEANERS.get(name)
    return clean(value) if clean else text(value)


def _created(parts: Parts) -> datetime:
    """Return when the event was written.

    A time with its zone comes first: NXLog's `EventTime` and some exports are local time, which
    only the shipper's `@timestamp` puts right (late by the time that shipping took).
    """
    given = [parts.system.get("TimeCreated"), at(parts.other, "EventTime")]
    given.append(parts.other.get("@timestamp"))
    for naive in (False, True):
        for value in given:
            time = moment(value, naive=naive) if filled(value) else None
            if time is not None:
                return time
    shown = next((text(v)[:40] for v in given if filled(v)), None)
    if shown is None:
        raise RecordError(Reason.MISSING_REQUIRED, "TimeCreated is missing")
    raise RecordError(Reason.BAD_TIME, f"TimeCreated is no time: {shown!r}")


def _sysmon_time(fields: Mapping[str, Any], data: Mapping[str, str]) -> str | None:
    """Return when Sysmon saw it happen: UTC whatever the collector did to the other times."""
    time = moment(data.get("UtcTime")) if fields.get("Provider_Name") == SYSMON else None
    return None if time is None else stamp(time)
