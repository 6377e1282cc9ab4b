"""What there is to judge in every simulation: few objects, few rules, and what is true of them.

The verdicts are said twice and share no code: as Sigma rules, which the product compiles, and as
plain Python beside them. The engine is DuckDB asked once for each SQL text and file.
"""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache, lru_cache
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from mantissa.adapters.local.rows import RowsEngine
from mantissa.detection.dialects import DUCKDB
from mantissa.detection.load import parse_rules
from mantissa.detection.matched import SCHEMA
from mantissa.detection.prepare import Prepared, prepare
from mantissa.detection.trial import Rows, Trial
from mantissa.errors import EngineRejected, EngineTimedOut, ObjectNotFound
from mantissa.model import QueryLimits, QueryResult
from mantissa.ports import ObjectStore
from mantissa.sources.definition import SourceSpec
from mantissa.sources.record import Batch
from mantissa.sources.spec import load_spec

Event = Mapping[str, Any]


def _spec(name: str) -> SourceSpec:
    text = f"""\
name: {name}
title: {name}
description: A log source of the simulation.
vendor: None
docs: https://example.org
time: [when]
common:
  actor_user: [name]
  src_ip: [ip]
columns:
  - {{path: when, comment: time as text}}
  - {{path: name, comment: who}}
  - {{path: cmd, comment: what}}
  - {{path: ip, comment: from where}}
sigma:
  - {{product: {name}}}
"""
    return load_spec(text, f"{name}/source.yaml")


SPECS = {name: _spec(name) for name in ("gate", "vault")}


@dataclass(frozen=True)
class Delivery:
    """One input object: what ingestion makes of it.

    Args:
        files: table → key → the events in that file.
    """

    number: int
    files: Mapping[str, Mapping[str, tuple[Event, ...]]]

    @property
    def identity(self) -> str:
        return f"{self.number * 7 % 16:x}{self.number:063x}"

    @property
    def source_object(self) -> str:
        return f"in/{self.number}"


def event_id(identity: str, table: str, record: int) -> str:
    """Name an event by its object, its table and its place."""
    return f"{identity[:1]}{identity[-30:]}{'gv'.index(table[0])}{record:08x}"


def _event(when: str, name: str, cmd: str, ip: str) -> Event:
    return {"when": when, "name": name, "cmd": cmd, "ip": ip}


_NIGHT, _DAWN, _LATE = "2026-03-04T03:10:00Z", "2026-03-04T05:06:07Z", "2026-03-01T22:59:59Z"
_CONTENT: tuple[Mapping[str, Sequence[Event]], ...] = (
    {"gate": [_event(_DAWN, "bob", "ls", "a"), _event(_DAWN, "eve", "do evil", "a")]},
    {"gate": [_event(_DAWN, "bob", "more evil", "b")]},
    {"gate": [_event(_NIGHT, "bob", "ls", "b"), _event(_LATE, "bob", "evil", "a")]},
    {"gate": [_event(_DAWN, "mia", "ls", "c")]},
    {"gate": [_event(_LATE, "eve", "ls", "c")], "vault": [_event(_LATE, "bob", "open", "a")]},
    {"vault": [_event(_DAWN, "bob", "open", "b"), _event(_DAWN, "mia", "open", "b")]},
    {"vault": [_event(_NIGHT, "eve", "shut", "c")]},
    {"gate": [_event(_DAWN, "eve", "evil evil", "b"), _event(_DAWN, "bob", "slow", "a")]},
)


def _delivery(number: int, content: Mapping[str, Sequence[Event]]) -> Delivery:
    identity = Delivery(number, {}).identity
    files: dict[str, dict[str, tuple[Event, ...]]] = {}
    for table, events in content.items():
        named = [{**e, "id": event_id(identity, table, n)} for n, e in enumerate(events)]
        for event in named:
            key = (
                f"lake/{table}/event_date={event['when'][:10]}/{identity[-32:]}-plan-00000.parquet"
            )
            held = files.setdefault(table, {})
            held[key] = (*held.get(key, ()), event)
    return Delivery(number, files)


DELIVERIES = tuple(_delivery(n, content) for n, content in enumerate(_CONTENT, 1))
EVENTS: dict[str, tuple[Event, ...]] = {
    key: events for d in DELIVERIES for held in d.files.values() for key, events in held.items()
}


def _minute(minute: float, cmd: str, name: str = "bob") -> Event:
    seconds = round(minute * 60)
    return _event(f"2026-03-04T05:{seconds // 60:02d}:{seconds % 60:02d}Z", name, cmd, "a")


