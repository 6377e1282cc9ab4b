"""One simulated world: ingestion, detection runs, changing rules and an engine in trouble, all at once.

A seed decides the whole course. At its end everything heals, what is owed is worked off within
the time that the product promises, and `sim.oracle` says what is wrong with the outcome.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

from mantissa.adapters.memory import ManualClock, MemoryObjects
from mantissa.alerts.group import alert_writes
from mantissa.alerts.route import AlertSettings, DestinationConfig
from mantissa.detection.commit import AlertHook
from mantissa.detection.journal import ACTIVE, MISSED, RUNS
from mantissa.detection.missed import LONGEST_WAIT
from mantissa.detection.prepare import Prepared
from mantissa.detection.run import Detection, Ports, RunSettings
from mantissa.errors import Busy, Conflict, EngineTimedOut, EngineTransient, StoreTransient
from mantissa.lake.books import PENDING
from mantissa.model import QueryLimits
from mantissa.ports import Put
from sim import universe
from sim.oracle import wrong
from sim.ports import SimCatalog, SimEngine, SimObjects, SimState
from sim.scheduler import KINDS, Process, Scheduler, Stuck
from sim.stores import QuickState
from sim.universe import Delivery, Version

LEASE = timedelta(minutes=5)
ALERTS = AlertSettings(destinations=(DestinationConfig("soc", "slack", "secret"),))
EXPECTED = (Busy, Conflict, StoreTransient, EngineTransient, EngineTimedOut)
"""How a detection run may end without anything being wrong with the product."""

Build = Callable[[Ports, Prepared, AlertHook, RunSettings], Any]


@dataclass(frozen=True)
class Case:
    """What may happen in a world; the seed decides what does.

    Args:
        rules: sets of rules that come into force one after the other.
        most_writes: limits of a transaction to choose from.
        trouble: whether the engine has trouble with some rules for a while.
    """

    name: str
    rules: tuple[tuple[Version, ...], ...] = universe.FIXED
    most_writes: tuple[int | None, ...] = (None,)
    trouble: bool = False
    deliveries: tuple[Delivery, ...] = universe.DELIVERIES


CASES = {
    case.name: case
    for case in (
        Case("one_transaction", trouble=True),
        Case("in_steps", most_writes=(4, 6, 11), trouble=True),
        Case("rules_change", universe.CHANGING, (None, 4, 6), trouble=True),
        Case("together", universe.TOGETHER, (None, 6), deliveries=universe.CHAIN),
    )
}


@dataclass
class World:
    """The whole world of one seed.

    Args:
        build: makes the detection run; another design than the product's may be tried.
        calm: nothing goes wrong by chance, and each process goes on until it ends.
        script: what begins, in this order; else the seed chooses.
    """

    seed: int
    case: Case
    build: Build = Detection
    calm: bool = False
    script: Callable[[World], list[Callable[[], object]]] | None = None
    clock: ManualClock = field(
        default_factory=lambda: ManualClock(datetime(2026, 3, 4, 12, tzinfo=UTC))
    )
    days: set[tuple[str, str]] = field(default_factory=set)
    force: int = 0
    problems: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.scheduler = Scheduler(f"{self.case.name} {self.seed}", self.clock, {}, 0.0)
        luck = self.scheduler.random
        self.objects = MemoryObjects(self.clock)
        self.state = QuickState(luck.choice(self.case.most_writes))
        self.engine = universe.Engine(self.objects)
        self.page = luck.choice((2, 100))
        self.items = luck.choice((1, 3, 500))
        self.pids = luck.random() < 0.5
        self.lived = 0  # port calls until everything healed
        self.crowd = luck.choice((0.1, 0.3, 0.9))
        self.deliveries = luck.sample(self.case.deliveries, luck.randint(1, 5))
        if self.calm:
            self.crowd = 0.0
        else:
            self.scheduler.pace = luck.choice((0.05, 0.3, 0.6, 0.9))
            rate = luck.choice((0.005, 0.02, 0.05))
            self.scheduler.set_weather({kind: rate for kind in KINDS if luck.random() < 0.5})

    # What processes do.

    def ingest(self, delivery: Delivery) -> Process:
        """Deliver an object, as often as it takes or until the process dies."""
        return self.scheduler.start("ingest", partial(self._ingest, delivery))

    def _ingest(self, delivery: Delivery, me: Process) -> None:
        state, objects, _ = self._ports(me)
        for _ in range(3):
            try:
                return self._ingest_once(delivery, state, objects)
            except (StoreTransient, Conflict):
                continue
        return None

    def _ingest_once(self, delivery: Delivery, state: SimState, objects: SimObjects) -> None:
        if state.get("ledger", delivery.identity) is not None:
            return
        for held in delivery.files.values():
            for key in held:
                objects.put_if_absent(key, key.encode())
        value = {
            "source": "simulated",
            "source_object": delivery.source_object,
            "modified": datetime(2026, 3, 4, 11, 59, tzinfo=UTC).isoformat(),
            "committed_at": self.clock.now().isoformat(),
            "files": {table: list(held) for table, held in delivery.files.items()},
        }
        done = Put("ledger", delivery.identity, {"done": True}, None)
        state.transact([done, Put(PENDING, delivery.identity, value, None)])

    def detect(self) -> Process:
        """Begin one detection run with the rules that are in force."""
        prepared = universe.ready(self.case.rules[self.force])
        return self.scheduler.start("detect", partial(self._detect, prepared))

    def _detect(self, prepared: Prepared, me: Process) -> Any:
        state, objects, engine = self._ports(me)
        catalog = SimCatalog(self.scheduler, me, self.days)
        ports = Ports(state, objects, engine, self.clock, catalog.register)
        settings = RunSettings(
            me.name, self._is_alive, items=self.items, limits=QueryLimits(60), lease=LEASE
        )

        def alerts(findings: Any, rules: Any) -> Any:
            return alert_writes(state, findings, rules, ALERTS, self.clock.now())

        return self.build(ports, prepared, alerts, settings).run()

    def _is_alive(self, owner: str) -> bool:
        """Tell whether a process is at work; from another machine nobody can tell that it is not."""
        alive = any(p.alive for p in self.scheduler.processes if p.name == owner)
        return alive or not self.pids

    def _ports(self, me: Process) -> tuple[SimState, SimObjects, SimEngine]:
        return (
            SimState(self.scheduler, me, self.state, self.page),
            SimObjects(self.scheduler, me, self.objects),
            SimEngine(self.scheduler, me, self.engine),
        )

    # The course of the world.

    def run(self) -> list[str]:
        """Live through the whole course; returns what is wrong at its end."""
        try:
            self._live()
            self._heal()
            self._work_off("while others are frozen")
            self.problems += wrong(self)
            if not self.problems:
                self.scheduler.thaw()
                self.scheduler.settle()
                self.scheduler.all_arrive()
                self._work_off("after the last one thawed")
                self.problems += wrong(self)
            self.problems += self._accidents()
        except Stuck as error:
            self.problems.append(f"stuck: {error}")
        finally:
            self.scheduler.close()
        return self.problems

    def _live(self) -> None:
        luck = self.scheduler.random
        script = self.script(self) if self.script else self._script()
        while True:
            busy = len(self.scheduler.runnable())
            if script and (not busy or (busy < 4 and luck.random() < self.crowd)):
                script.pop(0)()
            elif not self.scheduler.turn():
                return

    def _script(self) -> list[Callable[[], object]]:
        """Choose what begins and in which order; some objects come twice, some later."""
        luck = self.scheduler.random
        early = [d for d in self.deliveries if luck.random() < 0.8]
        double = [d for d in early if luck.random() < 0.2]
        script: list[Callable[[], object]] = [partial(self.ingest, d) for d in [*early, *double]]
        script += [self.detect] * luck.randint(1, 6)
        if self.case.trouble:
            script += luck.sample([self._be_slow, self._be_well, self._reject], luck.randint(0, 3))
        script += [self._let_time_pass] * luck.randint(0, 2)
        luck.shuffle(script)
        for _ in self.case.rules[1:]:
            script.insert(luck.randint(0, len(script)), self._change_rules)
        return script

    def _be_slow(self) -> None:
        self.engine.slow = ("'e%'",)

    def _reject(self) -> None:
        self.engine.rejected = ("'b%'",)

    def _be_well(self) -> None:
        self.engine.slow = ()

    def _change_rules(self) -> None:
        self.force = min(self.force + 1, len(self.case.rules) - 1)

    def _let_time_pass(self) -> None:
        self.clock.advance(self.scheduler.random.choice((60, 301, 90_000)))

    def _heal(self) -> None:
        """End every trouble; what never arrived is delivered now, days late; some wake up."""
        self.lived = self.scheduler.steps
        self.scheduler.set_weather({})
        self.scheduler.fate = {}
        self._be_well()
        self.force = len(self.case.rules) - 1
        if self.scheduler.random.random() < 0.5:
            self.clock.advance(432_000)
        for process in self.scheduler.processes:
            process.frozen &= self.scheduler.random.random() < 0.5
        for delivery in self.deliveries:
            self.ingest(delivery)
        self.scheduler.settle()

    def _work_off(self, when: str) -> None:
        """Hold the promise that nothing waits longer than a lease, or than the longest wait."""
        self.clock.advance(LEASE.total_seconds() + 1)
        self._alone(when)
        if left := self._count(PENDING):
            self.problems.append(f"progress: {left} pending {when}")
        self.clock.advance(LONGEST_WAIT.total_seconds() + 1)
        self._alone(when)
        if left := self._count(MISSED):
            self.problems.append(f"progress: {left} missed {when}")
        active = self.state.get(RUNS, ACTIVE)
        if active is not None and active.value["state"] != "idle":
            self.problems.append(f"progress: a run is {active.value['state']} {when}")

    def _alone(self, when: str) -> None:
        process = self.detect()
        self.scheduler.settle()
        if not process.ended or process.error is not None:
            self.problems.append(f"progress: {process.error!r} {when}")

    def _count(self, table: str) -> int:
        return sum(1 for _ in self.state.query(table))

    def _accidents(self) -> Iterator[str]:
        for process in self.scheduler.processes:
            if process.error is not None and not isinstance(process.error, EXPECTED):
                yield f"accident: {process.name} ended with {process.error!r}"


def live(seed: int, case: str, **options: Any) -> tuple[World, list[str]]:
    """Live through one seed of one case."""
    world = World(seed, CASES[case], **options)
    return world, world.run()


def replay_line(world: World) -> str:
    """Return how to see this very world again."""
    return f"MANTISSA_SIM_SEED={world.seed} MANTISSA_SIM_CASE={world.case.name}"
