"""Routes of facts: health, who one is, what there is to ask, which logs are known."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mantissa.audit.access import ACTIONS, permits
from mantissa.entrypoints.api.bodies import (
    ColumnDocument,
    Health,
    Me,
    SourceDocument,
    SourceList,
    TableDocument,
    TableList,
)
from mantissa.entrypoints.api.messages import Answer
from mantissa.entrypoints.api.needs import Call

if TYPE_CHECKING:
    from mantissa.model import Column, Table
    from mantissa.sources.spec import SourceSpec

PARTITION_COMMENT = "UTC date of the row as YYYY-MM-DD; a condition on it makes a query cheap"


def health(call: Call) -> Answer:
    """Say that the API is up."""
    return Answer(Health())


def me(call: Call) -> Answer:
    """Say who is signed in and what they may do."""
    who = call.caller
    actions = [action for action in sorted(ACTIONS) if permits(who, action)]
    return Answer(Me(who.subject, who.name, sorted(who.groups), actions))


def tables(call: Call) -> Answer:
    """List every table and view that a query may name."""
    from mantissa.sources.views import VIEW_COLUMNS

    app = call.app
    found = [_table(table) for table in app.tables]
    found += [
        TableDocument(name, "view", f"Events of all sources: {name}", _columns(VIEW_COLUMNS))
        for name in app.views
    ]
    return Answer(TableList(sorted(found, key=lambda document: document.name)))


def sources(call: Call) -> Answer:
    """List every kind of log."""
    return Answer(SourceList([_source(spec) for spec in call.app.sources.values()]))


def _table(table: Table) -> TableDocument:
    columns = _columns(table.columns)
    columns.append(ColumnDocument(table.partition, "string", PARTITION_COMMENT))
    return TableDocument(table.name, "table", table.comment, columns)


def _columns(columns: tuple[Column, ...]) -> list[ColumnDocument]:
    return [ColumnDocument(c.name, c.type, c.comment) for c in columns]


def _source(spec: SourceSpec) -> SourceDocument:
    return SourceDocument(
        spec.name,
        spec.table.name,
        spec.title,
        spec.description,
        list(spec.formats),
        [{"product": s.product, "service": s.service, "category": s.category} for s in spec.sigma],
    )
