"""`mantissa query`: one SELECT over the lake, guarded, its cost known before it runs."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, BinaryIO

import typer

from mantissa.entrypoints.cli.booting import boot_deployed, boot_on
from mantissa.entrypoints.cli.command import Call, command
from mantissa.errors import ConfigError

if TYPE_CHECKING:
    from mantissa.ask.service import QueryAnswer, QueryPlan
    from mantissa.bootstrap.app import App

FORMATS = ("table", "json", "csv", "parquet")


@command(
    example="""
    mantissa query "SELECT eventname, count(*) AS calls FROM aws_cloudtrail GROUP BY 1"
    mantissa query @question.sql --dry-run
    mantissa query "SELECT * FROM findings" --format csv > findings.csv
    """
)
def query(
    call: Call,
    sql: Annotated[str, typer.Argument(metavar="SQL|@FILE", help="One SELECT, or @ and a file.")],
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would run and what it would read.")
    ] = False,
    engine: Annotated[
        str, typer.Option(help="duckdb for the lake here, athena or trino for the deployed one.")
    ] = "duckdb",
    form: Annotated[str, typer.Option("--format", help="table, json, csv or parquet.")] = "table",
) -> None:
    """Run one SELECT over the lake.

    The query is parsed and checked against an allow-list of statements, tables and functions, and
    what runs is written anew from the parsed tree, in a process that can neither write nor reach
    beyond the lake and that is stopped at its limits. What is refused ends with exit code 4.
    """
    if form not in FORMATS:
        raise ConfigError(f"no format {form!r}", fix=f"one of: {', '.join(FORMATS)}")
    text = _text(sql)
    if engine == "athena" and form == "parquet" and call.output.for_people and not dry_run:
        _export(call, text)
        return
    app = boot_on(call, engine)
    if dry_run:
        plan = app.query.plan(text)
        call.output.result(plan.to_json(), lambda: _show_plan(call, plan))
        return
    _show(call, answer(app, text), form)


def _export(call: Call, sql: str) -> None:
    """Write a result of any size: Athena unloads it to S3, and it is joined from there."""
    app = boot_deployed(call)
    plan = app.query.plan(sql)
    done = app.export.write(plan.sql, _binary_stdout(), limits=replace(app.query_limits, rows=None))
    if not done.rows:
        _show(call, app.query.run(sql), "parquet")


def _binary_stdout() -> BinaryIO:
    if sys.stdout.isatty():
        raise ConfigError("Parquet is not for a terminal", fix="send it to a file: > out.parquet")
    return sys.stdout.buffer


def answer(app: App, sql: str) -> QueryAnswer:
    """Run one query under the user's limits."""
    return app.query.run(sql)


def show_answer(call: Call, found: QueryAnswer) -> None:
    """Print an answer for people: the rows, then what they cost."""
    from mantissa.ask.cost import format_bytes
    from mantissa.ask.export import rows

    call.output.table([column.name for column in found.columns], rows(found.table))
    cut = ", cut" if found.result.truncated else ""
    call.output.say(
        f"{found.table.num_rows:,} rows{cut}; read {format_bytes(found.result.bytes_scanned)} "
        f"(estimated {format_bytes(found.plan.estimated_bytes)}) in {found.result.seconds:.2f} s"
    )


def _show(call: Call, found: QueryAnswer, form: str) -> None:
    from mantissa.ask.export import csv_lines, to_parquet

    if form == "csv" and call.output.for_people:
        for line in csv_lines(found.table):
            sys.stdout.write(line)
    elif form == "parquet" and call.output.for_people:
        _binary_stdout().write(to_parquet(found.table))
    elif form == "json":
        call.output.document(found.to_json())
    else:
        call.output.result(found.to_json(), lambda: show_answer(call, found))


def _show_plan(call: Call, plan: QueryPlan) -> None:
    from mantissa.ask.cost import format_bytes

    call.output.say(plan.sql)
    tables = ", ".join(plan.tables) or "no table"
    call.output.say(f"reads {tables}: about {format_bytes(plan.estimated_bytes)}")


def _text(sql: str) -> str:
    if not sql.startswith("@"):
        return sql
    path = Path(sql[1:])
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"cannot read the query: {error}", where=str(path)) from error
