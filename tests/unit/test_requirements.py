"""A missing tool skips a test, unless this machine must have it."""

from __future__ import annotations

from pathlib import Path

import pytest

from support import requirements


@pytest.fixture(autouse=True)
def nothing_there(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("MANTISSA_SHARED_DATA", str(tmp_path / "absent"))
    monkeypatch.delenv("MANTISSA_REQUIRE", raising=False)


def test_what_is_missing_skips_with_the_place() -> None:
    with pytest.raises(pytest.skip.Exception, match="absent"):
        requirements.require("shared_data")


@pytest.mark.parametrize("named", ["shared_data", "duckdb, shared_data"])
def test_what_is_missing_and_required_fails(monkeypatch: pytest.MonkeyPatch, named: str) -> None:
    monkeypatch.setenv("MANTISSA_REQUIRE", named)
    with pytest.raises(pytest.fail.Exception, match="MANTISSA_REQUIRE"):
        requirements.require("shared_data")


def test_what_is_there_passes(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("MANTISSA_SHARED_DATA", str(tmp_path))
    requirements.require("shared_data")
    requirements.require("duckdb")


def test_the_end_of_a_run_says_what_to_get(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    reasons = ["Skipped: Linux only"]
    for name, variable in (("trino", "MANTISSA_CACHE"), ("shared_data", "MANTISSA_SHARED_DATA")):
        monkeypatch.setenv(variable, str(tmp_path / "absent"))
        with pytest.raises(pytest.skip.Exception) as caught:
            requirements.require(name)
        reasons.append(f"Skipped: {caught.value}")
    first, second = requirements.what_was_missing([*reasons, reasons[1]])
    assert first.startswith("trino (2 tests): there is no Trino 476 in ")
    assert first.endswith("; `make trino` fetches it")
    assert second.startswith("shared_data (1 test): ")
    assert requirements.what_was_missing(["Skipped: Linux only"]) == []
