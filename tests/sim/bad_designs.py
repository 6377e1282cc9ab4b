"""Designs of detection that are known to be wrong: the simulation must catch each of them.

Each is the product with one decision changed for the worse, and most of them have been somebody's
design, four of them ours.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from mantissa.alerts.group import alert_writes
from mantissa.detection import correlating
from mantissa.detection.commit import Commit
from mantissa.detection.correlate_sql import Span
from mantissa.detection.crossings import Crossings
from mantissa.detection.findings import parts
from mantissa.detection.islands import Island
from mantissa.detection.journal import ACTIVE, RUNS, Pin, Report
from mantissa.detection.pin import Pins
from mantissa.detection.run import Detection
from mantissa.detection.settlement import Work
from mantissa.detection.table import FINDINGS
from mantissa.lake.books import PENDING
from mantissa.model import Finding
from mantissa.ports import Delete, Item, Put, Write
from sim.world import ALERTS


class EventTimeWindow(Detection):
    """Judges what happened since yesterday, whatever was committed."""

    def _judge(self, work: Work) -> None:
        since = (self._ports.clock.now() - timedelta(days=1)).date().isoformat()
        work.items = [
            _only(item, lambda key: key.split("=")[1][:10] >= since) for item in work.items
        ]
        super()._judge(work)


class Watermark(Detection):
    """Judges what was committed after the newest that it has seen."""

    def _judge(self, work: Work) -> None:
        seen = self._ports.state.get("watermark", "w")
        mark = seen.value["at"] if seen else ""
        times = [item.value["committed_at"] for item in work.items]
        fresh = [time >= mark for time in times]
        work.items = [
            item if new else _only(item, lambda key: False)
            for item, new in zip(work.items, fresh, strict=True)
        ]
        super()._judge(work)
        value = {"at": max([mark, *times])}
        self._ports.state.put(Put("watermark", "w", value, seen.version if seen else None))


class FailureIsNoMatch(Detection):
    """Takes a rule that gave no answer for one that found nothing."""

    def _judge(self, work: Work) -> None:
        super()._judge(work)
        work.done.failures = []


class RandomIds(Detection):
    """Names findings anew each time that they are found."""

    def _judge(self, work: Work) -> None:
        super()._judge(work)
        for key, finding in work.findings.items():
            luck = hashlib.sha256(f"{key} {work.pin.owner} {work.pin.version}".encode()).hexdigest()
            work.findings[key] = replace(finding, finding_id=luck)


class PendingFirst(Detection):
    """Takes pending records away, then judges."""

    def _judge(self, work: Work) -> None:
        for item in work.items:
            self._ports.state.transact([Delete(PENDING, item.key, item.version)])
        super()._judge(work)

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        books = self._commit._books
        self._commit._books = lambda work: [  # type: ignore[method-assign]
            write for write in books(work) if write.table != PENDING
        ]


class _MarkerFirstCommit(Commit):
    def run(self, work: Work) -> Report:
        findings = list(work.findings.values())
        work.infos = self._infos(findings)
        work.digests = {f.rule_id: "" for f in work.done.failures}
        files = dict(parts(findings, f"{work.pin.run_id}-{work.taken:08d}"))
        work.files = list(files)
        groups = self._alerts(findings, work.infos).groups
        report = self._report(work, len(findings), len(groups))
        for write in self._books(work):
            self._state.transact([write])
        self._state.transact(self._end(work, report))
        for key, data in files.items():
            self._objects.put_if_absent(key, data)
            self._register(FINDINGS.name, [key.split("=")[1][:10]])
        for group in groups:
            self._state.transact(group)
        return report


class _VisibleCommit(Commit):
    def _stage(self, work: Work, findings: Sequence[Finding]) -> dict[str, str]:
        stem = f"{work.pin.run_id}-{work.taken:08d}-{work.pin.rules}"
        return {key: key for key in self._put(findings, stem)}

    def _put(self, findings: Sequence[Finding], stem: str) -> Iterator[str]:
        for key, data in parts(findings, stem):
            self._objects.put_if_absent(key, data)
            yield key


class _SameNamesCommit(_VisibleCommit):
    def _stage(self, work: Work, findings: Sequence[Finding]) -> dict[str, str]:
        """Write over what another worker of the run had written under the same names."""
        staged = {}
        for key, data in parts(findings, f"{work.pin.run_id}-{work.pin.rules}"):
            if not self._objects.put_if_absent(key, data) and self._objects.get(key) != data:
                self._objects.delete(key)
                self._objects.put_if_absent(key, data)
            staged[key] = key
        return staged


class _PresentRulesCommit(Commit):
    def _carry_out(
        self, work: Work, report: Any, findings: Sequence[Finding], books: Any
    ) -> Report:
        from mantissa.detection.missed import sql_digest

        work.infos = self._infos(findings)
        work.digests = {
            f.rule_id: sql_digest(self._prepared, f.rule_id) for f in work.done.failures
        }
        return super()._carry_out(work, report, findings, books)


class _With(Detection):
    commit: type[Commit] = Commit

    def __init__(self, ports: Any, prepared: Any, alerts: Any, settings: Any) -> None:
        super().__init__(ports, prepared, alerts, settings)
        self._commit = self.commit(ports, prepared, alerts, self._pins)


class MarkerFirst(_With):
    """Says that a run is done, then does it."""

    commit = _MarkerFirstCommit


class OrphansStay(_With):
    """Writes findings where everybody sees them before they are true, and never looks back."""

    commit = _VisibleCommit

    def _remove_orphans(self, pin: Pin) -> None:
        """Leave them."""


class Broom(_With):
    """Names files by the run alone, so that workers remove and rewrite each other's: ours, once."""

    commit = _SameNamesCommit

    def _remove_orphans(self, pin: Pin) -> None:
        for info in self._ports.objects.list(f"lake/{FINDINGS.name}/"):
            if info.key.rpartition("/")[2].startswith(f"{pin.run_id}-"):
                self._ports.objects.delete(info.key)


