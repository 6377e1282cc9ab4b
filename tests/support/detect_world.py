"""A whole detection run on honest in-memory ports: what was committed, judged, found and alerted."""

from __future__ import annotations

import io
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import pyarrow.parquet as pq

from mantissa.adapters.memory import ManualClock, MemoryObjects, MemoryState
from mantissa.detection.journal import HEALTH, MISSED
from mantissa.detection.prepare import Prepared
from mantissa.detection.run import Detection, Ports, RunSettings
from mantissa.lake.books import PENDING
from mantissa.model import Finding, QueryLimits, RuleInfo
from mantissa.ports import Item, Put, StateStore, Write
from support.detection import IDS, LakeEngine, at, parquet, prepared, rows_of, rule
from support.faults import Faults, Faulty, Killed

BOB = rule("s: {name: bob}\ncondition: s", number=1, head="fields: [name, cmd]\n")
EVIL = rule("s: {cmd|contains: evil}\ncondition: s", number=2)
DOOR = rule("s: {name: bob}\ncondition: s", number=3, logsource="category: door")
BROKEN = rule("s: {name|startswith: broken}\ncondition: s", number=9)


@dataclass(frozen=True)
class Changes:
    """What the counting alert hook asks for."""

    groups: Sequence[Sequence[Write]]


@dataclass
class World:
    """Memory ports and what tests do with them."""

    clock: ManualClock = field(default_factory=lambda: ManualClock(at(12)))
    state: Any = field(default_factory=MemoryState)
    objects: Any = None
    engine: Any = None
    delivered: int = 0
    register: Any = field(default=lambda table, days: None)

    def __post_init__(self) -> None:
        self.objects = self.objects or MemoryObjects(self.clock)
        self.engine = self.engine or LakeEngine(self.objects)

    def commit(self, *events: Mapping[str, Any], table: str = "gate") -> str:
        """Do what ingestion does at its end: a file of rows, and the record that it is pending."""
        self.delivered += 1
        identity = f"{self.delivered:064x}"
        rows = rows_of(events)
        ids = [f"{self.delivered:032x}{n:08x}" for n in range(len(events))]
        rows = rows.set_column(0, "event_id", [ids])
        key = f"lake/{table}/event_date=2026-03-04/{identity[-32:]}-plan-00000.parquet"
        self.objects.put_if_absent(key, parquet(rows))
        value = {"source": table, "source_object": f"in/{self.delivered}", "files": {table: [key]}}
        self.state.put(Put(PENDING, identity, value, None))
        return key

    def detection(self, ready: Prepared | None = None, **settings: Any) -> Detection:
        """Wire the use case."""
        ports = Ports(self.state, self.objects, self.engine, self.clock, self.register)
        options = {"limits": QueryLimits(seconds=60), "owner_is_alive": lambda owner: False}
        chosen = RunSettings(**(options | settings))
        return Detection(ports, ready or prepared(BOB, EVIL, DOOR), Counting(self.state), chosen)

    def with_faults(self, faults: Faults) -> World:
        """Return the same world seen through ports that fail."""
        return replace(
            self,
            state=Faulty(self.state, faults, "state"),
            objects=Faulty(self.objects, faults, "objects"),
            engine=_FaultyEngine(self.engine, faults, "engine"),
        )

    def rows(self) -> list[dict[str, Any]]:
        """Return every row of the findings table."""
        found: list[dict[str, Any]] = []
        for info in list(self.objects.list("lake/findings/")):
            found += pq.read_table(io.BytesIO(self.objects.get(info.key))).to_pylist()
        return found

    def found(self) -> Counter[tuple[int, str]]:
        """Count findings by rule number and event."""
        return Counter((IDS.index(r["rule_id"]), _short(r["event_id"])) for r in self.rows())

    def alerted(self) -> dict[int, int]:
        """Return how often each rule's alert was counted up."""
        return {IDS.index(i.key): i.value["count"] for i in self.state.query("alerts")}

    def items(self, table: str) -> list[Item]:
        """Return a state table's records."""
        return list(self.state.query(table))

    def pending(self) -> int:
        """Return how many inputs are not judged."""
        return len(self.items(PENDING))

    def missed(self) -> list[Item]:
        """Return what rules have not judged."""
        return self.items(MISSED)

    def health(self) -> dict[int, Mapping[str, Any]]:
        """Return each rule's health by number."""
        return {IDS.index(item.key): item.value for item in self.items(HEALTH)}


class Counting:
    """An alert hook that counts findings by rule: counting twice would show."""

    def __init__(self, state: StateStore) -> None:
        self._state = state

    def __call__(self, findings: Sequence[Finding], rules: Mapping[str, RuleInfo]) -> Changes:
        groups: list[list[Write]] = []
        for rule_id, count in Counter(f.rule_id for f in findings).items():
            assert rule_id not in rules or rules[rule_id].sql.startswith("SELECT")
            item = self._state.get("alerts", rule_id)
            before = item.value if item else {"count": 0, "run": ""}
            if before["run"] == findings[0].run_id:
                continue
            value = {"count": before["count"] + count, "run": findings[0].run_id}
            groups.append([Put("alerts", rule_id, value, item.version if item else None)])
        return Changes(groups)


class Mortal(Faults):
    """Faults after whose kill no port answers, as if the process were gone: `finally` finds nothing."""

    def around(self, name: str, call: Callable[[], Any]) -> Any:
        if self.kind.startswith("kill") and 0 < self.at <= self.calls:
            raise Killed
        return super().around(name, call)


class _FaultyEngine(Faulty):
    dialect = "duckdb"


def _short(event_id: str) -> str:
    """Name an event by delivery and record."""
    return f"{int(event_id[:32], 16)}.{int(event_id[32:], 16)}"
