"""Several real processes over one lake at once: one lake, no row twice, nobody hears of an error."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from mantissa.adapters.local.files import FileObjects
from mantissa.adapters.local.sqlite import SQLiteState
from support.lakes import assert_reconciled, cloudtrail, fingerprint, records, rows_of

COMMAND = "from mantissa.entrypoints.cli.main import run; run()"
OBJECTS, EVENTS = 24, 40


@pytest.fixture
def logs(tmp_path: Path) -> Path:
    folder = tmp_path / "logs"
    folder.mkdir()
    for n in range(OBJECTS):
        events = [cloudtrail(n * EVENTS + i) for i in range(EVENTS)]
        untimed = cloudtrail(90_000 + n, eventTime="never")
        path = folder / f"111122223333_CloudTrail_eu-west-1_{n:02d}.json.gz"
        path.write_bytes(records([*events, untimed]))
        os.utime(path, (1_795_000_000, 1_795_000_000))
    return folder


def started(home: Path, *arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", COMMAND, *arguments, "--home", str(home), "--json"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def lake_hash(home: Path) -> str:
    objects, state = FileObjects(home), SQLiteState(home / "state.sqlite")
    try:
        assert_reconciled(objects, state)
        return fingerprint(objects, state)
    finally:
        state.close()


@pytest.mark.parametrize("workers", [2, 4])
def test_several_ingests_of_one_folder_make_one_lake(
    workers: int, logs: Path, tmp_path: Path
) -> None:
    clean, home = tmp_path / "clean", tmp_path / "home"
    alone = started(clean, "ingest", str(logs))
    assert alone.wait(120) == 3
    alone.communicate()
    running = [started(home, "ingest", str(logs)) for _ in range(workers)]
    told = [process.communicate(timeout=240) for process in running]
    assert [
        (out, err)
        for p, (out, err) in zip(running, told, strict=True)
        if p.returncode not in (0, 3) or err
    ] == []
    reports = [json.loads(out) for out, _ in told]
    assert sum(r["rows"] for r in reports) == OBJECTS * EVENTS
    assert sum(r["records"] for r in reports) == OBJECTS * (EVENTS + 1)
    assert sum(r["already_ingested"] for r in reports) == OBJECTS * (workers - 1)
    assert lake_hash(home) == lake_hash(clean)
    assert len(rows_of(FileObjects(home))) == OBJECTS * EVENTS


def test_a_repair_beside_a_running_ingest_takes_nothing_from_it(logs: Path, tmp_path: Path) -> None:
    home = tmp_path / "home"
    started(home, "init").communicate()
    ingest = started(home, "ingest", str(logs))
    repairs = 0
    while ingest.poll() is None:
        repair = started(home, "lake", "reconcile", "--repair")
        out, err = repair.communicate(timeout=120)
        assert repair.returncode in (0, 3), err
        assert json.loads(out)["repaired"] == {"objects": [], "files": []}
        repairs += 1
    ingest.communicate()
    assert repairs
    assert ingest.returncode == 3
    assert len(rows_of(FileObjects(home))) == OBJECTS * EVENTS
    lake_hash(home)
