"""One Windows event taken apart: system fields, event data, and what a collector added.

The names of the system fields are those that evtx tools give to the flattened XML and that Sigma
rules use (`Provider_Name`, `Execution_ProcessID`); a name without an element is the element's text.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import orjson

from mantissa.model import Reason
from mantissa.sources.record import RecordError

MAX_DEPTH = 32
"""Nesting of event data; real events stay below 8."""


@dataclass(slots=True)
class Parts:
    """A Windows event before its values are made uniform.

    Args:
        system: fields of the `System` element under their flattened names, values as received.
        data: `EventData` or `UserData`, field name → value as received.
        other: what the collector added; it ends in `extra`.
    """

    system: dict[str, Any] = field(default_factory=dict)
    data: dict[str, Any] = field(default_factory=dict)
    other: dict[str, Any] = field(default_factory=dict)


def filled(value: Any) -> bool:
    """Tell whether a field holds anything at all."""
    return value is not None and value != "" and value != {} and value != []


def text(value: Any) -> str:
    """Return the value as Windows writes it in XML: `true`, decimal digits, JSON for the nested.

    Raises `RecordError` when it nests too deeply to be written.
    """
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return str(value)
    try:
        return orjson.dumps(value).decode()
    except orjson.JSONEncodeError as error:
        raise RecordError(Reason.DEPTH, f"a value of the event cannot be kept: {error}") from error


def add(data: dict[str, Any], name: str, value: Any) -> None:
    """Add a field, joining with a line feed what comes twice under one name."""
    if value is None:
        return
    data[name] = f"{text(data[name])}\n{text(value)}" if name in data else value


def attributes(element: Any) -> dict[str, Any]:
    """Return an element's XML attributes from `#attributes`, `@name` or plain nested keys."""
    if not isinstance(element, dict):
        return {}
    nested = element.get("#attributes")
    if isinstance(nested, dict):
        return dict(nested)
    return {k.removeprefix("@"): v for k, v in element.items() if not k.startswith("#")}


def content(element: Any) -> Any:
    """Return an element's text, whichever way a converter from XML to JSON has kept it."""
    if isinstance(element, dict):
        for key in ("#text", "Value", "$", "text"):
            if key in element:
                return element[key]
        return None
    return element


def checked(depth: int) -> int:
    """Return the next depth. Raises `RecordError` when the data nests deeper than any event."""
    if depth >= MAX_DEPTH:
        raise RecordError(Reason.DEPTH, f"event data nests deeper than {MAX_DEPTH} levels")
    return depth + 1
