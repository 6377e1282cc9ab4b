"""The shared constructs (`trino_constructs.jsonl`): each is the same on DuckDB as on Trino, or refused.

The file has what a real Trino answered. The verdict comes from the guard and from DuckDB.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest

from mantissa.errors import GuardRefused
from support import one_sql

FAILURES = (duckdb.Error,)


@pytest.fixture(scope="module")
def engine() -> Iterator[one_sql.Embedded]:
    with one_sql.embedded() as made:
        yield made


def entries(folder: Path) -> list[dict[str, Any]]:
    text = (folder / "trino_constructs.jsonl").read_text("utf-8")
    return [json.loads(line) for line in text.splitlines()]


def verdict(engine: one_sql.Embedded, entry: dict[str, Any]) -> str:
    """Return `refused`, `fails` on both, `same`, `same by shim`, or what is wrong."""
    try:
        allowed = one_sql.checked(entry["sql"])
    except GuardRefused as refused:
        assert refused.code != "error"
        return "refused"
    try:
        rows = engine.rows(allowed.sql)
    except FAILURES as error:
        return "fails" if "error" in entry["trino"] else f"fails on DuckDB only: {error}"
    if "error" in entry["trino"]:
        return f"runs on DuckDB only: {rows}"
    if not one_sql.as_recorded(rows, entry["trino"]["result"]):
        return f"silently different: {rows} for {entry['trino']['result']}"
    plain = one_sql.as_recorded(rows, entry["duckdb_after_sqlglot"])
    return "same" if plain and "mantissa_" not in allowed.sql else "same by shim"


def test_every_construct_is_the_same_or_refused(
    shared_data: Path, engine: one_sql.Embedded
) -> None:
    verdicts = {entry["sql"]: verdict(engine, entry) for entry in entries(shared_data)}
    known = ("same", "same by shim", "refused", "fails")
    assert {sql: found for sql, found in verdicts.items() if found not in known} == {}
    counts = Counter(verdicts.values())
    assert counts["same"] + counts["same by shim"] >= 125
    assert counts["same by shim"] >= 40
    assert counts["fails"] <= 4, "what Trino refuses is refused by name where that can be known"


def test_the_guard_decides_the_same_for_every_engine(shared_data: Path) -> None:
    for entry in entries(shared_data):
        codes = []
        for dialect in ("duckdb", "trino", "athena"):
            try:
                one_sql.checked(entry["sql"], dialect)
                codes.append("")
            except GuardRefused as refused:
                codes.append(refused.code)
        assert len(set(codes)) == 1, entry["sql"]
