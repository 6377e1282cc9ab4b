"""A view as Glue stores it for Athena and Trino: a Presto view, which is JSON in base64.

The form was run on Trino 476 over two emulators: `VIRTUAL_VIEW`, the comment in two places, an
owner, and a storage descriptor whose serde has some name or other. The columns are written twice,
in Hive's types for the catalog and in Trino's in the JSON; Trino refuses a view whose types in the
JSON are not those that its SQL gives.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson
from sqlglot import exp

from mantissa.model import Column, Table
from mantissa.sources.schema import TRINO, glue_columns
from mantissa.sources.views import VIEW_COLUMNS, views

CATALOG = "awsdatacatalog"
"""Athena's name for the Glue catalog; a Trino catalog must have the same for views to resolve."""

DATABASE = "${database}"
"""Stands in a definition where the database's name goes, which only a deployment knows."""

MARK = "Presto View"


@dataclass(frozen=True, slots=True)
class PrestoView:
    """A view for Athena and Trino.

    Args:
        sql: one SELECT in Trino's dialect, naming tables of the view's own database.
    """

    name: str
    sql: str
    columns: tuple[Column, ...]

    @property
    def definition(self) -> str:
        """The JSON that Trino reads, with `${database}` for the database's name."""
        columns = [{"name": c.name, "type": TRINO[c.type]} for c in self.columns]
        parts = {"originalSql": self.sql, "catalog": CATALOG, "schema": DATABASE}
        return orjson.dumps(parts | {"columns": columns}).decode()


def presto_views(tables: Sequence[Table]) -> list[PrestoView]:
    """Return the views across sources, by name."""
    made: Mapping[str, exp.Expression] = views(tables)
    return [PrestoView(n, made[n].sql(dialect="trino"), VIEW_COLUMNS) for n in sorted(made)]


def original_text(view: PrestoView, database: str) -> str:
    """Return `ViewOriginalText`: the definition in base64, in a comment that marks it."""
    text = view.definition.replace(DATABASE, database)
    return f"/* {MARK}: {base64.b64encode(text.encode()).decode()} */"


def glue_view(view: PrestoView, database: str, owner: str = "mantissa") -> dict[str, Any]:
    """Return the `TableInput` of Glue's CreateTable for a view."""
    return {
        "Name": view.name,
        "Description": MARK,
        "Owner": owner,
        "TableType": "VIRTUAL_VIEW",
        "Parameters": {"presto_view": "true", "comment": MARK},
        "PartitionKeys": [],
        "StorageDescriptor": {
            "Columns": glue_columns(view.columns),
            "SerdeInfo": {"Name": "-", "SerializationLibrary": "-"},
        },
        "ViewOriginalText": original_text(view, database),
        "ViewExpandedText": f"/* {MARK} */",
    }
