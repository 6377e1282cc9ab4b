"""When to try again."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mantissa.adapters.memory import MemoryState
from mantissa.alerts import circuit
from mantissa.alerts.circuit import Circuit
from mantissa.alerts.retry import CAP, RETRY_AFTER_CAP, delay, wish
from support.findings import NOW

ANY = st.floats(allow_nan=False, allow_infinity=True)


@given(st.integers(1, 10_000), ANY, st.floats(0, 1, exclude_max=True))
def test_a_delay_is_never_under_the_wish_nor_over_the_caps(
    attempts: int, asked: float, chance: float
) -> None:
    wait = delay(attempts, asked, lambda: chance)
    assert min(max(asked, 0), RETRY_AFTER_CAP) <= wait <= RETRY_AFTER_CAP


@pytest.mark.parametrize(
    ("attempts", "most"), [(1, 2), (2, 4), (5, 32), (9, 512), (10, CAP), (99, CAP)]
)
def test_the_jitter_is_full_and_doubles_up_to_its_cap(attempts: int, most: float) -> None:
    assert delay(attempts, None, lambda: 0.0) == 0
    assert delay(attempts, None, lambda: 0.5) == most / 2


@pytest.mark.parametrize(("asked", "granted"), [(None, 0), (-1, 0), (30, 30), (86_400, 3600)])
def test_a_wish_is_bounded(asked: float | None, granted: float) -> None:
    assert wish(asked) == granted


def _failed(times: int) -> Circuit:
    state = Circuit()
    for _ in range(times):
        state = state.failed(NOW, "down")
    return state


def test_it_opens_at_the_fifth_failure_in_a_row() -> None:
    assert _failed(4).gate(NOW) == "go"
    assert _failed(5).gate(NOW) == "blocked"
    assert _failed(5).gate(NOW + circuit.COOL_DOWN) == "probe"


def test_a_failed_probe_doubles_the_cool_down_up_to_its_cap() -> None:
    state, now, waits = _failed(5), NOW, []
    for _ in range(12):
        assert state.open_until is not None
        waits.append(state.open_until - now)
        now = state.open_until
        state = state.failed(now, "still down")
    assert waits[:3] == [timedelta(seconds=s) for s in (30, 60, 120)]
    assert max(waits) == circuit.LONGEST == waits[-1]


def test_only_one_worker_probes() -> None:
    state = MemoryState()
    circuit.change(state, "soc", lambda _: _failed(5))
    later = NOW + circuit.COOL_DOWN
    assert not circuit.take_probe(state, "soc", NOW, NOW)
    assert circuit.take_probe(state, "soc", later, later + timedelta(minutes=2))
    assert not circuit.take_probe(state, "soc", later, later + timedelta(minutes=2))
    assert circuit.take_probe(state, "soc", later + timedelta(minutes=2), later)


def test_a_pause_is_not_a_failure() -> None:
    state = Circuit().paused(NOW + timedelta(seconds=30), NOW, "slow down")
    assert state.failures == 0
    assert state.gate(NOW) == "blocked"
    assert state.gate(NOW + timedelta(seconds=30)) == "go"


def test_refused_credentials_open_it_at_once() -> None:
    assert Circuit().failed(NOW, "401", at_once=True).gate(NOW) == "blocked"


def test_nothing_is_written_when_nothing_changes() -> None:
    state = MemoryState()
    circuit.change(state, "soc", lambda _: Circuit())
    assert state.get("destinations", "soc") is None
