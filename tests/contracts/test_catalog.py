"""What every catalog promises, and what Glue's does while others write to it as well."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from mantissa.adapters.aws.glue import GlueCatalog
from mantissa.adapters.aws.session import Clients
from mantissa.adapters.local.duckdb import DuckDBEngine
from mantissa.adapters.memory import ManualClock, MemoryObjects
from mantissa.adapters.memory_engine import MemoryEngine
from mantissa.errors import ConfigError, Conflict, StoreError, StoreTransient
from mantissa.model import Column, Table
from mantissa.ports import Catalog
from mantissa.sources.presto_view import PrestoView, original_text
from mantissa.sources.registry import load_sources
from support.aws_stores import moto_clients

LOCATION = "s3://a-lake/lake"
ONE = Table("one", (Column("event_id", "string", "Who"), Column("n", "bigint")), "A table")
MORE = Table("one", (*ONE.columns, Column("added", "timestamp", "New")), "A table")
VIEW = PrestoView("seen", "SELECT event_id FROM one", (Column("event_id", "string"),))


@pytest.fixture
def clients() -> Iterator[Clients]:
    with moto_clients() as made:
        made.glue.create_database(DatabaseInput={"Name": "db"})
        yield made


@pytest.fixture
def glue(clients: Clients) -> GlueCatalog:
    return GlueCatalog(clients.glue, "db", LOCATION, pause=lambda seconds: None)


@pytest.fixture(params=["memory", "duckdb", "glue"])
def catalog(request: pytest.FixtureRequest, tmp_path: Path) -> Catalog:
    if request.param == "glue":
        made: GlueCatalog = request.getfixturevalue("glue")
        return made
    if request.param == "duckdb":
        return DuckDBEngine(tmp_path, [])
    return MemoryEngine(MemoryObjects(ManualClock(datetime(2026, 1, 1, tzinfo=UTC))), [])


def test_a_catalog_learns_tables_once(catalog: Catalog) -> None:
    assert list(catalog.tables()) == []
    for table in (ONE, Table("another", ONE.columns), ONE, MORE):
        catalog.ensure(table)
    assert list(catalog.tables()) == ["another", "one"]


def test_days_can_be_registered_again(catalog: Catalog) -> None:
    catalog.ensure(ONE)
    for days in (["2026-01-01"], [], ["2026-01-02", "2026-01-01", "clock_skew"], iter(["x"])):
        catalog.register("one", days)


# Glue


def table_of(clients: Clients, name: str = "one") -> Any:
    return clients.glue.get_table(DatabaseName="db", Name=name)["Table"]


def columns(clients: Clients) -> dict[str, str]:
    found = table_of(clients)["StorageDescriptor"]["Columns"]
    return {column["Name"]: column["Type"] for column in found}


def days(clients: Clients) -> dict[str, str]:
    found = clients.glue.get_partitions(DatabaseName="db", TableName="one")["Partitions"]
    return {p["Values"][0]: p["StorageDescriptor"]["Location"] for p in found}


class Meddled:
    """A Glue client before whose next call of one operation something else happens."""

    def __init__(self, client: Any, operation: str, happens: Any) -> None:
        self.client, self.operation, self.happens = client, operation, happens
        self.calls: list[str] = []

    def __getattr__(self, name: str) -> Any:
        self.calls.append(name)
        if name == self.operation and self.happens is not None:
            happens, self.happens = self.happens, None
            happens()
        return getattr(self.client, name)


def error(code: str, operation: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": "no"}}, operation)


class Refusing(Meddled):
    """A Glue client that answers one operation with errors, so many times."""

    def __init__(self, client: Any, operation: str, code: str, times: int) -> None:
        super().__init__(client, operation, None)
        self.code, self.times = code, times

    def __getattr__(self, name: str) -> Any:
        if name == self.operation and self.times:
            self.times -= 1

            def refuse(**_: Any) -> None:
                raise error(self.code, name)

            return refuse
        return super().__getattr__(name)


def with_client(client: Any) -> GlueCatalog:
    return GlueCatalog(client, "db", LOCATION, pause=lambda seconds: None)


def test_every_builtin_source_fits_into_glue(glue: GlueCatalog, clients: Clients) -> None:
    for spec in load_sources().values():
        glue.ensure(spec.table)
        stored = table_of(clients, spec.table.name)
        assert [c["Name"] for c in stored["StorageDescriptor"]["Columns"]] == [
            c.name for c in spec.table.columns
        ]
        assert stored["StorageDescriptor"]["Location"] == f"{LOCATION}/{spec.table.name}/"


def test_new_columns_come_last_and_old_ones_stay(glue: GlueCatalog, clients: Clients) -> None:
    glue.ensure(MORE)
    glue.ensure(ONE)
    assert columns(clients) == {"event_id": "string", "n": "bigint", "added": "timestamp"}
    glue.ensure(Table("one", (Column("first", "json"), *ONE.columns)))
    assert list(columns(clients)) == ["event_id", "n", "added", "first"]


def test_a_table_that_is_as_it_should_be_is_not_written(
    glue: GlueCatalog, clients: Clients
) -> None:
    glue.ensure(MORE)
    client = Meddled(clients.glue, "", None)
    with_client(client).ensure(ONE)
    assert client.calls == ["get_table"]


def test_what_others_say_of_a_table_is_kept(glue: GlueCatalog, clients: Clients) -> None:
    glue.ensure(ONE)
    stored = table_of(clients)
    taken = {k: stored[k] for k in ("Name", "StorageDescriptor", "PartitionKeys", "TableType")}
    changed = {**taken, "Parameters": {"theirs": "yes"}, "Owner": "them"}
    clients.glue.update_table(DatabaseName="db", TableInput=changed)
    glue.ensure(MORE)
    assert table_of(clients)["Parameters"] == {"theirs": "yes"}
    assert table_of(clients)["Owner"] == "them"


@pytest.mark.parametrize(("old", "new"), [("int", "bigint"), ("float", "double")])
def test_a_narrow_column_grows(glue: GlueCatalog, clients: Clients, old: str, new: str) -> None:
    glue.ensure(ONE)
    stored = table_of(clients)
    stored["StorageDescriptor"]["Columns"][1]["Type"] = old
    taken = {k: stored[k] for k in ("Name", "StorageDescriptor", "PartitionKeys", "TableType")}
    clients.glue.update_table(DatabaseName="db", TableInput=taken)
    kind = "bigint" if new == "bigint" else "double"
    glue.ensure(Table("one", (ONE.columns[0], Column("n", kind))))  # type: ignore[arg-type]
    assert columns(clients)["n"] == new


def test_a_type_never_narrows_or_changes(glue: GlueCatalog, clients: Clients) -> None:
    glue.ensure(ONE)
    with pytest.raises(ConfigError, match=r"one\.n: the column is bigint in Glue and string"):
        glue.ensure(Table("one", (Column("n", "string"), Column("added", "string"))))
    assert columns(clients) == {"event_id": "string", "n": "bigint"}


def test_two_creators_at_once_both_have_their_columns(glue: GlueCatalog, clients: Clients) -> None:
    client = Meddled(clients.glue, "create_table", lambda: glue.ensure(MORE))
    other = Table("one", (*ONE.columns, Column("mine", "string")))
    with_client(client).ensure(other)
    assert list(columns(clients)) == ["event_id", "n", "added", "mine"]


def test_a_write_that_lost_is_made_again(glue: GlueCatalog, clients: Clients) -> None:
    glue.ensure(ONE)
    client = Refusing(clients.glue, "update_table", "ConcurrentModificationException", 2)
    with_client(client).ensure(MORE)
    assert "added" in columns(clients)
    endless = Refusing(clients.glue, "update_table", "ConcurrentModificationException", 99)
    with pytest.raises(Conflict):
        with_client(endless).ensure(Table("one", (Column("newer", "string"),)))


def test_a_throttled_glue_is_transient(glue: GlueCatalog, clients: Clients) -> None:
    glue.ensure(ONE)
    for operation, call in (
        ("get_table", lambda catalog: catalog.ensure(ONE)),
        ("batch_create_partition", lambda catalog: catalog.register("one", ["2026-01-01"])),
    ):
        client = Refusing(clients.glue, operation, "ThrottlingException", 99)
        with pytest.raises(StoreTransient):
            call(with_client(client))


def test_days_are_partitions_in_their_folders(glue: GlueCatalog, clients: Clients) -> None:
    glue.ensure(ONE)
    glue.register("one", ["2026-01-01", "clock_skew"])
    assert days(clients) == {
        "2026-01-01": f"{LOCATION}/one/event_date=2026-01-01/",
        "clock_skew": f"{LOCATION}/one/event_date=clock_skew/",
    }


def test_a_day_that_another_registered_is_no_error(glue: GlueCatalog, clients: Clients) -> None:
    glue.ensure(ONE)
    other = with_client(clients.glue)
    other.register("one", ["2026-01-01", "2026-01-02"])
    glue.register("one", ["2026-01-02", "2026-01-03"])
    assert sorted(days(clients)) == ["2026-01-01", "2026-01-02", "2026-01-03"]


def test_a_known_day_costs_no_call(glue: GlueCatalog, clients: Clients) -> None:
    glue.ensure(ONE)
    client = Meddled(clients.glue, "", None)
    catalog = with_client(client)
    for _ in range(3):
        catalog.register("one", ["2026-01-01"])
    assert client.calls == ["get_table", "batch_create_partition"]


def test_many_days_go_in_batches(glue: GlueCatalog, clients: Clients) -> None:
    glue.ensure(ONE)
    client = Meddled(clients.glue, "", None)
    with_client(client).register("one", [f"day-{n}" for n in range(250)])
    assert client.calls.count("batch_create_partition") == 3
    assert len(days(clients)) >= 100


def test_a_day_that_failed_is_not_taken_for_known(glue: GlueCatalog, clients: Clients) -> None:
    glue.ensure(ONE)

    class Failing(Meddled):
        times = 1

        def batch_create_partition(self, **request: Any) -> Any:
            detail = {"ErrorCode": "InternalServiceException", "ErrorMessage": "oops"}
            if self.times > 0:
                self.times -= 1
                values = request["PartitionInputList"][0]["Values"]
                return {"Errors": [{"PartitionValues": values, "ErrorDetail": detail}]}
            return self.client.batch_create_partition(**request)

    client = Failing(clients.glue, "", None)
    client.times = 99
    catalog = with_client(client)
    with pytest.raises(StoreTransient, match="InternalServiceException"):
        catalog.register("one", ["2026-01-01"])
    client.times = 2
    catalog.register("one", ["2026-01-01"])
    assert list(days(clients)) == ["2026-01-01"]


def test_a_table_that_is_not_there_is_named(glue: GlueCatalog) -> None:
    with pytest.raises(StoreError, match=r"db\.nope"):
        glue.register("nope", ["2026-01-01"])


def test_a_view_is_replaced_only_when_it_says_something_else(
    glue: GlueCatalog, clients: Clients
) -> None:
    glue.ensure_view(VIEW)
    assert table_of(clients, "seen")["ViewOriginalText"] == original_text(VIEW, "db")
    client = Meddled(clients.glue, "", None)
    with_client(client).ensure_view(VIEW)
    assert client.calls == ["get_table"]
    changed = PrestoView("seen", "SELECT event_id FROM one WHERE n > 1", VIEW.columns)
    with_client(client).ensure_view(changed)
    assert table_of(clients, "seen")["ViewOriginalText"] == original_text(changed, "db")
    assert glue.tables() == ["seen"]
