"""`mantissa detect`: new rows are judged with every enabled rule."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mantissa.entrypoints.cli.booting import boot
from mantissa.entrypoints.cli.command import Call, command
from mantissa.entrypoints.cli.exits import Exit

if TYPE_CHECKING:
    from mantissa.bootstrap import App

WATCH_SECONDS = 5.0


@command(example="mantissa detect\nmantissa detect --json")
def detect(
    call: Call,
    watch: Annotated[bool, typer.Option(help="Run again and again until Ctrl+C.")] = False,
) -> Exit:
    """Judge new rows with every enabled rule.

    Looks at exactly the files that were committed since the last run, whatever their events' time.
    A rule that fails is reported and judges those files again later; it never counts as "no match".
    Findings are rows of the table `findings`; grouped, they become alerts.
    """
    app = boot(call)
    report = run_detection(app)
    call.output.result(report, lambda: _tell(call, report))
    while watch:
        time.sleep(WATCH_SECONDS)
        again = run_detection(app)
        if again["objects_judged"]:
            _note(call, again)
    return exit_of(report)


def run_detection(app: App) -> dict[str, Any]:
    """Run detection and return its report, refused rules included."""
    report = app.detection.run().to_json()
    refused = [
        {"id": r.id, "path": r.path, "line": r.line, "reason": r.reason}
        for r in app.prepared.refused
    ]
    report["rules"] |= {"refused": refused}
    return report


def exit_of(report: dict[str, Any]) -> Exit:
    """Return how a run ended: a failed or refused rule needs a look."""
    rules = report["rules"]
    return Exit.ATTENTION if rules["failed"] or rules["refused"] else Exit.DONE


def _tell(call: Call, report: dict[str, Any]) -> None:
    call.output.say(
        f"{report['objects_judged']:,} objects judged by {report['rules']['evaluated']:,} rules: "
        f"{report['findings']:,} findings, {report['alerts']:,} alerts "
        f"({report['bytes_scanned']:,} bytes in {report['seconds']:.1f} s)"
    )
    for kind in ("failed", "refused"):
        for rule in report["rules"][kind]:
            call.output.warn(f"rule {rule['id'] or rule.get('path')} {kind}: {rule['reason']}")
    if report["alerts"]:
        call.output.note("See them: mantissa alerts list. Send them: mantissa alerts deliver.")


def _note(call: Call, report: dict[str, Any]) -> None:
    call.output.note(
        f"{report['objects_judged']:,} objects, {report['findings']:,} findings, "
        f"{report['alerts']:,} alerts"
    )
