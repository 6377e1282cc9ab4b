"""How results are laid out for people: short times, and blocks of at most 100 columns.

Every value passes `visible` before it is laid out, so that a line break in a log is not one here.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Mapping
from typing import Any

from mantissa.entrypoints.cli.text import visible

WIDTH = 100


def moment(value: object) -> str:
    """Return a time in UTC to the second, as `2026-11-23 08:42:52`; an absent one is empty."""
    from datetime import UTC, datetime

    if not value:
        return ""
    when = value if isinstance(value, datetime) else datetime.fromisoformat(str(value))
    aware = when if when.tzinfo else when.replace(tzinfo=UTC)
    return aware.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S")


def counted(number: int, thing: str) -> str:
    """Return `1 finding`, `2,000 findings`."""
    return f"{number:,} {thing}" + ("" if number == 1 else "s")


def paragraph(text: str, indent: str = "") -> str:
    """Return text broken at the width; its own line breaks are taken for blanks."""
    flowing = visible(" ".join(text.split()))
    return textwrap.fill(
        flowing, WIDTH, initial_indent=indent, subsequent_indent=indent, break_on_hyphens=False
    )


def facts(pairs: Iterable[tuple[str, object]], indent: str = "") -> str:
    """Return one `label  value` a line, values aligned and broken at the width; empty ones go."""
    shown = [(visible(label), visible(_text(value))) for label, value in pairs]
    shown = [(label, value) for label, value in shown if value]
    wide = max((len(label) for label, _ in shown), default=0)
    return "\n".join(_fact(f"{indent}{label:<{wide}}  ", value) for label, value in shown)


def named(values: Mapping[str, Any], most: int = WIDTH) -> str:
    """Return `name=value` for each, long values cut."""
    return "  ".join(f"{name}={cut(_text(value), most)}" for name, value in values.items() if value)


def cut(text: str, most: int) -> str:
    """Return the text, or its beginning and an ellipsis."""
    return text if len(text) <= most else text[: most - 1] + "…"


def _fact(label: str, value: str) -> str:
    return textwrap.fill(
        value,
        WIDTH,
        initial_indent=label,
        subsequent_indent=" " * len(label),
        break_on_hyphens=False,
    )


def _text(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, list | tuple):
        return ", ".join(_text(member) for member in value)
    return f"{value:,}" if type(value) is int else str(value)
