"""The Glue database as the catalog of Athena and Trino: tables, views, and days of files.

A day is a partition that is registered, not projected: what is not registered is not read, so that
`register` is called before anybody relies on a day's files. Other processes do the same at the
same time; whoever comes second finds that it is done.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from mantissa.adapters.aws.errors import calling, code_of
from mantissa.adapters.aws.pauses import Pause, attempts, wait
from mantissa.errors import ConfigError, Conflict, StoreError, StoreTransient
from mantissa.model import Table
from mantissa.sources.presto_view import PrestoView, glue_view
from mantissa.sources.schema import glue_table

if TYPE_CHECKING:
    from types_boto3_glue.client import GlueClient

BATCH = 100
"""Most partitions of one BatchCreatePartition."""

TRIES = 8
"""How often a change is tried against other writers."""

_EXISTS = "AlreadyExistsException"
_MISSING = "EntityNotFoundException"
_CONTENDED = frozenset({"ConcurrentModificationException", "VersionMismatchException"})
_INPUT = (
    "Name",
    "Description",
    "Owner",
    "Retention",
    "StorageDescriptor",
    "PartitionKeys",
    "ViewOriginalText",
    "ViewExpandedText",
    "TableType",
    "Parameters",
    "TargetTable",
)
"""What UpdateTable takes of what GetTable gives."""

_WIDER: Mapping[str, frozenset[str]] = {
    "bigint": frozenset({"tinyint", "smallint", "int"}),
    "double": frozenset({"float"}),
    "int": frozenset({"tinyint", "smallint"}),
}
"""Hive type → the types whose values it holds."""


class GlueCatalog:
    """A `Catalog` in one Glue database.

    Args:
        location: the folder of the lake, `s3://bucket/lake`.
    """

    def __init__(
        self, client: GlueClient, database: str, location: str, *, pause: Pause = wait
    ) -> None:
        self._client = client
        self._database = database
        self._location = location.rstrip("/")
        self._pause = pause
        self._known: set[tuple[str, str]] = set()
        self._lock = threading.Lock()

    def ensure(self, table: Table) -> None:
        """Create the table, or add its new columns and widen those that have grown.

        Raises `ConfigError` when a column has a type that its present one is no wider form of.
        """
        wanted = glue_table(table, f"{self._location}/{table.name}")
        for _ in attempts(TRIES, self._pause):
            present = self._get(table.name)
            if present is None:
                if self._create(wanted):
                    return
                continue
            changed = _grown(present, wanted)
            if changed is None or self._update(changed, present):
                return
        raise self._contended(table.name)

    def ensure_view(self, view: PrestoView) -> None:
        """Create the view or replace it by this one."""
        wanted = glue_view(view, self._database)
        for _ in attempts(TRIES, self._pause):
            present = self._get(view.name)
            if present is None:
                if self._create(wanted):
                    return
                continue
            same = present.get("ViewOriginalText") == wanted["ViewOriginalText"]
            if same or self._update(wanted, present):
                return
        raise self._contended(view.name)

    def register(self, table: str, event_dates: Iterable[str]) -> None:
        """Make days of a table known. Raises `StoreError` if there is no such table."""
        new = [day for day in dict.fromkeys(event_dates) if (table, day) not in self._known]
        if not new:
            return
        present = self._get(table)
        if present is None:
            raise StoreError(
                "the table is not in the Glue database",
                where=f"{self._database}.{table}",
                fix="deploy again, so that the catalog has every source",
            )
        for start in range(0, len(new), BATCH):
            days = new[start : start + BATCH]
            self._create_partitions(table, [_partition(present, day) for day in days])
            with self._lock:
                self._known.update((table, day) for day in days)

    def tables(self) -> list[str]:
        """Return the names of the database's tables and views, sorted."""
        with calling("glue:GetTables", self._database):
            pages = self._client.get_paginator("get_tables").paginate(DatabaseName=self._database)
            return sorted(table["Name"] for page in pages for table in page["TableList"])

    def _get(self, name: str) -> dict[str, Any] | None:
        from botocore.exceptions import ClientError

        with calling("glue:GetTable", f"{self._database}.{name}"):
            try:
                found = self._client.get_table(DatabaseName=self._database, Name=name)
            except ClientError as error:
                if code_of(error) != _MISSING:
                    raise
                return None
        return dict(found["Table"])

    def _create(self, wanted: Mapping[str, Any]) -> bool:
        """Create a table; False when another was first."""
        from botocore.exceptions import ClientError

        with calling("glue:CreateTable", f"{self._database}.{wanted['Name']}"):
            try:
                self._client.create_table(DatabaseName=self._database, TableInput=_input(wanted))
            except ClientError as error:
                if code_of(error) != _EXISTS:
                    raise
                return False
        return True

    def _update(self, wanted: Mapping[str, Any], present: Mapping[str, Any]) -> bool:
        """Write a table over the version that was read; False when another was first."""
        from botocore.exceptions import ClientError

        version = {"VersionId": present["VersionId"]} if present.get("VersionId") else {}
        with calling("glue:UpdateTable", f"{self._database}.{wanted['Name']}"):
            try:
                self._client.update_table(
                    DatabaseName=self._database, TableInput=_input(wanted), **version
                )
            except ClientError as error:
                if code_of(error) not in _CONTENDED:
                    raise
                return False
        return True

    def _create_partitions(self, table: str, inputs: Sequence[Any]) -> None:
        place = f"{self._database}.{table}"
        left = list(inputs)
        for _ in attempts(TRIES, self._pause):
            with calling("glue:BatchCreatePartition", place):
                answer = self._client.batch_create_partition(
                    DatabaseName=self._database, TableName=table, PartitionInputList=left
                )
            failed = {
                tuple(error["PartitionValues"]): error["ErrorDetail"].get("ErrorCode", "")
                for error in answer.get("Errors", [])
                if error["ErrorDetail"].get("ErrorCode") != _EXISTS
            }
            left = [each for each in left if tuple(each["Values"]) in failed]
            if not left:
                return
        codes = ", ".join(sorted(set(failed.values())))
        raise StoreTransient(f"days could not be registered: {codes}", where=place, fix="try again")

    def _contended(self, name: str) -> Conflict:
        return Conflict("other writers kept being first", where=f"{self._database}.{name}")