_CHAIN: tuple[Sequence[Event], ...] = (
    [_minute(0, "fail"), _minute(1, "fail"), _minute(2, "enter")],
    [_minute(3, "fail"), _minute(9.5, "fail", "eve")],
    [_minute(5.5, "fail"), _minute(7, "enter")],
    [_minute(8, "fail"), _minute(9, "fail"), _minute(10, "fail", "eve")],
    [_minute(20, "enter", "eve"), _minute(21, "fail", "eve"), _minute(11, "fail", "eve")],
    [_minute(12, "fail"), _minute(13, "fail"), _minute(14, "fail")],
    [_minute(24, "enter", "eve"), _minute(18, "enter")],
)
CHAIN = tuple(_delivery(n, {"gate": events}) for n, events in enumerate(_CHAIN, 9))
"""Objects whose events mean something together only; in any order islands grow, move and join."""
EVENTS |= {k: events for d in CHAIN for held in d.files.values() for k, events in held.items()}


def table_of(key: str) -> str:
    """Return the table that a file belongs to."""
    return key.split("/")[1]


@dataclass(frozen=True)
class Version:
    """One version of a rule, and what it means.

    Args:
        text: its YAML.
        group_by: what keeps its alerts apart; empty for who, or from where.
    """

    rule_id: str
    table: str
    text: str
    matches: Callable[[Event], bool]
    group_by: tuple[str, ...] = ()
    major: int = 1


def _rule(
    number: int, selection: str, matches: Callable[[Event], bool], table: str = "gate", **more: Any
) -> Version:
    rule_id = f"00000000-0000-4000-8000-{number:012d}"
    own = {k: list(v) if isinstance(v, tuple) else v for k, v in more.items()}
    custom = f"mantissa: {json.dumps(own)}\n" if own else ""
    text = (
        f"title: rule {number}\nid: {rule_id}\nstatus: test\nlevel: high\n{custom}"
        f"logsource: {{product: {table}}}\ndetection:\n  s: {{{selection}}}\n  condition: s\n"
    )
    return Version(rule_id, table, text, matches, **more)


BOB = _rule(1, "name: bob", lambda e: e["name"] == "bob")
EVIL = _rule(2, "cmd|contains: evil", lambda e: "evil" in e["cmd"], group_by=("src_ip",))
VAULT = _rule(3, "name: bob", lambda e: e["name"] == "bob", "vault")
SLOW = _rule(4, "name|startswith: e", lambda e: e["name"][0] == "e")
BROKEN = _rule(5, "ip|startswith: b", lambda e: e["ip"] == "b")
MENDED = _rule(5, "ip: b", lambda e: e["ip"] == "b")
FIRST = _rule(6, "name: [bob, mia]", lambda e: e["name"] in ("bob", "mia"))
SECOND = _rule(6, "cmd: ls", lambda e: e["cmd"] == "ls")
THIRD = _rule(6, "name: bob", lambda e: e["name"] == "bob", group_by=("src_ip",), major=2)


def _correlation(number: int, name: str, lines: str) -> Version:
    """Make a correlation; by itself it matches nothing (`sim.together` knows what it means)."""
    rule_id = f"00000000-0000-4000-8000-{number:012d}"
    text = (
        f"title: rule {number}\nid: {rule_id}\nname: {name}\nstatus: test\nlevel: high\n"
        f"correlation: {{timespan: 5m, group-by: [name], {lines}}}\n"
    )
    return Version(rule_id, "matches", text, lambda e: False, ("name",))


def _member(number: int, cmd: str) -> Version:
    rule = _rule(number, f"cmd: {cmd}", lambda e: False)
    return replace(rule, text=rule.text.replace("status:", f"name: c{cmd}\nstatus:"))


FAIL, ENTER = _member(7, "fail"), _member(8, "enter")
BURST = _correlation(9, "burst", "type: event_count, rules: [cfail], condition: {gte: 3}")
SEQUENCE = _correlation(10, "sequence", "type: temporal_ordered, rules: [cfail, center]")
STEADY = (BOB, EVIL, VAULT)
FIXED = ((*STEADY, SLOW, FIRST),)
TOGETHER = ((BOB, FAIL, ENTER, BURST, SEQUENCE),)
CHANGING = (
    (*STEADY, SLOW, BROKEN, FIRST),
    (*STEADY, SLOW, BROKEN, SECOND),
    (*STEADY, SLOW, BROKEN),
    (*STEADY, SLOW, MENDED, THIRD),
)
"""Sets of rules in the order in which they come into force; the last one can run whole."""


