"""A query made ready for Athena or Trino: one SELECT, its tables pinned to files, its rows limited.

A pinned table is read as `(SELECT * FROM t WHERE "$path" IN (…) AND event_date IN (…))`. Both
conditions prune before a file is opened: the second the partitions that are listed, the first the
files. Neither engine says so when a listed file is not there, or lies in a partition that the
catalog does not know: it is simply not read, and a detection would miss it in silence. So
partitions are registered and files looked for before the query starts.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError

from mantissa.adapters.lake_splice import spliced
from mantissa.ask.cost import estimate
from mantissa.ask.guard import limited_text
from mantissa.ask.reads import Names, reads
from mantissa.errors import (
    EngineError,
    EngineRejected,
    EngineTransient,
    GuardRefused,
    QueryTooLarge,
    StoreError,
    StoreTransient,
)
from mantissa.model import DataFile, Table
from mantissa.ports import Catalog, ObjectStore

DIALECT = "trino"
PATH = "$path"
"""The hidden column with a row's file."""

ATHENA_BYTES = 262_144
"""Longest query text (Athena service quotas)."""

TRINO_BYTES = 1_000_000
"""Longest query text that a Trino takes unless `query.max-length` says otherwise."""

Files = Mapping[str, Sequence[str]]
"""Table → the only lake keys that may be read for it."""

DataFiles = Callable[[], Iterable[DataFile]]
"""The lake's files, or one entry for those of a whole partition, with their column sizes."""


@dataclass(frozen=True, slots=True)
class LakeSql:
    """The lake as Athena and Trino know it.

    Args:
        location: what stands before a lake key to make `"$path"`: `s3://bucket/`.
        views: SELECTs in Trino's dialect by name, which may name tables and earlier views.
        max_bytes: longest query text that the engine takes.
    """

    location: str
    tables: Mapping[str, Table]
    views: Mapping[str, str]
    objects: ObjectStore
    catalog: Catalog
    max_bytes: int = ATHENA_BYTES

    def ready(self, sql: str, rows: int | None, files: Files | None = None) -> str:
        """Return the text to run. Raises `EngineRejected`, `QueryTooLarge`, `EngineTransient`.

        Args:
            rows: most rows wanted; one more is asked for.
        """
        for table, keys in (files or {}).items():
            self._check_keys(table, keys)
        text = self._text(sql, rows, files or {})
        if len(text.encode()) > self.max_bytes:
            raise _too_large(text, files or {}, self)
        self._make_visible(files or {})
        return text

    def _text(self, sql: str, rows: int | None, files: Files) -> str:
        if rows is None and len(files) == 1:
            quick = self._spliced(sql, *next(iter(files.items())))
            if quick is not None:
                return quick
        tree = select(sql)
        if files:
            tree = self._pinned(tree, files)
        if rows is not None:
            tree = limited(tree, rows + 1)
        text = sql if tree is select(sql) else tree.sql(dialect=DIALECT)
        if rows is not None and not files:
            # What people ask goes as the guard wrote it: sqlglot would say some of it anew.
            text = limited_text(sql, rows + 1) or text
        return text

    def _spliced(self, sql: str, table: str, keys: Sequence[str]) -> str | None:
        node = exp.table_(table, quoted=True)
        return spliced(sql, table, self._files_of(node, keys), frozenset(self.views))

    def estimate(self, sql: str, files: DataFiles | None = None) -> int:
        """Return about how many bytes a query scans; without `files`, whole files are counted."""
        try:
            names = Names.of(self.tables.values(), self.views, DIALECT)
            found = reads(select(sql), names)
        except (GuardRefused, SqlglotError) as error:
            raise EngineRejected("the SQL does not name tables and columns of the lake") from error
        known = self._listed({read.table for read in found}) if files is None else files()
        return estimate(found, known).bytes

    def path(self, key: str) -> str:
        """Return what `"$path"` says for a lake key."""
        return self.location + key

    def _check_keys(self, name: str, keys: Sequence[str]) -> None:
        table = self.tables.get(name)
        for key in keys:
            parts = key.split("/")
            place = f"{table.partition}=" if table else "\0"
            if (
                parts[:2] != ["lake", name]
                or ".." in parts
                or not key[6 + len(name) :].startswith(place)
            ):
                raise EngineRejected("the key is not a file of this table", where=key)

    def _pinned(self, tree: exp.Query, files: Files) -> exp.Query:
        tree = tree.copy()
        for node in list(tree.find_all(exp.Table)):
            name = node.name.lower()
            if not isinstance(node.this, exp.Identifier) or _is_named_query(node, name):
                continue
            if name in files:
                _refuse_versions(node)
                _replace(node, self._files_of(node, files[name]))
            elif name in self.views and self._view_reads(name, files):
                _replace(node, self._pinned(select(self.views[name]), files))
        return tree

    def _files_of(self, node: exp.Table, keys: Sequence[str]) -> exp.Select:
        table = self.tables[node.name.lower()]
        place = exp.Table(
            this=node.this.copy(), db=_copy(node, "db"), catalog=_copy(node, "catalog")
        )
        days = list(dict.fromkeys(day_of(key) for key in keys))
        found = exp.select("*").from_(place)
        if not keys:
            return found.where(exp.false(), copy=False)
        paths = _in(PATH, [self.path(key) for key in keys])
        return found.where(paths, _in(table.partition, days), copy=False)

    def _view_reads(self, name: str, files: Files) -> bool:
        used = {t.name.lower() for t in select(self.views[name]).find_all(exp.Table)}
        deeper = (view for view in used if view in self.views and view != name)
        return bool(used & set(files)) or any(self._view_reads(view, files) for view in deeper)

    def _make_visible(self, files: Files) -> None:
        """Register partitions and look for files: what is missing must not look like no rows."""
        try:
            for table, keys in files.items():
                days = list(dict.fromkeys(day_of(key) for key in keys))
                if days:
                    self.catalog.register(table, days)
                self._look_for(table, days, set(keys))
        except StoreTransient as error:
            raise EngineTransient(error.message, where=error.where, fix=error.fix) from error
        except StoreError as error:
            raise EngineRejected(error.message, where=error.where, fix=error.fix) from error

    def _look_for(self, name: str, days: Sequence[str], keys: set[str]) -> None:
        partition = self.tables[name].partition
        for day in days:
            for info in self.objects.list(f"lake/{name}/{partition}={day}/"):
                keys.discard(info.key)
        if keys:
            raise EngineTransient("a file of the table is missing", where=min(keys))

    def _listed(self, names: Iterable[str]) -> Iterator[DataFile]:
        for name in names:
            for info in self.objects.list(f"lake/{name}/"):
                yield DataFile(info.key, name, day_of(info.key), 0, info.size, "", "")


