"""Which rows a run may send."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import msgspec

from mantissa.adapters.memory import MemoryState
from mantissa.alerts.outbox import Held, Row, RowState, claim
from mantissa.alerts.schedule import Turn, plan
from mantissa.model import Severity
from mantissa.ports import Put
from support.findings import NOW


def row(alert: str, destination: str = "soc", sequence: int = 1, **changes: object) -> Row:
    base = Row(alert, destination, sequence, "trigger", Severity.MEDIUM, NOW, NOW)
    return replace(base, **changes)  # type: ignore[arg-type]


def state_of(*rows: Row) -> MemoryState:
    state = MemoryState()
    for one in rows:
        state.put(Put("outbox", one.key, msgspec.to_builtins(one), None))
    return state


def names(turns: list[Turn]) -> list[str]:
    return [turn.held.row.alert_id for turn in turns]


def test_the_most_urgent_go_first_within_the_limit() -> None:
    rows = [row(f"a{n}", created_at=NOW + timedelta(seconds=n)) for n in range(9)]
    rows += [row("z", level=Severity.CRITICAL, created_at=NOW + timedelta(hours=1))]
    chosen = plan(state_of(*rows), NOW, 3)
    assert names(chosen.lanes["soc"]) == ["z", "a0", "a1"]
    assert chosen.live == {"soc": 10}


def test_each_destination_has_its_own_share() -> None:
    rows = [row(f"a{n}", d) for n in range(5) for d in ("soc", "pager")]
    chosen = plan(state_of(*rows), NOW, 2)
    assert {name: len(turns) for name, turns in chosen.lanes.items()} == {"soc": 2, "pager": 2}


def test_what_is_not_due_waits() -> None:
    later = NOW + timedelta(seconds=1)
    rows = [
        row("a", state=RowState.RETRY, next_at=later),
        row("b", state=RowState.RETRY, next_at=NOW),
        row("c", state=RowState.INFLIGHT, lease_until=later),
        row("d", state=RowState.INFLIGHT, lease_until=NOW, level=Severity.CRITICAL),
    ]
    assert names(plan(state_of(*rows), NOW, 9).lanes["soc"]) == ["b", "d"]


def test_what_was_tried_is_left_alone() -> None:
    tried = row("a")
    assert plan(state_of(tried), NOW, 9, {("soc", tried.key)}).lanes == {}


def test_what_was_done_counts_against_the_limit() -> None:
    rows = [row(f"a{n}") for n in range(5)]
    done = {("soc", rows[0].key), ("soc", rows[1].key)}
    assert names(plan(state_of(*rows), NOW, 3, done).lanes["soc"]) == ["a2"]
    assert plan(state_of(*rows), NOW, 2, done).lanes == {}


def test_later_messages_of_an_alert_wait_for_earlier_ones() -> None:
    rows = [row("a"), row("a", sequence=2, kind="acknowledge"), row("a", "pager", 2)]
    lanes = plan(state_of(*rows), NOW, 9).lanes
    assert [(t.held.row.sequence, t.overtaken) for t in lanes["soc"]] == [(1, False)]
    assert len(lanes["pager"]) == 1


def test_a_later_trigger_or_resolve_overtakes() -> None:
    rows = [
        row("a"),
        row("a", sequence=2, kind="acknowledge"),
        row("a", sequence=3, kind="resolve"),
    ]
    (turn,) = plan(state_of(*rows), NOW, 9).lanes["soc"]
    assert (turn.held.row.sequence, turn.overtaken) == (1, True)


def test_a_claim_counts_and_leases() -> None:
    one = row("a")
    state = state_of(one)
    held = claim(state, Held(one, 1), NOW)
    assert (held.version, held.row.attempts, held.row.state) == (2, 1, RowState.INFLIGHT)
    assert plan(state, NOW + timedelta(minutes=1), 9).lanes == {}
    assert names(plan(state, NOW + timedelta(minutes=2), 9).lanes["soc"]) == ["a"]
