"""Event times in all their spellings."""

from __future__ import annotations

import contextlib
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mantissa.sources.times import (
    MAX_MS,
    MIN_MS,
    TimeSyntaxError,
    believable,
    day_of,
    parse_time,
    to_millis,
)

NOON = 1_772_625_600_000  # 2026-03-04T12:00:00Z


@pytest.mark.parametrize(
    ("text", "millis"),
    [
        ("2026-03-04T12:00:00Z", NOON),
        ("2026-03-04T12:00:00", NOON),
        ("2026-03-04 12:00:00", NOON),
        ("2026-03-04 12:00:00 UTC", NOON),
        ("2026-03-04 12:00", NOON),
        ("2026-03-04t12:00:00z", NOON),
        ("2026-03-04T13:30:00+01:30", NOON),
        ("2026-03-04T07:00:00-0500", NOON),
        ("2026-03-04T14:00:00+02", NOON),
        ("2026-03-04", NOON - 12 * 3_600_000),
        ("2026-03-04T12:00:00.5Z", NOON + 500),
        ("2026-03-04T12:00:00.123456789Z", NOON + 123),
        ("2026-03-04T12:00:00,999999Z", NOON + 999),
        ("2016-12-31T23:59:60Z", 1_483_228_800_000),
        ("1772625600", NOON),
        ("1772625600.25", NOON + 250),
        ("1772625600000", NOON),
        ("1772625600000000", NOON),
        ("1772625600000000000", NOON),
        ("1.7726256e9", NOON),
        ("1.7726256E+12", NOON),
        (" 1772625600 ", NOON),
        ("-1.5", -1500),
        ("0001-01-01T00:00:00Z", MIN_MS),
        ("9999-12-31T23:59:59.999Z", MAX_MS),
    ],
)
def test_known_spellings(text: str, millis: int) -> None:
    assert parse_time(text) == millis


@pytest.mark.parametrize(
    "text",
    [
        "",
        "yesterday",
        "redacted",
        "2026-13-01T00:00:00Z",
        "2026-02-30T00:00:00Z",
        "2026-03-04T25:00:00Z",
        "2024-12-17 00:00:00000000",
        "0000-01-01T00:00:00Z",
        "0001-01-01T00:00:00+01:00",
        "9999-12-31T23:59:60Z",
        "10000-01-01T00:00:00Z",
        "٢٠٢٦-03-04T12:00:00Z",
        "1" * 20,
        "1e99",
        "NaN",
        "2026-03-04T12:00:00Z\n2026",
    ],
)
def test_what_is_no_time_is_refused(text: str) -> None:
    with pytest.raises(TimeSyntaxError):
        parse_time(text)


ZONES = st.integers(-14 * 60, 14 * 60).map(lambda m: timezone(timedelta(minutes=m)))
MOMENTS = st.datetimes(datetime(2, 1, 1), datetime(9998, 12, 31), timezones=ZONES)  # noqa: DTZ001


@given(MOMENTS, st.sampled_from(["T", " "]))
def test_every_iso_time_means_what_python_says(moment: datetime, between: str) -> None:
    expected = (moment - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(milliseconds=1)
    assert parse_time(moment.isoformat(between)) == expected


@given(st.text(max_size=40))
def test_any_text_is_a_time_or_refused(text: str) -> None:
    with contextlib.suppress(TimeSyntaxError):
        assert MIN_MS <= parse_time(text) <= MAX_MS


@given(MOMENTS)
def test_days_are_utc_days(moment: datetime) -> None:
    assert day_of(to_millis(moment)) == moment.astimezone(UTC).date().isoformat()


def test_believable_times_lie_between_ten_years_and_a_day() -> None:
    first, last = believable(datetime(2026, 3, 4, tzinfo=UTC))
    assert first == to_millis(datetime(2016, 3, 4, tzinfo=UTC))
    assert last == to_millis(datetime(2026, 3, 5, tzinfo=UTC))
    believable(datetime(2024, 2, 29, tzinfo=UTC))
    believable(datetime(1, 1, 1, tzinfo=UTC))
    believable(datetime.max.replace(tzinfo=UTC))
