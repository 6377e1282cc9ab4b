"""The end of a run: what it found becomes true.

A store that holds everything in one transaction gets it in one. Where a transaction is limited
(100 writes in DynamoDB) and a run has more to say, it is carried out in steps:

    1  the settlement is written: the run's report, failures and files of findings
    2  decide: `runs/active` names the settlement, and from here on the answer stands
    3  alerts, some at a time; each remembers the run, so that its findings count once
    4  pending, missed and health records, some at a time
    5  one transaction: the run is done, the pin released

Each of the steps 3 to 5 also renews the pin, so of two workers that carry out the same run only
one gets on. After a crash the next run takes the settlement up where it was left.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Protocol

import orjson
import pyarrow as pa

from mantissa.detection.crossings import crossings_from, crossings_json
from mantissa.detection.execute import Evaluation, RuleFailure, merged
from mantissa.detection.findings import from_file
from mantissa.detection.health import health_writes
from mantissa.detection.journal import ACTIVE, RUNS, Missed, Pin, Report
from mantissa.detection.missed import missed_writes
from mantissa.detection.pin import Pins
from mantissa.detection.prepare import Prepared
from mantissa.detection.show import matches_sql, rule_sql
from mantissa.errors import Conflict
from mantissa.lake.books import PENDING
from mantissa.model import Finding, RuleInfo
from mantissa.ports import Clock, Delete, Item, ObjectStore, Put, StateStore, Write

COMMITS = 5
"""Tries of a commit that loses against somebody who changes an alert at the same moment."""
ALERT_SQL = 8_000
"""Characters of a rule's query that are kept with each of its alerts; longer ones are not."""
MOST_BYTES = 3 << 20
"""JSON bytes of one bounded transaction; DynamoDB takes 4 MB (Developer Guide, TransactWriteItems)."""


class AlertChanges(Protocol):
    """What findings change in the state store."""

    @property
    def groups(self) -> Sequence[Sequence[Write]]:
        """Writes by alert; each group belongs into one transaction."""
        ...


AlertHook = Callable[[Sequence[Finding], Mapping[str, RuleInfo]], AlertChanges]
"""Findings to alerts. Told of a run again, it changes nothing that it has changed already."""


class CommitPorts(Protocol):
    """What a commit needs of the world."""

    @property
    def state(self) -> StateStore:
        """Where alerts and what is pending are."""
        ...

    @property
    def objects(self) -> ObjectStore:
        """Where findings and settlements are."""
        ...

    @property
    def clock(self) -> Clock:
        """What time it is."""
        ...


@dataclass(slots=True)
class Work:
    """One run's answers before they are true.

    Args:
        matches: rows of the table `matches`, each table of one correlation.
        crossings: what is to be remembered of correlations' findings.
    """

    pin: Pin
    items: list[Item]
    made_good: list[tuple[Item, Missed]]
    findings: dict[str, Finding] = field(default_factory=dict)
    done: Evaluation = field(default_factory=Evaluation)
    evaluated: set[str] = field(default_factory=set)
    files: list[str] = field(default_factory=list)
    matches: list[pa.Table] = field(default_factory=list)
    crossings: list[Put] = field(default_factory=list)


