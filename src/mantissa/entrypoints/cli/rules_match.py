"""`mantissa rules match`: which rules fire on which record of some files."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mantissa.entrypoints.cli.booting import boot_without_lake, require_extra
from mantissa.entrypoints.cli.command import Call, command
from mantissa.entrypoints.cli.exits import Exit
from mantissa.entrypoints.cli.rules_chosen import chosen
from mantissa.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mantissa.bootstrap.local import LocalApp
    from mantissa.detection.dialects import Dialect
    from mantissa.detection.trial import OpenRows
    from mantissa.sources.decode import Decoded


@command(example="mantissa rules match events.jsonl --source aws_cloudtrail --rules ./rules")
def match(
    call: Call,
    events: Annotated[list[Path], typer.Argument(metavar="EVENTS...", help="Files of records.")],
    source: Annotated[str, typer.Option(metavar="NAME", help="The records' log source.")],
    rules_dir: Annotated[
        list[Path] | None, typer.Option("--rules", metavar="DIR", help="Rules; else all enabled.")
    ] = None,
    engine: Annotated[str, typer.Option(help="duckdb or trino.")] = "duckdb",
) -> Exit:
    """Say which rules fire on which record; needs no lake.

    Records are numbered from 0 over all files in order. A record that cannot be a row of the
    source fires nothing and is listed as unread, with its reason. With `--engine trino` the
    records go, within the queries, to the cluster that `[trino]` names.
    """
    from mantissa.detection.match import match_events
    from mantissa.detection.prepare import prepare

    app = boot_without_lake(call)
    dialect, open_rows = _engine(app, engine)
    spec = app.sources.find(source)
    prepared = prepare(chosen(app, rules_dir), app.sources.values(), dialect)
    report = match_events(_decoded(app, events), spec, prepared, open_rows)
    document = report.to_json()

    def tell() -> None:
        call.output.say(f"{report.events:,} records, {report.rules:,} rules")
        fired = [[n, ", ".join(ids)] for n, ids in document["matches"].items() if ids]
        if fired:
            call.output.table(["record", "rules"], fired)
        for number, reason in document["unread"].items():
            call.output.warn(f"record {number} is no row of {source}: {reason}")
        for rule in document["refused"]:
            call.output.warn(f"rule {rule['id']} refused: {rule['reason']}")

    call.output.result(document, tell)
    return Exit.ATTENTION if report.refused or report.unread else Exit.DONE


def _engine(app: LocalApp, name: str) -> tuple[Dialect, OpenRows]:
    """Return an engine's dialect, and what opens it over rows in memory."""
    from mantissa.detection.dialects import DUCKDB, TRINO

    if name == "duckdb":
        from mantissa.adapters.local.rows import RowsEngine

        return DUCKDB, RowsEngine
    if name != "trino":
        raise ConfigError(f"no engine {name!r} here", fix="one of: duckdb, trino")
    require_extra("trino", "trino")
    if not app.settings.trino.url:
        raise ConfigError(
            "no Trino cluster is named",
            where=str(app.settings.file or "MANTISSA_TRINO_URL"),
            fix='set url = "https://…" in [trino], or leave --engine out to use the embedded one',
        )
    from mantissa.bootstrap.trino_cluster import rows_on_trino

    return TRINO, rows_on_trino(app.settings, app.secrets)


def _decoded(app: LocalApp, files: list[Path]) -> Iterator[Iterator[Decoded]]:
    from mantissa.adapters.local.inputs import expand
    from mantissa.sources.decode import decode

    for key in expand([str(file) for file in files], app.limits):
        with app.inputs.open(key) as stream:
            yield decode(stream, key, app.limits)
