import pytest
from hypothesis import given
from hypothesis import strategies as st

from mantissa.config.units import parse_bytes, parse_seconds, show_bytes, show_seconds


@given(st.integers(0, 1 << 50))
def test_every_size_is_read_back_as_shown(count: int) -> None:
    assert parse_bytes(show_bytes(count)) == count


@given(st.integers(0, 10**5), st.sampled_from([1, 60, 3600, 86400]))
def test_every_duration_is_read_back_as_shown(count: int, unit: int) -> None:
    assert parse_seconds(show_seconds(count * unit)) == count * unit


@pytest.mark.parametrize(
    ("text", "count"), [("64MiB", 64 << 20), ("1.5 GiB", 3 << 29), ("10", 10), (" 7 KiB ", 7168)]
)
def test_sizes(text: str, count: int) -> None:
    assert parse_bytes(text) == count


@pytest.mark.parametrize(("text", "seconds"), [("90s", 90), ("15m", 900), ("0.5h", 1800), ("2", 2)])
def test_durations(text: str, seconds: float) -> None:
    assert parse_seconds(text) == seconds


@pytest.mark.parametrize("text", ["", "MiB", "-1MiB", "1MB", "1e3", "1 2", "٣MiB x"])
def test_what_is_no_size_is_refused_with_the_units(text: str) -> None:
    with pytest.raises(ValueError, match="KiB, MiB"):
        parse_bytes(text)
