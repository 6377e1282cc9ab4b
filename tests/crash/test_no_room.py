"""A disk that is full or cannot be written to: one clean error, and the next run completes."""

from __future__ import annotations

import ctypes
import json
import os
import resource
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from mantissa.adapters.local.files import FileObjects
from mantissa.adapters.local.sqlite import SQLiteState
from support.lakes import assert_reconciled, cloudtrail, fingerprint, records

COMMAND = "from mantissa.entrypoints.cli.main import run; run()"


@pytest.fixture
def log(tmp_path: Path) -> Path:
    path = tmp_path / "111122223333_CloudTrail_eu-west-1_x.json.gz"
    noise = [cloudtrail(n, userAgent=os.urandom(400).hex()) for n in range(600)]
    path.write_bytes(records(noise))
    os.utime(path, (1_795_000_000, 1_795_000_000))
    return path


def mantissa(
    home: Path, *arguments: str, before: Callable[[], None] | None = None
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", COMMAND, *arguments, "--home", str(home), "--json"],
        capture_output=True,
        text=True,
        preexec_fn=before,
        timeout=120,
        check=False,
    )


def files_of_at_most(size: int) -> Callable[[], None]:
    def limit() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))

    return limit


def lake_hash(home: Path) -> str:
    objects, state = FileObjects(home), SQLiteState(home / "state.sqlite")
    try:
        assert_reconciled(objects, state)
        return fingerprint(objects, state)
    finally:
        state.close()


def refused(done: subprocess.CompletedProcess[str]) -> dict[str, str]:
    assert done.returncode in (1, 2), (done.stdout, done.stderr)
    assert "Traceback" not in done.stderr
    error: dict[str, str] = json.loads(done.stdout)["error"]
    assert error["message"]
    assert error["where"]
    return error


def test_no_room_for_a_file_is_one_error_and_the_next_run_completes(
    log: Path, tmp_path: Path
) -> None:
    clean, home = tmp_path / "clean", tmp_path / "home"
    assert mantissa(clean, "ingest", str(log)).returncode == 0
    largest = max(p.stat().st_size for p in clean.rglob("*.parquet"))
    mantissa(home, "init")
    for _ in range(7):
        # More often than an object may die: a full disk is not the object's fault.
        error = refused(mantissa(home, "ingest", str(log), before=files_of_at_most(largest - 1)))
        assert "lake/" in error["where"]
        assert error["fix"]
    assert mantissa(home, "ingest", str(log)).returncode == 0
    assert lake_hash(home) == lake_hash(clean)


def test_no_room_for_the_ledger_is_one_error_and_the_next_run_completes(
    log: Path, tmp_path: Path
) -> None:
    clean, home = tmp_path / "clean", tmp_path / "home"
    mantissa(clean, "ingest", str(log))
    mantissa(home, "init")
    # Room for the few small files of a home, not for SQLite's first pages.
    error = refused(mantissa(home, "ingest", str(log), before=files_of_at_most(8192)))
    assert error["where"].endswith("state.sqlite")
    assert error["fix"]
    assert mantissa(home, "ingest", str(log)).returncode == 0
    assert lake_hash(home) == lake_hash(clean)


def as_an_ordinary_user() -> None:
    """Take from root what lets it write wherever it likes; changes nothing for anybody else."""
    libc = ctypes.CDLL(None)
    for capability in (CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH):
        libc.prctl(PR_CAPBSET_DROP, capability, 0, 0, 0)


PR_CAPBSET_DROP = 24
CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH = 1, 2


@pytest.mark.parametrize("locked", ["", "event_date=", "state.sqlite"])
def test_a_lake_that_cannot_be_written_to_says_so(log: Path, tmp_path: Path, locked: str) -> None:
    home = tmp_path / "home"
    other = tmp_path / "111122223333_CloudTrail_eu-west-1_other.json.gz"
    other.write_bytes(records([cloudtrail(7)]))
    assert mantissa(home, "ingest", str(other)).returncode == 0
    every = [home, *home.rglob("*")]
    closed = [path for path in every if path.name.startswith(locked)]
    assert closed
    for path in closed:
        path.chmod(path.stat().st_mode & ~0o222)
    done = mantissa(home, "ingest", str(log), before=as_an_ordinary_user)
    for path in closed:
        path.chmod(path.stat().st_mode | 0o200)
    assert refused(done)["where"].startswith(str(home))
    assert refused(done)["fix"]
    assert mantissa(home, "ingest", str(log)).returncode == 0
    lake_hash(home)


def test_a_file_that_cannot_be_read_does_not_stop_the_others(log: Path, tmp_path: Path) -> None:
    home = tmp_path / "home"
    closed = tmp_path / "111122223333_CloudTrail_eu-west-1_closed.json.gz"
    closed.write_bytes(records([cloudtrail(7)]))
    closed.chmod(0)
    both = [str(closed), str(log)]
    done = mantissa(home, "ingest", *both, before=as_an_ordinary_user)
    assert done.returncode == 3, (done.stdout, done.stderr)
    report = json.loads(done.stdout)
    assert report["rows"] == 600
    assert [f["object"] for f in report["failed"]] == [str(closed)]
    closed.chmod(0o600)
    assert json.loads(mantissa(home, "ingest", *both).stdout)["rows"] == 1
    lake_hash(home)
