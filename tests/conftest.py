"""Fixtures and settings for all tests."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, settings

from support import ministack as ministack_server
from support import moto_server
from support import trino as trino_server
from support.emulators import Emulator
from support.requirements import PROBES, require, shared_data_folder, what_was_missing
from support.trino import Trino

if TYPE_CHECKING:
    from support.athena.server import Endpoint

_KEPT = (
    "MANTISSA_CACHE",
    "MANTISSA_REPORT_DIR",
    "MANTISSA_REQUIRE",
    "MANTISSA_SHARED_DATA",
    "MANTISSA_SIM_CASE",
    "MANTISSA_SIM_SEED",
)

# No deadline: a busy machine is not a failed test. `ci` draws the same examples every time.
_SLOW = (HealthCheck.too_slow,)
settings.register_profile("dev", deadline=None, suppress_health_check=_SLOW)
settings.register_profile(
    "ci",
    deadline=None,
    derandomize=True,
    max_examples=60,
    database=None,
    suppress_health_check=_SLOW,
    print_blob=True,
)
settings.register_profile("explore", deadline=None, max_examples=2000, suppress_health_check=_SLOW)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "ci" if "CI" in os.environ else "dev"))


def pytest_configure(config: pytest.Config) -> None:
    """Keep this machine's settings out of the tests; refuse a requirement nobody knows."""
    for name in [n for n in os.environ if n.startswith("MANTISSA_") and n not in _KEPT]:
        del os.environ[name]
    named = [name for name in os.environ.get("MANTISSA_REQUIRE", "").split(",") if name.strip()]
    for name in named:
        if name.strip() not in PROBES:
            raise pytest.UsageError(f"MANTISSA_REQUIRE names {name}; known: {', '.join(PROBES)}")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say at the end what this machine lacks, how much was skipped for it, and how to get it."""
    skipped = terminalreporter.stats.get("skipped", [])
    lines = what_was_missing(r.longrepr[2] for r in skipped if isinstance(r.longrepr, tuple))
    if lines:
        terminalreporter.section("skipped for want of a tool")
        for line in lines:
            terminalreporter.write_line(line)


@pytest.fixture(scope="session")
def shared_data() -> Iterator[Path]:
    """The folder of public logs; skips the test where it is absent."""
    require("shared_data")
    yield shared_data_folder()


@pytest.fixture(scope="session")
def servers_root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of servers that all workers of this session share."""
    base = tmp_path_factory.getbasetemp()
    return (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "servers"


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


@pytest.fixture(scope="session")
def athena_endpoint(trino: Trino, ministack: Emulator) -> Iterator[Endpoint]:
    """The worker's Athena endpoint; take `athena`, which clears the trouble after each test."""
    from support.athena.server import Endpoint

    with Endpoint(trino.url, ministack) as endpoint:
        yield endpoint


@pytest.fixture
def athena(athena_endpoint: Endpoint) -> Iterator[Endpoint]:
    """An Athena endpoint over the session's Trino and ministack, without any trouble ordered."""
    yield athena_endpoint
    athena_endpoint.reset()
