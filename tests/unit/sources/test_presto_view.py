"""Views in Glue carry their SQL and both kinds of types, and agree with the tables they read."""

from __future__ import annotations

import base64
import json
from typing import Any

import aws_catalog
from mantissa.sources.presto_view import glue_view, original_text, presto_views
from mantissa.sources.registry import load_sources
from mantissa.sources.schema import HIVE, TRINO
from mantissa.sources.views import VIEWS

CATALOG = aws_catalog.catalog()
SHOWN = presto_views([spec.table for spec in load_sources().values()])


def decoded(text: str) -> Any:
    return json.loads(base64.b64decode(text.removeprefix("/* Presto View: ").removesuffix(" */")))


def test_a_view_names_its_database_and_has_one_type_for_each_column() -> None:
    for view in SHOWN:
        stored = decoded(original_text(view, "mantissa_dev"))
        assert stored["schema"] == "mantissa_dev"
        assert stored["catalog"] == "awsdatacatalog"
        assert stored["originalSql"] == view.sql
        assert [c["name"] for c in stored["columns"]] == [c.name for c in view.columns]


def test_hive_and_trino_types_stand_for_the_same() -> None:
    assert {HIVE[name]: TRINO[name] for name in HIVE} == {
        "string": "varchar",
        "bigint": "bigint",
        "double": "double",
        "boolean": "boolean",
        "timestamp": "timestamp(3)",
    }


def test_a_view_is_marked_wherever_trino_looks() -> None:
    glue = glue_view(SHOWN[0], "mantissa_dev")
    assert glue["TableType"] == "VIRTUAL_VIEW"
    assert glue["Description"] == glue["Parameters"]["comment"] == "Presto View"
    assert glue["Parameters"]["presto_view"] == "true"
    assert glue["ViewOriginalText"].startswith("/* Presto View: ")
    assert glue["Owner"]


def test_a_templates_text_gives_what_the_product_writes() -> None:
    around = CATALOG["view_original_text"]
    for view in SHOWN:
        text = CATALOG["views"][view.name]["definition"].replace("${database}", "some_db")
        filled = around["before"] + base64.b64encode(text.encode()).decode() + around["after"]
        assert filled == original_text(view, "some_db")


def test_the_catalog_holds_every_table_and_view() -> None:
    assert set(CATALOG["tables"]) == {*load_sources(), "findings", "matches"}
    assert set(CATALOG["views"]) == set(VIEWS)
    for table in CATALOG["tables"].values():
        assert [key["name"] for key in table["partition_keys"]] == ["event_date"]
        assert all(len(column["comment"]) <= 255 for column in table["columns"])
        assert table["prefix"].startswith("lake/")


def test_columns_that_a_view_reads_have_the_views_type_in_every_table() -> None:
    for view in CATALOG["views"].values():
        wanted = {c["name"]: c["type"] for c in view["columns"]} | {"source": "string"}
        for name, table in CATALOG["tables"].items():
            types = {c["name"]: c["type"] for c in [*table["columns"], *table["partition_keys"]]}
            if f'FROM "{name}"' in view["sql"]:
                assert types == types | {n: t for n, t in wanted.items() if n != "source"}
