"""Make the values of a Windows event uniform, so that every collector's copy is the same row."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from mantissa.sources.windows.names import channel, provider
from mantissa.sources.windows.parts import content, text

_GUID = re.compile(r"\{?([0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12})\}?")
_DOTNET_DATE = re.compile(r"/Date\((-?\d{1,14})[^)]{0,8}\)/")
_OFFSET = re.compile(r"\s*([+-]\d{2}):?(\d{2})$")
_INTEGER = re.compile(r"[+-]?\d{1,20}")

LEVELS = {"logalways": 0, "critical": 1, "error": 2, "warning": 3, "information": 4, "verbose": 5}
"""Display names of the standard levels (Microsoft, winmeta.xml)."""

LEVELS |= {"info": 4, "informational": 4, "audit_success": 0, "audit_failure": 0, "debug": 5}

OPCODES = {"info": 0, "start": 1, "stop": 2, "dcstart": 3, "dcstop": 4, "extension": 5}
"""Display names of the standard opcodes (Microsoft, winmeta.xml)."""

OPCODES |= {"reply": 6, "resume": 7, "suspend": 8, "send": 9, "receive": 240}

KEYWORDS = {"audit success": 0x8020000000000000, "audit failure": 0x8010000000000000}
"""What the Security log's only two keyword names stand for, channel bit included."""

KEYWORDS |= {"audit_success": 0x8020000000000000, "audit_failure": 0x8010000000000000}


def whole(value: Any) -> int | None:
    """Return a whole number from a number or its decimal or `0x` text; None when it is none."""
    if type(value) is int:
        return value
    value = content(value)
    if isinstance(value, bool) or value is None:
        return None
    if isinstance(value, int):
        return value
    if isinstance(value, float):
        return int(value) if value.is_integer() else None
    digits = text(value).strip()
    if digits[:2].lower() == "0x" and len(digits) <= 18:
        return int(digits, 16) if re.fullmatch(r"[0-9a-fA-F]+", digits[2:]) else None
    return int(digits) if _INTEGER.fullmatch(digits) else None


def event_id(value: Any) -> int | None:
    """Return the event's number without the qualifiers that old interfaces put in the high half."""
    number = whole(value)
    return number & 0xFFFF if number is not None and number > 0xFFFF else number


def guid(value: Any) -> str:
    """Return a GUID as current Windows renders it, `{lower-case}`; other text as it is."""
    found = _GUID.fullmatch(text(value))
    return f"{{{found[1].lower()}}}" if found else text(value)


def level(value: Any) -> int | None:
    """Return the level's number from a number or a display name."""
    number = whole(value)
    return LEVELS.get(text(value).strip().lower()) if number is None else number


def opcode(value: Any) -> int | None:
    """Return the opcode's number from a number or the display name of a standard one."""
    number = whole(value)
    return OPCODES.get(text(value).strip().lower()) if number is None else number


def keywords(value: Any) -> str | None:
    """Return the keyword mask as Windows writes it, `0x` and lower-case digits; else the names.

    Collectors give the mask as text, as a signed 64-bit number, or only the display names.
    """
    if isinstance(value, list):
        value = ", ".join(text(v) for v in value)
    number = whole(value)
    if number is None:
        number = KEYWORDS.get(text(value).strip().lower())
    if number is None:
        return text(value) or None
    return hex(number & 0xFFFFFFFFFFFFFFFF)


def moment(value: Any, *, naive: bool = True) -> datetime | None:
    """Return the time, UTC; None when this is no time.

    Args:
        value: ISO 8601 text, .NET's `/Date(ms)/`, or seconds or milliseconds since 1970.
        naive: whether a time without zone is taken as UTC; otherwise it gives None.
    """
    value = content(value)
    if isinstance(value, int | float) and not isinstance(value, bool):
        return _from_epoch(float(value))
    if not isinstance(value, str):
        return None
    dotnet = _DOTNET_DATE.fullmatch(value.strip())
    if dotnet:
        return _from_epoch(float(dotnet[1]) / 1000)
    return _from_iso(value.strip(), naive)


def _from_epoch(seconds: float) -> datetime | None:
    if abs(seconds) > 1e11:
        seconds /= 1000
    try:
        return datetime.fromtimestamp(seconds, UTC)
    except (OverflowError, OSError, ValueError):
        return None


def _from_iso(value: str, naive: bool) -> datetime | None:
    try:
        time = datetime.fromisoformat(_OFFSET.sub(r"\1:\2", value.upper().removesuffix(" UTC")))
    except ValueError:
        return None
    if time.tzinfo is None:
        return time.replace(tzinfo=UTC) if naive else None
    try:
        return time.astimezone(UTC)
    except OverflowError:
        return None


def stamp(time: datetime) -> str:
    """Return ISO 8601 in UTC with microseconds and `Z`."""
    return time.isoformat(timespec="microseconds").replace("+00:00", "Z")


CLEANERS: dict[str, Callable[[Any], Any]] = {
    "Channel": lambda value: channel(text(value)),
    "Provider_Name": lambda value: provider(text(value)),
    "EventID": event_id,
    "EventRecordID": whole,
    "Version": whole,
    "Level": level,
    "Task": whole,
    "Opcode": opcode,
    "Keywords": keywords,
    "Qualifiers": whole,
    "Execution_ProcessID": whole,
    "Execution_ThreadID": whole,
    "Provider_Guid": guid,
    "Correlation_ActivityID": guid,
    "Correlation_RelatedActivityID": guid,
}
"""System field → function that makes its value uniform; None when the value is not of its kind."""
