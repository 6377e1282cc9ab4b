"""`mantissa rules push`: the user's rules, sources and settings to the deployed functions."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mantissa.entrypoints.cli.booting import boot_without_lake
from mantissa.entrypoints.cli.command import Call, command
from mantissa.entrypoints.cli.exits import Exit
from mantissa.errors import ConfigError, RuleError

SETTINGS = "config/mantissa.toml"

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from mantissa.bootstrap.app import App
    from mantissa.detection.check import CheckReport
    from mantissa.lake.configuration import Difference, ReplaceableObjects


@command(
    example="""
    mantissa rules push --bucket mantissa-dev-lake-111122223333-eu-central-1 --dry-run
    mantissa rules push ./rules --prune --json
    """
)
def push(
    call: Call,
    directory: Annotated[
        Path | None,
        typer.Argument(metavar="DIR", help="A folder of rules; else those of the home."),
    ] = None,
    bucket: Annotated[str, typer.Option(help="The lake's bucket; else lake_bucket in [aws].")] = "",
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only say what would be done.")
    ] = False,
    prune: Annotated[
        bool, typer.Option("--prune", help="Delete rules and sources that are not here.")
    ] = False,
    settings: Annotated[
        bool, typer.Option("--settings", help="Replace the mantissa.toml that is there.")
    ] = False,
    allow_refused: Annotated[
        bool, typer.Option("--allow-refused", help="Push even if some rule cannot run.")
    ] = False,
) -> Exit:
    """Push your rules, sources and mantissa.toml to the lake's bucket.

    The deployed functions read them from config/ at their next start. Rules are checked first: one
    that cannot run stops the push. What did not change is left alone; secrets never travel. A
    mantissa.toml that is there already, as a deployment writes it, is replaced with --settings only.
    """
    app = boot_without_lake(call)
    files = _files(call, directory)
    report = _checked(app, _rule_paths(call, directory), allow_refused, call)
    name = bucket or call.settings.aws.lake_bucket
    if not name:
        fix = "give --bucket, or set lake_bucket in [aws] of mantissa.toml"
        raise ConfigError("which bucket is not known", fix=fix)
    act = _compare_or_push(dry_run)
    keep = () if settings else (SETTINGS,)
    difference = act(_store(name), files, prune=prune, keep=keep)
    tables = [] if dry_run else _tables(call, app, files, name)
    document = {
        "bucket": name,
        "dry_run": dry_run,
        **difference.to_json(),
        "tables": tables,
        "refused": report.to_json()["refused"],
    }
    call.output.result(document, lambda: _show(call, document))
    return Exit.DONE if report.ok else Exit.ATTENTION


def _tables(call: Call, app: App, files: Mapping[str, bytes], bucket: str) -> list[str]:
    """Give each source of the user's its table in the Glue database; return the tables' names."""
    names = sorted({key.split("/")[2] for key in files if key.startswith("config/sources/")})
    if names and not call.settings.aws.database:
        fix = "set database in [aws] (`terraform output environment` prints it) and push again"
        call.output.warn(f"no table was made for {', '.join(names)}: {fix}")
        return []
    if not names:
        return []
    from mantissa.bootstrap.aws import AwsApp

    deployed = AwsApp(replace(call.settings, aws=replace(call.settings.aws, lake_bucket=bucket)))
    tables = [app.sources[name].table for name in names]
    for table in tables:
        deployed.catalog.ensure(table)
    return [table.name for table in tables]


def _files(call: Call, directory: Path | None) -> dict[str, bytes]:
    from mantissa.adapters.local.configuration import (
        RULE_SUFFIXES,
        SOURCE_FILE,
        folder_files,
        named_files,
        settings_file,
    )

    settings = call.settings
    files = settings_file(settings.file) if settings.file else {}
    files |= folder_files(call.home, settings.ingest.sources, (SOURCE_FILE,))
    if directory is None:
        return files | folder_files(call.home, settings.detection.rules, RULE_SUFFIXES)
    if not directory.is_dir():
        raise ConfigError("there is no such folder of rules", where=str(directory))
    return files | named_files(directory.resolve(), "config/rules", RULE_SUFFIXES)


def _rule_paths(call: Call, directory: Path | None) -> list[Path]:
    if directory is not None:
        return [directory]
    folders = [call.home / folder for folder in call.settings.detection.rules]
    return [folder for folder in folders if folder.is_dir()]


def _checked(app: App, paths: list[Path], allow_refused: bool, call: Call) -> CheckReport:
    """Check what will be pushed. Raises `RuleError` when a rule is refused and may not be."""
    from mantissa.bootstrap.app import library_rules
    from mantissa.detection.check import check_rules
    from mantissa.detection.load import find_rule_files, load_rules

    # A filter of the user's may be about a rule of the library, so that is read along.
    library = [library_rules()] if app.settings.detection.library else []
    report = check_rules(app.given(load_rules(library, paths)), app.sources.values())
    own = {str(file) for file in find_rule_files(paths)}
    report = replace(report, refused=tuple(r for r in report.refused if r.path in own))
    for refusal in report.refused:
        place = f"{refusal.path}:{refusal.line}" if refusal.line else refusal.path
        call.output.warn(f"{place}: refused: {refusal.reason}")
    if report.refused and not allow_refused:
        first = report.refused[0]
        raise RuleError(
            f"nothing was pushed: {len(report.refused)} rules cannot run; {first.reason}",
            file=first.path,
            line=first.line,
            fix="mend them (mantissa rules check), or push all the same with --allow-refused",
        )
    return report


def _store(bucket: str) -> ReplaceableObjects:
    from mantissa.adapters.aws.configuration import S3Configuration
    from mantissa.adapters.aws.session import Clients

    return S3Configuration(Clients().s3, bucket)


def _compare_or_push(dry_run: bool) -> Callable[..., Difference]:
    from mantissa.lake import configuration

    return configuration.compare if dry_run else configuration.push


def _show(call: Call, document: dict[str, Any]) -> None:
    signs = {"new": "+", "changed": "~", "deleted": "-", "stale": "?"}
    rows = [[sign, key] for name, sign in signs.items() for key in document[name]]
    if rows:
        call.output.table(["", "key"], rows)
    done = "would be" if document["dry_run"] else "were"
    call.output.say(
        f"{len(document['uploaded']):,} objects {done} uploaded to {document['bucket']}, "
        f"{len(document['deleted']):,} deleted; {document['unchanged']:,} unchanged"
    )
    if document["stale"]:
        call.output.note("? is there but not here; --prune deletes it")
    for key in document["kept"]:
        call.output.note(f"{key} is different there and was kept; --settings replaces it")
