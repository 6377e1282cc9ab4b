"""One SQL on two engines: a table of awkward values, made the same on DuckDB and on Trino.

`ev` is small; `odd` has every type and the values that engines disagree about. Each is written
once, in Trino's SQL, and once in DuckDB's.
"""

from __future__ import annotations

import datetime as datetime_module
import math
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

from mantissa.adapters.local.duckdb_functions import register, used
from mantissa.ask.guard import Allowed, guard
from mantissa.ask.reads import Names
from mantissa.ask.trino import shims

EV = {
    "ts": "timestamp(3)",
    "usr": "varchar",
    "js": "varchar",
    "ip": "varchar",
    "roles": "array(varchar)",
    "tags": "map(varchar, varchar)",
    "ident": "row(type varchar, arn varchar)",
    "dt": "varchar",
}
ODD = {
    **EV,
    "id": "bigint",
    "n": "bigint",
    "i": "integer",
    "d": "double",
    "m": "decimal(10, 2)",
    "b": "boolean",
    "day": "date",
    "url": "varchar",
    "nums": "array(bigint)",
}
NAMES = Names({"ev": EV, "odd": ODD})

_EV_ROWS = """
('2026-01-01 10:00:00.000','alice','{"a":{"b":7},"l":[1,2],"s":"x"}','10.0.0.5',['admin','dev'],{k:v},('IAM','arn:1'),'2026-01-01')
('2026-01-01 10:07:00.000','bob','{"a":null}','192.168.1.9',['dev'],{k:w},('Root','arn:2'),'2026-01-01')
('2026-01-02 11:00:00.000','bob',NULL,'8.8.8.8',[],{z:q},('IAM','arn:3'),'2026-01-02')
"""
_JSON = (
    '{"a":{"b":7},"l":[1,2],"s":"x"}',
    '{"a":null,"s":"é\\u00e9\\n\\"q\\""}',
    '{"n":1.50,"e":1e5,"big":12345678901234567890123,"neg":-0,"t":true,"s":""}',
    "not json",
    '{"s":"cut","l":[1,2',
    '[1,"two",null,{"s":"in"},[3]]',
    '"plain"',
    "",
    '{"s":"a","s":"b","l":[],"a":{"b":{"c":[10,20]}}}',
    ' {"s" : " spaced " , "n" : 7 , "l" : [ 1.25 , 1E-7 ] } ',
    "17",
    None,
)
_USERS = (
    "alice",
    "bob",
    "",
    "Zoë ",
    "ÉCOLE",
    " \tpad\n",
    "a.b.c",
    "user=bob;id=7",
    "100%_x",
    "straße",
    None,
    "arn:aws:iam::123456789012:user/x",
)
_IPS = (
    "10.0.0.5",
    "192.168.1.9",
    "::1",
    "::ffff:10.1.2.3",
    "2001:DB8::1",
    "nope",
    "",
    "010.0.0.1",
    "8.8.8.8",
    "fe80::1%1",
    None,
    "255.255.255.255",
)
_URLS = (
    "https://a.b/c?x=1&y=%20z#f",
    "http://user:pw@host.example:8080/p%20q/r",
    "::bad::",
    "/just/a/path?q=1",
    "mailto:a@b.c",
    "https://[2001:db8::1]/v6",
    "",
    "https://a.b?x&y=2&x=3",
    "ftp://10.0.0.1",
    "a b",
    None,
    "HTTPS://UPPER.example/ÄÖ?ü=1",
)
_TIMES = (
    "2026-01-01 10:00:00.000",
    "2026-01-01 23:59:59.999",
    "2024-02-29 12:30:15.123",
    "1970-01-01 00:00:00.000",
    "1969-12-31 23:59:59.001",
    "2026-03-29 01:30:00.000",
    "2025-12-31 00:00:00.500",
    "2026-01-31 08:05:09.010",
    "2020-01-01 00:00:00.000",
    "2026-11-01 09:00:00.001",
    None,
    "2000-06-15 13:00:00.000",
)
_NS = (0, 1, -1, 7, -7, 42, 2**31, -(2**40), 9007199254740993, 100, None, 3)
_IS = (0, 1, -1, 2, 5, -5, 2147483647, 10, 3, 60, None, 7)
_DS = (0.0, 1.5, -2.5, 0.1, 1e10, 1e-7, 123456.789, -0.001, 2.5, 1e18, None, 3.0)
_MS = (
    "0.00",
    "1.25",
    "-2.50",
    "99.99",
    "-0.01",
    "12345.67",
    "0.05",
    "7.00",
    "2.45",
    "-7.35",
    None,
    "3.33",
)
_NUMS = (
    "[1,2,3]",
    "[]",
    "[5,-6,NULL,7]",
    "[NULL]",
    "NULL",
    "[10]",
    "[2,2,1]",
    "[0]",
    "[3,1,2]",
    "[100,NULL]",
    "[-1]",
    "[9,8]",
)
_ROLES = (
    "['admin','dev']",
    "['dev']",
    "[]",
    "[NULL,'a']",
    "NULL",
    "['é','a','a']",
    "['x']",
    "['']",
    "['b','a']",
    "[NULL]",
    "['Admin']",
    "['q','r','s']",
)


