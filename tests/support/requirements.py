"""What a test needs that a machine may lack, and what to do when it is not there.

A test says `require("duckdb")`. Where that is missing the test is skipped with the reason, unless
`MANTISSA_REQUIRE` (names, separated by commas) says that this machine must have it: then it fails.
"""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


def shared_data_folder() -> Path:
    """Where the public logs are, whether or not they are there."""
    named = os.environ.get("MANTISSA_SHARED_DATA")
    return Path(named) if named else ROOT.parent / "shared" / "data"


def _module(name: str) -> Callable[[], str]:
    def missing() -> str:
        return "" if importlib.util.find_spec(name) else f"the package {name} is not installed"

    return missing


def _program(name: str) -> Callable[[], str]:
    def missing() -> str:
        return "" if shutil.which(name) else f"the program {name} is not on PATH"

    return missing


def _package(name: str) -> Callable[[], str]:
    def missing() -> str:
        if importlib.util.find_spec(name):
            return ""
        return f"the package {name} is not installed; `make setup` installs it"

    return missing


def _trino() -> str:
    import fetch_trino

    return fetch_trino.missing()


def _terraform() -> str:
    if shutil.which("terraform"):
        return ""
    return "the program terraform (1.5 or newer) is not on PATH; its vendor's page has packages"


def _infra() -> str:
    if (ROOT / ".venv-infra" / ".installed").is_file():
        return ""
    return "the checkers of infrastructure code are not installed; `make test-infra` installs them"


def chromium() -> str | None:
    """The browser to drive, under any of the names that systems give it."""
    return next(filter(None, map(shutil.which, BROWSERS)), None)


def _chromium() -> str:
    if chromium():
        return ""
    return "no Chromium is on PATH; Debian and Ubuntu: apt install chromium"


@cache
def _registry() -> str:
    """Ask pip for one small locked package, as `mantissa package` will for all of them."""
    pin = re.search(r"^six==\S+", (ROOT / "requirements-dev.lock").read_text(), flags=re.M)
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--no-cache-dir"]
    with tempfile.TemporaryDirectory() as folder:
        options = ["--disable-pip-version-check", "--retries", "0", "--dest", folder]
        name = pin[0] if pin else "six"
        done = subprocess.run([*command, *options, name], capture_output=True, check=False)
    return "" if done.returncode == 0 else "pip reaches no package index"


def _shared_data() -> str:
    folder = shared_data_folder()
    if folder.is_dir():
        return ""
    return f"there are no public logs in {folder}; MANTISSA_SHARED_DATA names another folder"


PROBES: Mapping[str, Callable[[], str]] = {
    "duckdb": _module("duckdb"),
    "pyarrow": _module("pyarrow"),
    "sigma": _module("sigma"),
    "sqlglot": _module("sqlglot"),
    "git": _program("git"),
    "trino": _trino,
    "ministack": _package("ministack"),
    "moto": _package("moto"),
    "terraform": _terraform,
    "infra": _infra,
    "chromium": _chromium,
    "registry": _registry,
    "shared_data": _shared_data,
}
"""Requirement → a function that returns what is missing, or nothing."""

NEEDS = "needs "
"""How the reason of such a skip starts, before the requirement's name."""


def require(name: str) -> None:
    """Skip the running test when `name` is missing, or fail it where it must be there."""
    missing = PROBES[name]()
    if not missing:
        return
    if name in os.environ.get("MANTISSA_REQUIRE", "").replace(" ", "").split(","):
        pytest.fail(f"{missing}, and MANTISSA_REQUIRE names {name}", pytrace=False)
    pytest.skip(f"{NEEDS}{name}: {missing}")


def what_was_missing(reasons: Iterable[str]) -> list[str]:
    """Return a line for each requirement that tests were skipped for, most tests first."""
    counts = Counter(r.partition(NEEDS)[2] for r in reasons if NEEDS in r)
    return [
        f"{name} ({number} test{'s' * (number > 1)}): {missing}"
        for (name, _, missing), number in ((r.partition(": "), n) for r, n in counts.most_common())
    ]
