"""Write the reference pages that are derived from the code, or check that they are current.

    python tools/reference_docs.py [--check]

To add a page: one row in `PAGES`.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import typer

import aws_catalog
import cloudformation_catalog
import rules_page
import sql_reference
import terraform_docs
from mantissa.adapters.aws.prices import load_prices
from mantissa.config.template import render_reference
from mantissa.entrypoints.api import openapi
from mantissa.entrypoints.cli.exits import Exit
from mantissa.entrypoints.cli.main import PROGRAM, app
from mantissa.lake.cost import estimate
from mantissa.lake.cost_case import Case, Volumes

ROOT = Path(__file__).resolve().parents[1]
COST_PAGE = "docs/guide/aws/cost.md"
NOTE = "<!-- Written by `make docs`; `make check` fails when it is not current. -->\n"


def commands() -> Iterator[tuple[str, Any]]:
    """Yield every command that does something, as (`mantissa noun verb`, Typer's command)."""
    root = typer.main.get_command(app)
    yield from _walk(PROGRAM, root)


def _walk(path: str, command: Any) -> Iterator[tuple[str, Any]]:
    if not hasattr(command, "list_commands"):
        yield path, command
        return
    with command.make_context(path, [], resilient_parsing=True) as context:
        for name in command.list_commands(context):
            yield from _walk(f"{path} {name}", command.get_command(context, name))


def render_cli() -> str:
    """Return the reference of all commands as Markdown: their own helps."""
    return CLI_HEAD + "".join(
        f"\n## `{path}`\n\n```text\n{help_of(path, command)}\n```\n" for path, command in commands()
    )


def help_of(path: str, command: Any) -> str:
    """Return what `--help` prints, at a fixed width."""
    with command.make_context(path, [], resilient_parsing=True, terminal_width=90) as context:
        text: str = command.get_help(context)
    return "\n".join(line.rstrip() for line in text.splitlines())


_EXITS = {
    Exit.DONE: "done",
    Exit.FAILED: "failed, with one error",
    Exit.USAGE: "wrong usage or configuration",
    Exit.ATTENTION: "done, but something needs a look: records in quarantine, a rule refused or "
    "failed, a check not passed",
    Exit.REFUSED: "refused by the guard or a limit",
    Exit.STOPPED: "stopped by Ctrl+C",
}

CLI_HEAD = f"""\
{NOTE}
# Commands

Results go to standard output, everything else to standard error. With `--json` standard output is
exactly one JSON document; commands that list print one document a line with `--jsonl`. An error
takes at most three lines, or `{{"error": {{"code", "message", "where", "fix"}}}}` with `--json`.

| exit code | means |
|---|---|
{"".join(f"| {code.value} | {text} |" + chr(10) for code, text in _EXITS.items())}"""


def render_configuration() -> str:
    """Return the reference of all settings as Markdown."""
    return f"{NOTE}\n{render_reference()}"


_COST_DAYS = (("a quiet account", 1), ("a small company", 10), ("a busy one", 100))
_COST_BEGIN, _COST_END = "<!-- cost: begin -->", "<!-- cost: end -->"


def render_cost() -> str:
    """Return the page on costs with its tables made anew; the rest of it is written by hand."""
    text = (ROOT / COST_PAGE).read_text(encoding="utf-8")
    before, _, rest = text.partition(_COST_BEGIN)
    _, _, after = rest.partition(_COST_END)
    return f"{before}{_COST_BEGIN}\n{_cost_tables()}\n{_COST_END}{after}"


def _cost_tables() -> str:
    prices = load_prices("us-east-1")
    cases = [Case(Volumes(gb_per_day=gb)) for _, gb in _COST_DAYS]
    found = [estimate(case, prices.prices) for case in cases]
    head = "".join(f" {name}, {gb} GB a day |" for name, gb in _COST_DAYS)
    lines = [f"| USD a month |{head}", "|---|" + "---:|" * len(found)]
    for service in found[0].services:
        cells = "".join(f" {e.services[service]:,.2f} |" for e in found)
        lines.append(f"| {service} |{cells}")
    lines.append("| **all** |" + "".join(f" **{e.total:,.2f}** |" for e in found))
    given = found[0].case.volumes
    lines += [
        "",
        f"{given.rules:g} rules, {given.queries_per_day:g} queries of people a day, "
        f"{given.retention_days:g} days kept, {given.alerts_per_day:g} alerts a day, "
        f"{given.sources:g} kinds of log, objects of {given.object_kb:g} kB; "
        f"{prices.region}, list prices as of {prices.as_of}, "
        f"{'verified' if prices.verified else 'not verified'}.",
    ]
    lines += ["", "| reckoned with | value | origin |", "|---|---:|---|"]
    assumed = found[0].case.assumed.to_json()
    lines += [f"| {a['doc']} | {a['value']:g} | {a['origin']} |" for a in assumed]
    return "\n".join(lines)


PAGES: Mapping[str, Callable[[], str]] = {
    sql_reference.PAGE: lambda: NOTE + sql_reference.render_sql(),
    aws_catalog.FILE: aws_catalog.render,
    cloudformation_catalog.TEMPLATE: cloudformation_catalog.current,
    "docs/reference/cli.md": render_cli,
    "docs/reference/configuration.md": render_configuration,
    COST_PAGE: render_cost,
    "docs/reference/openapi.json": openapi.text,
    rules_page.PAGE: lambda: NOTE + rules_page.render(),
    terraform_docs.PAGE: terraform_docs.render,
}
"""Page → the function that renders it."""


def stale(root: Path = ROOT) -> list[str]:
    """Return the pages whose text on disk is not what the code says."""
    return [
        page
        for page, render in PAGES.items()
        if not (root / page).is_file() or (root / page).read_text(encoding="utf-8") != render()
    ]


def write(root: Path = ROOT) -> None:
    """Write every page."""
    for page, render in PAGES.items():
        (root / page).parent.mkdir(parents=True, exist_ok=True)
        (root / page).write_text(render(), encoding="utf-8")


def main(arguments: list[str]) -> int:
    """Write the pages, or with `--check` name those that are not current."""
    if "--check" not in arguments:
        write()
        return 0
    pages = stale()
    for page in pages:
        print(f"{page} is not current: run `make docs`", file=sys.stderr)
    return 1 if pages else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
