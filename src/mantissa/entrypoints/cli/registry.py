"""The commands of `mantissa`, by name, and the group that imports one only when it is called.

The one-line helps stand here too, so that `mantissa --help` imports no command at all.
"""

from __future__ import annotations

from dataclasses import dataclass
from difflib import get_close_matches
from importlib import import_module
from typing import Any

import typer
from typer.main import get_command, get_group

from mantissa.entrypoints.cli.command import HELP_OPTIONS, HelpfulGroup
from mantissa.entrypoints.cli.exits import UsageError


@dataclass(frozen=True, slots=True)
class Entry:
    """Where a command is and what the overview says of it.

    Args:
        target: `module:attribute`; a command function or a `noun`.
        help: the first line of its own help.
        panel: the heading it stands under.
    """

    target: str
    help: str
    panel: str


COMMANDS: dict[str, Entry] = {
    "demo": Entry(
        "mantissa.entrypoints.cli.demo:demo",
        "See an attack found, explained and delivered.",
        "Start",
    ),
    "init": Entry("mantissa.entrypoints.cli.init:init", "Make the folder of a lake.", "Start"),
    "doctor": Entry(
        "mantissa.entrypoints.cli.doctor:doctor", "Check that everything here is in order.", "Start"
    ),
    "ingest": Entry(
        "mantissa.entrypoints.cli.ingest:ingest", "Turn log files into rows of the lake.", "Work"
    ),
    "detect": Entry(
        "mantissa.entrypoints.cli.detect:detect", "Judge new rows with every enabled rule.", "Work"
    ),
    "query": Entry("mantissa.entrypoints.cli.query:query", "Run one SELECT over the lake.", "Work"),
    "findings": Entry(
        "mantissa.entrypoints.cli.findings:findings",
        "What the rules found: one row per rule and event.",
        "Look",
    ),
    "alerts": Entry(
        "mantissa.entrypoints.cli.alerts:alerts",
        "What people are told, what they say of it, and whether it arrived.",
        "Look",
    ),
    "lake": Entry(
        "mantissa.entrypoints.cli.lake:lake",
        "What the lake holds, and whether its books balance.",
        "Look",
    ),
    "quarantine": Entry(
        "mantissa.entrypoints.cli.quarantine:quarantine",
        "Records that could not become rows, each with its reason.",
        "Look",
    ),
    "rules": Entry(
        "mantissa.entrypoints.cli.rules:rules",
        "The Sigma rules: list, check, test, see as SQL, try on records.",
        "Extend",
    ),
    "sources": Entry(
        "mantissa.entrypoints.cli.sources:sources",
        "The kinds of log: list, show, draft from a sample, prove.",
        "Extend",
    ),
    "package": Entry(
        "mantissa.entrypoints.cli.package:package",
        "Build the Lambda functions' artefacts.",
        "Deploy",
    ),
    "cost": Entry(
        "mantissa.entrypoints.cli.cost:cost",
        "Estimate what a deployed lake costs in a month.",
        "Deploy",
    ),
}
"""To add a command: one module in this folder, one row here."""


def load(name: str) -> Any:
    """Import a command and return it as Typer runs it."""
    module, _, attribute = COMMANDS[name].target.partition(":")
    target = getattr(import_module(module), attribute)
    if isinstance(target, typer.Typer):
        group = get_group(target)
        group.name = name
        return group
    app = typer.Typer(add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)
    app.command(name, context_settings=HELP_OPTIONS)(target)
    return get_command(app)


class LazyGroup(HelpfulGroup):
    """The top of the command line."""

    def list_commands(self, ctx: Any) -> list[str]:
        """Return the names in the order of the registry."""
        return list(COMMANDS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """Import and return one command; None for a name that is not there."""
        if cmd_name not in COMMANDS:
            return None
        if cmd_name not in self.commands:
            self.commands[cmd_name] = load(cmd_name)
        return self.commands[cmd_name]

    def resolve_command(self, ctx: Any, args: list[str]) -> tuple[str | None, Any, list[str]]:
        """Find the command that `args` begins with, or fail naming the nearest."""
        name = args[0]
        if name not in COMMANDS and not name.startswith("-") and not ctx.resilient_parsing:
            close = get_close_matches(name, COMMANDS, n=1)
            fix = f"did you mean '{close[0]}'?" if close else f"see `{ctx.command_path} --help`"
            raise UsageError(f"there is no command '{name}'", where=ctx.command_path, fix=fix)
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        """Write the overview from the registry alone."""
        for panel in dict.fromkeys(entry.panel for entry in COMMANDS.values()):
            with formatter.section(panel):
                formatter.write_dl(
                    [(name, e.help) for name, e in COMMANDS.items() if e.panel == panel]
                )
