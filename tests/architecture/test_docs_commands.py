"""Every command line that a page shows is one that the program understands."""

from __future__ import annotations

from typing import Any

import pytest
import typer

from mantissa.entrypoints.cli.exits import UsageError
from mantissa.entrypoints.cli.main import PROGRAM, app
from support import pages

SHOWN = [(page, line) for page in pages.pages() for line in pages.commands(pages.read(page))]
ERRORS = (typer.TyperException, UsageError)


def parse(given: list[str]) -> None:
    """Let Typer parse the words of one command line without running it."""
    command: Any = typer.main.get_command(app)
    path, rest = PROGRAM, list(given)
    while hasattr(command, "list_commands"):
        if not rest or rest[0] in ("--help", "--version"):
            return
        with command.make_context(path, [], resilient_parsing=True) as context:
            found = command.get_command(context, rest[0])
        if found is None:
            raise UsageError(f"there is no command {path} {rest[0]}")
        path, command = f"{path} {rest[0]}", found
        rest = rest[1:]
    # With no word after its name a command is named and not shown.
    if rest and "--help" not in rest:
        command.make_context(path, rest).close()


@pytest.mark.parametrize("page", sorted({page for page, _ in SHOWN}))
def test_every_command_shown_exists_with_its_options(page: str) -> None:
    wrong = {}
    for line in [line for shown, line in SHOWN if shown == page]:
        try:
            for words in pages.words(line):
                parse(words)
        except ERRORS as error:
            wrong[line] = str(error)
    assert wrong == {}


@pytest.mark.parametrize("page", ["README.md", "CONTRIBUTING.md", "docs/guide/quickstart.md"])
def test_commands_are_found_where_they_are_shown(page: str) -> None:
    assert [line for shown, line in SHOWN if shown == page]


@pytest.mark.parametrize(
    "line",
    [
        "mantissa inhale ./logs",
        "mantissa lake drain",
        "mantissa sources new acme",
        "mantissa ingest ./logs --sauce okta",
        "mantissa findings list --limit many",
        "mantissa alerts show $(mantissa alerts liszt)",
    ],
)
def test_a_wrong_command_is_found(line: str) -> None:
    with pytest.raises(ERRORS):
        for words in pages.words(line):
            parse(words)


def test_words_end_where_the_shell_ends_them() -> None:
    line = "mantissa alerts show $(mantissa alerts list --jsonl | head -1) | less  # the first"
    assert pages.words(line) == [["alerts", "show", "ID"], ["alerts", "list", "--jsonl"]]
    assert pages.words('mantissa query "SELECT 1; -- x" > a.csv && mantissa doctor') == [
        ["query", "SELECT 1; -- x"],
        ["doctor"],
    ]
