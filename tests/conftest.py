"""Fixtures and settings for all tests."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from support.requirements import PROBES, require, shared_data_folder

_KEPT = ("MANTISSA_CACHE", "MANTISSA_REPORT_DIR", "MANTISSA_REQUIRE", "MANTISSA_SHARED_DATA")

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


@pytest.fixture(scope="session")
def shared_data() -> Iterator[Path]:
    """The folder of public logs; skips the test where it is absent."""
    require("shared_data")
    yield shared_data_folder()