def _grown(present: Mapping[str, Any], wanted: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return the table with what is new in it, or None if nothing is."""
    own = [dict(column) for column in present["StorageDescriptor"]["Columns"]]
    names = {column["Name"]: column for column in own}
    changed = False
    for column in wanted["StorageDescriptor"]["Columns"]:
        known = names.get(column["Name"])
        if known is None:
            own.append(column)
            changed = True
        elif known["Type"] != column["Type"] and not _holds(known["Type"], column["Type"]):
            _check_wider(column["Type"], known["Type"], f"{present['Name']}.{column['Name']}")
            known["Type"] = column["Type"]
            changed = True
    if not changed:
        return None
    return {**present, "StorageDescriptor": {**present["StorageDescriptor"], "Columns": own}}


def _holds(wide: str, narrow: str) -> bool:
    return narrow in _WIDER.get(wide, frozenset())


def _check_wider(new: str, old: str, where: str) -> None:
    if not _holds(new, old):
        raise ConfigError(
            f"the column is {old} in Glue and {new} in the source",
            where=where,
            fix="give the column another name in source.yaml; files keep the type they have",
        )


def _partition(table: Mapping[str, Any], day: str) -> dict[str, Any]:
    """Return the `PartitionInput` of one day: the table's own storage, a folder below it."""
    storage = dict(table["StorageDescriptor"])
    # A comment for each of 200 columns would make a hundred days megabytes.
    storage["Columns"] = [{k: c[k] for k in ("Name", "Type")} for c in storage["Columns"]]
    key = table["PartitionKeys"][0]["Name"]
    storage["Location"] = f"{storage['Location'].rstrip('/')}/{key}={day}/"
    return {"Values": [day], "StorageDescriptor": storage}


def _input(table: Mapping[str, Any]) -> Any:
    # Some catalogs give an empty owner, which none takes.
    return {name: table[name] for name in _INPUT if table.get(name) not in (None, "")}
