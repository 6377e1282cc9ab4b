"""The end of a run: what it found becomes true.

A run that found nothing ends in one transaction. One that did is first decided, then carried out:

    1  findings and the settlement (`settlement.py`) are written where no reader looks
    2  decide: `runs/active` names the settlement, and from here on the answer stands
    3  the findings are published, under names and with bytes that are settled: whoever does it, and
       however late, does the same
    4  alerts, some at a time; each remembers the run, so that its findings count once
    5  pending, missed and health records, some at a time
    6  one transaction: the run is done, the pin released

Steps 4 to 6 are one transaction where it fits (DynamoDB takes 100 writes); else each renews the pin,
so of two workers that carry out the same run only one gets on. After a crash the next run takes the
settlement up where it was left.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Protocol

import orjson

from mantissa.detection.execute import merged
from mantissa.detection.findings import from_file, parts
from mantissa.detection.health import health_writes
from mantissa.detection.journal import ACTIVE, RUNS, Report
from mantissa.detection.missed import missed_writes, sql_digest
from mantissa.detection.output import day_of, stem
from mantissa.detection.pin import Pins
from mantissa.detection.prepare import Prepared
from mantissa.detection.settlement import Work, recall, settlement_json
from mantissa.detection.show import matches_sql, rule_sql
from mantissa.detection.table import FINDINGS
from mantissa.errors import Conflict
from mantissa.lake.books import PENDING
from mantissa.model import Finding, RuleInfo
from mantissa.ports import Clock, Delete, ObjectStore, Put, StateStore, Write

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

    @property
    def register(self) -> Callable[[str, Iterable[str]], None]:
        """Makes days of a table known to the engines."""
        ...


Books = Callable[[Work], list[Write]]


class Commit:
    """Makes a run's answers true, once."""

    def __init__(self, ports: CommitPorts, prepared: Prepared, alerts: AlertHook, pins: Pins):
        self._state, self._objects, self._clock = ports.state, ports.objects, ports.clock
        self._prepared, self._alerts, self._pins = prepared, alerts, pins
        self._register = ports.register

    def run(self, work: Work) -> Report:
        """Commit a run that has judged everything. Raises `Conflict` when another took over."""
        findings = [work.findings[key] for key in sorted(work.findings)]
        work.infos = self._infos(findings)
        work.digests = {
            f.rule_id: sql_digest(self._prepared, f.rule_id) for f in work.done.failures
        }
        work.staged = self._stage(work, findings)
        work.files = list(work.staged.values())
        alerts = self._alerts(findings, work.infos).groups
        report = self._report(work, len(findings), len(alerts))
        if not findings and self._at_once(work, report, findings, self._books):
            return report
        key = f"runs/{work.pin.run_id}-{work.pin.version}.json"
        self._objects.put_if_absent(key, settlement_json(work, report))
        work.pin = self._pins.decide(work.pin, key)
        return self._carry_out(work, report, findings, self._books)

    def settle(self, work: Work) -> Report:
        """Carry out a run that another worker decided, from wherever it was left."""
        report = recall(work, self._objects.get(work.pin.settlement))
        work.evaluated &= self._prepared.infos.keys()
        files = (self._objects.get(key) for key in work.staged or work.files)
        findings = [finding for data in files for finding in from_file(data)]
        return self._carry_out(work, report, findings, self._outstanding)

    def _stage(self, work: Work, findings: Sequence[Finding]) -> dict[str, str]:
        """Write findings where no reader looks, under names that only this worker uses."""
        pin = work.pin
        staged: dict[str, str] = {}
        for key, data in parts(findings, stem(pin.run_id, work.taken, pin.rules)):
            place = f"runs/{pin.run_id}-{pin.version}-{len(staged):05d}.parquet"
            self._objects.put_if_absent(place, data)
            staged[place] = key
        return staged

    def _carry_out(
        self, work: Work, report: Report, findings: Sequence[Finding], books: Books
    ) -> Report:
        for place, key in work.staged.items():
            self._objects.put_if_absent(key, self._objects.get(place))
        if work.staged:
            self._register(FINDINGS.name, sorted(set(map(day_of, work.files))))
        if not self._at_once(work, report, findings, books):
            self._apply(work, lambda: self._alerts(findings, work.infos).groups)
            self._apply(work, lambda: [[write] for write in self._outstanding(work)])
            self._state.transact(self._end(work, report))
        return report

    def _at_once(
        self, work: Work, report: Report, findings: Sequence[Finding], books: Books
    ) -> bool:
        """Do all that is left in one transaction; False, and nothing done, where it does not fit."""
        most = self._state.most_writes
        for left in reversed(range(COMMITS)):
            groups = self._alerts(findings, work.infos).groups
            writes = [*books(work), *self._end(work, report), *_flat(groups)]
            if most is not None and not _fits(writes, most):
                return False
            try:
                self._state.transact(writes)
                return True
            except Conflict:
                if not left or not self._pins.holds(work.pin):
                    raise
        raise AssertionError("unreachable")

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
            *missed_writes(work.made_good, failures, work.digests, stamp),
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
                # What the correlation keeps apart, its alerts keep apart too.
                groups = info.group_by or correlation.group_by
                found[info.id] = replace(info, sql=sql, group_by=groups)
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
            engines=tuple(sorted(work.engines)),
            files=tuple(work.files),
        )


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
