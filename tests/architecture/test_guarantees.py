"""What is promised is held by tests that exist, and the closed lists of the pages are the code's."""

from __future__ import annotations

import ast
import re
from functools import cache

import pytest

from mantissa.model import Reason
from support import pages
from support.requirements import ROOT

ID = re.compile(r"`(tests/[\w/]+\.py)::(\w+)`")
PROMISING = ("README.md", "SECURITY.md", "docs/GUARANTEES.md")
NAMED = [(page, *found) for page in PROMISING for found in ID.findall(pages.read(page))]


@cache
def names_in(file: str) -> frozenset[str]:
    """Name what a test file defines at its top: functions, classes and `TestX = …`."""
    path = ROOT / file
    if not path.is_file():
        return frozenset()
    names: set[str] = set()
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
            names.add(node.name)
        elif isinstance(node, ast.Assign):
            names |= {target.id for target in node.targets if isinstance(target, ast.Name)}
    return frozenset(name for name in names if name.lower().startswith("test"))


@pytest.mark.parametrize(("page", "file", "test"), NAMED)
def test_every_test_that_a_promise_names_exists(page: str, file: str, test: str) -> None:
    assert test in names_in(file), f"{page} names {file}::{test}"


@pytest.mark.parametrize("page", PROMISING[:1] + PROMISING[2:])
def test_every_promise_names_a_test(page: str) -> None:
    table = [line for line in pages.read(page).splitlines() if re.match(r"\| [A-Z]\d+ \|", line)]
    assert table
    assert [line for line in table if not ID.search(line)] == []


def test_a_name_that_is_gone_would_be_found() -> None:
    assert "test_a_name_that_is_gone_would_be_found" in names_in(
        "tests/architecture/test_guarantees.py"
    )
    assert "test_nothing_like_it" not in names_in("tests/architecture/test_guarantees.py")
    assert names_in("tests/no/such_file.py") == frozenset()


def test_the_readme_promises_nothing_that_the_page_does_not() -> None:
    numbers = {
        page: set(re.findall(r"^\| ([A-Z]\d+) \|", pages.read(page), re.M)) for page in PROMISING
    }
    assert numbers["README.md"] <= numbers["docs/GUARANTEES.md"]


def test_the_page_of_quarantine_has_every_reason_and_no_other() -> None:
    listed = re.findall(r"^\| `(\w+)` \|", pages.read("docs/reference/quarantine.md"), re.M)
    assert sorted(listed) == sorted(Reason)


def test_reasons_said_to_be_unused_are_unused() -> None:
    page = pages.read("docs/reference/quarantine.md")
    unused = set(re.findall(r"^\| `(\w+)` \|", page.partition("## Reserved")[2], re.M))
    source = "".join(p.read_text("utf-8") for p in (ROOT / "src/mantissa").rglob("*.py"))
    used = {reason for reason in Reason if f"Reason.{reason.name}" in source}
    assert unused == set(Reason) - used
