"""The Glue database against the tables and views of the product: what is missing, what differs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from mantissa.adapters.aws.checks.look import Flaw, failure, look, reading
from mantissa.errors import MantissaError
from mantissa.model import Check, Table
from mantissa.sources.presto_view import PrestoView, glue_view
from mantissa.sources.schema import glue_table

if TYPE_CHECKING:
    from types_boto3_glue.client import GlueClient

DEPLOY = "apply the deployment of this version of the product again"
SHOWN = 6
"""Most columns that one check names."""


class CatalogChecks:
    """Looks at one database.

    Args:
        location: the folder of the lake, `s3://bucket/lake`.
    """

    def __init__(self, glue: GlueClient, database: str, location: str) -> None:
        self._glue = glue
        self._database = database
        self._location = location.rstrip("/")

    def checks(self, tables: Sequence[Table], views: Sequence[PrestoView]) -> Iterator[Check]:
        """Yield one check for the database, and one for each table or view that drifted."""
        try:
            present = self._present()
        except MantissaError as error:
            yield failure("catalog", error)
            return
        wanted = [glue_table(table, f"{self._location}/{table.name}") for table in tables]
        wanted += [glue_view(view, self._database) for view in views]
        drifted = [c for want in wanted for c in self._compare(want, present) if not c.ok]
        if drifted:
            yield from drifted
            return
        yield Check("catalog", True, f"{self._database}: {len(tables)} tables, {len(views)} views")

    def _present(self) -> Mapping[str, Mapping[str, Any]]:
        none = Flaw("there is no such Glue database", where=self._database, fix=DEPLOY)
        with reading("glue:GetTables", self._database, {"EntityNotFoundException": none}):
            pages = self._glue.get_paginator("get_tables").paginate(DatabaseName=self._database)
            return {table["Name"]: dict(table) for page in pages for table in page["TableList"]}

    def _compare(
        self, wanted: Mapping[str, Any], present: Mapping[str, Mapping[str, Any]]
    ) -> Iterator[Check]:
        name = wanted["Name"]
        kind = "view" if wanted["TableType"] == "VIRTUAL_VIEW" else "table"
        there = partial(self._there, name, present)
        if kind == "view":
            return look(f"view {name}", there, [partial(self._same_sql, wanted, present)])
        others = (self._same_columns, self._same_place)
        return look(f"table {name}", there, [partial(o, wanted, present) for o in others])

    def _there(self, name: str, present: Mapping[str, Mapping[str, Any]]) -> str:
        if name not in present:
            raise Flaw("it is not in the Glue database", where=self._where(name), fix=DEPLOY)
        return name

    def _same_columns(
        self, wanted: Mapping[str, Any], present: Mapping[str, Mapping[str, Any]]
    ) -> str:
        where, drift = self._where(wanted["Name"]), []
        want, have = _columns(wanted), _columns(present[wanted["Name"]])
        drift += [f"{c} is missing" for c in want if c not in have]
        drift += [f"{c} is {have[c]}, not {t}" for c, t in want.items() if have.get(c, t) != t]
        drift += [f"{c} is not known here" for c in have if c not in want]
        if drift:
            more = f" and {len(drift) - SHOWN} more" if len(drift) > SHOWN else ""
            raise Flaw(
                f"its columns drifted: {', '.join(drift[:SHOWN])}{more}", where=where, fix=DEPLOY
            )
        return ""

    def _same_place(
        self, wanted: Mapping[str, Any], present: Mapping[str, Mapping[str, Any]]
    ) -> str:
        want = wanted["StorageDescriptor"]["Location"]
        have = present[wanted["Name"]].get("StorageDescriptor", {}).get("Location", "")
        if have.rstrip("/") != want.rstrip("/"):
            told = f"its files lie in {have or 'no place'}, not in {want}"
            raise Flaw(told, where=self._where(wanted["Name"]), fix=DEPLOY)
        return ""

    def _same_sql(self, wanted: Mapping[str, Any], present: Mapping[str, Mapping[str, Any]]) -> str:
        if present[wanted["Name"]].get("ViewOriginalText") != wanted["ViewOriginalText"]:
            where = self._where(wanted["Name"])
            raise Flaw("it is not the view of this version", where=where, fix=DEPLOY)
        return ""

    def _where(self, name: str) -> str:
        return f"{self._database}.{name}"


def _columns(table: Mapping[str, Any]) -> dict[str, str]:
    """Return the columns and partition keys of a table by name."""
    storage = table.get("StorageDescriptor", {}).get("Columns", [])
    return {c["Name"]: c["Type"] for c in (*storage, *table.get("PartitionKeys", []))}
