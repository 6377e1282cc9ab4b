"""The servers behind the tests of AWS: one of each for the whole session, all its workers."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from support import ministack as ministack_server
from support import moto_server
from support import trino as trino_server
from support.emulators import Emulator
from support.requirements import require
from support.trino import Trino


@pytest.fixture(scope="session")
def servers_root(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Path:
    """The folder that all workers of this session share."""
    base = tmp_path_factory.getbasetemp()
    return (base if worker_id == "master" else base.parent) / "servers"


@pytest.fixture(scope="session")
def ministack(servers_root: Path) -> Iterator[Emulator]:
    """The session's ministack. Others use it too: name what you create after your test."""
    require("ministack")
    with ministack_server.running(servers_root) as emulator:
        yield emulator


@pytest.fixture(scope="session")
def moto(servers_root: Path) -> Iterator[Emulator]:
    """The session's moto server."""
    require("moto")
    with moto_server.running(servers_root) as emulator:
        yield emulator


@pytest.fixture(scope="session")
def trino(servers_root: Path, ministack: Emulator) -> Iterator[Trino]:
    """The session's Trino, over the session's ministack."""
    require("trino")
    with trino_server.running(servers_root, ministack) as server:
        yield server
