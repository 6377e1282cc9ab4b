"""Read the XML text of Windows events, hostile or damaged, into the nested form of the JSON kinds.

defusedxml refuses entity declarations and external references. Windows writes characters that XML
1.0 forbids (registry data, file names made to confuse), so those become U+FFFD before a second try.
"""

from __future__ import annotations

import re
from typing import Any
from xml.etree.ElementTree import Element, ParseError

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import fromstring

from mantissa.model import Reason
from mantissa.sources.record import RecordError
from mantissa.sources.windows.parts import checked

_FORBIDDEN = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
_REFERENCE = re.compile(r"&#(?:x([0-9A-Fa-f]{1,8})|([0-9]{1,10}));")
_EVENT = re.compile(r"<Event[ >].*?</Event>", re.DOTALL)


def parse_events(source: str) -> list[dict[str, Any]]:
    """Return the content of each `Event` element in the text, in order.

    Raises:
        RecordError: the text is no XML, declares entities, or holds no event.
    """
    try:
        root = _parse(source)
    except ParseError as error:
        found = _EVENT.findall(source)
        if len(found) < 2:
            raise RecordError(Reason.BAD_FORMAT, f"not well-formed XML: {error}") from error
        return [event for each in found for event in parse_events(each)]
    events = (
        [root] if _local(root.tag) == "Event" else [e for e in root if _local(e.tag) == "Event"]
    )
    if not events:
        raise RecordError(Reason.BAD_FORMAT, f"XML without an <Event>: <{_local(root.tag)}>")
    return [_children(event, 0) for event in events]


def parse_fragment(source: str) -> dict[str, Any]:
    """Return the content of one element, whatever its name. Raises `RecordError`."""
    try:
        return _children(_parse(source), 0)
    except ParseError as error:
        raise RecordError(Reason.BAD_FORMAT, f"not well-formed XML: {error}") from error


def _parse(source: str) -> Element:
    try:
        try:
            return _root(source)
        except ParseError:
            return _root(_REFERENCE.sub(_legal, _FORBIDDEN.sub("\ufffd", source)))
    except DefusedXmlException as error:
        raise RecordError(
            Reason.BAD_FORMAT, f"XML with a forbidden declaration: {error}"
        ) from error


def _root(source: str) -> Element:
    root: Element = fromstring(source.strip(), forbid_dtd=True)
    return root


def _legal(reference: re.Match[str]) -> str:
    code = int(reference[1], 16) if reference[1] else int(reference[2])
    legal = code in (9, 10, 13) or 0x20 <= code <= 0xD7FF or 0xE000 <= code <= 0xFFFD
    return reference[0] if legal or 0x10000 <= code <= 0x10FFFF else "\ufffd"


def _local(tag: Any) -> str:
    return tag.rpartition("}")[2] if isinstance(tag, str) else ""


def _value(element: Element, depth: int) -> Any:
    if len(element):
        return _children(element, depth)
    text = element.text or ""
    if not element.attrib:
        return text
    return {"#attributes": dict(element.attrib), "#text": text}


def _children(element: Element, depth: int) -> dict[str, Any]:
    deeper = checked(depth)
    values: dict[str, Any] = {"#attributes": dict(element.attrib)} if element.attrib else {}
    for child in element:
        name, value = _local(child.tag), _value(child, deeper)
        if name not in values:
            values[name] = value
        elif isinstance(values[name], list):
            values[name].append(value)
        else:
            values[name] = [values[name], value]
    return values