class Commit:
    """Makes a run's answers true, once."""

    def __init__(self, ports: CommitPorts, prepared: Prepared, alerts: AlertHook, pins: Pins):
        self._state, self._objects, self._clock = ports.state, ports.objects, ports.clock
        self._prepared, self._alerts, self._pins = prepared, alerts, pins

    def run(self, work: Work) -> Report:
        """Commit a run that has judged everything. Raises `Conflict` when another took over."""
        findings = [work.findings[key] for key in sorted(work.findings)]
        most = self._state.most_writes
        for left in reversed(range(COMMITS)):
            groups = self._alerts(findings, self._infos(findings)).groups
            report = self._report(work, len(findings), len(groups))
            writes = [*self._books(work), *self._end(work, report), *_flat(groups)]
            if most is not None and not _fits(writes, most):
                self._decide(work, report)
                return self.settle(work, findings)
            try:
                self._state.transact(writes)
                return report
            except Conflict:
                if not left or not self._pins.holds(work.pin):
                    raise
        raise AssertionError("unreachable")

    def settle(self, work: Work, findings: Sequence[Finding] | None = None) -> Report:
        """Carry out a run that is decided, from wherever it was left.

        Args:
            findings: the run's findings; read from its files if they are not at hand.
        """
        said = orjson.loads(self._objects.get(work.pin.settlement))
        work.files = said["files"]
        work.done.failures = [
            RuleFailure(**{**f, "files": tuple(f["files"])}) for f in said["failures"]
        ]
        work.crossings = crossings_from(said.get("crossings", ()))
        work.evaluated = {r for r in said["evaluated"] if r in self._prepared.infos}
        if findings is None:
            files = (self._objects.get(key) for key in work.files)
            findings = [finding for data in files for finding in from_file(data)]
        report = report_from(said["report"], tuple(merged(work.done.failures)), tuple(work.files))
        self._apply(work, lambda: self._alerts(findings, self._infos(findings)).groups)
        self._apply(work, lambda: [[write] for write in self._outstanding(work)])
        self._state.transact(self._end(work, report))
        return report

    def _decide(self, work: Work, report: Report) -> None:
        key = f"runs/{work.pin.run_id}-{work.pin.version}.json"
        said = {
            "report": report.to_json(),
            "files": work.files,
            "failures": [asdict(f) for f in merged(work.done.failures)],
            "evaluated": sorted(work.evaluated),
            "crossings": crossings_json(work.crossings),
        }
        self._objects.put_if_absent(key, orjson.dumps(said))
        work.pin = self._pins.decide(work.pin, key)

    def _apply(self, work: Work, groups: Callable[[], Sequence[Sequence[Write]]]) -> None:
        """Carry out groups of writes until none is left to do.

        A group that loses against somebody else's change is made anew from what is there then.
        """
        lost, most = 0, self._state.most_writes
        while True:
            left = groups()
            try:
                for batch in _batches(left, (most or len(left) + 1) - 1):
                    renewal, after = self._pins.renewal(work.pin)
                    self._state.transact([*batch, renewal])
                    work.pin = after
                    lost = 0
                return
            except Conflict:
                lost += 1
                if lost == COMMITS or not self._pins.holds(work.pin):
                    raise

    def _outstanding(self, work: Work) -> list[Write]:
        """Return the book-keeping that is not done yet."""
        return [write for write in self._books(work) if self._is_due(write)]

    def _is_due(self, write: Write) -> bool:
        now = self._state.get(write.table, write.key)
        return write.version == (now.version if now else None)

    def _books(self, work: Work) -> list[Write]:
        failures, now = merged(work.done.failures), self._clock.now()
        stamp = (work.pin.run_id, now)
        return [
            *(Delete(PENDING, item.key, item.version) for item in work.items),
            *work.crossings,
            *missed_writes(work.made_good, failures, self._prepared, stamp),
            *health_writes(self._state, self._prepared, work.evaluated, failures, now),
        ]

    def _end(self, work: Work, report: Report) -> list[Write]:
        record = {
            **work.pin.to_json("done"),
            "report": report.to_json(),
            "files": work.files,
            "finished_at": self._clock.now().isoformat(),
        }
        idle = replace(work.pin, settlement="")
        return [
            Put(RUNS, work.pin.run_id, record, None),
            Put(RUNS, ACTIVE, idle.to_json("idle"), work.pin.version),
        ]

    def _infos(self, findings: Iterable[Finding]) -> dict[str, RuleInfo]:
        """Describe rules for their alerts, with the query that shows every match."""
        rule_ids = {finding.rule_id for finding in findings}
        found: dict[str, RuleInfo] = {}
        for predicate in self._prepared.predicates:
            info = predicate.rule.info
            if info.id in rule_ids and info.id not in found:
                sql = rule_sql(predicate, self._prepared.dialect)
                found[info.id] = replace(info, sql=sql if len(sql) <= ALERT_SQL else "")
        for correlation in self._prepared.correlations:
            info = correlation.info
            if info.id in rule_ids:
                sql = matches_sql(correlation, self._prepared.dialect)
                found[info.id] = replace(info, sql=sql)
        return found

    def _report(self, work: Work, findings: int, alerts: int) -> Report:
        spent = self._clock.now() - work.pin.started_at
        return Report(
            run=work.pin.run_id,
            objects_judged=len(work.items),
            evaluated=len(work.evaluated),
            failed=tuple(merged(work.done.failures)),
            findings=findings,
            alerts=alerts,
            bytes_scanned=work.done.bytes_scanned,
            seconds=spent.total_seconds(),
            files=tuple(work.files),
        )


def report_from(
    value: Mapping[str, Any], failed: tuple[RuleFailure, ...], files: tuple[str, ...]
) -> Report:
    """Read a report from its JSON."""
    names = ("run", "objects_judged", "findings", "alerts", "bytes_scanned", "seconds")
    numbers = {name: value[name] for name in names}
    return Report(**numbers, evaluated=value["rules"]["evaluated"], failed=failed, files=files)


def _flat(groups: Sequence[Sequence[Write]]) -> Iterator[Write]:
    return (write for group in groups for write in group)


def _size(write: Write) -> int:
    return len(orjson.dumps(write.value)) if isinstance(write, Put) else 0


def _fits(writes: Sequence[Write], most: int) -> bool:
    return len(writes) <= most and sum(map(_size, writes)) <= MOST_BYTES


def _batches(groups: Sequence[Sequence[Write]], most: int) -> Iterator[list[Write]]:
    """Join groups to transactions of at most `most` writes, no group divided."""
    batch: list[Write] = []
    size = 0
    for group in groups:
        added = sum(map(_size, group))
        if batch and (len(batch) + len(group) > most or size + added > MOST_BYTES):
            yield batch
            batch, size = [], 0
        batch.extend(group)
        size += added
    if batch:
        yield batch
