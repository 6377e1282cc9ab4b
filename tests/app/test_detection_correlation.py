"""Correlations in whole runs: seen across files and runs, told once, whatever comes late or dies."""

from __future__ import annotations

import json
from contextlib import suppress
from datetime import timedelta
from typing import Any

import pytest

from mantissa.adapters.memory import MemoryState
from mantissa.detection.prepare import Prepared
from mantissa.errors import Conflict, EngineRejected, EngineTransient, StoreTransient
from support.detect_world import Mortal, World
from support.detection import IDS, prepared
from support.faults import Killed
from support.gate_correlations import BURST, ENTERED, FAILED, SEQUENCE, START, correlation, event

KINDS = ("kill_before", "kill_after", "refuse", "ambiguous")


def run(world: World, ready: Prepared, *events: dict[str, Any]) -> int:
    """Commit events as one object and judge them; return how many findings there are in all."""
    if events:
        world.commit(*events)
    world.detection(ready).run()
    return sum(world.found().values())


def test_matches_of_several_runs_are_seen_together_and_told_once() -> None:
    world, ready = World(), prepared(FAILED, BURST)
    assert ready.refused == ()
    assert run(world, ready, event(0), event(10, name="eve")) == 0
    assert run(world, ready, event(60)) == 0
    assert run(world, ready, event(300)) == 1
    assert run(world, ready, event(310), event(320)) == 1
    (row,) = world.rows()
    assert (row["rule_id"], row["event_id"][-8:]) == (IDS[5], f"{0:08x}")
    assert row["event_time"] == START + timedelta(seconds=300)
    fields = json.loads(row["fields"])
    assert (fields["name"], fields["event_count"], fields["events"]) == ("bob", "3", "3")
    assert fields["first_event"] == START.isoformat()
    assert len(fields["event_ids"].split()) == 3
    assert world.alerted() == {5: 1}
    assert run(world, ready, event(1000), event(1001), event(1002)) == 2


def test_one_millisecond_over_the_timespan_is_too_long() -> None:
    for last, wanted in ((300.0, 1), (300.001, 0)):
        world, ready = World(), prepared(FAILED, BURST)
        assert run(world, ready, event(0), event(1), event(last)) == wanted


def test_late_events_complete_what_was_not_told() -> None:
    world, ready = World(), prepared(FAILED, BURST)
    run(world, ready, event(0), event(200))
    run(world, ready, event(5_000), event(6_000))
    assert run(world, ready, event(100)) == 1
    (row,) = world.rows()
    assert row["event_time"] == START + timedelta(seconds=200)


def test_late_events_that_move_a_crossing_do_not_tell_it_again() -> None:
    world, ready = World(), prepared(FAILED, BURST)
    assert run(world, ready, event(0), event(100), event(250), event(260)) == 1
    assert run(world, ready, event(50)) == 1
    assert run(world, ready, event(-10), event(-20), event(-30)) == 1


def test_late_events_that_join_two_islands_tell_nothing_new() -> None:
    world, ready = World(), prepared(FAILED, BURST)
    first = [event(s) for s in (0, 10, 20)]
    second = [event(s) for s in (500, 510, 520)]
    assert run(world, ready, *first, *second) == 2
    assert run(world, ready, event(260), event(270), event(280)) == 2


def test_an_island_that_grows_towards_one_that_was_told_is_the_same() -> None:
    """Late matches begin an island ahead of a told one, and the two are one from then on."""
    world, ready = World(), prepared(FAILED, BURST)
    assert run(world, ready, *(event(60 * n) for n in (12, 13, 14))) == 1
    assert run(world, ready, *(event(60 * n) for n in (8, 9))) == 1
    assert run(world, ready, event(60 * 5.5)) == 1
    assert run(world, ready, event(0), event(60)) == 1
    assert run(world, ready, *(event(60 * n) for n in (30, 31, 32))) == 2


