"""The same SQL over the same files gives the same rows and types on every engine, hostile or not."""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from mantissa.adapters.local.duckdb import DuckDBEngine
from mantissa.ask.export import type_name
from mantissa.errors import EngineRejected
from mantissa.model import Column, QueryLimits, Table
from mantissa.ports import QueryEngine
from support.emulators import Emulator
from support.engine_world import AwsLake, aws_lake

LIMITS = QueryLimits(seconds=120)
HOSTILE = [
    None,
    "",
    " ",
    "'",
    "''",
    '"',
    '""',
    ",",
    "a,b",
    "line\nbreak",
    "line\r\nbreak",
    "\r",
    "\n",
    "nul\x00inside",
    "\x00",
    "back\\slash",
    "\\N",
    "NULL",
    "null",
    "[a, b]",
    "{a=b}",
    "tab\there",
    "é",
    "e\u0301",
    "日本語",
    "😀",
    "\u202eevent",
    "\ufeffbom",
    "=1+1",
    "--",
    "/* x */",
    "; DROP TABLE texts",
    "x" * 20_000,
]
TEXTS = Table(
    "texts",
    (
        Column("event_id", "string"),
        Column("text", "string"),
        Column("whole", "bigint"),
        Column("real", "double"),
        Column("truth", "boolean"),
        Column("moment", "timestamp"),
    ),
)
ODD_NAMES = [
    "a b",
    "100%",
    "plus+sign",
    "it's",
    'dou"ble',
    "semi;colon",
    "equals=sign",
    "hash#mark",
    "ques?tion",
    "amp&ersand",
    "tilde~",
    "brackets[1]",
    "braces{x}",
    "dollar$path",
    "star*",
    "at@home",
    "ünïcödé-日本",
    "%41",
    "%2F",
    "a\\b",
]


def parquet(rows: Mapping[str, Any]) -> bytes:
    sink = io.BytesIO()
    pq.write_table(pa.table(rows), sink)
    return sink.getvalue()


def hostile_files() -> dict[str, bytes]:
    count = len(HOSTILE)
    start = datetime(2026, 1, 1, tzinfo=UTC)
    times = pa.array([start + timedelta(milliseconds=n) for n in range(count)], pa.timestamp("ms"))
    numbers = [(-1) ** n * 2 ** (n * 2) for n in range(count - 2)] + [2**63 - 1, -(2**63)]
    reals = [n / 3 * 10 ** (n - 16) for n in range(count - 4)]
    rows = {
        "event_id": [f"{n:03d}" for n in range(count)],
        "text": HOSTILE,
        "whole": pa.array([min(max(n, -(2**63)), 2**63 - 1) for n in numbers], pa.int64()),
        "real": [*reals, 1e300, -0.0, 5e-324, None],
        "truth": [[True, False, None][n % 3] for n in range(count)],
        "moment": times,
    }
    return {"lake/texts/event_date=2026-01-01/hostile.parquet": parquet(rows)}


def odd_files() -> dict[str, bytes]:
    return {
        f"lake/texts/event_date=2026-01-02/{name}.parquet": parquet({"event_id": [name]})
        for name in ODD_NAMES
    }


FILES = {**hostile_files(), **odd_files()}


@pytest.fixture(scope="module")
def lake(ministack: Emulator) -> Iterator[AwsLake]:
    with aws_lake(ministack, [TEXTS], files=FILES) as made:
        yield made


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("home")
    for key, data in FILES.items():
        (folder / key).parent.mkdir(parents=True, exist_ok=True)
        (folder / key).write_bytes(data)
    return folder


@pytest.fixture(params=["duckdb", "trino", "athena"])
def engine(request: pytest.FixtureRequest) -> QueryEngine:
    if request.param == "duckdb":
        return DuckDBEngine(request.getfixturevalue("home"), [TEXTS], threads=1)
    server = request.getfixturevalue(request.param)
    lake = request.getfixturevalue("lake")
    return lake.trino(server) if request.param == "trino" else lake.athena(server)


