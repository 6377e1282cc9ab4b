"""The catalog of an engine that finds the lake's files by their paths: nothing to keep."""

from __future__ import annotations

from collections.abc import Iterable

from mantissa.model import Table


class PathCatalog:
    """Knows the tables it was made with; days of a table are known by their folders."""

    def __init__(self, tables: Iterable[Table]) -> None:
        self._tables = {table.name for table in tables}

    def ensure(self, table: Table) -> None:
        """Know a table; running it again changes nothing."""
        self._tables.add(table.name)

    def register(self, table: str, event_dates: Iterable[str]) -> None:
        """Do nothing: a day's files are found where they lie."""

    def tables(self) -> Iterable[str]:
        """Return the known table names, sorted."""
        return sorted(self._tables)