class PresentRules(_With):
    """Carries out a decided run with the rules of whoever carries it out: ours, once."""

    commit = _PresentRulesCommit


class _Forgetful:
    """A state store in which an alert never remembers whose findings it has counted."""

    def __init__(self, state: Any) -> None:
        self._state = state

    def get(self, table: str, key: str) -> Item | None:
        item = self._state.get(table, key)
        return item and replace(item, value={**item.value, "last_run": ""})


class CountsByAdding(Detection):
    """Adds what it found to an alert's count, as often as it is told of it."""

    def __init__(self, ports: Any, prepared: Any, alerts: Any, settings: Any) -> None:
        state = _Forgetful(ports.state)

        def added(findings: Any, rules: Any) -> Any:
            return alert_writes(state, findings, rules, ALERTS, ports.clock.now())  # type: ignore[arg-type]

        super().__init__(ports, prepared, added, settings)


class _LastWriterWins:
    """A state store whose writes ask for no version.

    Args:
        tables: those of which that is true; all of them when there are none.
    """

    def __init__(self, state: Any, tables: Sequence[str] = ()) -> None:
        self._state, self._tables = state, tables
        self.get, self.query, self.most_writes = state.get, state.query, state.most_writes

    def put(self, write: Put) -> None:
        self.transact([write])

    def transact(self, writes: Sequence[Write]) -> None:
        self._state.transact([w for write in writes for w in self._blind(write)])

    def _blind(self, write: Write) -> Iterator[Write]:
        if self._tables and write.table not in self._tables:
            yield write
            return
        now = self._state.get(write.table, write.key)
        if isinstance(write, Put):
            yield replace(write, version=now.version if now else None)
        elif now is not None:
            yield replace(write, version=now.version)


class Unconditional(Detection):
    """Commits whatever anybody else has written since."""

    def __init__(self, ports: Any, *rest: Any) -> None:
        super().__init__(replace(ports, state=_LastWriterWins(ports.state)), *rest)


