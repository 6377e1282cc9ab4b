"""A small log source with every type of column, rules in short form, and engines to try them on."""

from __future__ import annotations

import io
import json
import textwrap
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from mantissa.adapters.local.rows import RowsEngine
from mantissa.detection.dialects import DUCKDB, TRINO, Dialect
from mantissa.detection.fuse import fuse
from mantissa.detection.load import parse_rules
from mantissa.detection.prepare import Prepared, prepare
from mantissa.detection.rule import RuleSet
from mantissa.detection.show import rule_sql
from mantissa.detection.trial import OpenRows, Rows, Trial, judge
from mantissa.errors import EngineRejected
from mantissa.model import QueryLimits, QueryResult
from mantissa.ports import ObjectStore
from mantissa.sources.record import Batch
from mantissa.sources.schema import arrow_schema
from mantissa.sources.spec import load_spec

SPEC_TEXT = """\
name: gate
title: Gate
description: A log source of the tests.
vendor: None
docs: https://example.org
time: [when]
columns:
  - {path: when, comment: time as text}
  - {path: name, comment: a text}
  - {path: cmd, comment: another text}
  - {path: ip, comment: an address}
  - {path: code, type: bigint, comment: a whole number}
  - {path: score, type: double, comment: a number}
  - {path: ok, type: boolean, comment: a truth value}
  - {path: at, type: timestamp, comment: a time}
  - {path: doc, type: json, comment: a document}
  - {path: kind, comment: which log source a row belongs to}
sigma:
  - {product: gate, service: main}
  - {product: gate, category: door, when: {kind: [door, gate], code: [1, 2]}}
  - {product: gate, category: window, when: {kind: [window]}}
"""
SPEC = load_spec(SPEC_TEXT, "gate/source.yaml")
WHEN = "2026-03-04T05:06:07Z"
IDS = [f"00000000-0000-4000-8000-{n:012d}" for n in range(200)]

COUNTED = f"""\
title: many bobs
id: {IDS[50]}
status: test
level: high
correlation:
  type: event_count
  rules: [{IDS[1]}]
  group-by: [ip]
  timespan: 10m
  condition: {{gte: 3}}
"""
"""Three matches of the first rule from one address within ten minutes."""


def rule(
    detection: str, *, number: int = 1, logsource: str = "service: main", head: str = ""
) -> str:
    """Write a rule; `detection` is its indented YAML with the condition."""
    body = textwrap.indent(textwrap.dedent(detection).strip("\n"), "  ")
    return (
        f"title: rule {number}\nid: {IDS[number]}\nstatus: test\nlevel: high\n{head}"
        f"logsource:\n  product: gate\n  {logsource}\ndetection:\n{body}\n"
    )


def parsed(*texts: str) -> RuleSet:
    """Parse rules, one file each."""
    return parse_rules([(f"r{n}.yml", text.encode()) for n, text in enumerate(texts, 1)])


def prepared(*texts: str, dialect: Dialect = DUCKDB, **options: Any) -> Prepared:
    """Parse and compile rules for the gate source."""
    return prepare(parsed(*texts), [SPEC], dialect, **options)


def rows_of(events: Iterable[Mapping[str, Any]]) -> pa.Table:
    """Map events through the gate source; each gets a time unless it has one."""
    raws = [json.dumps({"when": WHEN, **event}).encode() for event in events]
    trial = Trial()
    table = Rows(SPEC).map(Batch(raws, list(range(len(raws)))), trial)
    assert trial.unread == {}
    return table


DOCUMENTS = (
    '{"l": {"k": "x"}}',
    r'{"\u006c": {"k": "x"}}',
    r'{"l": {"\u006B": "x"}}',
    r'[{"l": [{"\u006b": "x"}]}]',
    '{"l": {"K": "x"}}',
    '{"l": "\\"k\\": x"}',
    '{"l": ',
)
"""Every way to write the member `k` of the member `l`, and what only looks so."""
SHOWING = range(4)
"""Which of them have `x` there."""


def rows_of_documents(documents: Sequence[str]) -> pa.Table:
    """Return rows whose column `doc` holds these texts as they are."""
    table = rows_of({} for _ in documents)
    place = table.schema.get_field_index("doc")
    return table.set_column(place, table.schema.field(place), pa.array(documents))


def firing(events: Sequence[Mapping[str, Any]], *texts: str, **options: Any) -> list[list[int]]:
    """Return for each event the numbers of the rules that fire on it, on DuckDB."""
    ready = prepared(*texts, **options)
    assert ready.refused == ()
    return judged(rows_of(events), ready)