def rows(engine: QueryEngine, sql: str, **options: Any) -> list[tuple[Any, ...]]:
    table = engine.run(sql, limits=LIMITS, **options).table
    return [tuple(row.values()) for row in table.to_pylist()]


def test_values_come_back_as_they_were_written(engine: QueryEngine) -> None:
    sql = "SELECT * FROM texts WHERE event_date = '2026-01-01' ORDER BY event_id"
    table = engine.run(sql, limits=LIMITS).table
    written = pq.read_table(io.BytesIO(next(iter(hostile_files().values()))))
    for name in written.column_names:
        wanted = written[name].to_pylist()
        found = table[name].to_pylist()
        assert repr(found) == repr(wanted), name


@pytest.mark.parametrize("text", [t for t in HOSTILE[1:-1] if "\x00" not in t], ids=ascii)
def test_any_text_can_be_asked_for(engine: QueryEngine, text: str) -> None:
    literal = text.replace("'", "''")
    assert rows(engine, f"SELECT text FROM texts WHERE text = '{literal}'") == [(text,)]


def test_null_and_nothing_are_told_apart_in_a_long_result(engine: QueryEngine) -> None:
    numbers = (
        "range(3000)" if engine.dialect == "duckdb" else "UNNEST(sequence(0, 2999)) AS r(range)"
    )
    name = "range" if engine.dialect == "duckdb" else "r.range"
    sql = (
        f"SELECT {name} AS n, t.text FROM {numbers}, texts t WHERE t.event_date = '2026-01-01' "
        f"AND t.event_id < '032' AND ({name} % 32) = CAST(t.event_id AS BIGINT) ORDER BY 1"
    )
    found = engine.run(sql, limits=LIMITS).table
    assert found["n"].to_pylist() == list(range(3000))
    assert found["text"].to_pylist() == [HOSTILE[n % 32] for n in range(3000)]


def test_one_column_of_nulls_keeps_its_rows(engine: QueryEngine) -> None:
    numbers = "range(1500)" if engine.dialect == "duckdb" else "UNNEST(sequence(1, 1500)) AS r(n)"
    assert rows(engine, f"SELECT CAST(NULL AS VARCHAR) AS x FROM {numbers}") == [(None,)] * 1500


@pytest.mark.parametrize("name", ODD_NAMES)
def test_a_file_of_any_name_can_be_pinned(engine: QueryEngine, name: str) -> None:
    key = f"lake/texts/event_date=2026-01-02/{name}.parquet"
    sql = "SELECT event_id, event_date FROM texts"
    assert rows(engine, sql, files={"texts": [key]}) == [(name, "2026-01-02")]


@pytest.mark.parametrize("engine", ["trino", "athena"], indirect=True)
def test_only_the_bytes_of_pinned_files_are_read(engine: QueryEngine, lake: AwsLake) -> None:
    sizes = {key: len(data) for key, data in FILES.items()}
    for keys in ([], list(sizes)[:1], list(sizes)[3:6], list(sizes)):
        found = engine.run("SELECT event_id FROM texts", limits=LIMITS, files={"texts": keys})
        assert found.bytes_scanned == sum(sizes[key] for key in keys)


