"""`mantissa lake`: what the lake holds, and whether its books balance."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated, Any

import typer

from mantissa.entrypoints.cli.booting import boot
from mantissa.entrypoints.cli.command import Call, command, noun
from mantissa.entrypoints.cli.exits import Exit
from mantissa.entrypoints.cli.layout import moment

lake = noun("What the lake holds, and whether its books balance.")


_COLUMNS = ("table", "rows", "objects", "quarantined", "first event", "last event", "size")


@lake.command("status")
@command(example="mantissa lake status\nmantissa lake status --json")
def status(call: Call) -> None:
    """Show every table's rows, objects, files and span of time."""
    from mantissa.lake.status import lake_status

    app = boot(call)
    tables = {n: s.to_json() for n, s in lake_status(app.state, app.sources).items()}

    def show() -> None:
        if not tables:
            call.output.note("The lake is empty. Fill it: mantissa ingest PATH")
            return
        call.output.table(_COLUMNS, [_row(name, table) for name, table in tables.items()])

    call.output.result({"home": str(app.home), "tables": tables}, show)


def _row(name: str, table: dict[str, Any]) -> list[object]:
    from mantissa.ask.cost import format_bytes

    counts = [table["rows"], table["objects"], table["quarantined"]]
    times = [moment(table["first_event"]), moment(table["last_event"])]
    return [name, *counts, *times, format_bytes(table["bytes"])]


@lake.command("reconcile")
@command(example="mantissa lake reconcile\nmantissa lake reconcile --repair")
def reconcile(
    call: Call,
    repair: Annotated[
        bool, typer.Option("--repair", help="First clear away what can never be finished.")
    ] = False,
) -> Exit:
    """Answer "was anything lost?": recount the files and hold the ledger against them.

    Checks per object that records = rows + quarantined + filtered, that every file the ledger
    names has its rows and no other file is visible, and that every quarantined record can be
    replayed. With --repair, half-ingested objects whose file has changed or gone are given up
    first: their rows, which the ledger does not vouch for, are deleted. Nothing else is.
    """
    app = boot(call)
    repaired = asdict(app.repair.run()) if repair else {}
    differences = app.reconcile.run()
    found = {"ok": not differences, "differences": [asdict(d) for d in differences]}
    document = found | ({"repaired": repaired} if repair else {})

    def show() -> None:
        for key in repaired.get("files", ()):
            call.output.note(f"deleted {key}")
        if not differences:
            call.output.say("Nothing was lost: ledger, files and quarantine agree.")
            return
        columns = ["check", "where", "detail", "fix"]
        call.output.table(columns, [[getattr(d, c) for c in columns] for d in differences])

    call.output.result(document, show)
    return Exit.ATTENTION if differences else Exit.DONE
