"""Two engines judge one lake: which is taken, and that nothing depends on it but the report."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from mantissa.adapters.local.fetched import FetchedEngine, Room
from mantissa.adapters.memory import MemoryState
from mantissa.detection.dialects import TRINO
from mantissa.detection.prepare import Prepared
from mantissa.detection.table import MATCHES
from mantissa.detection.ways import Quick, Way
from mantissa.errors import EngineError, EngineRejected, EngineTimedOut, EngineTransient
from mantissa.lake.books import PENDING
from mantissa.ports import Put
from support.detect_world import BOB, BROKEN, DOOR, EVIL, World
from support.detection import SPEC, LakeEngine, prepared
from support.faults import Killed
from support.gate_correlations import BURST, ENTERED, FAILED, SEQUENCE, event

TWO = ({"name": "bob", "kind": "door", "code": 1}, {"name": "eve", "cmd": "do evil"})
FOUND = {(1, "1.0"): 1, (3, "1.0"): 1, (2, "1.1"): 1}
RULES = (BOB, EVIL, DOOR)
CORRELATED = (FAILED, ENTERED, BURST, SEQUENCE)
TOGETHER = (
    (event(0), event(5, name="eve"), event(6)),
    (event(100), event(110, "enter"), event(130)),
    (event(50), event(90_000), event(90_001), event(90_002), event(90_300, "enter")),
)


class Both:
    """A world with a home engine and an embedded one; each notes what it was asked."""

    def __init__(self, *rules: str, **quick: Any) -> None:
        self.world = World()
        self.rules = rules or RULES
        self.home: LakeEngine = self.world.engine
        self.embedded = LakeEngine(self.world.objects)
        self.released = 0
        self.ready = prepared(*self.rules)
        self.quick = Quick(self.way, **quick)

    def way(self) -> Way:
        return Way("duckdb", self.embedded, self.ready, self.release)

    def release(self) -> None:
        self.released += 1

    def run(self, home: Prepared | None = None, **settings: Any) -> Any:
        chosen = {"engine": "athena", "quick": self.quick, **settings}
        return self.world.detection(home or prepared(*self.rules), **chosen).run()

    @property
    def asked(self) -> tuple[bool, bool]:
        """Whether the home engine and the embedded one were asked anything."""
        return bool(self.home.queries), bool(self.embedded.queries)


def test_little_is_judged_by_the_embedded_engine_and_nothing_is_kept() -> None:
    both = Both()
    both.world.commit(*TWO)
    report = both.run()
    assert (report.engines, both.asked, both.released) == (("duckdb",), (False, True), 1)
    assert both.world.found() == FOUND
    assert (both.world.pending(), both.world.missed()) == (0, [])


@pytest.mark.parametrize("limit", [{"most_bytes": 100}, {"most_files": 1}])
def test_much_is_judged_by_the_home_engine(limit: dict[str, int]) -> None:
    both = Both(**limit)
    both.world.commit(*TWO)
    both.world.commit(*TWO)
    report = both.run()
    assert (report.engines, both.asked) == (("athena",), (True, False))
    assert both.world.alerted() == {1: 2, 2: 2, 3: 2}


def test_what_the_pending_record_says_of_sizes_goes_before_what_the_files_are() -> None:
    both = Both(most_bytes=5_000_000)
    key = both.world.commit(*TWO)
    (item,) = both.world.items(PENDING)
    both.world.state.put(Put(PENDING, item.key, {**item.value, "bytes": 6_000_000}, item.version))
    assert both.world.objects.head(key).size < 5_000_000
    assert both.run().engines == ("athena",)


def test_engine_duckdb_judges_whatever_is_pending() -> None:
    both = Both(most_bytes=0, most_files=0, always=True)
    both.world.commit(*TWO)
    assert both.run().engines == ("duckdb",)
    assert both.world.found() == FOUND


def test_each_round_is_chosen_for_by_what_it_holds() -> None:
    both = Both(most_files=2)
    for _ in range(5):
        both.world.commit(*TWO)
    # Two rounds of three and two records: the first is too many files.
    assert both.run(items=3).engines == ("athena", "duckdb")
    assert both.world.alerted() == {1: 5, 2: 5, 3: 5}


@pytest.mark.parametrize("error", [EngineTransient, EngineTimedOut, EngineRejected])
def test_when_the_embedded_engine_gives_no_answer_the_home_engine_judges_in_the_same_run(
    error: type[EngineError],
) -> None:
    both = Both()
    both.world.commit(*TWO)
    both.embedded.errors = lambda sql, files: error("no memory")
    report = both.run()
    assert (report.failed, report.engines) == ((), ("athena", "duckdb"))
    assert both.world.found() == FOUND
    assert (both.world.pending(), both.world.missed()) == (0, [])


def test_a_rule_that_only_the_embedded_engine_refuses_is_judged_by_the_home_engine_alone() -> None:
    both = Both(*RULES, BROKEN)
    both.world.commit(*TWO, {"name": "broken one"})
    both.embedded.errors = lambda sql, files: EngineRejected("no") if "broken" in sql else None
    report = both.run()
    assert report.failed == ()
    assert both.world.found() == {**FOUND, (9, "1.2"): 1}
    assert len(both.home.queries) == 1
    assert "evil" not in both.home.queries[0][0]
    assert all(h["state"] == "ok" for h in both.world.health().values())


def test_a_rule_that_the_embedded_engine_does_not_know_is_judged_all_the_same() -> None:
    both = Both()
    both.ready = prepared(BOB, EVIL)
    both.world.commit(*TWO)
    assert both.run().engines == ("athena", "duckdb")
    assert both.world.found() == FOUND


def test_a_rule_that_only_the_embedded_engine_knows_is_not_judged() -> None:
    both = Both()
    both.ready = prepared(*RULES, BROKEN)
    both.world.commit(*TWO, {"name": "broken one"})
    both.run()
    assert both.world.found() == FOUND


def test_a_failure_is_the_home_engines_and_changing_engines_tries_nothing_again() -> None:
    """The digest of what failed is of the home engine's SQL: the other's does not look changed."""
    both = Both(*RULES, BROKEN)
    home = prepared(*RULES, BROKEN, dialect=TRINO)

    def refuse(sql: str, files: Any) -> EngineError | None:
        return EngineRejected("no") if "broken" in sql else None

    both.world.commit(*TWO)
    both.home.errors = both.embedded.errors = refuse
    both.home.dialect = "trino"
    assert [f.rule_id for f in both.run(home).failed] == [home.predicates[-1].rule.info.id]
    (missed,) = both.world.missed()
    for quick in (both.quick, None, both.quick):
        both.home.queries.clear()
        both.embedded.queries.clear()
        both.world.clock.advance(86_400)
        assert both.run(home, quick=quick).run == ""
        assert both.asked == (False, False)
    assert both.world.missed() == [missed]


def test_what_killed_its_worker_is_taken_up_by_the_home_engine() -> None:
    both = Both()
    both.world.commit(*TWO)

    def kill(sql: str, files: Any) -> None:
        raise Killed

    both.embedded.errors = kill
    with pytest.raises(Killed):
        both.run()
    both.embedded.queries.clear()
    both.world.clock.advance(3600)
    report = both.run()
    assert (report.engines, both.asked) == (("athena",), (True, False))
    assert both.world.found() == FOUND
    assert both.world.alerted() == {1: 1, 2: 1, 3: 1}


def told(world: World) -> list[str]:
    drop = ("run_id", "detected_at")
    return sorted(repr({k: v for k, v in r.items() if k not in drop}) for r in world.rows())


@pytest.mark.parametrize("trouble", ["", "matches", "first"])
def test_correlations_over_runs_of_either_engine_find_what_one_finds(trouble: str) -> None:
    one, both = World(), Both(*CORRELATED)
    asked = 0

    def errors(sql: str, files: Any) -> EngineError | None:
        nonlocal asked
        asked += '"matches"' in sql
        failing = trouble == "matches" or (trouble == "first" and asked == 1)
        return EngineTimedOut("slow") if failing and '"matches"' in sql else None

    both.embedded.errors = errors
    for number, events in enumerate(TOGETHER):
        one.commit(*events)
        one.detection(prepared(*CORRELATED)).run()
        both.world.commit(*events)
        report = both.run(quick=None if number == 1 else both.quick)
        assert (report.failed, report.pending) == ((), 0)
    assert asked
    assert told(both.world) == told(one)
    assert both.world.alerted() == one.alerted()
    assert len(told(one)) >= 2


@pytest.mark.parametrize("step", range(1, 12))
def test_two_runs_at_once_judge_once(step: int) -> None:
    """An immediate run meets a scheduled one at each of its steps: one of the two judges."""
    both = Both()
    both.world.commit(*TWO)
    seen: list[int] = []
    alive = {"engine": "athena", "owner_is_alive": lambda owner: True}
    scheduled = both.world.detection(prepared(*RULES), owner="clock", **alive)

    def meanwhile() -> None:
        seen.append(scheduled.unless_busy().objects_judged)

    world = replace(both.world, state=Interrupted(both.world.state, step, meanwhile))
    immediate = world.detection(prepared(*RULES), owner="commit", quick=both.quick, **alive)
    judged = immediate.unless_busy().objects_judged
    assert sorted([judged, *seen]) == [0, 1]
    assert both.world.pending() == 0
    assert both.world.found() == FOUND
    assert both.world.alerted() == {1: 1, 2: 1, 3: 1}


class Interrupted:
    """A state store at whose nth call something else happens first."""

    def __init__(self, state: MemoryState, step: int, other: Any) -> None:
        self._state, self._left, self._other = state, step, other

    def __getattr__(self, name: str) -> Any:
        self._left -= 1
        if self._left == 0:
            self._other()
        return getattr(self._state, name)


def test_copies_of_the_lakes_files_are_bounded_and_removed(tmp_path: Any) -> None:
    both = Both(*CORRELATED)
    engine = FetchedEngine(
        both.world.objects, [SPEC.table, MATCHES], Room(tmp_path, 1 << 20), 64 << 20
    )
    both.quick = Quick(lambda: Way("duckdb", engine, both.ready, engine.release))
    one = World()
    for events in TOGETHER:
        one.commit(*events)
        one.detection(prepared(*CORRELATED)).run()
        both.world.commit(*events)
        assert both.run().engines == ("duckdb",)
        assert list(tmp_path.iterdir()) == []
    assert told(both.world) == told(one)
    assert not both.home.queries
    small = FetchedEngine(both.world.objects, [SPEC.table, MATCHES], Room(tmp_path, 10), 64 << 20)
    both.quick = Quick(lambda: Way("duckdb", small, both.ready, small.release))
    for events in TOGETHER:
        one.commit(*events)
        one.detection(prepared(*CORRELATED)).run()
        both.world.commit(*events)
        assert "athena" in both.run().engines
        assert list(tmp_path.iterdir()) == []
    assert told(both.world) == told(one)
