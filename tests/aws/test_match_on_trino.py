"""Records that are in no lake, judged on Trino: they travel within the queries."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pytest

from mantissa.adapters.memory import MemorySecrets
from mantissa.adapters.trino import Cluster
from mantissa.adapters.trino_rows import OpenOnTrino
from mantissa.detection.dialects import TRINO
from mantissa.errors import QueryTooLarge
from mantissa.model import QueryLimits
from support.cli import Shell
from support.requirements import ROOT
from support.sigma_table import CASES, answers
from support.trino import Trino

SAMPLE = str(ROOT / "src/mantissa/sources/builtin/aws_cloudtrail/sample.json")
LIMITS = QueryLimits(seconds=60.0)


def opening(trino: Trino, **more: int) -> OpenOnTrino:
    cluster = Cluster("127.0.0.1", trino.port, "nowhere", scheme="http")
    return OpenOnTrino(cluster, MemorySecrets(), **more)


def test_the_command_says_the_same_on_both_engines(trino: Trino, tmp_path: Path) -> None:
    shell = Shell(tmp_path / "lake")
    shell("init")
    (shell.home / "mantissa.toml").write_text(f'[trino]\nurl = "{trino.url}"\n')
    asked = ("rules", "match", SAMPLE, "--source", "aws_cloudtrail")
    here, there = (shell.json(*asked, "--engine", engine, code=3) for engine in ("duckdb", "trino"))
    assert there == here
    assert any(here["matches"].values())


def test_the_language_holds_for_rows_that_travel(trino: Trino) -> None:
    found = answers(opening(trino), TRINO)
    assert {c.about: found[c.about] for c in CASES if found[c.about] != c.expected} == {}


ROWS = pa.table(
    {"n": range(500), "word": [f"it's {n} é\n\0" for n in range(500)], "x": [0.5] * 500}
)


def test_rows_that_do_not_fit_go_with_several_queries(trino: Trino) -> None:
    engine = opening(trino, max_bytes=24_000)({"t": ROWS})
    sql = 'SELECT "n", "x" FROM (SELECT "n", "x", "word" FROM "t") AS b WHERE "word" LIKE \'%9 é%\''
    table = engine.run(sql, limits=LIMITS).table
    assert table.column("n").to_pylist() == list(range(9, 500, 10))
    assert set(table.column("x").to_pylist()) == {0.5}


def test_a_query_about_several_rows_is_never_cut(trino: Trino) -> None:
    sql = 'SELECT count(*) AS c FROM "t" AS a JOIN "t" AS b ON a."n" = b."n" + 1'
    assert opening(trino)({"t": ROWS}).run(sql, limits=LIMITS).table.to_pylist() == [{"c": 499}]
    with pytest.raises(QueryTooLarge):
        opening(trino, max_bytes=24_000)({"t": pa.concat_tables([ROWS] * 10)}).run(
            'SELECT max("word") AS w FROM "t"', limits=LIMITS
        )


def test_no_rows_are_no_answer(trino: Trino) -> None:
    engine = opening(trino)({"t": ROWS.slice(0, 0)})
    assert engine.run('SELECT "n" FROM "t"', limits=LIMITS).table.num_rows == 0
    counted = engine.run('SELECT count(*) AS c FROM "t"', limits=LIMITS)
    assert counted.table.to_pylist() == [{"c": 0}]
