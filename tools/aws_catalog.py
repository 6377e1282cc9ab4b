"""Write `aws/catalog.json`: every table and view of the lake as Glue has to know it.

    python tools/aws_catalog.py [--check]

Terraform and CloudFormation take their schema from this file and from nowhere else. It is made of
the built-in sources' specifications and the table of findings. In a view's `definition` the text
`${database}` stands for the Glue database's name; in base64 between the texts of
`view_original_text` it is what Glue stores.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import orjson

from mantissa.detection.table import FINDINGS, MATCHES
from mantissa.model import Table
from mantissa.sources.presto_view import DATABASE, MARK, PrestoView, glue_view, presto_views
from mantissa.sources.registry import load_sources
from mantissa.sources.schema import glue_table

ROOT = Path(__file__).resolve().parents[1]
FILE = "aws/catalog.json"


def catalog() -> dict[str, Any]:
    """Return the whole file as one value."""
    tables = [*(spec.table for spec in load_sources().values()), FINDINGS, MATCHES]
    return {
        "note": "Written by `make docs`; `make check` fails when it is not current.",
        "storage": _storage(tables[0]),
        "view_original_text": {"before": f"/* {MARK}: ", "after": " */"},
        "tables": {table.name: _table(table) for table in tables},
        "views": {view.name: _view(view) for view in presto_views(tables)},
    }


def _storage(table: Table) -> dict[str, Any]:
    """Return what all tables have in common."""
    glue = glue_table(table, "")
    descriptor = glue["StorageDescriptor"]
    return {
        "table_type": glue["TableType"],
        "parameters": glue["Parameters"],
        "input_format": descriptor["InputFormat"],
        "output_format": descriptor["OutputFormat"],
        "compressed": descriptor["Compressed"],
        "serialization_library": descriptor["SerdeInfo"]["SerializationLibrary"],
        "serde_parameters": descriptor["SerdeInfo"]["Parameters"],
    }


def _table(table: Table) -> dict[str, Any]:
    glue = glue_table(table, "")
    return {
        "comment": glue["Description"],
        "prefix": f"lake/{table.name}/",
        "columns": _lowered(glue["StorageDescriptor"]["Columns"]),
        "partition_keys": _lowered(glue["PartitionKeys"]),
    }


def _view(view: PrestoView) -> dict[str, Any]:
    glue = glue_view(view, DATABASE)
    return {
        "comment": glue["Description"],
        "owner": glue["Owner"],
        "table_type": glue["TableType"],
        "parameters": glue["Parameters"],
        "serde": _lowered([glue["StorageDescriptor"]["SerdeInfo"]])[0],
        "view_expanded_text": glue["ViewExpandedText"],
        "columns": _lowered(glue["StorageDescriptor"]["Columns"]),
        "sql": view.sql,
        "trino_columns": orjson.loads(view.definition)["columns"],
        "definition": view.definition,
    }


_NAMES = {
    "Name": "name",
    "Type": "type",
    "Comment": "comment",
    "SerializationLibrary": "serialization_library",
}


def _lowered(rows: list[dict[str, str]]) -> list[dict[str, str]]:
    return [{_NAMES[key]: value for key, value in row.items()} for row in rows]


def render() -> str:
    """Return the file's text."""
    return orjson.dumps(catalog(), option=orjson.OPT_INDENT_2).decode() + "\n"


def main(arguments: list[str]) -> int:
    """Write the file, or with `--check` say whether it is current."""
    place = ROOT / FILE
    if "--check" not in arguments:
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(render(), encoding="utf-8")
        return 0
    if place.is_file() and place.read_text(encoding="utf-8") == render():
        return 0
    print(f"{FILE} is not current: run `make docs`", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
