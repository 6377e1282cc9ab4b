"""Detection: every committed file is judged exactly once by every rule that is enabled then.

    1  pin: `runs/active` names the pending records to judge, the rules, the owner and its lease
    2  judge exactly their files; a rule that fails on some is remembered with them; what members
       of correlations matched is seen together with earlier matches (`correlating.py`)
    3  commit: findings into the lake, pending records out, alerts in, rule health, the run done,
       the pin released (`commit.py`; one transaction where the store can hold it)

A crash leaves the pin, and the next run takes it up. Every write to `runs/active` is conditional
on its version, so of two runs only one can reach the end of step 3; the other learns it from
`Conflict`. Files carry the version of the pin with which their writer took up the run: a worker
that wakes up after another took over writes no file of the other's, and removes none.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from mantissa.detection.commit import AlertHook, Commit
from mantissa.detection.correlating import Correlating
from mantissa.detection.execute import Evaluation, Evaluator, merged
from mantissa.detection.findings import (
    Arrival,
    RunStamp,
    to_findings,
)
from mantissa.detection.fuse import FusedQuery
from mantissa.detection.journal import MISSED, Pin, Report
from mantissa.detection.matched import to_matches
from mantissa.detection.missed import due
from mantissa.detection.output import written_before
from mantissa.detection.pin import Pins
from mantissa.detection.prepare import Predicate, Prepared
from mantissa.detection.settlement import Work
from mantissa.detection.table import FINDINGS, MATCHES
from mantissa.detection.ways import Files, Quick, Way, judge_quickly
from mantissa.errors import Busy, Conflict, StoreError
from mantissa.lake.books import PENDING
from mantissa.model import QueryLimits, QueryResult
from mantissa.ports import Clock, Item, ObjectStore, QueryEngine, StateStore


@dataclass(frozen=True, slots=True)
class RunSettings:
    """How runs behave.

    Args:
        owner: names this process in the lease.
        owner_is_alive: whether the owner of a lease that has not run out is still at work.
        items: most pending records that one run judges.
        lease: how long an owner that went silent is waited for; at least three times as long as
            one query may take, and renewed when a third of it is over.
        judged: told how many files of a table have been judged, for those who wait.
        go_on: asked before each round whether there is time for one.
        engine: what the lake's own engine is called in reports.
        quick: when the embedded engine judges instead of it; never without.
    """

    owner: str = "detect"
    owner_is_alive: Callable[[str], bool] = field(default=lambda owner: True)
    items: int = 500
    limits: QueryLimits = field(default_factory=QueryLimits)
    lease: timedelta = timedelta(minutes=5)
    judged: Callable[[int], None] = field(default=lambda files: None)
    go_on: Callable[[], bool] = field(default=lambda: True)
    engine: str = "duckdb"
    quick: Quick | None = None


@dataclass(frozen=True, slots=True)
class Ports:
    """What detection needs of the world.

    Args:
        register: makes days of a table known to the engines (`Catalog.register`).
    """

    state: StateStore
    objects: ObjectStore
    engine: QueryEngine
    clock: Clock
    register: Callable[[str, Iterable[str]], None] = field(default=lambda table, days: None)


class Detection:
    """The use case behind `mantissa detect`."""

    def __init__(self, ports: Ports, prepared: Prepared, alerts: AlertHook, settings: RunSettings):
        self._ports, self._prepared, self._settings = ports, prepared, settings
        self._lease = max(settings.lease, 3 * timedelta(seconds=settings.limits.seconds))
        self._pins = Pins(ports.state, ports.clock, settings.owner, self._lease)
        self._commit = Commit(ports, prepared, alerts, self._pins)

    def unless_busy(self) -> Report:
        """Run, unless another run is at work: then nothing is judged and the report says so."""
        try:
            return self.run()
        except Busy:
            return Report(pending=self._count_pending())

    def run(self) -> Report:
        """Judge what is pending, in rounds, until nothing is left.

        Raises `Busy` when another run is at work, and `EngineTransient` or `EngineTimedOut`
        when the engine gave no answer; what was not judged stays pending.
        """
        report = Report()
        tried: set[str] = set()
        while self._settings.go_on() and (work := self._take(tried)) is not None:
            done = self._round(work)
            report = report if done is None else _join(report, done)
            tried.update(item.key for item, _ in work.made_good)
        return replace(report, pending=self._count_pending())

    def _count_pending(self) -> int:
        return sum(1 for _ in self._ports.state.query(PENDING))

    def _take(self, tried: set[str]) -> Work | None:
        """Take up the pinned run of a dead owner, or pin a new one if there is anything to do."""
        resumed = self._pins.take_over(self._settings.owner_is_alive, self._prepared.version)
        if resumed is not None and not resumed.settlement:
            self._remove_orphans(resumed)
        pin = resumed or self._pins.begin(
            self._prepared.version,
            [item for _, item in zip(range(self._settings.items), self._pending(), strict=False)],
            [i for i, _ in due(self._ports, self._prepared) if i.key not in tried],
        )
        if pin is None:
            return None
        contents = self._pins.contents(pin)
        return Work(pin, *contents, taken=pin.version, taken_up=resumed is not None)

    def _pending(self) -> Iterable[Item]:
        return self._ports.state.query(PENDING)

    def _remove_orphans(self, pin: Pin) -> None:
        """Delete what the run's earlier workers wrote: they never said that it is true."""
        for table in (FINDINGS, MATCHES):
            for info in self._ports.objects.list(f"lake/{table.name}/"):
                if written_before(info.key, pin.run_id, pin.version):
                    self._ports.objects.delete(info.key)

    def _round(self, work: Work) -> Report | None:
        """Carry one run through; None when another run took it over."""
        settled = False
        try:
            if work.pin.settlement:
                report = self._commit.settle(work)
            else:
                self._choose(work)
                self._judge(work)
                self._correlate(work)
                self._hold(work)
                report = self._commit.run(work)
            settled = True
        except Conflict:
            settled = not self._pins.holds(work.pin)
            if not settled:
                raise
            return None
        finally:
            if work.quick is not None:
                work.quick.release()
            if not settled:
                with suppress(StoreError):
                    self._pins.release(work.pin)
        return report

    def _choose(self, work: Work) -> None:
        """Take the embedded engine where little is to be judged.

        What a worker left behind may have killed it: for that the lake's own engine is taken.
        """
        if self._settings.quick is not None and not work.taken_up:
            missed = _files(missed.files for _, missed in work.made_good)
            work.quick = self._settings.quick.way_for(self._ports.objects, work.items, missed)

    def _judge(self, work: Work) -> None:
        files = _files(item.value["files"] for item in work.items)
        for table, keys in files.items():
            self._evaluate(work, self._prepared.predicates, {table: keys})
            self._settings.judged(len(keys))
        for _, missed in work.made_good:
            own = [p for p in self._prepared.predicates if p.rule.info.id == missed.rule_id]
            if own:
                self._evaluate(work, own, missed.files)

    def _correlate(self, work: Work) -> None:
        """See the run's matches together with earlier ones."""
        again: dict[str, list[str]] = {}
        for _, missed in work.made_good:
            again.setdefault(missed.rule_id, []).extend(missed.files.get(MATCHES.name, ()))
        again = {
            c.info.id: again[c.info.id] for c in self._prepared.correlations if again.get(c.info.id)
        }
        if not work.matches and not again:
            return
        limits, stamp = self._settings.limits, self._stamp(work)
        correlating = Correlating(
            self._ports, self._prepared, limits, lambda: self._hold(work), work.quick
        )
        found = correlating.run(work.matches, again, stamp)
        work.findings |= {finding.finding_id: finding for finding in found.findings}
        work.crossings = list(found.crossings.writes())
        work.evaluated |= found.evaluated
        work.done.failures += found.failures
        work.done.bytes_scanned += found.bytes_scanned
        work.done.seconds += found.seconds
        if found.fell_back:
            work.engines.add(self._settings.engine)

    def _hold(self, work: Work) -> None:
        """Make sure that nobody took over. Raises `Conflict`."""
        work.pin = self._pins.renew(work.pin)

    def _stamp(self, work: Work) -> RunStamp:
        pin = work.pin
        return RunStamp(pin.run_id, pin.started_at, _arrivals(work.items), work.taken)

    def _beat(self, work: Work) -> None:
        """Renew the lease in good time. Raises `Conflict` when another run took over."""
        if work.pin.lease_until - self._ports.clock.now() < self._lease * 2 / 3:
            work.pin = self._pins.renew(work.pin)

    def _evaluate(self, work: Work, predicates: Sequence[Predicate], files: Files) -> None:
        """Judge files by predicates of the lake's own engine, with the engine that is chosen."""
        tables = {table for table, keys in files.items() if keys}
        mine = [p for p in predicates if p.source.table.name in tables]
        work.evaluated |= {p.rule.info.id for p in mine}
        if not mine:
            return
        own = Way(self._settings.engine, self._ports.engine, self._prepared)

        def judge(
            way: Way, predicates: Sequence[Predicate], files: Files, done: Evaluation
        ) -> None:
            work.engines.add(way.name)
            self._evaluate_with(way, work, predicates, files, done)

        left = [(mine, files)]
        if work.quick is not None:
            left = judge_quickly(judge, work.quick, mine, files, work.done)
        for some, keys in left:
            judge(own, some, keys, work.done)

    def _evaluate_with(
        self,
        way: Way,
        work: Work,
        predicates: Sequence[Predicate],
        files: Files,
        done: Evaluation,
    ) -> None:
        stamp = self._stamp(work)

        def keep(query: FusedQuery, result: QueryResult) -> None:
            for finding in to_findings(query, result, stamp):
                work.findings[finding.finding_id] = finding
            work.matches += to_matches(query, result, stamp.run_id)

        failing = frozenset(item.value["rule"] for item in self._ports.state.query(MISSED))
        evaluator = Evaluator(
            way.engine,
            way.prepared.dialect,
            self._settings.limits,
            keep,
            failing,
            done,
            lambda: self._beat(work),
        )
        evaluator.evaluate(predicates, files)