class _NoPins(Pins):
    """Remembers a run in the process alone."""

    def take_over(self, is_alive: Callable[[str], bool], rules: str) -> Pin | None:
        return None

    def begin(self, rules: str, pending: Sequence[Item], missed: Sequence[Item]) -> Pin | None:
        pin = super().begin(rules, pending, missed)
        name = hashlib.sha256(f"{self._owner} {pin}".encode()).hexdigest()[:16]
        return pin and replace(pin, run_id=name)

    def holds(self, pin: Pin) -> bool:
        return True

    def _put(self, pin: Pin, state: str) -> Pin:
        return pin


class NoPin(Detection):
    """Lets each run take what is pending, without a word to the others."""

    def __init__(self, ports: Any, *rest: Any) -> None:
        tables = (PENDING, RUNS, "missed", "rule_health")
        ports = replace(ports, state=_LastWriterWins(ports.state, tables))
        super().__init__(ports, *rest)
        settings = self._settings
        self._pins = _NoPins(ports.state, ports.clock, settings.owner, self._lease)
        self._commit._pins = self._pins


class _PinsOver(Pins):
    def begin(self, rules: str, pending: Sequence[Item], missed: Sequence[Item]) -> Pin | None:
        state, item = self._state, self._state.get(RUNS, ACTIVE)
        idle = item and replace(item, value={**item.value, "state": "idle"})
        self._state = _Answering(state, idle)  # type: ignore[assignment]
        try:
            return super().begin(rules, pending, missed)
        finally:
            self._state = state


class _Answering:
    def __init__(self, state: Any, item: Item | None) -> None:
        self._item, self.put = item, state.put

    def get(self, table: str, key: str) -> Item | None:
        return self._item


class PinsOver(Detection):
    """Begins a run over one that began after it had looked: ours, once."""

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        ports = self._ports
        self._pins = _PinsOver(ports.state, ports.clock, self._settings.owner, self._lease)
        self._commit._pins = self._pins


def _only(item: Item, wanted: Callable[[str], bool]) -> Item:
    files = {table: list(filter(wanted, keys)) for table, keys in item.value["files"].items()}
    return replace(item, value={**item.value, "files": files})


@dataclass(frozen=True)
class Bad:
    """A wrong design, what it does wrong, and within how many seeds of a case that is seen.

    Args:
        shows: kinds of trouble (`sim.oracle`) one of which must be among what is reported.
        parts: module or class, name and what stands there instead.
    """

    build: Any
    case: str
    seeds: int
    shows: tuple[str, ...]
    name: str = ""
    parts: tuple[tuple[Any, str, Any], ...] = ()

    @property
    def title(self) -> str:
        """What the test calls it."""
        return self.name or self.build.__name__


def _forget(crossings: Crossings, island: Island) -> bool:
    """Tell every island that is seen."""
    return True


def _newest(times: Iterable[datetime], length: timedelta) -> list[Span]:
    """Look at the newest of the new matches alone."""
    last = max(times)
    return [Span(last, last + length)]


BAD: Iterable[Bad] = (
    Bad(EventTimeWindow, "one_transaction", 20, ("loss",)),
    Bad(Watermark, "one_transaction", 100, ("loss",)),
    Bad(FailureIsNoMatch, "one_transaction", 120, ("loss",)),
    Bad(RandomIds, "one_transaction", 10, ("false",)),
    Bad(PendingFirst, "one_transaction", 40, ("loss",)),
    Bad(MarkerFirst, "one_transaction", 100, ("loss",)),
    Bad(OrphansStay, "one_transaction", 80, ("twice",)),
    Bad(Broom, "in_steps", 3000, ("loss",)),
    Bad(PresentRules, "rules_change", 200, ("loss", "alerts")),
    Bad(CountsByAdding, "in_steps", 150, ("alerts",)),
    Bad(Unconditional, "one_transaction", 200, ("twice", "alerts", "loss")),
    Bad(NoPin, "one_transaction", 40, ("twice",)),
    Bad(Detection, "together", 60, ("twice",), "Forgetful", ((Crossings, "tell", _forget),)),
    Bad(Detection, "together", 120, ("loss",), "Newest", ((correlating, "spans", _newest),)),
    Bad(PinsOver, "one_transaction", 1000, ("twice",)),
)