@pytest.mark.parametrize("late", [(510,), (301,), (599, 301), (450, 455, 460)])
def test_a_told_crossing_at_the_end_of_the_changed_windows_is_seen(late: tuple[int, ...]) -> None:
    """The new island's last hit is before the told crossing, which no new window reaches."""
    world, ready = World(), prepared(FAILED, BURST)
    assert run(world, ready, event(600), event(750), event(870)) == 1
    assert run(world, ready, *map(event, late)) == 1


def test_files_that_are_judged_again_count_once() -> None:
    world, ready = World(), prepared(FAILED, BURST)
    world.engine.errors = lambda sql, files: EngineRejected("no") if IDS[5] in sql else None
    assert run(world, ready, event(0), event(1), event(2)) == 0
    (missed,) = world.missed()
    assert missed.value["rule"] == IDS[5]
    assert world.health()[5]["state"] == "failing"
    assert world.health()[1]["state"] == "ok"
    world.engine.errors = lambda sql, files: None
    changed = prepared(FAILED, BURST.replace("level: high", "level: low"))
    assert run(world, changed) == 1
    assert world.missed() == []
    assert world.health()[5]["state"] == "ok"


def test_an_engine_that_is_away_leaves_everything_pending() -> None:
    world, ready = World(), prepared(FAILED, BURST)
    world.engine.errors = lambda sql, files: EngineTransient("away") if "matches" in sql else None
    world.commit(event(0), event(1), event(2))
    with pytest.raises(EngineTransient):
        world.detection(ready).run()
    assert world.pending() == 1
    world.engine.errors = lambda sql, files: None
    assert run(world, ready) == 1
    rows = [info.key for info in world.objects.list("lake/matches/")]
    assert len(rows) == 1


def test_a_broken_correlation_does_not_stop_its_neighbours() -> None:
    other = correlation("condition: {gte: 2}", number=7)
    world, ready = World(), prepared(FAILED, BURST, other)
    world.engine.errors = lambda sql, files: EngineRejected("no") if IDS[7] in sql else None
    assert run(world, ready, event(0), event(1), event(2)) == 1
    assert [item.value["rule"] for item in world.missed()] == [IDS[7]]


def test_members_report_by_themselves_only_when_told_to() -> None:
    loud = BURST + "  generate: true\n"
    assert run(World(), prepared(FAILED, BURST), event(0)) == 0
    assert run(World(), prepared(FAILED, loud), event(0)) == 1
    quiet = correlation("condition: {gte: 9}", number=8)
    assert run(World(), prepared(FAILED, quiet, loud), event(0)) == 1


def test_order_matters_where_it_is_asked_for() -> None:
    for kinds, wanted in ((("fail", "enter"), 1), (("enter", "fail"), 0)):
        world, ready = World(), prepared(FAILED, ENTERED, SEQUENCE)
        assert run(world, ready, *(event(n, kind) for n, kind in enumerate(kinds))) == wanted


def test_an_inner_correlation_is_a_member_of_an_outer_one() -> None:
    outer = correlation(
        "group-by: [name]", number=7, kind="temporal_ordered", rules="[c5, entered]"
    )
    world, ready = World(), prepared(FAILED, ENTERED, BURST, outer)
    assert ready.refused == ()
    assert run(world, ready, event(0), event(1), event(2)) == 0
    assert run(world, ready, event(3, "enter", name="eve")) == 0
    assert run(world, ready, event(4, "enter")) == 1
    (row,) = world.rows()
    assert row["rule_id"] == IDS[7]
    assert len(json.loads(row["fields"])["event_ids"].split()) == 2


def test_aliases_join_what_is_called_differently() -> None:
    joined = correlation(
        "group-by: [who]\naliases:\n  who:\n    failed: name\n    entered: cmd",
        number=7,
        kind="temporal",
        rules="[failed, entered]",
    )
    world, ready = World(), prepared(FAILED, ENTERED, joined)
    assert ready.refused == ()
    assert run(world, ready, event(0), event(5, "enter", name="x", cmd="bob")) == 1


