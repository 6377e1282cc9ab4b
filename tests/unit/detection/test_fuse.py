"""Fusion: few queries, each small enough for every engine, all rules in them."""

from __future__ import annotations

import re

import pytest
import sqlglot

from mantissa.detection.dialects import DUCKDB, MAX_SQL, TRINO, Dialect
from mantissa.detection.fuse import BITMAP_BYTES, BITMAP_RULES, fuse
from mantissa.detection.show import rule_sql
from support.detection import IDS, firing, fused_sql, judged, prepared, rows_of, rule, unfused


def many(count: int, text: str = "n{n}", **options: str) -> list[str]:
    return [
        rule(f"s: {{name: {text.format(n=n)}}}\ncondition: s", number=n, **options)
        for n in range(count)
    ]


def test_the_shape_on_trino() -> None:
    ready = prepared(*many(2, logsource="category: window"), dialect=TRINO)
    (sql,) = fused_sql(ready)
    assert re.sub(r"w\$[0-9a-f]{12}", "w$", sql) == (
        'SELECT * FROM (SELECT "event_id", "event_time", "source_object", "actor_user", '
        '"actor_id", "src_ip", "dst_ip", "device_host", "cloud_account", "cloud_region", '
        '"resource", "name" AS "f0", CASE WHEN "w$" THEN '
        'CASE WHEN BITWISE_AND("p$0", 1) <> 0 THEN 1 ELSE 0 END + '
        'CASE WHEN BITWISE_AND("p$0", 2) <> 0 THEN 2 ELSE 0 END ELSE 0 END AS "b0" '
        "FROM (SELECT *, CASE WHEN \"l$name\" = 'n0' THEN 1 ELSE 0 END + "
        'CASE WHEN "l$name" = \'n1\' THEN 2 ELSE 0 END AS "p$0" '
        'FROM (SELECT "event_id", "event_time", "source_object", "actor_user", "actor_id", '
        '"src_ip", "dst_ip", "device_host", "cloud_account", "cloud_region", "resource", "name", '
        '"kind", LOWER("name") AS "l$name", LOWER("kind") = \'window\' AS "w$" '
        'FROM "gate") AS base) AS base) AS base WHERE "b0" > 0 OR "b0" < 0'
    )


def test_each_bitmap_is_asked_once_on_duckdb() -> None:
    (sql,) = fused_sql(prepared(*many(32)))
    assert sql.count('WHERE ("b0" | "b1") <> 0') == 1


def test_bitmaps_are_packed_by_bytes_and_by_number_on_trino() -> None:
    denied = [
        rule(f"s: {{code: 1}}\nf: {{name: {text}}}\ncondition: s and not f", number=number)
        for number, text in enumerate(["y" * 400] * 9 + ["n"] * 91)
    ]
    numbers = [rule(f"s: {{code: {n}}}\ncondition: s", number=n) for n in range(130)]
    for texts in (numbers, denied, many(130)):
        ready = prepared(*texts, dialect=TRINO)
        bitmaps = [bitmap for query in fuse(ready.predicates, TRINO) for bitmap in query.bitmaps]
        assert sum(map(len, bitmaps)) == len(texts)
        for bitmap, after in zip(bitmaps, [*bitmaps[1:], ()], strict=True):
            size = sum(predicate.remaining for predicate in bitmap)
            assert size <= BITMAP_BYTES
            if after and len(bitmap) < BITMAP_RULES:
                assert size + after[0].remaining > BITMAP_BYTES


def test_bitmaps_are_packed_by_number_alone_on_duckdb() -> None:
    ready = prepared(*many(130, text="x" * 1000 + "{n}"))
    (query,) = fuse(ready.predicates, DUCKDB)
    assert {len(bitmap) for bitmap in query.bitmaps} <= set(range(1, BITMAP_RULES + 1))
    assert max(len(bitmap) for bitmap in query.bitmaps) > BITMAP_BYTES // 1000


@pytest.mark.parametrize(
    ("dialect", "times", "text"),
    [(TRINO, 2, "y" * 3000), (TRINO, 9, "y"), (DUCKDB, 8, "y" * 3000), (DUCKDB, 21, "y")],
)
def test_queries_stay_under_the_limits_of_their_engine(
    dialect: Dialect, times: int, text: str
) -> None:
    ready = prepared(*many(100, text="'{n}" + text + "'"), dialect=dialect)
    queries = fuse(ready.predicates * times, dialect)
    assert len(queries) > 1
    assert all(len(query.sql) <= dialect.most_text for query in queries)
    assert sum(len(query.predicates) for query in queries) == 100 * times
    assert all(len(query.predicates) <= dialect.most_rules for query in queries)


def test_a_query_fits_athena() -> None:
    assert TRINO.most_text == MAX_SQL < 262_144


