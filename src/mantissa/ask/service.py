"""The `query` use case: SQL that a person wrote, guarded, estimated and run."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mantissa.ask.cost import estimate, format_bytes
from mantissa.ask.export import rows, type_name
from mantissa.ask.guard import Allowed, guard
from mantissa.ask.reads import Names
from mantissa.errors import GuardRefused
from mantissa.model import DataFile, QueryLimits, QueryResult
from mantissa.ports import JSONValue, QueryEngine

if TYPE_CHECKING:
    import pyarrow as pa

Files = Callable[[], Iterable[DataFile]]
"""The lake's files, or one entry for the files of a whole partition, with their column sizes."""


@dataclass(frozen=True, slots=True)
class QueryPlan:
    """A query that may run, and about how many bytes it will read."""

    sql: str
    tables: tuple[str, ...]
    estimated_bytes: int

    def to_json(self) -> dict[str, JSONValue]:
        """Return what `query --dry-run` prints."""
        return {
            "allowed": True,
            "sql": self.sql,
            "tables": list(self.tables),
            "estimated_bytes": self.estimated_bytes,
        }


@dataclass(frozen=True, slots=True)
class ResultColumn:
    """A column of a result and its type in the words of the catalog."""

    name: str
    type: str


@dataclass(frozen=True, slots=True)
class QueryAnswer:
    """A query's rows with what was planned and what it took."""

    plan: QueryPlan
    result: QueryResult

    @property
    def table(self) -> pa.Table:
        """The rows."""
        return self.result.table

    @property
    def columns(self) -> tuple[ResultColumn, ...]:
        """The result's columns, in order."""
        return tuple(ResultColumn(f.name, type_name(f.type)) for f in self.table.schema)

    def summary(self) -> dict[str, JSONValue]:
        """Return what `query` prints, without the rows."""
        return {
            "sql": self.plan.sql,
            "columns": [{"name": c.name, "type": c.type} for c in self.columns],
            "row_count": self.table.num_rows,
            "truncated": self.result.truncated,
            "estimated_bytes": self.plan.estimated_bytes,
            "bytes_scanned": self.result.bytes_scanned,
            "seconds": self.result.seconds,
        }

    def to_json(self) -> dict[str, JSONValue]:
        """Return what `query` prints."""
        return {**self.summary(), "rows": rows(self.table)}


class Query:
    """Answers SQL over the lake.

    Args:
        files: where estimates come from; the engine's own are used if there is nothing better.
        max_bytes: a query that would read more is refused.
    """

    def __init__(
        self,
        engine: QueryEngine,
        names: Names,
        limits: QueryLimits,
        *,
        files: Files | None = None,
        max_bytes: int | None = None,
    ) -> None:
        self._engine = engine
        self._names = names
        self._limits = limits
        self._files = files
        self._max_bytes = max_bytes

    def plan(self, sql: str) -> QueryPlan:
        """Return the query that would run. Raises `GuardRefused`."""
        allowed = guard(sql, self._names, dialect=self._engine.dialect, constants=True)
        return QueryPlan(allowed.sql, allowed.tables, self._estimate(allowed))

    def run(self, sql: str) -> QueryAnswer:
        """Answer the query. Raises `GuardRefused` and `EngineError`."""
        plan = self.plan(sql)
        if self._max_bytes is not None and plan.estimated_bytes > self._max_bytes:
            raise GuardRefused(
                f"the query would read {format_bytes(plan.estimated_bytes)}, more than the "
                f"{format_bytes(self._max_bytes)} allowed",
                code="too_many_bytes",
                fix="ask for fewer days (event_date) or fewer columns",
            )
        return QueryAnswer(plan, self._engine.run(plan.sql, limits=self._limits))

    def _estimate(self, allowed: Allowed) -> int:
        if not allowed.reads:
            return 0
        if self._files is None:
            return self._engine.estimate(allowed.sql)
        return estimate(allowed.reads, self._files()).bytes
