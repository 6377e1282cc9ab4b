"""Event times out of logs: ISO 8601 in its variants and epoch numbers, to UTC milliseconds.

Text without a zone is UTC. A number's unit follows from its magnitude: up to 1e11 seconds, up to
1e14 milliseconds, up to 1e17 microseconds, above that nanoseconds. Digits finer than a millisecond
are cut, never rounded, so that an event does not move into the next day.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MIN_MS = -62_135_596_800_000
"""0001-01-01T00:00:00Z, the first instant that every engine can show."""
MAX_MS = 253_402_300_799_999
"""9999-12-31T23:59:59.999Z, the last one."""
AHEAD_MS = 24 * 3600 * 1000
BEHIND_YEARS = 10
_MS = timedelta(milliseconds=1)
_NUMBER = re.compile(r"-?\d{1,19}(\.\d{1,18})?", re.ASCII)
_SCIENTIFIC = re.compile(r"-?\d(\.\d{1,18})?[eE]\+?\d{1,2}", re.ASCII)
_ISO = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)"
    r"(?:[T ](\d\d):(\d\d)(?::(\d\d)(?:[.,](\d{1,9}))?)?)?"
    r" ?(Z|UTC|GMT|[+-]\d\d(?::?\d\d)?)?",
    re.ASCII | re.IGNORECASE,
)


class TimeSyntaxError(ValueError):
    """The text is no time that is known here."""


def parse_time(text: str) -> int:
    """Return milliseconds since 1970 UTC. Raises `TimeSyntaxError`."""
    stripped = text.strip()
    found = _ISO.fullmatch(stripped)
    if found is not None:
        return _from_parts(found)
    if _NUMBER.fullmatch(stripped):
        return _from_number(stripped)
    if _SCIENTIFIC.fullmatch(stripped):
        return _from_number(f"{Decimal(stripped):f}")
    raise TimeSyntaxError(f"no time in {text[:40]!r}")


def _from_parts(found: re.Match[str]) -> int:
    year, month, day, hour, minute, second, fraction, zone = found.groups()
    leap = second == "60"
    try:
        moment = datetime(
            int(year),
            int(month),
            int(day),
            int(hour or 0),
            int(minute or 0),
            59 if leap else int(second or 0),
            tzinfo=UTC,
        )
    except ValueError as error:
        raise TimeSyntaxError(f"{error} in {found.string[:40]!r}") from error
    millis = int((fraction or "").ljust(3, "0")[:3])
    result = (moment - EPOCH) // _MS + millis + (1000 if leap else 0) - _offset(zone)
    return _in_range(result, found.string)


def _offset(zone: str | None) -> int:
    """Return the zone's distance from UTC in milliseconds."""
    if zone is None or zone[0] not in "+-":
        return 0
    digits = zone[1:].replace(":", "").ljust(4, "0")
    minutes = int(digits[:2]) * 60 + int(digits[2:])
    return (-minutes if zone[0] == "-" else minutes) * 60_000


def _from_number(text: str) -> int:
    whole, _, fraction = text.partition(".")
    number = int(whole)
    size = abs(number)
    if size < 10**11:
        millis = int(fraction.ljust(3, "0")[:3])
        result = number * 1000 + (-millis if whole.startswith("-") else millis)
    elif size < 10**14:
        result = number
    else:
        result = number // (1000 if size < 10**17 else 1_000_000)
    return _in_range(result, text)


def _in_range(millis: int, text: str) -> int:
    if not MIN_MS <= millis <= MAX_MS:
        raise TimeSyntaxError(f"{text[:40]!r} is outside the years 1 to 9999")
    return millis


def to_millis(moment: datetime) -> int:
    """Return an aware time as milliseconds since 1970 UTC."""
    return (moment - EPOCH) // _MS


def believable(modified: datetime) -> tuple[int, int]:
    """Return the first and last millisecond that an event in an object of that age may have."""
    early = modified.replace(year=max(modified.year - BEHIND_YEARS, 1), day=min(modified.day, 28))
    return to_millis(early), to_millis(modified) + AHEAD_MS


def day_of(millis: int) -> str:
    """Return the UTC date as `YYYY-MM-DD`."""
    return (EPOCH + millis * _MS).date().isoformat()