@cache
def ready(versions: tuple[Version, ...]) -> Prepared:
    """Compile a set of rules."""
    files = [(f"r{n}.yml", v.text.encode()) for n, v in enumerate(versions, 1)]
    prepared = prepare(parse_rules(files), list(SPECS.values()), DUCKDB)
    assert not prepared.refused and len(prepared.infos) == len(versions)
    return prepared


@cache
def rule_version(version: Version) -> str:
    """Return the version that the product gives a rule's text."""
    members = (FAIL, ENTER) if version.table == "matches" else ()
    return ready((version, *members)).infos[version.rule_id].version


@cache
def rows(key: str) -> pa.Table:
    """Return one file's rows."""
    events = EVENTS[key]
    trial = Trial()
    raws = [json.dumps({n: event[n] for n in event if n != "id"}).encode() for event in events]
    table = Rows(SPECS[table_of(key)]).map(Batch(raws, list(range(len(raws)))), trial)
    assert trial.unread == {}
    table = table.set_column(
        table.column_names.index("event_id"), "event_id", [[e["id"] for e in events]]
    )
    return table.set_column(
        table.column_names.index("source_object"), "source_object", [[_object(key)] * len(events)]
    )


def _object(key: str) -> str:
    return next(
        d.source_object for d in (*DELIVERIES, *CHAIN) if any(key in h for h in d.files.values())
    )


_ANSWERS: dict[tuple[str, str], pa.Table] = {}


def answer(sql: str, table: str, key: str) -> pa.Table:
    """Return DuckDB's answer over one file; asked once in a process."""
    if (sql, key) not in _ANSWERS:
        engine = RowsEngine({table: rows(key)}, threads=1)
        _ANSWERS[sql, key] = engine.run(sql, limits=QueryLimits(seconds=60)).table
    return _ANSWERS[sql, key]


_TOGETHER: dict[tuple[str, tuple[tuple[str, str], ...]], pa.Table] = {}
_MATCHES: dict[str, pa.Table] = {}


@lru_cache(maxsize=2_000)
def _content(data: bytes) -> str:
    """Return what names a file's rows but for the run that wrote them; keeps them under it."""
    table = pq.read_table(io.BytesIO(data), partitioning=None)
    blank = pa.nulls(table.num_rows, pa.string())
    table = table.set_column(table.column_names.index("run_id"), "run_id", blank).cast(SCHEMA)
    digest = hashlib.sha256(repr(table.to_pydict()).encode()).hexdigest()
    _MATCHES[digest] = table
    return digest


def _with_day(table: pa.Table, day: str) -> pa.Table:
    return table.append_column("event_date", pa.array([day[11:]] * table.num_rows, pa.string()))


class Engine:
    """DuckDB as it answered before, and rules that it has trouble with.

    Args:
        rejected: texts that no SQL may contain.
        slow: texts with which a query does not come to its end.
    """

    def __init__(self, objects: ObjectStore) -> None:
        self._objects = objects
        self.rejected: tuple[str, ...] = ()
        self.slow: tuple[str, ...] = ()

    def run(self, sql: str, files: Mapping[str, Sequence[str]]) -> QueryResult:
        """Answer, or say why not."""
        if any(text in sql for text in self.rejected):
            raise EngineRejected("no such function")
        if any(text in sql for text in self.slow):
            raise EngineTimedOut("too slow")
        if not files:
            return self._together(sql)
        parts = [self._part(sql, table, key) for table, keys in files.items() for key in keys]
        return QueryResult(pa.concat_tables(parts), sum(p.num_rows for p in parts), 0.0)

    def _together(self, sql: str) -> QueryResult:
        """Answer over the table of matches as it is now."""
        infos = list(self._objects.list("lake/matches/"))
        keys = tuple(
            sorted({(i.key.split("/")[2], _content(self._objects.get(i.key))) for i in infos})
        )
        if (sql, keys) not in _TOGETHER:
            rows = [_with_day(_MATCHES[digest], day) for day, digest in keys]
            table = (
                pa.concat_tables(rows) if rows else _with_day(SCHEMA.empty_table(), "event_date=")
            )
            engine = RowsEngine({"matches": table}, threads=1)
            _TOGETHER[sql, keys] = engine.run(sql, limits=QueryLimits(seconds=60)).table
        found = _TOGETHER[sql, keys]
        return QueryResult(found, found.num_rows, 0.0)

    def _part(self, sql: str, table: str, key: str) -> pa.Table:
        try:
            self._objects.get(key)
        except ObjectNotFound as error:
            raise EngineRejected("a file is missing", where=key) from error
        return answer(sql, table, key)