def judged(table: pa.Table, ready: Prepared, open_rows: OpenRows = RowsEngine) -> list[list[int]]:
    """Return for each row the numbers of the rules that fire on it."""
    trial = Trial()
    judge({"gate": table}, ready.predicates, ready.dialect, open_rows, trial)
    assert trial.failures == []
    return [
        sorted(IDS.index(rule_id) for rule_id in trial.fired.get(number, ()))
        for number in range(table.num_rows)
    ]


def fires(event: Mapping[str, Any], detection: str, **options: Any) -> bool:
    """Return whether a rule fires on one event."""
    return firing([event], rule(detection), **options) == [[1]]


def condition(detection: str, dialect: Dialect = TRINO) -> str:
    """Return the bare condition of a rule in a dialect."""
    ready = prepared(rule(detection), dialect=dialect)
    assert ready.refused == ()
    return ready.predicates[0].text


def refusal(detection: str, **options: Any) -> str:
    """Return why a rule is refused."""
    (refused,) = prepared(rule(detection), **options).refused
    return refused.reason


def unfused(table: pa.Table, ready: Prepared) -> list[list[int]]:
    """Judge each rule by its own query on a plain connection."""
    found: list[list[int]] = [[] for _ in range(table.num_rows)]
    connection = duckdb.connect()
    connection.execute("SET TimeZone = 'UTC'")
    connection.register("gate", table)
    for predicate in ready.predicates:
        sql = rule_sql(predicate, DUCKDB)
        for event_id in connection.sql(sql).to_arrow_table()["event_id"].to_pylist():
            found[int(event_id[32:], 16)].append(IDS.index(predicate.rule.info.id))
    return [sorted(numbers) for numbers in found]


def fused_sql(ready: Prepared) -> list[str]:
    """Return the text of every fused query."""
    return [query.sql for query in fuse(ready.predicates, ready.dialect)]


def parquet(table: pa.Table) -> bytes:
    """Return rows as a Parquet file of the lake."""
    sink = io.BytesIO()
    pq.write_table(table.select(arrow_schema(SPEC.table).names), sink)
    return sink.getvalue()


class LakeEngine:
    """DuckDB over Parquet files of any object store, and errors on demand.

    Args:
        errors: asked with each query's SQL and files; an error it returns is raised.
        known: answers by SQL and files' contents, for tests that ask the same again and again.
    """

    dialect = "duckdb"

    def __init__(self, objects: ObjectStore, known: dict[Any, QueryResult] | None = None) -> None:
        self.objects = objects
        self.known = known
        self.queries: list[tuple[str, tuple[str, ...]]] = []
        self.errors: Any = lambda sql, files: None

    def run(
        self,
        sql: str,
        *,
        limits: QueryLimits,
        files: Mapping[str, Sequence[str]] | None = None,
    ) -> QueryResult:
        if files is None:
            # What correlations look at is named by its days.
            files = {"matches": [info.key for info in self.objects.list("lake/matches/")]}
        keys = tuple(key for named in files.values() for key in named)
        self.queries.append((sql, keys))
        error = self.errors(sql, keys)
        if error is not None:
            raise error
        contents = tuple((table, *map(self.objects.get, names)) for table, names in files.items())
        if self.known is not None and (sql, contents) in self.known:
            return self.known[sql, contents]
        result = self._answer(sql, limits, files)
        if self.known is not None:
            self.known[sql, contents] = result
        return result

    def _answer(
        self, sql: str, limits: QueryLimits, files: Mapping[str, Sequence[str]]
    ) -> QueryResult:
        tables = {}
        for table, names in files.items():
            parts = [_with_day(name, self.objects.get(name)) for name in names]
            if not parts:
                raise EngineRejected("no files", where=table)
            tables[table] = pa.concat_tables(parts)
        return RowsEngine(tables, threads=1).run(sql, limits=limits)

    def estimate(self, sql: str) -> int:
        return 0


def _with_day(key: str, data: bytes) -> pa.Table:
    """Read a lake file with its partition column."""
    rows = pq.read_table(io.BytesIO(data), partitioning=None)
    day = key.partition("event_date=")[2].partition("/")[0]
    return rows.append_column("event_date", pa.repeat(pa.scalar(day), rows.num_rows))


def at(hour: int, minute: int = 0) -> datetime:
    """Return a time of the tests' day."""
    return datetime(2026, 3, 4, hour, minute, tzinfo=UTC)
