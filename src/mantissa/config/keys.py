"""One key of a settings class: how its value is checked, read from text and shown."""

from __future__ import annotations

import dataclasses
import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_type_hints

from mantissa.config.settings import Unit
from mantissa.config.units import parse_bytes, parse_seconds, show_bytes, show_seconds

NAME = r"\w(?:[\w .-]*\w)?"
"""A name in a table of names."""
_TRUTH = {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False}


@dataclass(frozen=True, slots=True)
class Key:
    """What is known of one key.

    Args:
        default: its default; `dataclasses.MISSING` when the key is required.
        low: smallest value allowed.
        high: greatest value allowed.
    """

    name: str
    type: Any
    default: Any
    doc: str
    unit: Unit = ""
    low: float | None = None
    high: float | None = None
    choices: tuple[str, ...] = ()

    @property
    def is_required(self) -> bool:
        """Whether the key has no default."""
        return self.default is dataclasses.MISSING


def keys_of(section: type[Any]) -> Mapping[str, Key]:
    """Return the keys of a settings class by name, in order."""
    hints = get_type_hints(section)
    return {
        f.name: Key(name=f.name, type=hints[f.name], default=_default(f), **f.metadata)
        for f in dataclasses.fields(section)
    }


def _default(of: dataclasses.Field[Any]) -> Any:
    if of.default_factory is not dataclasses.MISSING:
        return of.default_factory()
    return of.default


def read_value(key: Key, value: object) -> Any:
    """Return `value`, as TOML gave it, in the key's type. Raises `ValueError` saying what is due."""
    result = _READERS[key.type](key, value)
    chosen = result if isinstance(result, tuple) else (result,)
    if key.choices and not set(chosen) <= set(key.choices):
        raise ValueError(f"one of {', '.join(key.choices)}")
    _check_bounds(key, result)
    return result


def read_text(key: Key, text: str) -> Any:
    """Return the value that an environment variable spells. Raises `ValueError`."""
    if key.type is bool:
        return read_value(key, _TRUTH.get(text.strip().lower(), text))
    if key.type in (tuple[str, ...], tuple[Path, ...]):
        return read_value(key, [part.strip() for part in text.split(",") if part.strip()])
    if key.type in (int, float) and not key.unit:
        return read_value(key, _number(key, text))
    if key.type == Mapping[str, tuple[str, ...]]:
        return read_value(key, _json(key, text))
    return read_value(key, text)


def _json(key: Key, text: str) -> object:
    try:
        return json.loads(text)
    except ValueError:
        raise ValueError(f"{type_name(key)}, as JSON") from None


def _number(key: Key, text: str) -> int | float:
    try:
        return int(text) if key.type is int else float(text)
    except ValueError:
        raise ValueError(type_name(key)) from None


def _check_bounds(key: Key, value: Any) -> None:
    if key.low is not None and not value >= key.low:
        raise ValueError(f"{show_value(key, type(value)(key.low))} or more")
    if key.high is not None and not value <= key.high:
        raise ValueError(f"{show_value(key, type(value)(key.high))} or less")


def _read_number(key: Key, value: object) -> int | float:
    if isinstance(value, str) and key.unit:
        parse = parse_bytes if key.unit == "bytes" else parse_seconds
        return parse(value)
    allowed = (int,) if key.type is int else (int, float)
    if isinstance(value, bool) or not isinstance(value, allowed):
        raise ValueError(type_name(key))
    return int(value) if key.type is int else float(value)


def _plain(kind: type[Any]) -> Callable[[Key, object], Any]:
    def read(key: Key, value: object) -> Any:
        if not isinstance(value, kind):
            raise ValueError(type_name(key))
        return value

    return read


def _list(item: type[Any]) -> Callable[[Key, object], Any]:
    def read(key: Key, value: object) -> tuple[Any, ...]:
        if not isinstance(value, list) or not all(isinstance(v, str) and v for v in value):
            raise ValueError(type_name(key))
        return tuple(item(v) for v in value)

    return read


def _read_names(key: Key, value: object) -> Mapping[str, tuple[str, ...]]:
    """Read name → texts; one text may stand without a list. A list has at least one text."""
    due = ValueError(type_name(key))
    if not isinstance(value, dict) or not all(re.fullmatch(NAME, name) for name in value):
        raise due
    lists = {n: [given] if isinstance(given, str) else given for n, given in value.items()}
    for given in lists.values():
        if not isinstance(given, list) or not given:
            raise due
        if not all(isinstance(text, str) and text for text in given):
            raise due
    return {name: tuple(given) for name, given in lists.items()}


_READERS: Mapping[Any, Callable[[Key, object], Any]] = {
    int: _read_number,
    float: _read_number,
    bool: _plain(bool),
    str: _plain(str),
    tuple[str, ...]: _list(str),
    tuple[Path, ...]: _list(Path),
    Mapping[str, Any]: _plain(dict),
    Mapping[str, tuple[str, ...]]: _read_names,
}

_TYPE_NAMES: Mapping[Any, str] = {
    int: "a whole number",
    float: "a number",
    bool: "true or false",
    str: "text",
    tuple[str, ...]: "a list of texts",
    tuple[Path, ...]: "a list of paths",
    Mapping[str, Any]: "a table",
    Mapping[str, tuple[str, ...]]: "a table of names, each with a list of texts",
}


def type_name(key: Key) -> str:
    """Say in words what the key takes."""
    if key.unit == "bytes":
        return "a size, as bytes or like 64MiB"
    if key.unit == "seconds":
        return "a duration, as seconds or like 15m"
    return _TYPE_NAMES[key.type]


def show_value(key: Key, value: Any) -> str:
    """Spell a value as `mantissa.toml` would."""
    if key.unit == "bytes":
        return f'"{show_bytes(value)}"'
    if key.unit == "seconds":
        return f'"{show_seconds(value)}"'
    return _toml(value)


def _toml(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return f"{value:g}" if isinstance(value, float) else str(value)
    if isinstance(value, Mapping):
        return "{}"
    if isinstance(value, Sequence) and not isinstance(value, str):
        return "[" + ", ".join(_toml(v) for v in value) + "]"
    return '"' + str(value).replace("\\", "\\\\").replace('"', '\\"') + '"'