def _join(before: Report, after: Report) -> Report:
    return replace(
        after,
        objects_judged=before.objects_judged + after.objects_judged,
        evaluated=max(before.evaluated, after.evaluated),
        failed=tuple(merged([*before.failed, *after.failed])),
        findings=before.findings + after.findings,
        alerts=before.alerts + after.alerts,
        bytes_scanned=before.bytes_scanned + after.bytes_scanned,
        seconds=before.seconds + after.seconds,
        engines=tuple(sorted({*before.engines, *after.engines})),
        files=before.files + after.files,
    )


def _arrivals(items: Iterable[Item]) -> dict[str, Arrival]:
    """Return when each input object was last modified and when it became rows."""
    times = {i.value["source_object"]: i.value for i in items if "committed_at" in i.value}
    parse = datetime.fromisoformat
    return {o: (parse(v["modified"]), parse(v["committed_at"])) for o, v in times.items()}


def _files(values: Iterable[Mapping[str, Sequence[str]]]) -> dict[str, list[str]]:
    """Join the files of several records by table, each file once."""
    joined: dict[str, dict[str, None]] = {}
    for files in values:
        for table, keys in files.items():
            joined.setdefault(table, {}).update(dict.fromkeys(keys))
    return {table: sorted(keys) for table, keys in sorted(joined.items())}
