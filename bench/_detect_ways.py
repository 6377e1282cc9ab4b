"""The product's ways of judging for `bench/detect.py`; each run is a process of its own.

    python bench/_detect_ways.py WAY JOB.json

It prints one line of JSON: processor and wall seconds of judging alone, peak memory, rows, and
what else there is to say. Which rule fired on which event goes to the job's `hits` file.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from _measure import _cpu, _peak_mb
from mantissa.detection.dialects import DUCKDB, TRINO, Dialect
from mantissa.detection.load import load_rules
from mantissa.detection.prepare import Predicate, prepare
from mantissa.detection.template import all_of, quoted
from mantissa.model import QueryLimits
from mantissa.sources.registry import load_sources

LIMITS = QueryLimits(seconds=3_600.0, memory_bytes=6 << 30)

Job = dict[str, Any]
Hits = set[tuple[str, str]]
"""(rule, event) pairs."""


def main() -> None:
    way, job = sys.argv[1], json.loads(Path(sys.argv[2]).read_text())
    started = _cpu()
    predicates = compiled(job, TRINO if way.startswith("trino") else DUCKDB)
    ready = _cpu() - started
    before, clock = _cpu(), time.perf_counter()
    hits, more = WAYS[way](job, predicates)
    run: dict[str, Any] = {
        "cpu": _cpu() - before,
        "wall": time.perf_counter() - clock,
        "rows": job["rows"],
    }
    write_hits(job, hits)
    judged = [predicate.rule.info.id for predicate in predicates]
    more |= {"compile": ready, "rules": len(predicates), "judged": judged}
    run |= {"cpu": more.pop("cpu", run["cpu"]), "rss_mb": more.pop("rss_mb", _peak_mb())}
    print(json.dumps(run | {"more": more}))


def compiled(job: Job, dialect: Dialect) -> Sequence[Predicate]:
    """Load and compile the job's rules."""
    rules = load_rules([Path(path) for path in job["rules"]])
    ready = prepare(rules, [load_sources()[job["source"]]], dialect)
    return ready.predicates


def write_hits(job: Job, hits: Iterable[tuple[str, str]]) -> None:
    """Write the sorted hits, one a line."""
    text = "".join(f"{rule} {event}\n" for rule, event in sorted(hits))
    Path(job["hits"]).write_text(text)


def evaluate(engine: Any, dialect: Dialect, job: Job, predicates: Sequence[Predicate]) -> Any:
    """Judge the product's way; return hits, and what the engine reported."""
    from mantissa.detection.execute import Evaluator
    from mantissa.detection.findings import hits

    found: Hits = set()
    queries = []

    def keep(query: Any, result: Any) -> None:
        queries.append(len(query.sql))
        found.update((p.rule.info.id, event) for p, event in hits(query, result.table))

    evaluator = Evaluator(engine, dialect, LIMITS, keep)
    evaluator.evaluate(predicates, {predicates[0].source.table.name: job["keys"]})
    if evaluator.done.failures:
        raise SystemExit(f"rules failed: {evaluator.done.failures[:3]}")
    return found, {"bytes": evaluator.done.bytes_scanned, "queries": len(queries)}


def single_sql(predicate: Predicate, dialect: Dialect) -> str:
    """Return the plainest SELECT of one rule: ids where the condition holds."""
    from sqlglot import exp

    tests = [] if predicate.belongs is None else [quoted(predicate.belongs)]
    tests.append(predicate.condition.copy())
    derived = predicate.derived
    table = predicate.source.table
    used = {c.name for e in (*tests, *derived.values()) for c in e.find_all(exp.Column)}
    columns = [c.name for c in table.columns if c.name in used | {"event_id"}]
    added = [exp.alias_(value.copy(), name, quoted=True) for name, value in derived.items()]
    inner = exp.select(*map(quoted, columns), *added).from_(exp.table_(table.name, quoted=True))
    query = exp.select(quoted("event_id")).from_(inner.subquery("base")).where(all_of(tests))
    return query.sql(dialect=dialect.name)


def _fused(job: Job, predicates: Sequence[Predicate]) -> Any:
    from mantissa.adapters.local.duckdb import DuckDBEngine

    engine = DuckDBEngine(Path(job["home"]), [predicates[0].source.table], threads=job["threads"])
    return evaluate(engine, DUCKDB, job, predicates)


def _singles(job: Job, predicates: Sequence[Predicate]) -> Any:
    """One query a rule on one connection, without anything else that the product does."""
    import duckdb

    from mantissa.adapters.local.duckdb_run import _bytes_read

    connection = duckdb.connect(config={"threads": job["threads"]} if job["threads"] else {})
    connection.execute("SET TimeZone = 'UTC'")
    connection.execute("SET enable_profiling = 'no_output'")
    paths = [str(Path(job["home"], key)) for key in job["keys"]]
    table = predicates[0].source.table.name
    connection.read_parquet(paths).create_view(table)
    hits: Hits = set()
    read = 0
    for predicate in predicates:
        events = connection.sql(single_sql(predicate, DUCKDB)).fetchall()
        hits.update((predicate.rule.info.id, event) for (event,) in events)
        read += _bytes_read(connection)
    return hits, {"bytes": read, "queries": len(predicates)}


def _on_trino(job: Job, predicates: Sequence[Predicate], judge: Callable[[Any], Any]) -> Any:
    """Judge on Trino; processor time and memory are the server's."""
    from _detect_trino import engine, server_cpu, server_peak_mb

    pid = job["trino"]["pid"]
    before = server_cpu(pid)
    hits, more = judge(engine(job, predicates))
    return hits, more | {"cpu": server_cpu(pid) - before, "rss_mb": server_peak_mb(pid)}


def _trino_fused(job: Job, predicates: Sequence[Predicate]) -> Any:
    return _on_trino(job, predicates, lambda engine: evaluate(engine, TRINO, job, predicates))


def _trino_singles(job: Job, predicates: Sequence[Predicate]) -> Any:
    table = predicates[0].source.table.name

    def judge(engine: Any) -> Any:
        hits: Hits = set()
        read = 0
        for predicate in predicates:
            sql = single_sql(predicate, TRINO)
            result = engine.run(sql, limits=LIMITS, files={table: job["keys"]})
            events = result.table["event_id"].to_pylist()
            hits.update((predicate.rule.info.id, event) for event in events)
            read += result.bytes_scanned
        return hits, {"bytes": read, "queries": len(predicates)}

    return _on_trino(job, predicates, judge)


WAYS: dict[str, Callable[[Job, Sequence[Predicate]], Any]] = {
    "fused": _fused,
    "singles": _singles,
    "trino-fused": _trino_fused,
    "trino-singles": _trino_singles,
}


def flat_rows(job: Job, predicates: Sequence[Predicate]) -> Iterator[dict[str, Any]]:
    """Yield rows under the names that the rules use, as peers want them; NULLs are left out."""
    import pyarrow.parquet as pq

    names = {name: b.column for p in predicates for name, b in p.bindings.items() if not b.path}
    for key in job["keys"]:
        rows = pq.read_table(
            Path(job["home"], key), columns=sorted({"event_id", *names.values()})
        ).to_pylist()
        for row in rows:
            flat = {name: row[column] for name, column in names.items()}
            kept = {name: value for name, value in flat.items() if value is not None}
            yield {"event_id": row["event_id"], **kept}


if __name__ == "__main__":
    main()
