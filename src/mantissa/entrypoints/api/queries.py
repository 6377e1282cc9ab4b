"""Routes of queries: plan, ask, look, stop, one's own history."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mantissa.ask.history import JobState, QueryRecord
from mantissa.entrypoints.api.bodies import (
    AnswerDocument,
    ColumnDocument,
    FailureDocument,
    PlanDocument,
    QueryDocument,
    QueryList,
)
from mantissa.entrypoints.api.messages import Answer, encoded
from mantissa.entrypoints.api.needs import Call
from mantissa.entrypoints.api.problem import Problem, of_failure
from mantissa.entrypoints.api.reading import cursor, place

if TYPE_CHECKING:
    import pyarrow as pa

    from mantissa.ask.jobs import Asked
    from mantissa.ports import JSONValue

FIRST_PAGE = 1_000
"""Rows that come with a query's first answer."""

BLOCK = 100
"""Rows turned into JSON at a time while a page has room."""


def plan(call: Call) -> Answer:
    """Say what would run and what it would read, and run nothing."""
    found = call.app.queries.plan(call.body.sql, call.caller)
    return Answer(PlanDocument(True, found.sql, list(found.tables), found.estimated_bytes))


def submit(call: Call) -> Answer:
    """Begin a query; its rows if they are there in time, else where to look for them."""
    asked = call.app.queries.submit(call.body.sql, call.caller, call.body.wait)
    return _answer(call, asked, 0, FIRST_PAGE)


def show(call: Call) -> Answer:
    """Show a query as it stands, with a page of its rows once it has succeeded."""
    asked = call.app.queries.look(call.id, call.caller)
    first = place(call.params.cursor, int) if call.params.cursor else 0
    return _answer(call, asked, first, call.params.limit)


def cancel(call: Call) -> Answer:
    """Stop a query; one that has ended stays as it is."""
    return Answer(summary(call.app.queries.cancel(call.id, call.caller)))


def history(call: Call) -> Answer:
    """List one's own queries, the latest first."""
    after = place(call.params.cursor, str) if call.params.cursor else ""
    records, further = call.app.queries.history(call.caller, call.params.limit, after)
    queries = [summary(record) for record in records]
    return Answer(QueryList(queries, cursor(further) if further else None))


def summary(record: QueryRecord) -> QueryDocument:
    """Shape a query without its rows."""
    return QueryDocument(**_facts(record))


def _facts(record: QueryRecord) -> dict[str, JSONValue]:
    facts: dict[str, JSONValue] = {
        "id": record.id,
        "state": record.state,
        "asked": record.asked,
        "sql": record.sql,
        "tables": list(record.tables),
        "estimated_bytes": record.estimated_bytes,
        "created_at": record.created_at,
        "finished_at": record.finished_at,
    }
    if record.state is JobState.SUCCEEDED:
        names = ("bytes_scanned", "row_count", "truncated", "seconds")
        facts.update({name: getattr(record, name) for name in names})
    if record.error is not None:
        told = of_failure(record.error, record.id)
        facts["error"] = FailureDocument(told.code, told.shown, told.fix)
    return facts


def _answer(call: Call, asked: Asked, first: int, count: int) -> Answer:
    """Answer with rows, with where to look, or with why there are none."""
    record = asked.record
    if not record.is_finished:
        return Answer(summary(record), 202)
    if record.error is not None:
        raise of_failure(record.error, record.id)
    if record.state is not JobState.SUCCEEDED:
        gone = Problem(409, "cancelled", "the query was cancelled and has no answer")
        gone.query = record.id
        raise gone
    if not 0 <= first <= record.row_count:
        raise Problem(400, "cursor", "the cursor is not one of this query's")
    return Answer(_page(call, asked, first, count))


def _page(call: Call, asked: Asked, first: int, count: int) -> AnswerDocument:
    from mantissa.ask.export import type_name

    record = asked.record
    if asked.result is not None:
        table = asked.result.table.slice(first, count)
    else:
        table = call.app.queries.rows(record.id, call.caller, first, count)
    rows = _within(table, call.settings.page_bytes)
    end = first + len(rows)
    return AnswerDocument(
        **_facts(record),
        columns=[ColumnDocument(f.name, type_name(f.type)) for f in table.schema],
        rows=rows,
        next=cursor(end) if end < record.row_count else None,
    )


def _within(table: pa.Table, most: int) -> list[list[JSONValue]]:
    """Return the first rows that fit into so many bytes of JSON."""
    from mantissa.ask.export import rows

    page: list[list[JSONValue]] = []
    size = 0
    for start in range(0, table.num_rows, BLOCK):
        for row in rows(table.slice(start, BLOCK)):
            size += len(encoded(row)) + 1
            if size > most:
                return page or _too_large(most)
            page.append(row)
    return page


def _too_large(most: int) -> list[list[JSONValue]]:
    raise Problem(
        422,
        "row_too_large",
        f"the next row is larger than the {most} bytes of a page",
        fix="select fewer columns, or a part of them with substr",
    )
