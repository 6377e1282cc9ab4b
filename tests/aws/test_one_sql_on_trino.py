"""One SQL, one meaning: what the guard allows gives the same rows on DuckDB and on real Trino.

Run on both: the shared constructs, constructs of our own, and random expressions drawn from the
tables of functions. What Trino refuses must be refused, or fail, on DuckDB too.
"""

from __future__ import annotations

import json
import os
import uuid
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import pytest

from mantissa.errors import GuardRefused
from support import one_sql
from support.emulators import Emulator
from support.sql_grammar import Grammar
from support.trino import CATALOG, Trino

pytestmark = pytest.mark.xdist_group("one_sql")

SEEDS = 3 if "CI" in os.environ else 1
DRAWN = 400
"""Expressions of one seed; `MANTISSA_SQL_SEEDS` is not needed to explore: raise these."""

BATCH = 25
Rows = list[tuple[Any, ...]]


@dataclass
class Both:
    """The same two tables on both engines."""

    embedded: one_sql.Embedded
    server: Trino
    schema: str

    def on_trino(self, sql: str) -> Rows:
        """Run SQL on Trino. Raises `TrinoQueryError`."""
        rows = self.server.rows(sql, self.schema)
        return [tuple(one_sql.plain(value) for value in row) for row in rows]

    def verdict(self, sql: str) -> str:
        """Return `same`, `fails` (on both), `refused`, or what is wrong."""
        try:
            allowed = one_sql.checked(sql)
        except GuardRefused as refused:
            assert refused.code != "error"
            return "refused"
        found, wanted = self._embedded(allowed.sql), self._trino(allowed.trino)
        if isinstance(found, str) or isinstance(wanted, str):
            both = isinstance(found, str) and isinstance(wanted, str)
            return "fails" if both else f"one engine fails: DuckDB {found!r}, Trino {wanted!r}"
        ordered = allowed.tree.args.get("order") is not None
        if one_sql.same(wanted, found, ordered=ordered):
            return "same"
        return f"silently different: DuckDB {found!r}, Trino {wanted!r}"

    def _embedded(self, sql: str) -> Rows | str:
        try:
            return self.embedded.rows(sql)
        except duckdb.Error as error:
            return f"error {error}"

    def _trino(self, sql: str) -> Rows | str:
        from trino.exceptions import TrinoQueryError

        try:
            return self.on_trino(sql)
        except TrinoQueryError as error:
            return f"error {error.error_name}"


@pytest.fixture(scope="module")
def both(trino: Trino, ministack: Emulator) -> Iterator[Both]:
    schema = f"onesql_{uuid.uuid4().hex[:10]}"
    bucket = schema.replace("_", "-")
    ministack.client("s3").create_bucket(Bucket=bucket)
    trino.rows(f"CREATE SCHEMA {CATALOG}.{schema} WITH (location = 's3://{bucket}/')")
    switch = {f"{CATALOG}.collect_column_statistics_on_write": "false"}
    with trino.connect(schema, session_properties=switch) as connection:
        for name, columns in (("ev", one_sql.EV), ("odd", one_sql.ODD)):
            statement = one_sql.trino_statement(name, columns)
            connection.cursor().execute(statement).fetchall()
    with one_sql.embedded() as embedded:
        yield Both(embedded, trino, schema)


def test_both_engines_hold_the_same_tables(both: Both) -> None:
    assert both.verdict("SELECT * FROM ev") == "same"
    assert both.verdict("SELECT * FROM odd") == "same"


def wrong(verdicts: dict[str, str]) -> dict[str, str]:
    return {s: v for s, v in verdicts.items() if v not in ("same", "refused", "fails")}


def test_constructs_of_our_own(both: Both) -> None:
    verdicts = {sql: both.verdict(sql) for sql in one_sql.constructs()}
    assert wrong(verdicts) == {}
    counts = Counter(verdicts.values())
    assert counts["same"] >= 190
    assert sum(counts.values()) >= 300


def test_what_trino_refuses_is_refused_by_name(both: Both) -> None:
    """The rest of what is refused is policy: invented rows, samples, chance, doubtful answers."""
    allowed_by_trino = []
    for sql in one_sql.constructs():
        try:
            one_sql.checked(sql)
        except GuardRefused as refused:
            if not isinstance(both._trino(sql), str):
                allowed_by_trino.append(refused.code)
    assert len(allowed_by_trino) <= 14
    assert set(allowed_by_trino) <= {
        *("function", "invented_rows", "sampling", "regex", "type", "argument", "syntax")
    }


def test_the_shared_constructs(both: Both, shared_data: Path) -> None:
    text = (shared_data / "trino_constructs.jsonl").read_text("utf-8")
    verdicts = {}
    for line in text.splitlines():
        sql = json.loads(line)["sql"]
        verdicts[sql] = both.verdict(sql)
    assert wrong(verdicts) == {}
    assert Counter(verdicts.values())["same"] >= 125


@pytest.mark.parametrize("seed", range(SEEDS))
@pytest.mark.parametrize("depth", [1, 3])
def test_random_expressions(both: Both, seed: int, depth: int) -> None:
    grammar = Grammar(1000 * depth + seed)
    drawn = [grammar.any_expression(depth) for _ in range(DRAWN)]
    counts = Counter[str]()
    pending: list[tuple[str, Rows]] = []
    bad: dict[str, str] = {}
    for expression in drawn:
        try:
            allowed = one_sql.checked(f"SELECT id, {expression} FROM odd ORDER BY id")
        except GuardRefused:
            counts["refused"] += 1
            continue
        found = both._embedded(allowed.sql)
        if isinstance(found, str):
            counts["fails"] += 1
            continue
        pending.append((expression, found))
        if len(pending) == BATCH:
            bad |= compared(both, pending)
            counts["run"] += len(pending)
            pending = []
    bad |= compared(both, pending)
    counts["run"] += len(pending)
    assert bad == {}
    assert counts["run"] > DRAWN * 0.6, counts


def compared(both: Both, pending: list[tuple[str, Rows]]) -> dict[str, str]:
    """Return what differs; all expressions in one query, or singly if that fails."""
    if not pending:
        return {}
    columns = ", ".join(expression for expression, _ in pending)
    wanted = both._trino(f"SELECT id, {columns} FROM odd ORDER BY id")
    if isinstance(wanted, str):
        singly = {e: both._trino(f"SELECT id, {e} FROM odd ORDER BY id") for e, _ in pending}
    else:
        singly = {
            expression: [(row[0], row[place + 1]) for row in wanted]
            for place, (expression, _) in enumerate(pending)
        }
    return {
        expression: f"DuckDB {found!r}, Trino {singly[expression]!r}"
        for expression, found in pending
        if singly[expression] != found
    }
