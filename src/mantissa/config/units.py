"""Sizes and durations as people write them: `256MiB`, `15m`."""

from __future__ import annotations

import re

_BYTES = {"": 1, "B": 1, "KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30, "TiB": 1 << 40}
_SECONDS = {"": 1.0, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_AMOUNT = re.compile(r"\s*(\d+(?:\.\d+)?)\s*([A-Za-z]*)\s*")


def _amount(text: str, units: dict[str, float]) -> float:
    match = _AMOUNT.fullmatch(text)
    if match is None or match[2] not in units:
        raise ValueError(f"a number with one of the units {', '.join(u for u in units if u)}")
    return float(match[1]) * units[match[2]]


def parse_bytes(text: str) -> int:
    """Return the bytes that `text` names; a bare number is bytes. Raises `ValueError`."""
    return int(_amount(text, {unit: float(size) for unit, size in _BYTES.items()}))


def parse_seconds(text: str) -> float:
    """Return the seconds that `text` names; a bare number is seconds. Raises `ValueError`."""
    return _amount(text, _SECONDS)


def show_bytes(count: int) -> str:
    """Return the shortest exact spelling that `parse_bytes` reads back."""
    for unit, size in reversed(_BYTES.items()):
        if count and unit and count % size == 0:
            return f"{count // size}{unit}"
    return f"{count}B"


def show_seconds(seconds: float) -> str:
    """Return the shortest exact spelling that `parse_seconds` reads back."""
    for unit, size in reversed(_SECONDS.items()):
        if seconds and unit and seconds % size == 0:
            return f"{int(seconds // size)}{unit}"
    return f"{seconds:g}s"