NESTED = {
    "list of texts": "ARRAY['a, b', NULL, '', '[', ']', '\"', 'null', 'x''y', '日本']",
    "empty list": "CAST(ARRAY[] AS ARRAY(BIGINT))",
    "list of lists": "ARRAY[ARRAY[1, 2], ARRAY[], NULL]",
    "numbers": "ARRAY[1.5E0, -0E0, 1E300]",
    "decimals": "ARRAY[CAST(1.10 AS DECIMAL(20,2)), CAST(123456789012345678.25 AS DECIMAL(20,2))]",
    "whole": "ARRAY[9223372036854775807, -9223372036854775808]",
    "truths": "ARRAY[true, false, NULL]",
    "times": "ARRAY[TIMESTAMP '2026-01-01 10:00:00.123']",
    "days": "ARRAY[DATE '2026-01-01', NULL]",
    "map": "MAP(ARRAY['k, 1', 'k=2'], ARRAY['v}', NULL])",
    "row": "CAST(ROW(1, 'a, b=c', NULL) AS ROW(a BIGINT, b VARCHAR, c DOUBLE))",
    "list of rows": "ARRAY[CAST(ROW(1, 'x') AS ROW(\"a b\" BIGINT, type VARCHAR))]",
    "map of lists": "MAP(ARRAY[1, 2], ARRAY[ARRAY['x'], ARRAY[]])",
}
DUCK_NESTED = {
    "list of texts": NESTED["list of texts"],
    "empty list": "CAST([] AS BIGINT[])",
    "list of lists": "[[1, 2], [], NULL]",
    "numbers": "[1.5::DOUBLE, '-0'::DOUBLE, 1e300]",
    "decimals": "['1.10'::DECIMAL(20,2), '123456789012345678.25'::DECIMAL(20,2)]",
    "whole": NESTED["whole"],
    "truths": NESTED["truths"],
    "times": "[TIMESTAMP '2026-01-01 10:00:00.123']",
    "days": NESTED["days"],
    "map": "MAP {'k, 1': 'v}', 'k=2': NULL}",
    "row": "{'a': 1::BIGINT, 'b': 'a, b=c', 'c': NULL::DOUBLE}",
    "list of rows": "[{'a b': 1::BIGINT, 'type': 'x'}]",
    "map of lists": "MAP {1: ['x'], 2: []}",
}


@pytest.mark.parametrize("name", NESTED)
@pytest.mark.parametrize("engine", ["trino", "athena"], indirect=True)
def test_nested_values_are_what_the_embedded_engine_gives(
    engine: QueryEngine, home: Path, name: str
) -> None:
    where = "FROM texts WHERE event_id < '004' AND event_date > '2026' ORDER BY event_id DESC"
    embedded = DuckDBEngine(home, [TEXTS]).run(
        f"SELECT event_id, {DUCK_NESTED[name]} AS x {where}", limits=LIMITS
    )
    found = engine.run(f"SELECT event_id, {NESTED[name]} AS x {where}", limits=LIMITS)
    assert repr(found.table.to_pylist()) == repr(embedded.table.to_pylist())
    kinds = [type_name(field.type) for field in found.table.schema]
    assert kinds == [type_name(field.type) for field in embedded.table.schema]


@pytest.mark.parametrize("engine", ["trino", "athena"], indirect=True)
def test_a_nested_column_without_rows_has_its_type(engine: QueryEngine) -> None:
    sql = "SELECT split(text, ',') AS x, 1 AS x FROM texts WHERE event_date = 'never'"
    table = engine.run(sql, limits=LIMITS).table
    assert (table.num_rows, table.column_names) == (0, ["x", "x"])
    assert type_name(table.schema.types[0]) == "list<string>"


@pytest.mark.parametrize("engine", ["trino", "athena"], indirect=True)
def test_nested_rows_are_cut_at_the_limit(engine: QueryEngine) -> None:
    sql = "SELECT event_id, split(event_id, '0') AS x FROM texts ORDER BY event_id DESC"
    found = engine.run(sql, limits=QueryLimits(seconds=60, rows=3))
    assert (found.table.num_rows, found.truncated) == (3, True)


@pytest.mark.parametrize("engine", ["trino", "athena"], indirect=True)
def test_nested_values_that_cannot_be_held_are_refused(engine: QueryEngine) -> None:
    sql = "SELECT ARRAY[approx_set(1)] AS x"
    with pytest.raises(EngineRejected):
        engine.run(sql, limits=LIMITS)