def _odd_rows() -> str:
    lines = []
    for n in range(12):
        texts = [_TIMES[n], _USERS[n], _JSON[n], _IPS[n]]
        cells = [_quoted(t) for t in texts]
        key = "k" if n % 3 else "z"
        ident = f"('{'IAM' if n % 2 else 'Root'}','arn:{n}')" if n != 4 else "(NULL,'arn:4')"
        day = "NULL" if n == 10 else _quoted((_TIMES[n] or "")[:10])
        cells += [_ROLES[n], f"{{{key}:v{n}}}", ident, day, str(n), str(_NS[n]), str(_IS[n])]
        cells += [repr(_DS[n]), str(_MS[n]), str(bool(n % 2)) if n != 7 else "NULL", day]
        lines.append("(" + ",".join([*cells, _quoted(_URLS[n]), _NUMS[n]]) + ")")
    return "\n".join(lines).replace("None", "NULL")


def _quoted(text: str | None) -> str:
    return "NULL" if text is None else "'" + text.replace("'", "''") + "'"


def _cells(line: str) -> list[str]:
    """Split a row at the commas outside quotes and brackets."""
    found, depth, quoted, start = [], 0, False, 1
    for at, mark in enumerate(line):
        quoted ^= mark == "'"
        if quoted:
            continue
        depth += (mark in "([{") - (mark in ")]}")
        if (mark == "," and depth == 1) or (depth == 0 and at == len(line) - 1):
            found.append(line[start:at])
            start = at + 1
    return found


def _trino_cell(cell: str, kind: str) -> str:
    if cell.startswith("["):
        return f"CAST(ARRAY{cell} AS {kind})"
    if cell.startswith("{"):
        key, value = cell[1:-1].split(":")
        return f"CAST(MAP(ARRAY['{key}'], ARRAY['{value}']) AS {kind})"
    if cell.startswith("("):
        return f"CAST(ROW{cell} AS {kind})"
    return f"CAST({cell} AS {kind})"


def _duck_cell(cell: str, kind: str) -> str:
    if cell.startswith("{"):
        key, value = cell[1:-1].split(":")
        return f"MAP {{'{key}': '{value}'}}"
    if cell.startswith("("):
        first, second = _cells(cell)
        return f"{{'type': CAST({first} AS VARCHAR), 'arn': CAST({second} AS VARCHAR)}}"
    if cell == "NULL" or cell.startswith("["):
        members = {"array(varchar)": "VARCHAR[]", "array(bigint)": "BIGINT[]"}
        return f"CAST({cell} AS {members.get(kind, kind.split('(')[0] if 'decimal' not in kind else kind)})"
    return f"CAST({cell} AS {'TIMESTAMP' if kind.startswith('timestamp') else kind})"


def _rows(name: str) -> list[str]:
    text = _EV_ROWS if name == "ev" else _odd_rows()
    lines = text.strip().split("\n(")
    return [line if line.startswith("(") else f"({line}" for line in lines]


def trino_statement(name: str, columns: Mapping[str, str]) -> str:
    """Return the CREATE TABLE AS of a table on Trino."""
    kinds = list(columns.values())
    selects = []
    for line in _rows(name):
        cells = zip(_cells(line), kinds, strict=True)
        selects.append("SELECT " + ", ".join(_trino_cell(c, k) for c, k in cells))
    names = ", ".join(columns)
    return (
        f"CREATE TABLE {name} WITH (format = 'PARQUET') AS SELECT * FROM "
        f"({' UNION ALL '.join(selects)}) AS t ({names})"
    )


def duck_statement(name: str, columns: Mapping[str, str]) -> str:
    """Return the CREATE TABLE AS of a table on DuckDB."""
    selects = []
    for line in _rows(name):
        cells = zip(_cells(line), columns.values(), strict=True)
        selects.append("SELECT " + ", ".join(_duck_cell(c, k) for c, k in cells))
    return f"CREATE TABLE {name} AS SELECT * FROM ({' UNION ALL '.join(selects)}) AS t ({', '.join(columns)})"


