"""Read events that keep the XML's nesting: JSON from evtx tools and converters, and XML itself.

All of them come down to a `System` element and one of `EventData` and `UserData`; what differs is
how a converter keeps attributes, repeated `Data` elements and the root element of `UserData`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mantissa.sources.windows.parts import Parts, add, attributes, checked, content, filled

_ATTRIBUTES = {
    "Provider": (("Name", "Provider_Name"), ("Guid", "Provider_Guid")),
    "TimeCreated": (("SystemTime", "TimeCreated"),),
    "Execution": (("ProcessID", "Execution_ProcessID"), ("ThreadID", "Execution_ThreadID")),
    "Security": (("UserID", "Security_UserID"),),
    "Correlation": (
        ("ActivityID", "Correlation_ActivityID"),
        ("RelatedActivityID", "Correlation_RelatedActivityID"),
    ),
    "EventID": (("Qualifiers", "Qualifiers"),),
}
_TEXTS = (
    *("EventID", "Version", "Level", "Task", "Opcode", "Keywords", "EventRecordID"),
    *("Channel", "Computer", "TimeCreated"),
)
_PLUMBING = {"#attributes", "#text", "xmlns"}


def read_event(event: Mapping[str, Any]) -> Parts:
    """Read the content of an `Event` element that was turned into JSON."""
    parts = Parts()
    system = event.get("System")
    if isinstance(system, dict):
        read_system(system, parts.system)
    for section in ("EventData", "UserData", "ProcessingErrorData"):
        if filled(event.get(section)):
            read_data(event[section], parts, user=section == "UserData")
    rendering = event.get("RenderingInfo")
    if isinstance(rendering, dict):
        parts.other["RenderingInfo"] = dict(rendering)
    message = content(event.get("Message")) or content((rendering or {}).get("Message"))
    if filled(message):
        parts.other["Message"] = message
    return parts


def read_system(system: Mapping[str, Any], into: dict[str, Any]) -> None:
    """Flatten a `System` element: `Provider` with a `Name` becomes `Provider_Name`, and so on."""
    for element, names in _ATTRIBUTES.items():
        found = attributes(system.get(element)) | attributes(system.get(f"{element}_attributes"))
        into.update((name, found[key]) for key, name in names if filled(found.get(key)))
    for element in _TEXTS:
        value = content(system.get(element))
        if filled(value):
            into.setdefault(element, value)
    provider = system.get("Provider")
    if isinstance(provider, str):
        into.setdefault("Provider_Name", provider)


def read_data(section: Any, parts: Parts, *, user: bool = False) -> None:
    """Flatten `EventData` or `UserData` into the event's fields under their own names."""
    if not isinstance(section, dict):
        _read_repeated(section, parts.data)
        return
    named = attributes({"#attributes": section.get("#attributes", section.get("@attributes"))})
    label = named.get("Name") or section.get("@Name")
    if filled(label):
        parts.other["EventData_Name"] = label
    for name, value in section.items():
        if name in _PLUMBING or name.startswith("@") or name.endswith("_attributes"):
            continue
        if name in ("Data", "ComplexData"):
            _read_repeated(value, parts.data)
        elif isinstance(value, dict) and (user or content(value) is None):
            _read_leaves(value, parts.data, 0)
        elif name == "Binary" and not filled(value):
            continue
        else:
            add(parts.data, name, content(value))


def _read_repeated(value: Any, data: dict[str, Any]) -> None:
    """Read `Data` elements: named ones under their name, the others as one text, `Data`."""
    if isinstance(value, dict) and isinstance(value.get("#text"), list):
        value = value["#text"]
    unnamed = []
    for element in value if isinstance(value, list) else [value]:
        name = attributes(element).get("Name")
        held = content(element)
        if filled(name):
            add(data, str(name), "" if held is None else held)
        elif held is not None:
            unnamed.append(held)
    for held in unnamed:
        data.setdefault("Data", []).append(held)


def _read_leaves(element: Mapping[str, Any], data: dict[str, Any], depth: int) -> None:
    deeper = checked(depth)
    for name, value in element.items():
        if name in _PLUMBING or name.startswith("@") or name.endswith("_attributes"):
            continue
        if isinstance(value, dict) and content(value) is None:
            _read_leaves(value, data, deeper)
        else:
            add(data, name, content(value))
