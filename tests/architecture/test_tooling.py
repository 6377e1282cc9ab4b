"""The targets that the README and CI name are there, and CI counts what ran."""

from __future__ import annotations

import re
import subprocess

import pytest

from support.requirements import PROBES, ROOT

TARGETS = (
    "setup",
    "demo",
    "test",
    "check",
    "build",
    "bench",
    "test-external",
    "trino",
    "lock",
    "docs",
)


def make(*words: str) -> str:
    done = subprocess.run(["make", *words], cwd=ROOT, capture_output=True, text=True, check=True)
    return done.stdout


@pytest.mark.parametrize("target", TARGETS)
def test_every_target_exists_and_is_listed(target: str) -> None:
    assert re.search(rf"^  make {target} +\S", make(), flags=re.M)
    make("--dry-run", target)


def test_ci_runs_the_command_of_the_readme() -> None:
    script = (ROOT / ".ci/run").read_text()
    assert re.search(r"^make test\b", script, flags=re.M)
    assert "run: make test" in (ROOT / ".github/workflows/ci.yml").read_text()


def test_make_test_runs_every_part_of_make_check() -> None:
    makefile = (ROOT / "Makefile").read_text()
    check = re.search(r"^check: (.*?) ##", makefile, flags=re.M)
    test = re.search(r"^test: (.*?) ##", makefile, flags=re.M)
    assert check and test
    assert set(check[1].split()) <= set(test[1].split())


@pytest.mark.parametrize("file", [".ci/run", ".github/workflows/ci.yml"])
def test_ci_requires_only_what_the_tests_know(file: str) -> None:
    named = re.search(r"MANTISSA_REQUIRE(?::-|: )([a-z_,]+)", (ROOT / file).read_text())
    assert named
    assert set(named[1].split(",")) <= set(PROBES)


def test_ci_adds_up_the_counts_of_its_runs() -> None:
    program = re.search(r"awk '(/\^=.*?)' \"\$log\"", (ROOT / ".ci/run").read_text(), flags=re.S)
    assert program
    log = (
        "=== 5 passed, 2 skipped, 1 xfailed in 0.31s ===\n"
        "a line of 7 failed things\n"
        "==== 1 failed, 10 passed, 1 error in 62.00s (0:01:02) ====\n"
    )
    done = subprocess.run(
        ["awk", program[1]], input=log, capture_output=True, text=True, check=True
    )
    assert done.stdout == "15 passed, 2 failed, 2 skipped\n"
