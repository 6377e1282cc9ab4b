"""`mantissa rules import`: somebody else's rules, judged one by one and taken if asked."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mantissa.entrypoints.cli.booting import boot_or_create, boot_without_lake
from mantissa.entrypoints.cli.command import Call, command
from mantissa.entrypoints.cli.exits import Exit
from mantissa.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from mantissa.bootstrap.local import LocalApp
    from mantissa.detection.adopt import Plan, Wanted
    from mantissa.detection.intake import Intake
    from mantissa.detection.rule import RuleSet

AWAITED_SHOWN = 12


@command(
    example="""
    mantissa rules import ./rules
    mantissa rules import ../sigma --enable --name sigmahq --json
    """
)
def import_rules(
    call: Call,
    directory: Annotated[
        Path, typer.Argument(metavar="DIR", help="A checkout of SigmaHQ, or any folder of rules.")
    ],
    enable: Annotated[
        bool, typer.Option("--enable", help="Copy the rules that can run into your own.")
    ] = False,
    name: Annotated[
        str, typer.Option(metavar="NAME", help="Folder below your own rules; else DIR's name.")
    ] = "",
    force: Annotated[
        bool, typer.Option("--force", help="Overwrite rules that you changed or deleted.")
    ] = False,
) -> Exit:
    """Say what becomes of a collection of rules; with --enable, take those that can run.

    Each rule runs, waits for a log source, or is refused with its place and reason. Without --enable
    nothing is written. With it, files of rules that run or wait are copied as they are, with their
    authors and licence; refused and retired ones are left out. Import again to follow the
    collection: what you changed or deleted since stays as it is, unless --force.
    """
    app = boot_without_lake(call)
    rules, skipped = _read(call, app, directory)
    intake = _judged(call, app, rules)
    document = intake.to_json() | {"not_rules": skipped}
    if enable:
        app = boot_or_create(call)
        folder = _folder(app, name or _name_of(directory), directory)
        wanted = _wanted(app, folder, intake, rules)
        document["enabled"] = _enable(directory, folder, wanted, force)
    call.output.result(document, lambda: _tell(call, document))
    kept = enable and (document["enabled"]["kept"] or document["enabled"]["elsewhere"])
    return Exit.ATTENTION if intake.refused or kept else Exit.DONE


def _read(call: Call, app: LocalApp, directory: Path) -> tuple[RuleSet, int]:
    """Read the collection; return its rules, and how many YAML files are about no rules."""
    from mantissa.adapters.local.rulefiles import read, rule_files
    from mantissa.detection.intake import is_about_rules
    from mantissa.detection.load import parse_rules
    from mantissa.detection.yamlsafe import MAX_BYTES

    files = rule_files(directory)
    skipped = 0

    def texts() -> Iterator[tuple[str, bytes]]:
        nonlocal skipped
        for file in files:
            data = read(file, MAX_BYTES + 1)
            if is_about_rules(data):
                yield str(file), data
            else:
                skipped += 1
            progress.advance()

    with call.output.progress("Reading", total=len(files), unit="files") as progress:
        rules = parse_rules(texts(), today=app.clock.now().date())
        return app.given(rules), skipped


def _judged(call: Call, app: LocalApp, rules: RuleSet) -> Intake:
    from mantissa.detection.intake import judge_rules

    total = len(rules.rules)
    with call.output.progress("Compiling", total=total, unit="rules") as progress:
        return judge_rules(app.given(rules), app.sources.values(), judged=progress.advance)


def _name_of(directory: Path) -> str:
    place = directory.resolve()
    return place.name if place.is_dir() else place.parent.name


def _enable(directory: Path, folder: Path, wanted: Wanted, force: bool) -> dict[str, Any]:
    from mantissa.adapters.local import rulefiles
    from mantissa.detection.adopt import MEMORY

    made = _planned(directory, folder, wanted, force)
    for _ in rulefiles.write_all(folder, made.write):
        pass
    for licence in rulefiles.licence_files(directory):
        rulefiles.write(folder / licence.name, licence.read_bytes())
    rulefiles.write(folder / MEMORY, made.memory.encode())
    return {
        "folder": str(folder),
        **made.to_json(),
        "elsewhere": [{"path": path, "at": at} for path, at in sorted(wanted.elsewhere.items())],
        "retired": list(wanted.retired),
    }


def _folder(app: LocalApp, name: str, directory: Path) -> Path:
    """Return the folder to copy to, below the first folder of own rules."""
    if not app.settings.detection.rules:
        raise ConfigError("no folder of own rules is set", fix="set rules in [detection]")
    own = app.home / app.settings.detection.rules[0]
    folder = (own / name).resolve()
    if not folder.is_relative_to(own.resolve()):
        raise ConfigError(f"{name!r} is not below the folder of your rules", where=str(own))
    if directory.resolve().is_relative_to(own.resolve()):
        raise ConfigError("these rules are your own already", where=str(directory))
    return folder


def _planned(directory: Path, folder: Path, wanted: Wanted, force: bool) -> Plan:
    from mantissa.adapters.local import rulefiles
    from mantissa.detection.adopt import MEMORY, plan

    base = directory if directory.is_dir() else directory.parent
    incoming = {
        Path(file).relative_to(base).as_posix(): Path(file).read_bytes() for file in wanted.files
    }
    memory = folder / MEMORY
    before = memory.read_text(encoding="utf-8") if memory.is_file() else ""
    present = rulefiles.read_named(folder, _names(incoming, folder))
    return plan(incoming, present, before, force=force)


def _names(incoming: dict[str, bytes], folder: Path) -> list[str]:
    from mantissa.adapters.local import rulefiles

    there = (
        [p.relative_to(folder).as_posix() for p in rulefiles.rule_files(folder)]
        if (folder.is_dir())
        else []
    )
    return sorted({*incoming, *there})


def _wanted(app: LocalApp, folder: Path, intake: Intake, rules: RuleSet) -> Wanted:
    from mantissa.adapters.local.rulefiles import rule_files
    from mantissa.detection.adopt import choose
    from mantissa.detection.load import load_rules

    own = [app.home / path for path in app.settings.detection.rules]
    others = [
        file
        for place in own
        if place.is_dir()
        for file in rule_files(place)
        if not file.resolve().is_relative_to(folder)
    ]
    mine = load_rules(others)
    used = {rule.info.id: rule.path for rule in mine.rules}
    used |= {correlation.info.id: correlation.path for correlation in mine.correlations}
    applying = {exception.path for exception in rules.exceptions if not exception.expired}
    return choose(intake, applying, used)


def _tell(call: Call, document: dict[str, Any]) -> None:
    say = call.output.say
    refused = document["refused"]
    disabled = f"{document['disabled']:,} disabled, " if document["disabled"] else ""
    say(
        f"{document['rules']:,} rules: {document['runs']:,} run, "
        f"{document['waits_for_source']:,} wait for a source, {disabled}{len(refused):,} refused"
    )
    said = ", ".join(f"{n:,} for {dialect}" for dialect, n in document["compiled"].items())
    say(f"Compiled: {said}")
    _tell_awaited(call, document["waiting_for"])
    if refused:
        say("\nRefused:")
        columns = ["path", "line", "reason"]
        call.output.table(columns, [[rule[c] for c in columns] for rule in refused])
    if "enabled" in document:
        _tell_enabled(call, document["enabled"])
    elif document["runs"]:
        call.output.note("Nothing was written; --enable takes the rules that run or wait.")


def _tell_awaited(call: Call, awaited: Sequence[dict[str, Any]]) -> None:
    if not awaited:
        return
    call.output.say("\nLog sources that rules wait for:")
    columns = ["rules", "product", "service", "category"]
    call.output.table(columns, [[a[c] for c in columns] for a in awaited[:AWAITED_SHOWN]])
    if len(awaited) > AWAITED_SHOWN:
        more = awaited[AWAITED_SHOWN:]
        call.output.note(f"and {len(more):,} more with {sum(a['rules'] for a in more):,} rules")


def _tell_enabled(call: Call, enabled: dict[str, Any]) -> None:
    from mantissa.entrypoints.cli.text import visible

    call.output.say(
        f"\n{visible(enabled['folder'])}: {enabled['new']:,} files new, "
        f"{enabled['updated']:,} updated, {enabled['unchanged']:,} unchanged"
    )
    for key, why in _LEFT.items():
        if enabled[key]:
            names = [e["path"] if isinstance(e, dict) else e for e in enabled[key]]
            call.output.note(f"{len(names):,} {why}: {', '.join(names[:5])}{_dots(names)}")


def _dots(names: Sequence[str]) -> str:
    return ", …" if len(names) > 5 else ""


_LEFT = {
    "kept": "changed by you and kept (--force overwrites them)",
    "deleted_here": "deleted by you and left out (--force brings them back)",
    "gone": "no longer in the collection, and still here",
    "elsewhere": "left out, for a rule of yours has the same id",
    "retired": "left out, for their authors retired them",
}
