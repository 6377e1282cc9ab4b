"""A span of time as people name it: the last 30 days, or from one day to another."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from typing import TYPE_CHECKING

from mantissa.config.units import parse_seconds
from mantissa.errors import ConfigError

if TYPE_CHECKING:
    from mantissa.model import TimeRange


def read_span(last: str, start: str, end: str, now: datetime) -> TimeRange:
    """Return the span. Raises `ConfigError` for what is no span.

    Args:
        last: how long it is, if neither `start` nor `end` says otherwise.
        start: a day, or a time; `last` before the end when empty.
        end: the last day that belongs to it, or the time before which it ends; now when empty.
    """
    from mantissa.model import TimeRange

    upper = _moment(end, last_day=True) if end else now.astimezone(UTC)
    lower = _moment(start, last_day=False) if start else upper - _length(last)
    if lower >= upper:
        fix = "--from 2026-11-01 --to 2026-11-07"
        raise ConfigError("the span ends before it begins", fix=fix)
    return TimeRange(lower, upper)


def _length(text: str) -> timedelta:
    try:
        length = timedelta(seconds=parse_seconds(text))
    except (ValueError, OverflowError) as error:
        raise ConfigError(f"{text!r} is no length of time", fix="--last 30d, or 12h") from error
    return length


def _moment(text: str, *, last_day: bool) -> datetime:
    """Read a day, to its beginning or its end, or a time; without a zone it is UTC."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError as error:
        raise ConfigError(f"{text!r} is no date", fix="write it like 2026-11-23") from error
    aware = found if found.tzinfo else found.replace(tzinfo=UTC)
    is_day = len(text) <= len("2026-11-23") and aware.time() == time()
    return aware.astimezone(UTC) + timedelta(days=1 if is_day and last_day else 0)
