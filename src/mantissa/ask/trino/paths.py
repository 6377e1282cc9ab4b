"""JSON paths: what Trino's `json_extract` takes, as DuckDB's JSON pointers.

Trino takes `$`, `.name`, `["name"]` and `[0]` and nothing else. A number is a position in an array
or a name in an object, as the document has it; so it is in a pointer.
"""

from __future__ import annotations

import re

from mantissa.errors import GuardRefused

_STEP = re.compile(r'\.([A-Za-z0-9_]+)|\[([0-9]+)\]|\["((?:[^"\\\[\]])+)"\]')


def pointer(path: str) -> str:
    """Return a path as a pointer, `$` for the document. Raises `GuardRefused` (code `json_path`)."""
    if not path.startswith("$"):
        raise _refused("it begins with $")
    steps = []
    at = 1
    while at < len(path):
        step = _STEP.match(path, at)
        if step is None:
            raise _refused('its steps are .name, ["name"] and [0]')
        name = next(part for part in step.groups() if part is not None)
        if name.isdecimal() and name != str(int(name)):
            raise _refused("a position has no leading zero")
        steps.append(name.replace("~", "~0").replace("/", "~1"))
        at = step.end()
    return "".join(f"/{step}" for step in steps) or "$"


def _refused(reason: str) -> GuardRefused:
    return GuardRefused(f"this is no JSON path: {reason}", code="json_path")
