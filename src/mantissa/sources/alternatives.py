"""The `common:` part of a `source.yaml`: how the columns shared by all sources are filled."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Literal, cast

from mantissa.sources.definition import CLOSED_VALUES, COMMON, Alternative
from mantissa.sources.specfile import Entry, Section

Find = Callable[[Entry], str]
"""Finds the column that an entry names, or raises `SourceError`."""

_KEYS = (
    "path",
    "const",
    "pattern",
    "values",
    "otherwise",
    "keep",
    "present",
    "absent",
    "when",
)


def read_common(entry: Entry, find: Find) -> dict[str, tuple[Alternative, ...]]:
    """Read every common column's alternatives. Raises `SourceError` with file and line."""
    section = entry.section([c.name for c in COMMON])
    return {
        name: tuple(_alternative(item, name, find) for item in value.items())
        for name, value in section.found.items()
    }


def _alternative(entry: Entry, common: str, find: Find) -> Alternative:
    if not entry.is_mapping:
        return Alternative(column=find(entry))
    section = entry.section(_KEYS)
    path, const = section.get("path"), section.get("const")
    if (path is None) == (const is None):
        raise entry.error("expected either `path` or `const`")
    result = Alternative(
        column="" if path is None else find(path),
        const=None if const is None else const.text(),
        pattern=section.read("pattern", _one_group, None),
        values=section.read("values", _values, ()),
        otherwise=section.read("otherwise", Entry.text, None),
        keep=cast(Literal["", "ip"], section.read("keep", lambda e: e.one_of(("ip",)), "")),
        present=section.read("present", Entry.text, None),
        absent=section.read("absent", Entry.text, None),
        when=section.read("when", lambda e: _when(e, find), ()),
    )
    _check_closed(section, common, result)
    return result


def _one_group(entry: Entry) -> str:
    try:
        groups = re.compile(entry.text()).groups
    except re.error as error:
        raise entry.error(f"bad regex: {error}") from error
    if groups != 1:
        raise entry.error(f"the regex has {groups} groups", "mark the value with one ( )")
    return entry.text()


def _values(entry: Entry) -> tuple[tuple[str, str], ...]:
    return tuple((key.text(), value.text()) for key, value in entry.pairs())


def _when(entry: Entry, find: Find) -> tuple[tuple[str, tuple[str, ...]], ...]:
    return tuple((find(key), value.texts()) for key, value in entry.pairs())


def _check_closed(section: Section, common: str, result: Alternative) -> None:
    """Refuse a value outside the closed list of its column."""
    allowed = CLOSED_VALUES.get(common)
    if allowed is None:
        return
    given = (result.const, result.otherwise, result.present, result.absent)
    for value in (*given, *(v for _, v in result.values)):
        if value is not None and value not in allowed:
            raise section.entry.error(
                f"{value!r} is no value of {common}", f"one of: {', '.join(allowed)}"
            )
