"""Rows in memory as a table of a query on Trino: rules tried on records that are in no lake.

The rows travel in the query's text, as one JSON literal that Trino unfolds: hundreds of rows as
VALUES would be tens of thousands of expressions to plan. Only columns that the query names go
along, and rows that do not fit beside the query go with another run of it.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import orjson
import sqlglot
from sqlglot import TokenType, exp

from mantissa.adapters.lake_splice import spliced
from mantissa.adapters.lake_sql import TRINO_BYTES
from mantissa.adapters.trino import Cluster, TrinoEngine
from mantissa.errors import QueryTooLarge
from mantissa.model import QueryLimits, QueryResult
from mantissa.ports import SecretStore

if TYPE_CHECKING:
    import pyarrow as pa

DIALECT = "trino"
_TOGETHER = {
    "OVER",
    "GROUP",
    "GROUP BY",
    "ORDER BY",
    "DISTINCT",
    "LIMIT",
    "COUNT",
    "MIN",
    "MAX",
    "SUM",
}
"""Words of queries that see several rows at once."""
_SPARE = 20_000
"""Bytes of the text that the rows' relation takes besides the rows."""


class AsItIs:
    """Takes a query as it is: there is no lake behind it."""

    def ready(self, sql: str, rows: int | None, files: object = None) -> str:
        """Return the text to run."""
        return sql

    def estimate(self, sql: str, files: object = None) -> int:
        """Return nothing: rows that travel in the text are not scanned."""
        return 0


@dataclass(frozen=True, slots=True)
class OpenOnTrino:
    """Opens a cluster over tables in memory: an `OpenRows`."""

    cluster: Cluster
    secrets: SecretStore
    max_bytes: int = TRINO_BYTES

    def __call__(self, rows: Mapping[str, pa.Table]) -> TrinoRows:
        """Return an engine whose tables these are."""
        engine = TrinoEngine(self.cluster, AsItIs(), self.secrets)
        return TrinoRows(engine, rows, self.max_bytes)


class TrinoRows:
    """A `QueryEngine` over Arrow tables; a scan of one of them may need several texts.

    Args:
        max_bytes: longest query text that the cluster takes.
    """

    def __init__(self, engine: TrinoEngine, tables: Mapping[str, pa.Table], max_bytes: int) -> None:
        self._engine, self._tables, self._max_bytes = engine, tables, max_bytes

    @property
    def dialect(self) -> str:
        """The sqlglot name of the SQL it takes."""
        return DIALECT

    def run(
        self,
        sql: str,
        *,
        limits: QueryLimits,
        files: Mapping[str, Sequence[str]] | None = None,
    ) -> QueryResult:
        """Run one SELECT over the rows, as often as the length of its text asks for."""
        import pyarrow as pa

        started, parts, scanned = time.monotonic(), [], 0
        for text in self._texts(sql):
            result = self._engine.run(text, limits=limits)
            parts.append(result.table)
            scanned += result.bytes_scanned
        return QueryResult(pa.concat_tables(parts), scanned, time.monotonic() - started, False)

    def estimate(self, sql: str) -> int:
        """Return the bytes that the tables hold."""
        return sum(table.nbytes for table in self._tables.values())

    def _texts(self, sql: str) -> list[str]:
        """Return the texts that together judge all rows: several only if rows are judged singly."""
        named = [name for name in self._tables if _quoted(name) in sql]
        if len(named) == 1:
            chunks = list(self._chunks(sql, named[0]))
            if len(chunks) == 1 or _judges_rows_singly(sql):
                texts = [self._spliced(sql, named[0], rows) for rows in chunks]
                if None not in texts:
                    return [text for text in texts if text is not None]
        return [self._whole(sql)]

    def _spliced(self, sql: str, name: str, rows: str) -> str | None:
        return spliced(sql, name, self._relation(sql, name, rows), frozenset())

    def _whole(self, sql: str) -> str:
        """Return a query of any shape with all rows in it."""
        tree = sqlglot.parse_one(sql, dialect=DIALECT)
        for node in list(tree.find_all(exp.Table)):
            if node.name in self._tables and not node.db:
                rows = f"[{','.join(_json_rows(self._used(sql, node.name)))}]"
                query = self._relation(sql, node.name, rows)
                alias = exp.TableAlias(this=exp.to_identifier(node.alias_or_name, quoted=True))
                node.replace(exp.Subquery(this=query, alias=alias))
        text = tree.sql(dialect=DIALECT)
        if len(text.encode()) > self._max_bytes:
            raise QueryTooLarge("the records and the rules are longer than a query may be")
        return text

    def _relation(self, sql: str, name: str, rows: str) -> exp.Select:
        return _relation(self._used(sql, name).schema, rows)

    def _used(self, sql: str, name: str) -> pa.Table:
        """Return a table's columns that a query names, at least one."""
        table = self._tables[name]
        used = [c for c in table.column_names if _quoted(c) in sql]
        return table.select(used or table.column_names[:1])

    def _chunks(self, sql: str, name: str) -> Iterator[str]:
        """Yield JSON lists of rows that fit beside the query, at least one, be it empty."""
        room = self._max_bytes - len(sql.encode()) - _SPARE
        chunk: list[str] = []
        size = 0
        for row in _json_rows(self._used(sql, name)):
            # A quote is doubled in a literal.
            cost = len(row.encode()) + row.count("'") + 1
            if cost > room:
                raise QueryTooLarge("a record and the rules are longer than a query may be")
            if size + cost > room:
                yield f"[{','.join(chunk)}]"
                chunk, size = [], 0
            chunk.append(row)
            size += cost
        yield f"[{','.join(chunk)}]"