def test_values_are_counted_once_each() -> None:
    spread = correlation(
        "group-by: [name]\ncondition: {field: ip, gte: 2}", number=7, kind="value_count"
    )
    world, ready = World(), prepared(FAILED, spread)
    assert run(world, ready, event(0, ip="10.0.0.1"), event(1, ip="10.0.0.1"), event(2)) == 0
    assert run(world, ready, event(3, ip="10.0.0.2")) == 1


def test_a_correlation_whose_field_is_unknown_is_refused_by_name() -> None:
    ready = prepared(FAILED, correlation("group-by: [nam]\ncondition: {gte: 2}"))
    (refusal,) = ready.refused
    assert refusal.id == IDS[5]
    assert "no field 'nam'" in refusal.reason and "name" in refusal.reason
    assert ready.correlations == ()


def test_events_without_the_groups_value_belong_to_no_group() -> None:
    world, ready = World(), prepared(FAILED, BURST)
    nameless = [{k: v for k, v in event(n).items() if k != "name"} for n in range(4)]
    assert run(world, ready, *nameless) == 0


def fresh_world(most_writes: int | None, known: dict[Any, Any]) -> World:
    world = World(state=MemoryState(most_writes))
    world.engine.known = known
    return world


def calls_of_a_clean_run(ready: Prepared, most_writes: int | None) -> int:
    world, faults = World(state=MemoryState(most_writes)), Mortal()
    two_objects(world)
    world.with_faults(faults).detection(ready, items=1).run()
    return faults.calls


def two_objects(world: World) -> None:
    world.commit(event(0), event(1), event(900, "enter"))
    world.commit(event(2), event(3, "enter"), event(800), event(801), event(802))


@pytest.mark.parametrize("most_writes", [None, 3], ids=["one_transaction", "in_steps"])
@pytest.mark.parametrize("kind", KINDS)
def test_a_fault_at_any_port_call_neither_misses_nor_doubles(
    kind: str, most_writes: int | None
) -> None:
    outer = correlation(
        "group-by: [name]", number=7, kind="temporal_ordered", rules="[c5, entered]"
    )
    ready = prepared(FAILED, ENTERED, BURST + "  generate: true\n", SEQUENCE, outer)
    known: dict[Any, Any] = {}
    # Every kind begins elsewhere, so that together they come past every call.
    first = 1 + KINDS.index(kind)
    for place in range(first, calls_of_a_clean_run(ready, most_writes) + 1, len(KINDS)):
        world = fresh_world(most_writes, known)
        two_objects(world)
        with suppress(Killed, StoreTransient, Conflict):
            world.with_faults(Mortal(at=place, kind=kind)).detection(ready, items=1).run()
        world.detection(ready, items=1).run()
        assert world.alerted() == {1: 6, 6: 2, 7: 2}, (kind, place)
        assert sum(world.found().values()) == 10, (kind, place)
        assert world.pending() == 0


def test_what_begins_earlier_than_it_was_told_is_remembered_without_a_finding() -> None:
    world, ready = World(), prepared(FAILED, BURST)
    run(world, ready, event(0), event(100), event(250))
    run(world, ready, event(50))
    ((told),) = [item.value["told"] for item in world.items("crossings")]
    assert [(t - told[0]) // 1000 for t in told] == [0, 150]
    assert sum(world.found().values()) == 1


def test_matches_of_an_earlier_grouping_are_left_alone() -> None:
    world = World()
    run(world, prepared(FAILED, BURST), event(0, cmd="bob"), event(1, cmd="bob"))
    regrouped = prepared(FAILED, BURST.replace("[name]", "[cmd]"))
    assert run(world, regrouped, event(2, cmd="bob")) == 0
    assert run(world, regrouped, event(3, cmd="bob"), event(4, cmd="bob")) == 1
