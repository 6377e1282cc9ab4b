"""One table definition gives Arrow, Glue and the views across sources."""

from __future__ import annotations

import duckdb
import pyarrow as pa

from mantissa.model import Column, Table
from mantissa.sources.schema import arrow_schema, glue_table
from mantissa.sources.views import VIEWS, view_columns, views
from support.sources import builtin, extract, shop

SHOP = shop()


def test_arrow_and_glue_name_the_same_columns_with_matching_types() -> None:
    glue = glue_table(SHOP.table, "s3://lake/shop")
    columns = glue["StorageDescriptor"]["Columns"]
    assert [c["Name"] for c in columns] == arrow_schema(SHOP.table).names
    types = {c["Name"]: c["Type"] for c in columns}
    assert types["event_time"] == "timestamp"
    assert (types["port"], types["price"], types["ok"]) == ("bigint", "double", "boolean")
    assert (types["who"], types["what"]) == ("string", "string")
    assert arrow_schema(SHOP.table).field("event_time").type == pa.timestamp("ms", "UTC")


def test_glue_has_the_partition_apart_and_a_parquet_serde() -> None:
    glue = glue_table(SHOP.table, "s3://lake/shop/")
    assert [p["Name"] for p in glue["PartitionKeys"]] == ["event_date"]
    assert glue["StorageDescriptor"]["Location"] == "s3://lake/shop/"
    serde = glue["StorageDescriptor"]["SerdeInfo"]["SerializationLibrary"]
    assert serde.endswith("ParquetHiveSerDe")
    assert glue["TableType"] == "EXTERNAL_TABLE"
    assert not any(k.startswith("projection") for k in glue["Parameters"])


def test_glue_comments_fit() -> None:
    table = Table("t", (Column("a", "string", "x" * 1000),))
    assert len(glue_table(table, "x")["StorageDescriptor"]["Columns"][0]["Comment"]) == 255
    assert all(c.comment for c in builtin("aws_cloudtrail").table.columns)


def test_views_show_the_rows_of_their_class_from_every_source() -> None:
    flow = builtin("aws_vpcflow")
    tables = {
        "shop": extract(SHOP, [{"what": w, "when": 1772625600} for w in ("signin", "sold")]).table,
        "aws_vpcflow": extract(
            flow, [b'{"srcaddr":"192.0.2.1","dstaddr":"10.0.0.1","start":1772625600}']
        ).table,
    }
    lake = duckdb.connect()
    for name, rows in tables.items():
        lake.register(name, rows)
    found = views([SHOP.table, flow.table])
    assert tuple(found) == VIEWS
    for name, select in found.items():
        lake.sql(select.sql("duckdb")).create_view(name)
    shown = {n: lake.sql("SELECT source, activity, src_ip FROM " + n).fetchall() for n in VIEWS}
    assert shown["authentication"] == [("shop", "signin", None)]
    assert shown["network_activity"] == [("aws_vpcflow", None, "192.0.2.1")]
    assert shown["detection_finding"] == []
    assert tuple(lake.table("authentication").columns) == view_columns()


def test_tables_that_hold_no_events_are_left_out() -> None:
    assert views([Table("findings", (Column("rule_id", "string"),))]) == {}
    text = views([SHOP.table, Table("findings", (Column("a", "string"),))])["authentication"]
    assert "findings" not in text.sql("athena")