def constructs() -> list[str]:
    """Return the project's own constructs (`own_constructs.sql`)."""
    text = (Path(__file__).parent / "own_constructs.sql").read_text("utf-8")
    return [line for line in text.splitlines() if line and not line.startswith("--")]


class Embedded:
    """The tables on DuckDB, with our functions and macros as the product makes them."""

    def __init__(self) -> None:
        self._made: set[str] = set()
        self.connection = duckdb.connect(":memory:", config={"threads": 1})
        self.connection.execute("SET TimeZone = 'UTC'")
        for name, columns in (("ev", EV), ("odd", ODD)):
            self.connection.execute(duck_statement(name, columns))

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        """Run SQL that the guard wrote."""
        new = [name for name in used(sql) if name not in self._made]
        register(self.connection, new)
        for statement in shims.statements(sql):
            if statement not in self._made:
                self.connection.execute(statement)
                self._made.add(statement)
        self._made |= set(new)
        return table_rows(self.connection.sql(sql).to_arrow_table())


def checked(sql: str, dialect: str = "duckdb") -> Allowed:
    """Guard SQL over the two tables."""
    return guard(sql, NAMES, dialect=dialect, constants=True)


def table_rows(table: pa.Table) -> list[tuple[Any, ...]]:
    """Return an Arrow table's rows in plain values that compare across engines."""
    columns = [[plain(value) for value in column.to_pylist()] for column in table.columns]
    return list(zip(*columns, strict=True))


def plain(value: Any) -> Any:
    """Return a value of either engine so that equal values are equal."""
    if isinstance(value, bool) or value is None or isinstance(value, str | int | bytes):
        return value
    if isinstance(value, float):
        return (
            "NaN"
            if math.isnan(value)
            else float(f"{value:.12g}")
            if math.isfinite(value)
            else value
        )
    if isinstance(value, Decimal):
        return Decimal(str(value)).normalize() + 0
    if isinstance(value, datetime):
        return value.astimezone(UTC) if value.tzinfo else value
    if isinstance(value, pa.MonthDayNano):
        return ("interval", value[0], timedelta(days=value[1], microseconds=value[2] // 1000))
    if isinstance(value, timedelta):
        return ("interval", 0, value)
    if isinstance(value, dict):
        if value and all(key in ("type", "arn") or key.startswith("field") for key in value):
            return tuple(plain(member) for member in value.values())
        return tuple(sorted((plain(k), plain(v)) for k, v in value.items()))
    if (
        isinstance(value, list)
        and value
        and all(isinstance(v, tuple) and len(v) == 2 for v in value)
    ):
        return tuple((plain(k), plain(v)) for k, v in value)
    if isinstance(value, Sequence):
        return tuple(plain(member) for member in value)
    return value


def same(one: Sequence[Any], other: Sequence[Any], *, ordered: bool) -> bool:
    """Tell whether two results are the same."""
    if ordered:
        return list(one) == list(other)
    return sorted(map(repr, one)) == sorted(map(repr, other))


def as_recorded(rows: Sequence[tuple[Any, ...]], recorded: str) -> bool:
    """Tell whether rows are what a shared file has: one value, one row or several, as Python."""
    told = sorted(rows, key=repr)
    found: Any = told
    if len(told) == 1:
        found = told[0][0] if len(told[0]) == 1 else told[0]
    return _shown(found) == _read(recorded) or str(found) == recorded


def _shown(value: Any) -> Any:
    """Return plain values with intervals and times as text, tuples as lists."""
    if isinstance(value, tuple) and value[:1] == ("interval",):
        return str(value[2])
    if isinstance(value, tuple | list):
        return [_shown(member) for member in value]
    if isinstance(value, float) and value.is_integer():
        return Decimal(int(value))
    if isinstance(value, int) and not isinstance(value, bool):
        return Decimal(value)
    return value if isinstance(value, bool | Decimal | type(None) | float) else str(value)


def _read(text: str) -> Any:
    try:
        value = eval(text, {"Decimal": Decimal, "datetime": datetime_module, "inf": math.inf})
    except (SyntaxError, NameError, TypeError):
        return text
    return text if isinstance(value, str) else _shown(plain(value))


@contextmanager
def embedded() -> Iterator[Embedded]:
    """Yield the tables on DuckDB."""
    made = Embedded()
    try:
        yield made
    finally:
        made.connection.close()