def select(sql: str) -> exp.Query:
    """Return the tree of exactly one SELECT; it is shared, so it must not be changed.

    Raises `EngineRejected`.
    """
    found = _parsed(sql)
    if isinstance(found, exp.Query):
        return found
    raise EngineRejected(found[0], fix=found[1])


@lru_cache(maxsize=4)
def _parsed(sql: str) -> exp.Query | tuple[str, str]:
    try:
        trees = [tree for tree in sqlglot.parse(sql, dialect=DIALECT) if tree is not None]
    except (SqlglotError, RecursionError):
        return "the SQL cannot be read", "check its syntax"
    if len(trees) != 1 or not isinstance(trees[0], exp.Query) or trees[0].find(exp.Into):
        return (
            "the engine runs exactly one SELECT",
            "send one SELECT statement, without a second one after a semicolon",
        )
    return trees[0]


def limited(tree: exp.Query, rows: int) -> exp.Query:
    """Return the query with at most so many rows; a lower limit of its own stays."""
    present = tree.args.get("limit")
    if isinstance(present, exp.Fetch) or (
        isinstance(present, exp.Limit) and _within(present, rows)
    ):
        return tree
    return tree.limit(rows, dialect=DIALECT)


def _within(limit: exp.Limit, rows: int) -> bool:
    count = limit.expression
    if isinstance(count, exp.Literal) and count.name.isdecimal():
        return int(count.name) <= rows
    return str(count.name).upper() != "ALL"


def day_of(key: str) -> str:
    """Return the partition value in a lake key."""
    return key.split("/")[2].partition("=")[2]


def _in(column: str, values: Sequence[str]) -> exp.In:
    texts = [exp.Literal.string(value) for value in values]
    return exp.In(this=exp.column(exp.to_identifier(column, quoted=True)), expressions=texts)


def _copy(node: exp.Expr, name: str) -> exp.Expr | None:
    found = node.args.get(name)
    return found.copy() if isinstance(found, exp.Expr) else None


def _replace(node: exp.Table, query: exp.Query) -> None:
    """Put a query in a table's place, under the name that the rest of the SQL knows it by."""
    alias = _copy(node, "alias") or exp.TableAlias(this=node.this.copy())
    if alias.this is None:
        alias.set("this", node.this.copy())
    place = exp.Subquery(this=query, alias=alias)
    for name in ("joins", "laterals", "pivots", "sample"):
        if node.args.get(name):
            place.set(name, node.args[name])
    node.replace(place)


def _refuse_versions(node: exp.Table) -> None:
    for name in ("version", "when", "system_time", "partition"):
        if node.args.get(name):
            raise EngineRejected("older versions of a table cannot be read")


def _is_named_query(node: exp.Table, name: str) -> bool:
    """Tell whether a name means a WITH query here: one's own name is not known inside it."""
    if node.args.get("db"):
        return False
    child: exp.Expr = node
    while (parent := child.parent) is not None:
        if isinstance(parent, exp.With):
            known = parent.expressions if parent.recursive else parent.expressions[: child.index]
        elif isinstance(child, exp.With) or not isinstance(parent.args.get("with_"), exp.With):
            known = []
        else:
            known = parent.args["with_"].expressions
        if any(query.alias.lower() == name for query in known):
            return True
        child = parent
    return False


def _too_large(text: str, files: Files, lake: LakeSql) -> EngineError:
    size = len(text.encode())
    keys = [key for own in files.values() for key in own]
    literals = [
        len(exp.Literal.string(lake.path(key)).sql(dialect=DIALECT).encode()) + 2 for key in keys
    ]
    message = f"the query is {size:,} bytes of SQL, more than the {lake.max_bytes:,} allowed"
    if not keys:
        return QueryTooLarge(message, fix="make it shorter")
    # A table that is named twice carries its files twice.
    named = max(1, text.count(lake.path(keys[0])))
    bare = size - named * sum(literals)
    fits = max(0, (lake.max_bytes - bare) // (named * max(literals)))
    return QueryTooLarge(message, fits=min(fits, len(keys) - 1), fix="read fewer files at once")