def test_a_rule_larger_than_a_query_is_refused_by_name() -> None:
    values = ", ".join(f"'{n}{'z' * 1000}'" for n in range(300))
    (refused,) = prepared(rule(f"s: {{name: [{values}]}}\ncondition: s")).refused
    assert "characters of SQL" in refused.reason
    assert refused.id == IDS[1]


def test_rules_of_different_log_sources_share_no_bitmap() -> None:
    rules = [
        rule("s: {name: x}\ncondition: s", number=1),
        rule("s: {name: x}\ncondition: s", number=2, logsource="category: door"),
        rule("s: {name: x}\ncondition: s", number=3, logsource="category: window"),
    ]
    (query,) = fuse(prepared(*rules).predicates, DUCKDB)
    assert [len(bitmap) for bitmap in query.bitmaps] == [1, 1, 1]


def test_the_sixtieth_bit_is_found() -> None:
    events = [{"name": f"n{n}"} for n in range(130)]
    assert firing(events, *many(130)) == [[n] for n in range(130)]


def test_the_same_rules_give_the_same_queries_in_any_order() -> None:
    texts = many(80)
    assert fused_sql(prepared(*texts)) == fused_sql(prepared(*reversed(texts)))


@pytest.mark.parametrize("dialect", [DUCKDB, TRINO])
def test_every_query_parses_in_its_dialect(dialect: Dialect) -> None:
    detections = [
        "s: {ip|cidr: [10.0.0.0/8, '::/0']}\ncondition: not s",
        "s: {doc.a.b|cidr: 10.0.0.0/8}\ncondition: s",
        "s: {doc|contains: x}\ncondition: s",
        "s: {doc.a|fieldref: doc.b}\ncondition: s",
        "s: {name|hour: 3, at|week: 4}\ncondition: s",
        "s: {name|gt: 3}\ncondition: s",
        "words: ['it''s', 5]\ncondition: not words",
    ]
    ready = prepared(*(rule(d, number=n) for n, d in enumerate(detections)), dialect=dialect)
    assert ready.refused == ()
    texts = fused_sql(ready) + [rule_sql(p, dialect) for p in ready.predicates]
    for text in texts:
        assert isinstance(sqlglot.parse_one(text, dialect=dialect.name), sqlglot.exp.Select)


def test_one_query_for_one_rule_finds_the_same_rows() -> None:
    rules = [
        rule("s: {doc.l|contains: a}\ncondition: not s", number=1),
        rule("s: {name: x}\ncondition: s", number=2, logsource="category: door"),
    ]
    table = rows_of(
        [{"name": "x", "kind": "door", "code": 2}, {"doc": {"l": ["za"]}}, {"name": "x"}]
    )
    ready = prepared(*rules)
    assert judged(table, ready) == unfused(table, ready) == [[1, 2], [], [1]]


def test_the_version_of_a_rule_set_follows_what_would_run() -> None:
    one, two = many(2)
    versions = {prepared(*texts).version for texts in ((one,), (two,), (one, two))}
    assert len(versions) == 3
    assert prepared(one, two).version == prepared(two, one).version


def test_rows_that_look_alike_are_judged_once_and_all_found() -> None:
    names = [f"s: {{name: n{n}, cmd: c}}\ncondition: s" for n in range(8)]
    odd = [
        "s: {name: null}\ncondition: s",
        "s: {doc.a: n1}\ncondition: s",
        "s: {cmd: null}\ncondition: not s",
        "s: {device_host: n1}\ncondition: s",
    ]
    texts = [rule(d, number=n, logsource="category: door") for n, d in enumerate(names + odd)]
    ready = prepared(*texts)
    queries = fuse(ready.predicates, DUCKDB)
    assert sum("SELECT DISTINCT" in query.sql for query in queries) == 1
    assert [len(query.predicates) for query in queries] == [11, 1]
    event = {"kind": "door", "code": 1}
    events = [
        *({**event, "name": "N1", "cmd": cmd} for cmd in ("c", "C", "c", None)),
        *({**event, "name": None, "doc": {"a": "n1"}} for _ in range(3)),
        {"name": "n1", "cmd": "c"},
        event,
    ]
    table = rows_of(events)
    assert judged(table, ready) == unfused(table, ready)
    assert judged(table, ready)[:4] == [[1, 10], [1, 10], [1, 10], []]
    assert judged(table, ready)[4:] == [[8, 9], [8, 9], [8, 9], [], [8]]


def test_few_rules_and_rules_on_documents_are_judged_row_by_row() -> None:
    few = fused_sql(prepared(*many(7)))
    inside = [
        rule(f"s: {{doc.a: n{n}}}\ncondition: s", number=n, logsource="category: door")
        for n in range(9)
    ]
    assert not any("DISTINCT" in sql for sql in few + fused_sql(prepared(*inside)))


def test_no_column_is_read_twice_where_bytes_are_billed() -> None:
    assert not any("DISTINCT" in sql for sql in fused_sql(prepared(*many(80), dialect=TRINO)))
