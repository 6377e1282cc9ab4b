"""`mantissa detect`: new rows are judged with every enabled rule."""

from __future__ import annotations

import time
from contextlib import closing
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mantissa.entrypoints.cli.booting import boot
from mantissa.entrypoints.cli.command import Call, command
from mantissa.entrypoints.cli.exits import Exit
from mantissa.entrypoints.cli.layout import counted
from mantissa.errors import ConfigError, Conflict

if TYPE_CHECKING:
    from mantissa.bootstrap.local import LocalApp

WATCH_SECONDS = 5.0


@command(example="mantissa detect\nmantissa detect --watch\nmantissa detect --engine auto --json")
def detect(
    call: Call,
    watch: Annotated[
        bool, typer.Option("--watch", help="Run again and again until Ctrl+C.")
    ] = False,
    engine: Annotated[
        str,
        typer.Option(metavar="NAME", help="auto, athena or duckdb; else as the settings say."),
    ] = "",
) -> Exit:
    """Judge new rows with every enabled rule.

    Looks at exactly the files that were committed since the last run, whatever their events' time.
    A rule that fails is reported and judges those files again later; it never counts as "no match".
    Findings are rows of the table `findings`; grouped, they become alerts.
    """
    app = boot_for(call, engine)
    report = run_detection(call, app, engine)
    call.output.result(report, lambda: tell_detection(call, report))
    while watch:
        time.sleep(WATCH_SECONDS)
        _look_again(call, app, engine)
    return exit_of(report)


def boot_for(call: Call, engine: str) -> LocalApp:
    """Return the product over this lake. Raises `ConfigError` for an engine that it has not."""
    from mantissa.config.settings import ENGINES

    if engine and engine not in ENGINES:
        raise ConfigError(f"no engine {engine!r}", fix=f"one of: {', '.join(ENGINES)}")
    app = boot(call)
    app.quick(engine or call.settings.detection.engine)
    return app


def _look_again(call: Call, app: LocalApp, engine: str) -> None:
    """Run once more if there is anything to judge, with the rules as they are by now."""
    from mantissa.bootstrap.local import LocalApp
    from mantissa.lake.books import PENDING

    if not any(True for _ in app.state.query(PENDING)):
        return
    try:
        with closing(LocalApp(call.settings, call.environ)) as fresh:
            again = run_detection(call, fresh, engine)
    except Conflict:
        call.output.note("Another run is at work; this one waits.")
        return
    tell_watched(call, again)


def run_detection(call: Call, app: LocalApp, engine: str = "") -> dict[str, Any]:
    """Run detection and return its report, refused rules included."""
    from mantissa.lake.books import PENDING

    waiting = sum(len(k) for i in app.state.query(PENDING) for k in i.value["files"].values())
    with call.output.progress("Judging", total=waiting, unit="files") as progress:
        report = app.detection(progress.advance, engine=engine).run().to_json()
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


def tell_detection(call: Call, report: dict[str, Any]) -> None:
    """Print a report for people."""
    from mantissa.ask.cost import format_bytes

    if report["objects_judged"]:
        call.output.say(
            f"{counted(report['objects_judged'], 'object')} judged by "
            f"{counted(report['rules']['evaluated'], 'rule')}: "
            f"{counted(report['findings'], 'finding')}, {counted(report['alerts'], 'alert')} "
            f"({format_bytes(report['bytes_scanned'])} in {report['seconds']:.1f} s "
            f"on {' and '.join(report['engines']) or 'no engine'})"
        )
    else:
        call.output.say("Nothing new to judge.")
    _warn(call, report)
    if report["alerts"]:
        call.output.note("See them: mantissa alerts list. Send them: mantissa alerts deliver.")


def _warn(call: Call, report: dict[str, Any]) -> None:
    for kind in ("failed", "refused"):
        for rule in report["rules"][kind]:
            call.output.warn(f"rule {rule['id'] or rule.get('path')} {kind}: {rule['reason']}")


def tell_watched(call: Call, report: dict[str, Any]) -> None:
    """Note on the side what one more run found."""
    call.output.note(
        f"{counted(report['objects_judged'], 'object')}, "
        f"{counted(report['findings'], 'finding')}, {counted(report['alerts'], 'alert')}"
    )
    _warn(call, report)
