"""Queries made ready for Athena and Trino: pinned wherever a table is read, limited, one SELECT."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlglot import exp, parse_one

from mantissa.adapters.lake_splice import spliced
from mantissa.adapters.lake_sql import LakeSql, select
from mantissa.adapters.memory import ManualClock, MemoryObjects
from mantissa.errors import EngineRejected, EngineTransient, QueryTooLarge, StoreTransient
from mantissa.model import Column, Table

DAY1 = "lake/logins/event_date=2026-01-01/a.parquet"
DAY2 = "lake/logins/event_date=2026-01-02/b.parquet"
TABLES = [Table(n, (Column("event_id", "string"),)) for n in ("logins", "flows")]
VIEWS = {
    "seen": "SELECT event_id FROM logins",
    "deeper": 'SELECT event_id FROM "seen" UNION ALL SELECT event_id FROM flows',
    "other": "SELECT event_id FROM flows",
}
PINNED = (
    "(SELECT * FROM logins WHERE \"$path\" IN ('s3://b/lake/logins/event_date=2026-01-01/a.parquet')"
    " AND \"event_date\" IN ('2026-01-01'))"
)


class Registered:
    """A catalog that keeps what was registered, and refuses on demand."""

    def __init__(self) -> None:
        self.days: list[tuple[str, list[str]]] = []
        self.error: Exception | None = None

    def ensure(self, table: Table) -> None:
        raise AssertionError("not asked for")

    def register(self, table: str, event_dates: Iterable[str]) -> None:
        if self.error:
            raise self.error
        self.days.append((table, list(event_dates)))

    def tables(self) -> list[str]:
        return []


@pytest.fixture
def catalog() -> Registered:
    return Registered()


@pytest.fixture
def objects() -> MemoryObjects:
    made = MemoryObjects(ManualClock(datetime(2026, 1, 1, tzinfo=UTC)))
    for key in (DAY1, DAY2):
        made.put_if_absent(key, b"x" * 10)
    return made


@pytest.fixture
def lake(catalog: Registered, objects: MemoryObjects) -> LakeSql:
    tables = {table.name: table for table in TABLES}
    return LakeSql("s3://b/", tables, VIEWS, objects, catalog)


def plain(sql: str) -> str:
    """Return the SQL as sqlglot writes it, without the quotes of names that need none."""

    def unquoted(node: exp.Expr) -> exp.Expr:
        if isinstance(node, exp.Identifier) and node.name.replace("_", "").isalnum():
            return exp.to_identifier(node.name.lower())
        return node

    return parse_one(sql, dialect="trino").transform(unquoted).sql(dialect="trino")


def ready(lake: LakeSql, sql: str, *keys: str) -> str:
    return lake.ready(sql, None, {"logins": keys})


def test_a_query_without_files_and_limit_is_sent_as_it_came(lake: LakeSql) -> None:
    sql = "select   EVENT_ID from logins -- as written"
    assert lake.ready(sql, None) == sql


@pytest.mark.parametrize(
    ("sql", "wanted"),
    [
        ("SELECT * FROM logins", f"SELECT * FROM {PINNED} AS logins"),
        ("SELECT * FROM logins AS l", f"SELECT * FROM {PINNED} AS l"),
        ("SELECT l.a FROM LOGINS l", f"SELECT l.a FROM {PINNED.replace('FROM logins', 'FROM LOGINS')} AS l"),
        ('SELECT * FROM "logins"', f"SELECT * FROM {PINNED.replace('FROM logins', chr(34).join(['FROM ', 'logins', '']))} AS \"logins\""),
        ("SELECT * FROM flows, logins", f"SELECT * FROM flows, {PINNED} AS logins"),
        ("SELECT * FROM flows f JOIN logins l ON f.event_id = l.event_id",
         f"SELECT * FROM flows AS f JOIN {PINNED} AS l ON f.event_id = l.event_id"),
        ("SELECT 1 WHERE EXISTS(SELECT 1 FROM logins)",
         f"SELECT 1 WHERE EXISTS(SELECT 1 FROM {PINNED} AS logins)"),
        ("SELECT a FROM flows UNION ALL SELECT a FROM logins",
         f"SELECT a FROM flows UNION ALL SELECT a FROM {PINNED} AS logins"),
        ("SELECT * FROM (SELECT * FROM logins) AS x",
         f"SELECT * FROM (SELECT * FROM {PINNED} AS logins) AS x"),
        ("SELECT * FROM logins AS l (a, b)", f"SELECT * FROM {PINNED} AS l(a, b)"),
        ("WITH x AS (SELECT * FROM logins) SELECT * FROM x",
         f"WITH x AS (SELECT * FROM {PINNED} AS logins) SELECT * FROM x"),
        ("WITH logins AS (SELECT 1) SELECT * FROM logins",
         "WITH logins AS (SELECT 1) SELECT * FROM logins"),
        ("WITH logins AS (SELECT * FROM logins) SELECT * FROM logins",
         f"WITH logins AS (SELECT * FROM {PINNED} AS logins) SELECT * FROM logins"),
        ("WITH logins AS (SELECT 1), y AS (SELECT * FROM logins) SELECT * FROM y",
         "WITH logins AS (SELECT 1), y AS (SELECT * FROM logins) SELECT * FROM y"),
        ("WITH y AS (SELECT * FROM logins), logins AS (SELECT 1) SELECT * FROM y, logins",
         f"WITH y AS (SELECT * FROM {PINNED} AS logins), logins AS (SELECT 1) SELECT * FROM y, logins"),
        ("WITH logins AS (SELECT 1) SELECT (SELECT max(a) FROM logins)",
         "WITH logins AS (SELECT 1) SELECT (SELECT MAX(a) FROM logins)"),
        ("SELECT (WITH logins AS (SELECT 1) SELECT * FROM logins), x FROM logins",
         f"SELECT (WITH logins AS (SELECT 1) SELECT * FROM logins), x FROM {PINNED} AS logins"),
        ("SELECT * FROM seen", f"SELECT * FROM (SELECT event_id FROM {PINNED} AS logins) AS seen"),
        ("SELECT * FROM other", "SELECT * FROM other"),
        ("SELECT 'logins' AS logins, logins FROM flows", "SELECT 'logins' AS logins, logins FROM flows"),
    ],
)  # fmt: skip
def test_every_reading_of_a_pinned_table_is_pinned(lake: LakeSql, sql: str, wanted: str) -> None:
    assert plain(ready(lake, sql, DAY1)) == plain(wanted)


@pytest.mark.parametrize(
    ("sql", "is_quick"),
    [
        ("SELECT a /* logins */ FROM logins", True),
        (
            "SELECT a, 'logins' FROM (SELECT * FROM \"logins\" WHERE a = 1) AS base WHERE b > 0",
            True,
        ),
        ("SELECT a FROM logins WHERE b IN (SELECT c FROM flows)", True),
        ("SELECT EXTRACT(day FROM logins) FROM flows", False),
        ("SELECT TRIM(a FROM logins) FROM flows", False),
        ("SELECT a FROM (SELECT EXTRACT(day FROM (logins))) AS x", False),
        ("SELECT logins.a FROM logins", False),
        ("SELECT a FROM logins, seen", False),
        ("SELECT a FROM logins AS l", False),
        ("SELECT a FROM db.logins", False),
        ("SELECT a FROM logins TABLESAMPLE BERNOULLI (10)", False),
        ("SELECT a FROM logins JOIN flows ON TRUE", False),
        ("WITH x AS (SELECT 1) SELECT a FROM logins", False),
        ("SELECT a FROM logins UNION SELECT 1", False),
    ],
)
def test_the_quick_way_is_taken_only_where_it_is_certain(
    lake: LakeSql, sql: str, is_quick: bool
) -> None:
    query = exp.select("*").from_("pinned")
    found = spliced(sql, "logins", query, frozenset(VIEWS))
    assert (found is not None) == is_quick
    if found is not None:
        tree = lake._pinned(select(sql), {"logins": [DAY1]})
        assert plain(ready(lake, sql, DAY1)) == plain(tree.sql(dialect="trino"))


def test_views_are_pinned_however_deep(lake: LakeSql) -> None:
    text = ready(lake, "SELECT * FROM deeper", DAY1)
    assert text.count("$path") == 1
    assert "FROM flows" in text
    assert '"seen"' in text


def test_a_qualified_table_stays_qualified(lake: LakeSql) -> None:
    text = ready(lake, "SELECT * FROM awsdatacatalog.db.logins AS x", DAY1)
    assert "FROM awsdatacatalog.db.logins WHERE" in text


def test_a_table_without_files_has_no_rows(lake: LakeSql, catalog: Registered) -> None:
    text = ready(lake, "SELECT event_id FROM logins")
    assert plain(text) == "SELECT event_id FROM (SELECT * FROM logins WHERE FALSE) AS logins"
    assert catalog.days == []


def test_older_versions_of_a_pinned_table_are_refused(lake: LakeSql) -> None:
    with pytest.raises(EngineRejected):
        ready(lake, "SELECT * FROM logins FOR VERSION AS OF 1", DAY1)


@pytest.mark.parametrize(
    "name", ["it's", 'a"b', "a\nb", "\\", "日本", "%27", "${x}", "a' OR '1'='1"]
)
def test_any_key_is_one_literal(lake: LakeSql, objects: MemoryObjects, name: str) -> None:
    key = f"lake/logins/event_date=2026-01-01/{name}.parquet"
    objects.put_if_absent(key, b"x")
    tree = select(ready(lake, "SELECT * FROM logins", key))
    literals = [node.name for node in tree.find_all(exp.Literal)]
    assert literals == [f"s3://b/{key}", "2026-01-01"]


@pytest.mark.parametrize(
    "key",
    [
        "lake/flows/event_date=2026-01-01/a.parquet",
        "lake/logins/../x",
        "lake/logins/x.parquet",
        "lake/logins/event_date=2026-01-01/../../flows/a.parquet",
        "quarantine/logins/event_date=2026-01-01/a.parquet",
        "",
    ],
)
def test_a_key_that_is_no_file_of_the_table_is_refused(lake: LakeSql, key: str) -> None:
    with pytest.raises(EngineRejected):
        ready(lake, "SELECT * FROM logins", key)


def test_a_table_that_is_not_known_cannot_be_pinned(lake: LakeSql) -> None:
    with pytest.raises(EngineRejected):
        lake.ready("SELECT 1", None, {"nope": ["lake/nope/event_date=x/a"]})


def test_days_are_registered_once_each(lake: LakeSql, catalog: Registered) -> None:
    ready(lake, "SELECT * FROM logins", DAY1, DAY2)
    assert catalog.days == [("logins", ["2026-01-01", "2026-01-02"])]


def test_a_file_that_is_not_there_is_no_empty_answer(lake: LakeSql) -> None:
    with pytest.raises(EngineTransient, match=r"gone\.parquet"):
        ready(lake, "SELECT * FROM logins", DAY1, "lake/logins/event_date=2026-01-01/gone.parquet")


def test_a_catalog_that_is_away_is_transient(lake: LakeSql, catalog: Registered) -> None:
    catalog.error = StoreTransient("throttled")
    with pytest.raises(EngineTransient):
        ready(lake, "SELECT * FROM logins", DAY1)


@pytest.mark.parametrize(
    ("sql", "wanted"),
    [
        ("SELECT a FROM t", "SELECT a FROM t LIMIT 11"),
        ("SELECT a FROM t ORDER BY a ASC", "SELECT a FROM t ORDER BY a ASC LIMIT 11"),
        ("SELECT a FROM t LIMIT 5", "SELECT a FROM t LIMIT 5"),
        ("SELECT a FROM t LIMIT 11", "SELECT a FROM t LIMIT 11"),
        ("SELECT a FROM t LIMIT 12", "SELECT a FROM t LIMIT 11"),
        ("SELECT a FROM t OFFSET 3 LIMIT 500", "SELECT a FROM t OFFSET 3 LIMIT 11"),
        ("SELECT a FROM t LIMIT ALL", "SELECT a FROM t LIMIT 11"),
        ("SELECT a FROM t UNION ALL SELECT b FROM u", "SELECT a FROM t UNION ALL SELECT b FROM u LIMIT 11"),
        ("WITH x AS (SELECT 1) SELECT * FROM x", "WITH x AS (SELECT 1) SELECT * FROM x LIMIT 11"),
        ("SELECT a FROM (SELECT a FROM t LIMIT 99) AS x", "SELECT a FROM (SELECT a FROM t LIMIT 99) AS x LIMIT 11"),
    ],
)  # fmt: skip
def test_one_row_more_than_wanted_is_asked_for(lake: LakeSql, sql: str, wanted: str) -> None:
    assert plain(lake.ready(sql, 10)) == plain(wanted)


def test_rows_with_ties_are_left_to_the_reader(lake: LakeSql) -> None:
    sql = "SELECT a FROM t ORDER BY a FETCH FIRST 99 ROWS WITH TIES"
    assert lake.ready(sql, 10) == sql


@pytest.mark.parametrize(
    "sql",
    [
        "",
        ";",
        "SELECT 1; SELECT 2",
        "SELEC 1",
        "SELECT 'open",
        "DROP TABLE logins",
        "INSERT INTO logins SELECT 1",
        "CREATE TABLE x AS SELECT 1",
        "UNLOAD (SELECT 1) TO 's3://b/x' WITH (format = 'PARQUET')",
        "EXPLAIN SELECT 1",
        "SHOW TABLES",
        "CALL system.x()",
        "EXECUTE p",
        "DELETE FROM logins",
        "SELECT " + "(" * 3000 + "1" + ")" * 3000,
    ],
)
def test_nothing_but_one_select_is_run(lake: LakeSql, sql: str) -> None:
    for rows in (None, 10):
        with pytest.raises(EngineRejected):
            lake.ready(sql, rows)


def many(count: int) -> list[str]:
    return [f"lake/logins/event_date=2026-01-01/{n:060x}.parquet" for n in range(count)]


@pytest.mark.parametrize(
    "sql", ["SELECT * FROM logins", "SELECT * FROM logins a, logins b, seen c"]
)
def test_a_text_too_long_says_how_many_files_fit(lake: LakeSql, sql: str) -> None:
    keys = many(3000)
    with pytest.raises(QueryTooLarge) as error:
        ready(lake, sql, *keys)
    fits = error.value.fits
    assert 500 < fits < 3000
    with pytest.raises(EngineTransient, match="missing"):
        ready(lake, sql, *keys[:fits])
    with pytest.raises(QueryTooLarge):
        ready(lake, sql, *keys[: fits + 20])


def test_a_text_too_long_by_itself_fits_no_file(lake: LakeSql) -> None:
    long = f"SELECT '{'x' * 262_144}' FROM logins"
    for files in (None, {"logins": [DAY1]}):
        with pytest.raises(QueryTooLarge) as error:
            lake.ready(long, None, files)
        assert error.value.fits == 0


def test_bytes_are_counted_not_characters(lake: LakeSql) -> None:
    with pytest.raises(QueryTooLarge):
        lake.ready(f"SELECT '{'日' * 100_000}'", None)


def test_estimates_count_whole_files_of_the_days_asked_for(lake: LakeSql) -> None:
    assert lake.estimate("SELECT event_id FROM logins") == 20
    assert lake.estimate("SELECT event_id FROM logins WHERE event_date = '2026-01-02'") == 10
    assert lake.estimate("SELECT event_id FROM flows") == 0
    for sql in ("SELECT nope FROM logins", "SELECT '", "SELECT nope.x FROM logins"):
        with pytest.raises(EngineRejected):
            lake.estimate(sql)


def test_the_shared_tree_is_never_changed(lake: LakeSql) -> None:
    sql = "SELECT * FROM logins"
    before: Any = select(sql).sql()
    ready(lake, sql, DAY1)
    lake.ready(sql, 5)
    assert select(sql).sql() == before
