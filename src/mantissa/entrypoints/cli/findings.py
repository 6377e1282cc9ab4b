"""`mantissa findings`: which rule matched which event."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from mantissa.entrypoints.cli.booting import boot
from mantissa.entrypoints.cli.command import Call, command, noun
from mantissa.entrypoints.cli.layout import cut, moment
from mantissa.entrypoints.cli.output import Column

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mantissa.bootstrap.local import LocalApp

findings = noun("What the rules found: one row per rule and event.")

_COLUMNS: dict[str, Column] = {
    "time": lambda finding: moment(finding["event_time"]),
    "level": "level",
    "rule": "rule_title",
    "who": lambda finding: who(finding),
    "from": "src_ip",
    "on": lambda finding: cut(str(finding["resource"] or finding["device_host"] or ""), 30),
}
_JSON = ("tags", "fields")


@findings.command("list")
@command(example="mantissa findings list\nmantissa findings list --level high --jsonl", lists=True)
def list_findings(
    call: Call,
    rule: Annotated[str | None, typer.Option(metavar="ID", help="Only this rule's.")] = None,
    level: Annotated[str | None, typer.Option(help="Only of this level.")] = None,
    limit: Annotated[int, typer.Option(min=1, help="At most so many, the newest first.")] = 1000,
) -> None:
    """List findings, the newest event first."""
    app = boot(call)
    wanted = {name: value for name, value in (("rule_id", rule), ("level", level)) if value}
    call.output.listing("findings", newest_findings(app, limit, wanted), _COLUMNS)


def who(finding: Mapping[str, Any]) -> str:
    """Return the short name of who acted, else the end of the vendor's identifier."""
    return str(finding["actor_user"] or (finding["actor_id"] or "").rpartition("/")[2])


def newest_findings(app: LocalApp, limit: int, wanted: dict[str, str]) -> list[dict[str, Any]]:
    """Return findings as JSON objects, the newest event first."""
    import orjson
    from sqlglot import exp

    query = exp.select("*").from_("findings").order_by("event_time DESC", "finding_id")
    for name, value in wanted.items():
        query = query.where(exp.column(name).eq(exp.Literal.string(value)))
    result = app.engine.run(query.limit(limit).sql(dialect="duckdb"), limits=app.query_limits)
    rows: list[dict[str, Any]] = result.table.to_pylist()
    for row in rows:
        row.update({name: orjson.loads(row[name] or "null") for name in _JSON})
    return rows
