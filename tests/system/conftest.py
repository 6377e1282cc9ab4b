"""One deployment for all system tests of a session: it takes minutes to come up."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from support.deployed import System, deployed
from support.requirements import require


@pytest.fixture(scope="session")
def system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    """The deployed system; its schedules run every minute."""
    for name in ("terraform", "ministack", "trino", "registry"):
        require(name)
    folder: Path = tmp_path_factory.mktemp("system")
    minute = {name: {"rate": "rate(1 minute)"} for name in ("detect", "alert")}
    with deployed(folder, {"schedules": minute}) as running:
        yield running
