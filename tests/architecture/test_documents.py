"""Every command and setting is documented, and the generated pages are current."""

from __future__ import annotations

from pathlib import Path

import pytest

import reference_docs
from mantissa.config.keys import keys_of
from mantissa.config.settings import LISTS, SECTIONS
from mantissa.entrypoints.cli.registry import COMMANDS, load
from support.requirements import ROOT

COMMAND_LIST = list(reference_docs.commands())


def test_generated_pages_are_current() -> None:
    assert reference_docs.stale() == [], "run `make docs`"


def test_a_stale_page_is_found(tmp_path: Path) -> None:
    reference_docs.write(tmp_path)
    assert reference_docs.stale(tmp_path) == []
    page = tmp_path / "docs/reference/cli.md"
    page.write_text(page.read_text().replace("init", "begin", 1))
    assert reference_docs.stale(tmp_path) == ["docs/reference/cli.md"]


@pytest.mark.parametrize(("path", "command"), COMMAND_LIST, ids=[path for path, _ in COMMAND_LIST])
def test_every_command_has_an_example_and_the_common_options(path: str, command: object) -> None:
    text = reference_docs.help_of(path, command)
    _, found, example = text.partition("Example:\n")
    assert found, f"{path} --help has no example"
    assert example.split("\n", 1)[0].strip().startswith(path.rsplit(" ", 1)[0])
    for option in ("--home", "--json", "--quiet", "--debug"):
        assert option in text, f"{path} lacks {option}"


@pytest.mark.parametrize(("path", "_command"), COMMAND_LIST, ids=[path for path, _ in COMMAND_LIST])
def test_every_command_is_in_the_reference(path: str, _command: object) -> None:
    assert f"## `{path}`" in (ROOT / "docs/reference/cli.md").read_text()


@pytest.mark.parametrize("name", COMMANDS)
def test_the_overview_says_what_the_command_says(name: str) -> None:
    own = load(name).help.strip().splitlines()[0]
    assert COMMANDS[name].help == own


@pytest.mark.parametrize("section", [*SECTIONS, *LISTS])
def test_every_setting_is_in_the_reference_with_a_sentence(section: str) -> None:
    page = (ROOT / "docs/reference/configuration.md").read_text()
    part = page.partition(f"## [{section}]\n" if section in SECTIONS else f"## [[{section}]]\n")[2]
    part = part.partition("\n## ")[0]
    for name, key in keys_of((SECTIONS | LISTS)[section]).items():
        assert f"| `{name}` |" in part
        assert key.doc.endswith(".")
