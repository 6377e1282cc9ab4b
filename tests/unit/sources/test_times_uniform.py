"""The quick way to read a column of times agrees with the careful one or stands aside."""

from __future__ import annotations

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mantissa.sources.times import TimeSyntaxError, parse_time
from mantissa.sources.times_uniform import parse_uniform

PLAIN = st.one_of(
    st.integers(10**8, 10**10 - 1).map(str),
    st.datetimes().map(lambda t: t.replace(microsecond=0).isoformat() + "Z"),
    st.from_regex(
        r"[0-9]{4}-[01][0-9]-[0-3][0-9]T[0-2][0-9]:[0-5][0-9]:[0-6][0-9]Z", fullmatch=True
    ),
    st.from_regex(r"[0-9]{8,12}", fullmatch=True),
)


@given(st.lists(PLAIN, max_size=4))
def test_it_agrees_or_stands_aside(texts: list[str]) -> None:
    found = parse_uniform(pa.array(texts, pa.string()))
    if found is not None:
        assert found.to_pylist() == [parse_time(text) for text in texts]


@pytest.mark.parametrize("text", ["1760000000", "2026-11-19T08:00:00Z", "0001-01-01T00:00:00Z"])
def test_the_plain_forms_take_it(text: str) -> None:
    found = parse_uniform(pa.array([text, text]))
    assert found is not None
    assert found.to_pylist() == [parse_time(text)] * 2


@pytest.mark.parametrize(
    "text", ["0000-01-01T00:00:00Z", "2026-02-30T00:00:00Z", "2026-13-01T00:00:00Z"]
)
def test_a_day_that_is_none_is_left_to_the_careful_way(text: str) -> None:
    assert parse_uniform(pa.array([text])) is None
    with pytest.raises(TimeSyntaxError):
        parse_time(text)


def test_one_odd_text_is_enough_to_stand_aside() -> None:
    assert parse_uniform(pa.array(["1760000000", "1760000000.5"])) is None
    assert parse_uniform(pa.array(["2026-11-19T08:00:00Z", "2026-11-19T08:00:60Z"])) is None
    assert parse_uniform(pa.array([], pa.string())) is None