def _judges_rows_singly(sql: str) -> bool:
    """Tell whether a query's answer is that of its rows one by one."""
    tokens = sqlglot.tokenize(sql, read=DIALECT)
    words = {token.text.upper() for token in tokens if token.token_type != TokenType.STRING}
    return not words & _TOGETHER


def _quoted(name: str) -> str:
    return exp.to_identifier(name, quoted=True).sql(dialect=DIALECT)


def _json_rows(table: pa.Table) -> Iterator[str]:
    """Yield each row as a JSON list; times are texts in UTC."""
    import pyarrow as pa

    columns = [
        column.cast(pa.timestamp("ms")).cast(pa.string())
        if pa.types.is_timestamp(column.type)
        else column
        for column in table.columns
    ]
    for values in zip(*(column.to_pylist() for column in columns), strict=True):
        yield orjson.dumps(values).decode()


def _relation(schema: pa.Schema, rows: str) -> exp.Select:
    """Return a SELECT of the rows of a JSON list of lists, under the schema's names and types."""
    names = [f"c{number}" for number in range(len(schema))]
    fields = [
        exp.ColumnDef(this=exp.to_identifier(name), kind=_type(_json_type(field.type)))
        for name, field in zip(names, schema, strict=True)
    ]
    row = exp.DataType(this=exp.DataType.Type.STRUCT, expressions=fields, nested=True)
    array = exp.DataType(this=exp.DataType.Type.ARRAY, expressions=[row], nested=True)
    parsed = exp.Anonymous(this="JSON_PARSE", expressions=[exp.Literal.string(rows)])
    alias = exp.TableAlias(
        this=exp.to_identifier("r"), columns=[exp.to_identifier(name) for name in names]
    )
    unnest = exp.Unnest(expressions=[exp.Cast(this=parsed, to=array)], alias=alias)
    values = [_value(name, field) for name, field in zip(names, schema, strict=True)]
    return exp.Select(expressions=values, from_=exp.From(this=unnest))


def _value(name: str, field: pa.Field) -> exp.Expr:
    import pyarrow as pa

    value: exp.Expr = exp.column(name)
    if pa.types.is_timestamp(field.type):
        value = exp.Cast(this=value, to=_type("TIMESTAMP(3)"))
    return exp.Alias(this=value, alias=exp.to_identifier(field.name, quoted=True))


def _json_type(kind: pa.DataType) -> str:
    """Return the Trino type that a JSON value of a column is read as."""
    import pyarrow as pa

    if pa.types.is_boolean(kind):
        return "BOOLEAN"
    if pa.types.is_integer(kind):
        return "BIGINT"
    return "DOUBLE" if pa.types.is_floating(kind) else "VARCHAR"


def _type(name: str) -> exp.DataType:
    return exp.DataType.build(name, dialect=DIALECT)
