"""Every link of every page leads somewhere, and every page can be reached from the README."""

from __future__ import annotations

import pytest

from support import pages
from support.requirements import ROOT


@pytest.mark.parametrize("page", pages.pages())
def test_links_lead_somewhere(page: str) -> None:
    found = {target: pages.exists(page, target) for target in pages.links(pages.read(page))}
    assert {target: wrong for target, wrong in found.items() if wrong} == {}


def test_every_page_can_be_reached_from_the_readme() -> None:
    reached: set[str] = set()
    todo = ["README.md"]
    while todo:
        page = todo.pop()
        if page in reached:
            continue
        reached.add(page)
        for target in pages.links(pages.read(page)):
            path = ((ROOT / page).parent / target.partition("#")[0]).resolve()
            if path.suffix == ".md" and path.is_file():
                todo.append(path.relative_to(ROOT).as_posix())
    assert set(pages.pages()) - reached == set()


@pytest.mark.parametrize(
    ("target", "wrong"),
    [
        ("docs/nowhere.md", "no such file"),
        ("../outside.md", "no such file"),
        ("LICENSE", ""),
        ("CHANGELOG.md#unreleased", ""),
        ("CHANGELOG.md#released-yesterday", "no such heading"),
        ("http://example.com", "not https"),
        ("https://example.com", ""),
    ],
)
def test_a_wrong_link_is_found(target: str, wrong: str) -> None:
    assert pages.exists("README.md", target) == wrong


def test_links_in_code_are_text() -> None:
    text = "[a](b.md) `[c](d.md)`\n```\n[e](f.md)\n```\n[g `h`](i.md#j)\n"
    assert pages.links(text) == ["b.md", "i.md#j"]


def test_anchors_are_githubs() -> None:
    text = "# One, two\n## `lake status` · more\n## One, two\n```\n# none\n```\n"
    assert pages.anchors(text) == {"one-two", "lake-status--more", "one-two-1"}
