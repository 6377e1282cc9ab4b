"""A setting that nothing reads is a promise nobody keeps."""

from __future__ import annotations

import ast

import pytest

from mantissa.config.keys import keys_of
from mantissa.config.settings import LISTS, SECTIONS
from support.requirements import ROOT

KEYS = [(section, key) for section, cls in (SECTIONS | LISTS).items() for key in keys_of(cls)]


@pytest.fixture(scope="module")
def attributes() -> set[str]:
    """Every attribute that is looked at where settings end up.

    Whole sections go to `alerts`, which reads them by protocols of its own.
    """
    src = ROOT / "src/mantissa"
    files = [*(src / "bootstrap").glob("*.py"), src / "alerts/route_config.py"]
    files += (src / "entrypoints").rglob("*.py")
    nodes = [node for file in files for node in ast.walk(ast.parse(file.read_text()))]
    return {node.attr for node in nodes if isinstance(node, ast.Attribute)}


@pytest.mark.parametrize(("section", "key"), KEYS, ids=[f"{s}.{k}" for s, k in KEYS])
def test_every_setting_is_read(section: str, key: str, attributes: set[str]) -> None:
    assert key in attributes, f"nothing reads [{section}] {key}"
