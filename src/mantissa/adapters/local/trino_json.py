"""JSON as Trino reads it, for what the embedded engine's JSON reads another way.

Trino reads a document from its beginning and stops when it has what was asked for, so a broken end
does no harm. A number's text is kept by `json_extract_scalar`, and written anew, in Java's way, by
what makes JSON. The embedded engine's own functions answer for documents that are well formed and
values that are no fractions; the rest comes here.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

from mantissa.adapters.local.trino_text import java_double

MAX_DEPTH = 1000
_BLANK = re.compile(r"[ \t\n\r]*")
_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?(?=[ \t\n\r,\]}]|$)")
_STRING = re.compile(r'"((?:[^"\\\x00-\x1f]|\\(?:["\\/bfnrt]|u[0-9A-Fa-f]{4}))*)"')
_WORD = re.compile(r"(true|false|null)(?=[ \t\n\r,\]}]|$)")
_UNSAFE = re.compile(r'["\\\x00-\x1f]')
_SHORT = {'"': '\\"', "\\": "\\\\", "\b": "\\b", "\f": "\\f", "\n": "\\n", "\r": "\\r", "\t": "\\t"}


class BadJSON(ValueError):
    """The text is no JSON as far as it was read."""


def slow_json(text: str | None, pointer: str | None, mode: str) -> str | None:
    """Return what a function makes of a document.

    Args:
        pointer: a JSON pointer, or `$` for the document.
        mode: `scalar` for json_extract_scalar, `json` for json_extract, `parse` for json_parse.

    Raises ValueError for a text that json_parse refuses.
    """
    if text is None or pointer is None:
        return None
    if mode == "parse":
        return _parsed(text)
    try:
        reader = _Reader(text)
        if not reader.find(_steps(pointer)):
            return None
        return reader.scalar() if mode == "scalar" else _written(reader.value(), sort=False)
    except (BadJSON, RecursionError):
        return None


def json_number(text: str | None, kind: str) -> str | None:
    """Return a JSON scalar as `CAST(json AS <kind>)` has it, as text. Raises ValueError."""
    if text is None:
        return None
    value = _Reader(text).value()
    if value is None:
        return None
    if isinstance(value, (list, dict)):
        raise ValueError("an object or an array is no plain value")
    if kind == "boolean":
        return _boolean(value)
    if kind == "double":
        return repr(float(value if not isinstance(value, bool) else int(value)))
    return str(_whole(value))


def _boolean(value: Any) -> str:
    if isinstance(value, str):
        if value.lower() not in ("true", "false"):
            raise ValueError("this text is no boolean")
        return value.lower()
    return "true" if float(value) != 0 else "false"


def _whole(value: Any) -> int:
    if isinstance(value, float):
        return int(value + 0.5) if value >= 0 else -int(-value + 0.5)
    if isinstance(value, str) and not re.fullmatch("[+-]?[0-9]+", value):
        raise ValueError("this text is no whole number")
    return int(value)


def _steps(pointer: str) -> list[str]:
    if pointer == "$":
        return []
    parts = pointer.split("/")[1:]
    return [part.replace("~1", "/").replace("~0", "~") for part in parts]


def _parsed(text: str) -> str:
    reader = _Reader(text)
    try:
        value = reader.value()
        reader.end()
    except (BadJSON, RecursionError) as error:
        raise ValueError("this text is no JSON") from error
    return _written(value, sort=True)


def _written(value: Any, *, sort: bool) -> str:
    if isinstance(value, str):
        return '"' + _UNSAFE.sub(_escaped, value) + '"'
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, float):
        return java_double(value)
    if isinstance(value, int):
        return str(value)
    if isinstance(value, dict):
        pairs = sorted(value.items(), key=_java_order) if sort else value.items()
        return (
            "{"
            + ",".join(f"{_written(k, sort=sort)}:{_written(v, sort=sort)}" for k, v in pairs)
            + "}"
        )
    if isinstance(value, _Pairs):
        return (
            "{"
            + ",".join(f"{_written(k, sort=sort)}:{_written(v, sort=sort)}" for k, v in value.pairs)
            + "}"
        )
    return "[" + ",".join(_written(member, sort=sort) for member in value) + "]"


def _java_order(pair: tuple[str, Any]) -> bytes:
    return pair[0].encode("utf-16-be", "surrogatepass")


def _escaped(found: re.Match[str]) -> str:
    character = found.group()
    return _SHORT.get(character) or f"\\u{ord(character):04X}"


class _Pairs:
    def __init__(self, pairs: list[tuple[str, Any]]) -> None:
        self.pairs = pairs


class _Reader:
    def __init__(self, text: str) -> None:
        self._text, self._at, self._depth = text, 0, 0

    def find(self, steps: list[str]) -> bool:
        """Move to the value that the steps lead to; tell whether there is one."""
        self._blank()
        if self._at >= len(self._text):
            return False
        return all(self._enter(step) for step in steps)

    def _enter(self, step: str) -> bool:
        mark = self._text[self._at : self._at + 1]
        if mark == "{":
            return self._member(lambda name, _: name == step)
        if mark == "[":
            return step.isdecimal() and self._element(int(step))
        self.value()
        return False

    def _member(self, wanted: Callable[[str, int], bool]) -> bool:
        self._at += 1
        first = True
        while not self._closed("}", first):
            name = self._name()
            if wanted(name, 0):
                return True
            self.value()
            first = False
        return False

    def _element(self, position: int) -> bool:
        self._at += 1
        number = 0
        while not self._closed("]", number == 0):
            if number == position:
                self._blank()
                return True
            self.value()
            number += 1
        return False

    def scalar(self) -> str | None:
        """Return the value here as text; None for null, objects and arrays."""
        mark = self._text[self._at : self._at + 1]
        if mark in ("{", "["):
            return None
        if mark == '"':
            return self._string()
        if found := _WORD.match(self._text, self._at):
            return None if found[1] == "null" else found[1]
        found = _NUMBER.match(self._text, self._at)
        if found is None:
            raise BadJSON
        return found.group()

    def value(self) -> Any:
        """Read the value here, whole."""
        self._blank()
        mark = self._text[self._at : self._at + 1]
        if mark == '"':
            return self._string()
        if mark in ("{", "["):
            return self._nested(mark)
        if found := _WORD.match(self._text, self._at):
            self._at = found.end()
            return {"true": True, "false": False, "null": None}[found[1]]
        found = _NUMBER.match(self._text, self._at)
        if found is None:
            raise BadJSON
        self._at = found.end()
        return float(found.group()) if found[1] or found[2] else int(found.group())

    def end(self) -> None:
        """Refuse what stands behind the value."""
        self._blank()
        if self._at < len(self._text):
            raise BadJSON

    def _nested(self, mark: str) -> Any:
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise BadJSON
        self._at += 1
        members: list[Any] = []
        pairs: list[tuple[str, Any]] = []
        while not self._closed("}" if mark == "{" else "]", not (members or pairs)):
            if mark == "{":
                name = self._name()
                pairs.append((name, self.value()))
            else:
                members.append(self.value())
        self._depth -= 1
        if mark == "[":
            return members
        made = dict(pairs)
        return made if len(made) == len(pairs) else _Pairs(pairs)

    def _closed(self, mark: str, first: bool) -> bool:
        self._blank()
        here = self._text[self._at : self._at + 1]
        if here == mark:
            self._at += 1
            return True
        if not first:
            if here != ",":
                raise BadJSON
            self._at += 1
        return False

    def _name(self) -> str:
        self._blank()
        name = self._string()
        self._blank()
        if self._text[self._at : self._at + 1] != ":":
            raise BadJSON
        self._at += 1
        self._blank()
        return name

    def _string(self) -> str:
        found = _STRING.match(self._text, self._at)
        if found is None:
            raise BadJSON
        self._at = found.end()
        return str(json.loads(found.group())) if "\\" in found[1] else found[1]

    def _blank(self) -> None:
        found = _BLANK.match(self._text, self._at)
        self._at = found.end() if found else self._at
