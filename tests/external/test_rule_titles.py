"""Our rules are our own: no title, id or sentence of theirs is one of the public collection's."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from support.requirements import ROOT

RULES = sorted((ROOT / "rules").rglob("*.yml"))


@pytest.fixture(scope="module")
def public(shared_data: Path) -> list[dict[str, Any]]:
    folder = shared_data / "sigmahq"
    rules = [_head(p) for p in sorted(folder.rglob("*.yml"))]
    assert len(rules) > 3_000
    return rules


def _head(path: Path) -> dict[str, Any]:
    """Read title, id and description without the cost of parsing thousands of rules whole."""
    text = path.read_text(encoding="utf-8")
    keys = {}
    for key in ("title", "id", "description"):
        found = re.search(rf"^{key}:(.*(?:\n[ \t]+.*)*)", text, re.M)
        keys[key] = " ".join(found[1].split()).strip("'\"|> ") if found else ""
    return keys


def _ours() -> Iterator[dict[str, Any]]:
    for path in RULES:
        yield from yaml.safe_load_all(path.read_text(encoding="utf-8"))


@pytest.mark.parametrize("key", ["title", "id"])
def test_no_rule_has_the_title_or_id_of_a_public_one(
    public: list[dict[str, Any]], key: str
) -> None:
    theirs = {rule[key].lower() for rule in public}
    assert [rule[key] for rule in _ours() if rule[key].lower() in theirs] == []


def test_no_description_shares_eight_words_in_a_row(public: list[dict[str, Any]]) -> None:
    theirs = {run for rule in public for run in _runs(rule["description"])}
    shared = {run for rule in _ours() for run in _runs(rule["description"])} & theirs
    assert shared == set()


def _runs(text: str, length: int = 8) -> Iterator[tuple[str, ...]]:
    words = re.findall(r"[a-z0-9]+", text.lower())
    return zip(*(words[i:] for i in range(length)), strict=False)
