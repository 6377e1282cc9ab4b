"""Other people's ways of judging, for `bench/detect.py`; run by an interpreter that has them.

    python bench/_detect_peers.py sqlite|azuma JOB.json

`sqlite` is Zircolite's way, rebuilt after its version 3.7.0, which is not on PyPI: events flat in
one SQLite table in memory (`TEXT COLLATE NOCASE`), its PRAGMAs, `regexp` in Python, each rule one
`SELECT *` of pySigma's SQLite backend whose rows become dicts. Its pipeline would add a channel
and an event number to each rule; all events here are of them, so that is left out, in its favour.
`azuma` is a pure-Python evaluator, asked rule by rule, event by event.
"""

from __future__ import annotations

import json
import re
import resource
import sqlite3
import sys
import time
from collections.abc import Iterator
from functools import lru_cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

PRAGMAS = (
    "journal_mode = OFF",
    "synchronous = OFF",
    "cache_size = -128000",
    "locking_mode = EXCLUSIVE",
    "temp_store = MEMORY",
    "mmap_size = 268435456",
    "page_size = 4096",
)


def cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def events(job: dict[str, Any]) -> Iterator[dict[str, Any]]:
    with Path(job["flat"]).open(encoding="utf-8") as lines:
        for line in lines:
            yield json.loads(line)


@lru_cache(maxsize=512)
def pattern(text: str) -> re.Pattern[str]:
    return re.compile(text)


def regexp(text: str, value: Any) -> int:
    if value is None:
        return 0
    try:
        return 1 if pattern(text).search(value) else 0
    except (re.error, TypeError):
        return 0


def filled(job: dict[str, Any]) -> tuple[sqlite3.Connection, int]:
    """Fill the table in batches, as Zircolite streams files into it."""
    connection = sqlite3.connect(":memory:", isolation_level=None)
    for pragma in PRAGMAS:
        connection.execute(f"PRAGMA {pragma}")
    connection.create_function("regexp", 2, regexp)
    names = job["fields"]
    whole = set(job["numbers"])
    kinds = ", ".join(
        f'"{name}" {"INTEGER" if name in whole else "TEXT COLLATE NOCASE"}' for name in names
    )
    connection.execute(f"CREATE TABLE logs (row_id INTEGER PRIMARY KEY AUTOINCREMENT, {kinds})")
    columns = ", ".join(f'"{name}"' for name in names)
    insert = f"INSERT INTO logs ({columns}) VALUES ({', '.join('?' * len(names))})"
    count = 0
    connection.execute("BEGIN")
    for event in events(job):
        connection.execute(insert, [event.get(name) for name in names])
        count += 1
    connection.execute("COMMIT")
    return connection, count


def sqlite(job: dict[str, Any]) -> dict[str, Any]:
    from sigma.backends.sqlite import sqlite as backends
    from sigma.collection import SigmaCollection
    from sigma.exceptions import SigmaError

    started = cpu()
    backend = backends.sqliteBackend()
    rules: list[tuple[str, list[str]]] = []
    refused = 0
    for path in job["rules"]:
        try:
            for rule in SigmaCollection.from_yaml(Path(path).read_text()).rules:
                found = backend.convert_rule(rule, "zircolite")
                rules += [(str(rule.id), entry["rule"]) for entry in map(as_dict, found)]
        except SigmaError:
            refused += 1
    compile_seconds = cpu() - started
    started = cpu()
    connection, count = filled(job)
    load_seconds = cpu() - started
    cursor = connection.cursor()
    hits, failed = set(), 0
    before, clock = cpu(), time.perf_counter()
    for rule_id, queries in rules:
        for query in queries:
            try:
                rows = cursor.execute(query).fetchall()
            except sqlite3.Error:
                failed += 1
                continue
            named = [d[0] for d in cursor.description]
            dicts = [
                {k: v for k, v in zip(named, row, strict=True) if v is not None} for row in rows
            ]
            hits.update((rule_id, row["event_id"]) for row in dicts)
    run = {"cpu": cpu() - before, "wall": time.perf_counter() - clock, "rows": count}
    more = {"compile": compile_seconds, "load": load_seconds, "refused": refused, "failed": failed}
    write_hits(job, hits)
    return run | {"more": more | {"rules": len(rules), "with": versions("pysigma-backend-sqlite")}}


def as_dict(found: Any) -> dict[str, Any]:
    return json.loads(found) if isinstance(found, str) else found


def azuma(job: dict[str, Any]) -> dict[str, Any]:
    from azuma import Rule
    from azuma.exceptions import UnsupportedFeatureError
    from pydantic import ValidationError

    started = cpu()
    rules, refused = [], 0
    for path in job["rules"]:
        try:
            rules.append(Rule.model_validate_yaml(Path(path).read_text()))
        except (UnsupportedFeatureError, ValidationError, ValueError):
            refused += 1
    compile_seconds = cpu() - started
    held = list(events(job))
    hits, failed = set(), set()
    before, clock = cpu(), time.perf_counter()
    for event in held:
        for rule in rules:
            try:
                if rule.match(event):
                    hits.add((str(rule.id), event["event_id"]))
            except Exception:  # noqa: BLE001  a peer's own errors are counted, not ours to name
                failed.add(str(rule.id))
    run = {"cpu": cpu() - before, "wall": time.perf_counter() - clock, "rows": len(held)}
    more = {"compile": compile_seconds, "refused": refused, "failed": len(failed)}
    write_hits(job, hits)
    return run | {"more": more | {"rules": len(rules), "with": versions("azuma")}}


def versions(name: str) -> str:
    return f"{name} {version(name)}, pySigma {version('pysigma')}"


def write_hits(job: dict[str, Any], hits: set[tuple[str, str]]) -> None:
    Path(job["hits"]).write_text("".join(f"{rule} {event}\n" for rule, event in sorted(hits)))


if __name__ == "__main__":
    ways = {"sqlite": sqlite, "azuma": azuma}
    done = ways[sys.argv[1]](json.loads(Path(sys.argv[2]).read_text()))
    status = Path("/proc/self/status").read_text()
    peak = int(status.split("VmHWM:")[1].split()[0]) / 1024
    print(json.dumps(done | {"rss_mb": peak}))
