"""The lake's tables as DuckDB views over Parquet files, built as sqlglot trees.

Every view has exactly its table's columns and the partition column, whatever each file holds:
`read_parquet(schema = …)` fills what a file lacks with NULL and casts what is narrower, without
opening any footer while the view is made. DuckDB refuses `schema` together with
`hive_partitioning`, so the partition is taken from the file's name; filters on it still prune
whole files before they are opened (`Scanning Files: 300/10000` in the plan).
"""

from __future__ import annotations

import glob
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from pathlib import Path

from sqlglot import exp, parse_one
from sqlglot.errors import SqlglotError

from mantissa.ask.reads import Names, Read, reads
from mantissa.errors import EngineRejected, GuardRefused
from mantissa.model import Column, Table

SQL_TYPES: Mapping[str, str] = {
    "string": "VARCHAR",
    "json": "VARCHAR",
    "bigint": "BIGINT",
    "double": "DOUBLE",
    "boolean": "BOOLEAN",
    "timestamp": "TIMESTAMP",
}
"""DuckDB's type for each storage type; JSON stays text, as in Athena."""

FILE_COLUMN = "mantissa file"
"""What DuckDB calls a row's file inside our views; no table can have a column of this name."""


class Relations:
    """The tables and views that an engine knows.

    Args:
        views: DuckDB SELECTs by view name; they may name tables and earlier views.
    """

    def __init__(self, tables: Sequence[Table], views: Mapping[str, str] | None = None) -> None:
        self._views = dict(views or {})
        self._tables = {table.name: table for table in tables}
        self._statements: dict[str, str] = {}

    def add(self, table: Table) -> None:
        """Make a table known, or replace its definition."""
        self._tables[table.name] = table

    def names(self) -> list[str]:
        """Return every table and view, sorted."""
        return sorted({*self._tables, *self._views})

    def mentioned(self, sql: str) -> tuple[list[Table], list[str]]:
        """Return a superset of the tables and views that the SQL can read, found by name."""
        text, views = sql.lower(), []
        for name in reversed(self._views):
            if name.lower() in text:
                text += f" {self._views[name].lower()}"
                views.append(name)
        tables = [t for name, t in self._tables.items() if name.lower() in text]
        return tables, views[::-1]

    def view_statements(self, sql: str) -> tuple[str, ...]:
        """Return the CREATE VIEWs of the views that this SQL needs."""
        _, views = self.mentioned(sql)
        return tuple(self._view_statement(view) for view in views)

    def _view_statement(self, view: str) -> str:
        if view not in self._statements:
            tree = parse_one(self._views[view], dialect="duckdb")
            self._statements[view] = create_view(view, tree)
        return self._statements[view]

    def check_keys(self, table: str, keys: Sequence[str]) -> None:
        """Refuse keys that are not files of the table. Raises `EngineRejected`."""
        for key in keys:
            if not key.startswith(f"lake/{table}/") or ".." in key.split("/"):
                raise EngineRejected("the key is not a file of this table", where=key)

    def reads(self, sql: str) -> tuple[Read, ...]:
        """Return what the SQL reads. Raises `EngineRejected`."""
        try:
            tree = parse_one(sql, dialect="duckdb")
            return reads(tree, Names.of(self._tables.values(), self._views))
        except (GuardRefused, SqlglotError) as error:
            raise EngineRejected("the SQL does not name tables and columns of the lake") from error


class LakeFiles:
    """Where a lake's Parquet files are, and the statements that make them tables of DuckDB.

    Args:
        home: the folder that lake keys (`lake/<table>/event_date=…/x.parquet`) are relative to.
    """

    def __init__(self, home: Path, relations: Relations) -> None:
        self.home = home.resolve()
        self._relations = relations

    @property
    def lake(self) -> Path:
        """The only folder that DuckDB may read."""
        return self.home / "lake"

    def statements(
        self, sql: str, files: Mapping[str, Sequence[str]] | None = None
    ) -> tuple[str, ...]:
        """Return the CREATE VIEWs that this SQL needs, tables before the views that read them."""
        files = files or {}
        for table, keys in files.items():
            self._relations.check_keys(table, keys)
        tables, _ = self._relations.mentioned(sql)
        made = [view_of_files(t, self._paths(t, files.get(t.name))) for t in tables]
        return (*made, *self._relations.view_statements(sql))

    def _paths(self, table: Table, keys: Sequence[str] | None) -> tuple[str, ...]:
        if keys is not None:
            return tuple(glob.escape(str(self.home / key)) for key in keys)
        folder = self.lake / table.name
        if not any(folder.glob(f"{table.partition}=*/*.parquet")):
            return ()
        return (f"{glob.escape(str(folder))}/{table.partition}=*/*.parquet",)


@lru_cache(maxsize=64)
def view_of_files(table: Table, paths: tuple[str, ...]) -> str:
    """Return the CREATE VIEW of a table over Parquet files; without files it is empty."""
    return create_view(table.name, read_files(table, paths) if paths else empty(table))


def read_files(table: Table, paths: Sequence[str]) -> exp.Select:
    """Build a SELECT of the table's columns and its partition over Parquet files."""
    reader = exp.Anonymous(
        this="read_parquet",
        expressions=[
            exp.Array(expressions=[exp.Literal.string(path) for path in paths]),
            exp.EQ(this=exp.column("schema"), expression=_schema(table.columns)),
            exp.EQ(this=exp.column("filename"), expression=exp.Literal.string(FILE_COLUMN)),
        ],
    )
    return exp.select(*(_quoted(c.name) for c in table.columns), _partition(table)).from_(
        exp.Table(this=reader)
    )


def empty(table: Table) -> exp.Select:
    """Build a SELECT of the table's columns, typed, without rows."""
    typed = [(c.name, SQL_TYPES[c.type]) for c in table.columns] + [(table.partition, "VARCHAR")]
    return exp.select(
        *(exp.alias_(exp.cast(exp.null(), kind), name, quoted=True) for name, kind in typed)
    ).where(exp.false())


def create_view(name: str, query: exp.Expr) -> str:
    """Return the DuckDB statement that names a query."""
    view = exp.Create(this=exp.Table(this=exp.to_identifier(name, quoted=True)), kind="VIEW")
    view.set("expression", query)
    return view.sql(dialect="duckdb")


def _quoted(name: str) -> exp.Column:
    return exp.column(exp.to_identifier(name, quoted=True))


def _schema(columns: Iterable[Column]) -> exp.ToMap:
    entries = (
        _pair(exp.Literal.string(c.name), _struct(c.name, SQL_TYPES[c.type])) for c in columns
    )
    return exp.ToMap(this=exp.Struct(expressions=list(entries)))


def _struct(name: str, kind: str) -> exp.Struct:
    fields = {"name": exp.Literal.string(name), "type": exp.Literal.string(kind)}
    pairs = [_pair(exp.to_identifier(key), value) for key, value in fields.items()]
    pairs.append(_pair(exp.to_identifier("default_value"), exp.null()))
    return exp.Struct(expressions=pairs)


def _pair(key: exp.Expr, value: exp.Expr) -> exp.PropertyEQ:
    return exp.PropertyEQ(this=key, expression=value)


def _partition(table: Table) -> exp.Expr:
    pattern = exp.Literal.string(f"{table.partition}=([^/]*)/[^/]*$")
    value = exp.Anonymous(
        this="regexp_extract", expressions=[_quoted(FILE_COLUMN), pattern, exp.Literal.number(1)]
    )
    return exp.alias_(value, table.partition, quoted=True)
