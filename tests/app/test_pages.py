"""What the pages show is what happens: their commands are run, and their output is compared.

A page's `console` blocks are run in order in an empty folder. A block after `<!-- file: NAME -->`
is written to that file first, and after `<!-- with: PAGE -->` the files of that page before it.
Words with a digit in them may differ, with the unit or the plural after them; `…` stands for anything.
"""

from __future__ import annotations

import os
import re
import shlex
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from mantissa.entrypoints.cli.main import main
from mantissa.entrypoints.cli.scenario import write_scenario
from support import pages

PAGES = (
    "README.md",
    "CONTRIBUTING.md",
    "docs/guide/quickstart.md",
    "docs/guide/sources.md",
    "docs/guide/rules.md",
    "docs/guide/sigma.md",
    "docs/guide/alerts.md",
    "docs/guide/queries.md",
    "docs/guide/operating.md",
)
AS = {"make demo": "mantissa demo"}
"""What the Makefile turns a command of a page into; `tests/architecture` holds the Makefile."""

END = datetime(2026, 11, 20, 12, tzinfo=UTC)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An empty folder but for `logs`: a few hundred events of the demo's CloudTrail."""
    write_scenario(tmp_path / "logs", end=END, events=400)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MANTISSA_HOME", "")
    monkeypatch.delenv("MANTISSA_HOME")
    yield tmp_path
    os.environ.pop("MANTISSA_HOME", None)


@pytest.mark.parametrize("page", PAGES)
def test_what_a_page_shows_is_what_happens(
    page: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    ran = 0
    for block in pages.blocks(pages.read(page)):
        if "with" in block.tags:
            for other in pages.blocks(pages.read(block.tags["with"])):
                write(other, folder)
        if "file" in block.tags:
            write(block, folder)
        elif block.language == "console":
            for command, shown in steps(block):
                code = run(command)
                printed = capsys.readouterr()
                said = printed.out + printed.err
                where = f"{page}, after line {block.line}: $ {command}\n{said}"
                assert code == int(block.tags.get("exit", 0)), where
                assert missing(shown, said.splitlines()) == [], where
                ran += 1
    assert ran


def write(block: pages.Block, folder: Path) -> None:
    """Write the file that a block is, if it is one."""
    if "file" in block.tags:
        file = folder / block.tags["file"]
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(block.text, encoding="utf-8")


def steps(block: pages.Block) -> Iterator[tuple[str, list[str]]]:
    """Yield a block's commands, each with the output that is shown after it."""
    joined = "\n".join(block.lines).replace("\\\n", " ")
    for part in re.split(r"^\$ ", joined, flags=re.M)[1:]:
        command, *shown = part.splitlines()
        yield command, [line for line in shown if line.strip(" …│")]


def run(command: str) -> int:
    """Run one command as a shell would; only `mantissa` and `export` are known."""
    program, *words = shlex.split(AS.get(command, command), comments=True)
    if program == "export":
        name, _, value = words[0].partition("=")
        os.environ[name] = value
        return 0
    assert program == "mantissa", command
    return main(words)


def missing(shown: list[str], told: list[str]) -> list[str]:
    """Return the shown lines that the command did not print."""
    printed = [_shape(line) for line in told]
    return [line for line in shown if not any(_pattern(line).fullmatch(p) for p in printed)]


def _shape(line: str) -> str:
    words = re.sub(r"\S*\d\S*", "#", " ".join(line.split()))
    words = re.sub(r"# [kMGT]?B(?![A-Za-z])", "# B", words)
    return re.sub(r"(# [a-z]+?)s\b", r"\1", words)


def _pattern(line: str) -> re.Pattern[str]:
    return re.compile(re.escape(_shape(line)).replace("…", ".*"))


def test_a_line_that_is_not_printed_is_found() -> None:
    told = ["table             rows", "aws_cloudtrail  20,000", "Made a lake in /tmp/x1/lake"]
    assert missing(["table rows", "aws_cloudtrail 7", "Made a lake in …"], told) == []
    assert missing(["table  files", "okta 7"], told) == ["table  files", "okta 7"]
