"""`mantissa rules coverage`: which ATT&CK techniques the rules cover, and how far."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mantissa.entrypoints.cli.booting import boot_without_lake
from mantissa.entrypoints.cli.command import Call, command
from mantissa.errors import ConfigError

if TYPE_CHECKING:
    from mantissa.bootstrap.local import LocalApp
    from mantissa.detection.coverage import Coverage, Evidence
    from mantissa.detection.rule import RuleSet

Folders = list[Path] | None


@command(
    example="""
    mantissa rules coverage
    mantissa rules coverage --navigator coverage.json
    mantissa rules coverage --library ../sigma/rules --json
    """
)
def coverage(
    call: Call,
    navigator: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Write a layer for the ATT&CK Navigator too."),
    ] = None,
    rules_dir: Annotated[
        Folders, typer.Option("--rules", metavar="DIR", help="Rules; else all enabled.")
    ] = None,
    library: Annotated[
        Folders,
        typer.Option(metavar="DIR", help="More rules, none of them enabled, to measure against."),
    ] = None,
) -> None:
    """Say for each ATT&CK technique that a known rule names how far it is covered.

    A technique is validated when a rule for it runs and passes its own tests, enabled when one runs,
    and has telemetry when no rule for it runs, but a log source that one would read is there: in a
    lake, with rows in it. Techniques and tactics are those of the rules' tags.
    """
    from mantissa.detection.coverage import coverage as measure
    from mantissa.detection.load import load_rules

    app = boot_without_lake(call)
    rules = app.given(load_rules(rules_dir)) if rules_dir else app.rules
    more = app.given(load_rules(library)) if library else None
    found = measure(rules, _prepared(app, rules), app.sources.values(), _evidence(app, rules), more)
    if navigator is not None:
        _write_layer(navigator, found, rules)
    call.output.result(found.to_json(), lambda: _tell(call, found, navigator))


def _prepared(app: LocalApp, rules: RuleSet) -> Any:
    from mantissa.detection.dialects import DUCKDB
    from mantissa.detection.prepare import prepare

    return app.prepared if rules is app.rules else prepare(rules, app.sources.values(), DUCKDB)


def _evidence(app: LocalApp, rules: RuleSet) -> Evidence:
    """Run the rules' own tests, and see which tables hold rows."""
    from mantissa.adapters.local.rows import RowsEngine
    from mantissa.detection.coverage import Evidence, every_rule
    from mantissa.detection.dialects import DUCKDB
    from mantissa.detection.selftest import run_tests

    report = run_tests(rules, list(app.sources.values()), DUCKDB, RowsEngine)
    tested = {rule.info.id for rule in every_rule(rules) if rule.tests}
    passing = tested - {failure.rule_id for failure in report.failed}
    return Evidence(passing, _tables(app))


def _tables(app: LocalApp) -> set[str] | None:
    if not (app.home / "lake").is_dir():
        return None
    from mantissa.lake.books import holds_rows

    return {s.table.name for s in app.sources.values() if holds_rows(app.state, s.table.name)}


def _write_layer(path: Path, found: Coverage, rules: RuleSet) -> None:
    from mantissa.detection.coverage import every_rule
    from mantissa.detection.navigator import layer

    titles = {rule.info.id: rule.info.title for rule in every_rule(rules)}
    document = layer(found, titles, "Mantissa Log rule coverage")
    try:
        path.write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")
    except OSError as error:
        raise ConfigError(f"cannot write the layer: {error.strerror}", where=str(path)) from error


def _tell(call: Call, found: Coverage, navigator: Path | None) -> None:
    from mantissa.detection.coverage import State

    counts = [*(state.value for state in reversed(State)), "without_data"]
    totals = found.to_json()["totals"] | {"id": "every technique"}
    rows = [[t["id"], *(t[name] for name in counts)] for t in [*found.tactics(), totals]]
    call.output.table(["tactic", *(name.replace("_", " ") for name in counts)], rows)
    named = [
        [t.id, t.state.value, len(t.rules), t.known, ", ".join(sorted(t.sources))]
        for t in found.techniques
    ]
    call.output.say()
    call.output.table(["technique", "state", "rules", "not enabled", "log sources"], named)
    if totals["without_data"]:
        told = (
            f"{totals['without_data']:,} techniques have rules whose log sources hold no rows here"
        )
        call.output.note(told)
    if navigator is not None:
        call.output.note(f"layer for the Navigator: {navigator}")
