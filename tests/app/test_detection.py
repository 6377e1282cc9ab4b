"""Detection as a whole: judged exactly once, whatever dies, fails or runs beside it."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from mantissa.adapters.memory import MemoryState
from mantissa.alerts.group import alert_writes
from mantissa.detection.journal import Report
from mantissa.errors import (
    Busy,
    Conflict,
    EngineError,
    EngineRejected,
    EngineTimedOut,
    EngineTransient,
    StoreTransient,
)
from mantissa.ports import Put
from support.detect_world import BOB, BROKEN, DOOR, EVIL, Mortal, World
from support.detection import IDS, prepared, rule
from support.faults import Killed
from support.findings import RULE, finding, settings

TWO = ({"name": "bob", "kind": "door", "code": 1}, {"name": "eve", "cmd": "do evil"})
FOUND = {(1, "1.0"): 1, (3, "1.0"): 1, (2, "1.1"): 1}
Answer = Callable[[str, tuple[str, ...]], EngineError | None]


def fail_on(text: str, error: EngineError) -> Answer:
    return lambda sql, files: error if text in sql else None


def test_pending_files_are_judged_once() -> None:
    world = World()
    world.commit(*TWO)
    report = world.detection().run()
    assert world.found() == FOUND
    assert world.alerted() == {1: 1, 2: 1, 3: 1}
    assert (report.objects_judged, report.findings, report.alerts, report.pending) == (1, 3, 3, 0)
    assert report.evaluated == 3
    again = world.detection().run()
    assert again.to_json()["findings"] == again.objects_judged == 0
    assert again.run == ""
    assert world.found() == FOUND


def test_the_report_has_the_commands_keys() -> None:
    world = World()
    world.commit(*TWO)
    assert set(world.detection().run().to_json()) == {
        "run",
        "objects_judged",
        "rules",
        "findings",
        "alerts",
        "pending",
        "bytes_scanned",
        "seconds",
        "engines",
    }


def test_a_finding_says_what_where_and_who() -> None:
    world = World()
    world.commit({"name": "bob", "cmd": "x" * 5000, "when": "2026-03-01T23:59:59.250Z"})
    world.detection(prepared(BOB)).run()
    (row,) = world.rows()
    assert row["rule_title"] == "rule 1"
    assert row["level"] == "high"
    assert row["source"] == "gate"
    assert row["event_time"].isoformat() == "2026-03-01T23:59:59.250000+00:00"
    assert row["detected_at"] == world.clock.now()
    assert '"name":"bob"' in row["fields"]
    assert len(row["fields"]) < 4200
    (info,) = world.objects.list("lake/findings/")
    assert info.key.startswith("lake/findings/event_date=2026-03-01/")


def test_only_the_new_files_are_read() -> None:
    world = World()
    world.commit({"name": "bob"})
    world.detection().run()
    second = world.commit({"name": "bob"})
    world.engine.queries.clear()
    world.detection().run()
    assert {files for _, files in world.engine.queries} == {(second,)}


def test_many_inputs_are_judged_in_rounds() -> None:
    world = World()
    for _ in range(5):
        world.commit({"name": "bob"})
    report = world.detection(items=2).run()
    assert report.objects_judged == 5
    assert world.alerted() == {1: 5}
    assert len(world.items("runs")) == 4


def test_rules_of_other_tables_and_no_rules_at_all() -> None:
    world = World()
    world.commit({"name": "bob"}, table="other")
    world.commit({"name": "bob"})
    report = world.detection(prepared(rule("s: {name: x}\ncondition: s", number=5))).run()
    assert (report.objects_judged, report.findings, report.evaluated) == (2, 0, 1)
    assert world.pending() == 0


def run_through(world: World, faults: Mortal, **settings: Any) -> None:
    with suppress(Killed, StoreTransient, Conflict):
        world.with_faults(faults).detection(**settings).run()


def by_another(changes: Any) -> Put:
    """Change the alert that a run is about to change, as somebody else would."""
    put = changes.groups[0][0]
    return replace(put, value={**put.value, "run": "another"})


def calls_of_a_clean_run(most_writes: int | None = None) -> int:
    world, faults = World(state=MemoryState(most_writes)), Mortal()
    world.commit(*TWO)
    world.commit(*TWO)
    run_through(world, faults, items=1)
    return faults.calls


@pytest.mark.parametrize("most_writes", [None, 3], ids=["one_transaction", "in_steps"])
@pytest.mark.parametrize("kind", ["kill_before", "kill_after", "refuse", "ambiguous"])
def test_a_fault_at_any_port_call_neither_misses_nor_doubles(
    kind: str, most_writes: int | None
) -> None:
    for at in range(1, calls_of_a_clean_run(most_writes) + 1):
        world = World(state=MemoryState(most_writes))
        world.commit(*TWO)
        world.commit(*TWO)
        run_through(world, Mortal(at=at, kind=kind), items=1)
        world.detection(items=1).run()
        expected = FOUND | {(n, f"2.{event[2:]}"): 1 for n, event in FOUND}
        assert world.found() == expected, (kind, at)
        assert world.alerted() == {1: 2, 2: 2, 3: 2}, (kind, at)
        assert world.pending() == 0


def test_a_run_in_steps_says_the_same_as_one_in_a_single_transaction() -> None:
    reports, worlds = [], []
    for most_writes in (None, 3):
        world = World(state=MemoryState(most_writes))
        world.commit(*TWO)
        world.engine.errors = fail_on("broken", EngineRejected("no such function"))
        ready = prepared(BOB, EVIL, DOOR, BROKEN)
        reports.append(replace(world.detection(ready).run(), files=()))
        worlds.append(world)
    assert reports[0] == reports[1]
    assert worlds[0].health() == worlds[1].health()
    assert [i.value for i in worlds[0].missed()] == [i.value for i in worlds[1].missed()]
    assert worlds[0].found() == worlds[1].found()
    for world in worlds:
        kinds = [info.key.rpartition(".")[2] for info in world.objects.list("runs/")]
        assert kinds == ["parquet", "json"]


def test_a_decided_run_stands_whatever_the_rules_say_later() -> None:
    changed = prepared(BOB, rule("s: {cmd|contains: good}\ncondition: s", number=2))
    for at in range(1, calls_of_a_clean_run(3) + 1):
        world = World(state=MemoryState(3))
        world.commit(*TWO)
        run_through(world, Mortal(at=at, kind="kill_after"))
        active = world.state.get("runs", "active")
        decided = active is not None and active.value["state"] in ("settling", "idle")
        world.detection(changed).run()
        assert world.found() == (FOUND if decided else {(1, "1.0"): 1}), at
        assert world.alerted() == ({1: 1, 2: 1, 3: 1} if decided else {1: 1}), at
        assert world.pending() == 0


def test_a_storm_is_carried_out_within_the_limit_of_a_transaction() -> None:
    state = MemoryState(100)
    findings = [finding(n, entities={"actor_user": f"u{n}"}) for n in range(1_000)]
    world = World(state=state)
    world.commit(*TWO)
    detection = world.detection()
    rules = {RULE.id: RULE}

    def storm(found: Any, infos: Any) -> Any:
        stamped = [replace(f, run_id=found[0].run_id) for f in findings]
        return alert_writes(state, stamped, rules, settings("soc"), world.clock.now())

    detection._commit._alerts = storm
    assert detection.run().alerts == 1_000
    assert sum(1 for _ in state.query("alerts")) == 1_000
    assert sum(1 for _ in state.query("outbox")) == 1_000
    assert world.pending() == 0


def test_a_fault_and_other_rules_before_the_next_run_leave_no_stale_finding() -> None:
    changed = prepared(BOB, rule("s: {cmd|contains: good}\ncondition: s", number=2))
    for at in range(1, calls_of_a_clean_run() + 1):
        world = World()
        world.commit(*TWO)
        run_through(world, Mortal(at=at, kind="kill_before"))
        active = world.state.get("runs", "active")
        decided = active is not None and active.value["state"] in ("settling", "idle")
        world.detection(changed).run()
        assert world.found() == (FOUND if decided else {(1, "1.0"): 1}), at


def test_the_result_of_a_failed_try_does_not_outlive_it() -> None:
    world = World()
    world.commit(*TWO)
    world.engine.errors = fail_on("evil", EngineTimedOut("slow"))
    probe = Mortal()
    run_through(world, probe)
    first_write = probe.log.index("objects.put_if_absent") + 1
    world = World()
    world.commit(*TWO)
    world.engine.errors = fail_on("evil", EngineTimedOut("slow"))
    run_through(world, Mortal(at=first_write, kind="kill_after"))
    assert (world.rows(), len(list(world.objects.list("runs/")))) == ([], 1)
    world.engine.errors = lambda sql, files: None
    world.detection().run()
    assert world.found() == FOUND


def test_a_live_run_is_left_alone_until_its_lease_ends() -> None:
    world = World()
    world.commit(*TWO)
    faults = Mortal(at=6, kind="kill_before")
    run_through(world, faults, owner="one", lease=timedelta(minutes=5))
    other = world.detection(owner="two", owner_is_alive=lambda owner: owner == "one")
    with pytest.raises(Busy, match="at work"):
        other.run()
    assert other.unless_busy() == Report(pending=1)
    assert world.rows() == []
    world.clock.advance(301)
    other.run()
    assert world.found() == FOUND


def test_of_two_runs_at_once_one_loses_and_nothing_is_counted_twice() -> None:
    world = World()
    world.commit(*TWO)

    def overtake(sql: str, files: tuple[str, ...]) -> None:
        world.engine.errors = lambda sql, files: None
        world.detection(owner="two").run()

    world.engine.errors = overtake
    report = world.detection(owner="one").run()
    assert world.found() == FOUND
    assert world.alerted() == {1: 1, 2: 1, 3: 1}
    assert report.objects_judged == 0


def test_a_run_that_began_while_another_looked_around_keeps_its_pin() -> None:
    """Neither may pin over the other: what it had written would be left and found twice."""
    world, faults = World(), Mortal()
    world.commit(*TWO)
    around = faults.around

    def first_another(name: str, call: Callable[[], Any]) -> Any:
        if faults.log.count("state.query") == 2 and name == "state.get":
            faults.log.append("state.query")
            run_through(world, Mortal(at=last_write, kind="kill_after"), owner="another")
        return around(name, call)

    probe, clean = Mortal(), World()
    clean.commit(*TWO)
    run_through(clean, probe)
    last_write = len(probe.log) - probe.log[::-1].index("objects.put_if_absent")
    faults.around = first_another  # type: ignore[method-assign]
    with pytest.raises(Busy, match="at work"):
        world.with_faults(faults).detection(owner="one").run()
    assert world.rows() != []
    world.detection(owner="next").run()
    assert world.found() == FOUND


def test_an_alert_changed_at_the_same_moment_is_no_reason_to_fail() -> None:
    world = World()
    world.commit(*TWO)
    detection = world.detection()
    hook = detection._commit._alerts
    calls = []

    def meddled(findings: Any, rules: Any) -> Any:
        changes = hook(findings, rules)
        if not calls:
            world.state.put(by_another(changes))
        calls.append(1)
        return changes

    detection._commit._alerts = meddled
    detection.run()
    assert len(calls) == 2
    assert sorted(world.alerted().values()) == [1, 1, 2]
    assert world.found() == FOUND


def test_a_refused_rule_fails_alone_and_visibly() -> None:
    world = World()
    key = world.commit(*TWO, {"name": "broken glass"})
    world.engine.errors = fail_on("broken", EngineRejected("no such function"))
    report = world.detection(prepared(BOB, EVIL, DOOR, BROKEN)).run()
    assert world.found() == FOUND
    assert [(f.rule_id, f.code) for f in report.failed] == [(IDS[9], "engine_rejected")]
    assert report.to_json()["rules"] == {
        "evaluated": 4,
        "failed": [{"id": IDS[9], "reason": "no such function"}],
    }
    health = world.health()
    assert health[9]["state"] == "failing"
    assert health[9]["last_success"] is None
    assert health[9]["failing_since"] == world.clock.now().isoformat()
    assert health[1]["state"] == "ok"
    (missed,) = world.missed()
    assert missed.value["files"] == {"gate": [key]}
    assert world.pending() == 0


def test_a_repaired_rule_judges_what_it_missed() -> None:
    world = World()
    world.commit({"name": "broken glass"})
    world.engine.errors = fail_on("broken", EngineRejected("no such function"))
    for _ in range(2):
        world.detection(prepared(BOB, BROKEN)).run()
    assert len(world.missed()) == 1
    world.engine.errors = lambda sql, files: None
    world.clock.advance(100_000)
    world.detection(prepared(BOB, BROKEN)).run()
    assert len(world.missed()) == 1, "the same refused SQL is not tried again"
    repaired = rule("s: {name|startswith: brok}\ncondition: s", number=9)
    report = world.detection(prepared(BOB, repaired)).run()
    assert world.found() == {(9, "1.0"): 1}
    assert world.missed() == []
    assert (report.findings, report.objects_judged) == (1, 0)
    assert world.health()[9]["state"] == "ok"


def test_a_rule_that_was_too_slow_is_tried_again_later() -> None:
    world = World()
    world.commit({"name": "broken glass"}, {"name": "bob"})
    world.engine.errors = fail_on("broken", EngineTimedOut("too slow"))
    world.detection(prepared(BOB, EVIL, BROKEN)).run()
    assert world.found() == {(1, "1.1"): 1}
    world.engine.errors = lambda sql, files: None
    world.detection(prepared(BOB, EVIL, BROKEN)).run()
    assert len(world.missed()) == 1
    world.clock.advance(5 * 60)
    world.detection(prepared(BOB, EVIL, BROKEN)).run()
    assert world.found() == {(1, "1.1"): 1, (9, "1.0"): 1}
    assert world.missed() == []


def test_waits_grow_while_a_rule_stays_too_slow() -> None:
    world = World()
    world.commit({"name": "broken glass"})
    world.engine.errors = fail_on("broken", EngineTimedOut("too slow"))
    waits = []
    for _ in range(3):
        world.detection(prepared(BOB, BROKEN)).run()
        (missed,) = world.missed()
        waits.append((missed.value["attempts"], missed.value["next_try"]))
        world.clock.advance(3600)
    assert [attempts for attempts, _ in waits] == [1, 2, 3]
    assert [w[11:16] for _, w in waits] == ["12:05", "13:10", "14:20"]
    assert missed.value["since"][11:16] == "12:00"


def test_a_missing_table_costs_no_query_for_every_rule() -> None:
    world = World()
    world.commit(*TWO)
    world.engine.errors = lambda sql, files: EngineRejected("TABLE_NOT_FOUND")
    report = world.detection().run()
    assert len(report.failed) == 3
    assert len(world.engine.queries) == 2
    assert len(world.missed()) == 3


def test_an_engine_that_is_away_leaves_everything_pending() -> None:
    world = World()
    world.commit(*TWO)
    world.engine.errors = lambda sql, files: EngineTransient("throttled")
    with pytest.raises(EngineTransient):
        world.detection(owner="one", owner_is_alive=lambda owner: True).run()
    assert len(world.engine.queries) == 3
    assert (world.pending(), world.rows(), world.missed()) == (1, [], [])
    world.engine.errors = lambda sql, files: None
    world.detection(owner="two", owner_is_alive=lambda owner: True).run()
    assert world.found() == FOUND


def test_a_short_absence_of_the_engine_is_waited_out() -> None:
    world = World()
    world.commit(*TWO)
    answers = iter([EngineTransient("throttled"), EngineTransient("throttled")])
    world.engine.errors = lambda sql, files: next(answers, None)
    world.detection().run()
    assert world.found() == FOUND


def test_an_engine_too_slow_for_every_rule_is_no_rules_fault() -> None:
    world = World()
    world.commit(*TWO)
    world.engine.errors = lambda sql, files: EngineTimedOut("too slow")
    with pytest.raises(EngineTimedOut):
        world.detection().run()
    assert (world.pending(), world.rows(), world.missed()) == (1, [], [])


def test_too_many_files_at_once_are_halved() -> None:
    world = World()
    for _ in range(4):
        world.commit(*TWO)
    world.engine.errors = lambda sql, files: EngineTimedOut("big") if len(files) > 1 else None
    report = world.detection().run()
    assert report.failed == ()
    assert world.alerted() == {1: 4, 2: 4, 3: 4}


def test_one_slow_rule_on_one_slow_file_is_missed_there_only() -> None:
    world = World()
    keys = [world.commit({"name": "broken glass"}) for _ in range(3)]
    world.engine.errors = lambda sql, files: (
        EngineTimedOut("big") if "broken" in sql and keys[1] in files else None
    )
    world.detection(prepared(BOB, EVIL, BROKEN)).run()
    assert world.found() == {(9, "1.0"): 1, (9, "3.0"): 1}
    (missed,) = world.missed()
    assert missed.value["files"] == {"gate": [keys[1]]}


def test_health_is_written_again_only_when_it_says_more() -> None:
    world = World()
    versions = []
    for minutes in (0, 10, 60):
        world.clock.advance(60 * minutes)
        world.commit({"name": "x"})
        world.detection(prepared(BOB)).run()
        (item,) = world.items("rule_health")
        versions.append(item.version)
    assert versions == [1, 1, 2]


def test_a_storm_of_matches_is_found_whole() -> None:
    world = World()
    world.commit(*({"name": "bob"} for _ in range(3_000)))
    report = world.detection(prepared(BOB)).run()
    assert report.findings == 3_000
    assert len(world.rows()) == 3_000
    assert world.alerted() == {1: 3_000}


def test_an_alert_that_always_changes_is_given_up_with_everything_pending() -> None:
    world = World()
    world.commit(*TWO)
    detection = world.detection()
    hook = detection._commit._alerts

    def meddled(findings: Any, rules: Any) -> Any:
        changes = hook(findings, rules)
        world.state.put(by_another(changes))
        return changes

    detection._commit._alerts = meddled
    with pytest.raises(Conflict):
        detection.run()
    assert world.pending() == 1
    world.detection().run()
    assert world.found() == FOUND


def test_who_takes_over_removes_what_came_before_and_nothing_that_comes_after() -> None:
    world = World()
    world.commit(*TWO)
    run_through(world, Mortal(at=5, kind="kill_after"))
    run = world.state.get("runs", "active").value["run"]
    day = "lake/matches/event_date=2026-03-04"
    for name in (f"{run}-00000001-r-m0", f"{run}-left", f"{run}-99999999-r-m0", "other-00000001"):
        world.objects.put_if_absent(f"{day}/{name}.parquet", b"matches")
    world.detection().run()
    left = [info.key.rpartition("/")[2] for info in world.objects.list("lake/matches/")]
    assert left == [f"{run}-99999999-r-m0.parquet", "other-00000001.parquet"]
    assert world.found() == FOUND


def test_a_decided_run_keeps_what_its_rules_said_of_themselves() -> None:
    """Another worker with other rules goes on with it: group, major and what failed stay."""
    old = [EVIL, BROKEN]
    new = [
        rule("s: {cmd|contains: evil}\ncondition: s", number=2, head="mantissa: {major: 2}\n"),
        rule("s: {name|startswith: brok}\ncondition: s", number=9),
    ]
    for most_writes in (None, 3):
        world = World(state=MemoryState(most_writes))
        world.commit(*TWO, {"name": "broken glass"})
        world.engine.errors = fail_on("broken", EngineRejected("no such function"))
        told: list[Any] = []
        first = world.detection(prepared(*old))
        first._commit._carry_out = dead  # type: ignore[method-assign]
        with pytest.raises(Killed):
            first.run()
        second = world.detection(prepared(*new))
        hook = second._commit._alerts
        second._commit._alerts = lambda found, rules, hook=hook, told=told: (  # type: ignore[misc]
            told.extend(rules.values()) or hook(found, rules)
        )
        second.run()
        assert {(info.id, info.major) for info in told} == {(IDS[2], 1), (IDS[9], 1)}
        assert world.found() == {(2, "1.1"): 1, (9, "1.2"): 1}
        assert world.missed() == []


def dead(*_: Any) -> None:
    raise Killed


def test_many_slow_rules_among_quick_ones_are_found_one_by_one() -> None:
    world = World()
    world.commit(*({"name": f"n{n}"} for n in range(32)))
    world.engine.errors = fail_on("odd", EngineTimedOut("slow"))
    names = [f"[odd, n{n}]" if n % 2 else f"n{n}" for n in range(32)]
    rules = [rule(f"s: {{name: {name}}}\ncondition: s", number=n) for n, name in enumerate(names)]
    report = world.detection(prepared(*rules)).run()
    assert {IDS.index(f.rule_id) for f in report.failed} == set(range(1, 32, 2))
    assert {n for n, _ in world.found()} == set(range(0, 32, 2))


def test_a_rule_known_to_fail_no_longer_costs_its_neighbours() -> None:
    world = World()
    world.engine.errors = fail_on("broken", EngineRejected("no such function"))
    queries = []
    for _ in range(2):
        world.commit(*TWO)
        world.engine.queries.clear()
        world.detection(prepared(BOB, EVIL, DOOR, BROKEN)).run()
        queries.append(len(world.engine.queries))
    assert queries[0] > 3
    assert queries[1] == 2
    assert world.alerted() == {1: 2, 2: 2, 3: 2}


def test_a_long_run_keeps_its_lease() -> None:
    world = World()
    for _ in range(4):
        world.commit(*TWO)
    leases = []

    def slowly(sql: str, files: tuple[str, ...]) -> EngineError | None:
        leases.append(world.state.get("runs", "active").value["lease_until"])
        world.clock.advance(170)
        return EngineTimedOut("big") if len(files) > 1 else None

    world.engine.errors = slowly
    world.detection(lease=timedelta(minutes=5)).run()
    assert len(leases) == 7
    assert leases[-1][11:16] == "12:22"
    assert leases == sorted(leases)
