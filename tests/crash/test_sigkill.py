"""A real ingest is killed with SIGKILL at every port call and recovers to the identical lake.

Level 3 of the fault plan: real processes, real files, real SQLite. Each killed process is
followed by a second run in another process; the result is compared with a run that was never
killed, by a hash over all rows, quarantine entries, pending files and totals.
"""

from __future__ import annotations

import json
import multiprocessing
import os
import shutil
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from multiprocessing.connection import wait
from multiprocessing.context import ForkServerContext
from pathlib import Path

import pytest

from crash import killed
from mantissa.adapters.local.files import FileObjects
from mantissa.adapters.local.sqlite import SQLiteState
from support.lakes import assert_reconciled, cloudtrail, fingerprint, records
from support.sources import SHOP

SIGKILLED = -9
ONE_AT_A_TIME = threading.Lock()


@pytest.fixture(scope="module")
def processes() -> ForkServerContext:
    """Processes forked from a server that has the imports done, so that hundreds are cheap."""
    context = multiprocessing.get_context("forkserver")
    # Only installed modules: Python 3.11's server does not know the test folder.
    context.set_forkserver_preload(["mantissa.lake.replay", "mantissa.adapters.local.inputs"])
    return context


@pytest.fixture(scope="module")
def inputs(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """Three objects: rows over two days with a bad record, one truncated, one of no source."""
    folder = tmp_path_factory.mktemp("inputs")
    untimed = {k: v for k, v in cloudtrail(9).items() if k != "eventTime"}
    contents = {
        "a.json.gz": records([*(cloudtrail(n) for n in range(5)), untimed]),
        "b.json.gz": records(cloudtrail(n) for n in range(20, 26))[:-20],
        "c.log": b'{"vendor": "unheard of"}\n',
    }
    for name, data in contents.items():
        (folder / name).write_bytes(data)
        os.utime(folder / name, (1_795_000_000, 1_795_000_000))
    return [str(folder / name) for name in contents]


def run(
    processes: ForkServerContext, home: Path, files: list[str], at: int = 0, kind: str = "none"
) -> int | None:
    return ended(processes, killed.main, home, at, kind, files)


def ended(processes: ForkServerContext, target: Callable[..., int], *args: object) -> int | None:
    process = processes.Process(target=target, args=args)
    # Starting one process also asks after the others, and an exit code can be read only once.
    with ONE_AT_A_TIME:
        process.start()
    wait([process.sentinel], 120)
    with ONE_AT_A_TIME:
        process.join(1)
        return process.exitcode


def lake_hash(home: Path) -> str:
    state = SQLiteState(home / "state.sqlite")
    try:
        objects = FileObjects(home)
        assert_reconciled(objects, state)
        return fingerprint(objects, state)
    finally:
        state.close()


def test_killed_at_every_port_call_it_recovers_to_the_identical_lake(
    processes: ForkServerContext, inputs: list[str], tmp_path: Path
) -> None:
    clean = tmp_path / "clean"
    clean.mkdir()
    calls = killed.main(clean, 0, "none", inputs)
    expected = lake_hash(clean)
    assert calls >= 30

    def crash_and_recover(case: tuple[int, str]) -> tuple[tuple[int, str], str]:
        at, kind = case
        home = tmp_path / f"{kind}-{at}"
        home.mkdir()
        assert run(processes, home, inputs, at, kind) == SIGKILLED, case
        assert run(processes, home, inputs) == 0, case
        return case, lake_hash(home)

    # Dying after call n and before call n + 1 is the same death: only pure code lies between.
    cases = [*((at, "kill_before") for at in range(1, calls + 1)), (calls, "kill_after")]
    with ThreadPoolExecutor(2) as pool:
        outcomes = list(pool.map(crash_and_recover, cases))
    assert [case for case, found in outcomes if found != expected] == []


def test_a_replay_killed_at_every_port_call_makes_each_row_once(
    processes: ForkServerContext, tmp_path: Path
) -> None:
    start = tmp_path / "start"
    _write_source(start, SHOP.replace("required: [what]", "required: [what, note]"))
    sales = tmp_path / "sales.json"
    when, who = 1_795_000_000, {"name": "ada"}
    events = [{"what": "sold", "when": when + n, "who": who} for n in range(7)]
    noted = [e | {"note": [1]} if n % 2 else e for n, e in enumerate(events)]
    sales.write_text("".join(json.dumps(e) + "\n" for e in noted))
    assert killed.main(start, 0, "none", [str(sales)]) > 5
    _write_source(start, SHOP)
    clean = shutil.copytree(start, tmp_path / "clean")
    calls = killed.replay(clean, 0, "none")
    expected = lake_hash(clean)
    assert calls >= 15
    assert expected != lake_hash(start)

    def crash_and_recover(at: int) -> tuple[int, str]:
        home = shutil.copytree(start, tmp_path / f"home-{at}")
        assert ended(processes, killed.replay, home, at, "kill_before") == SIGKILLED, at
        assert ended(processes, killed.replay, home, 0, "none") == 0, at
        return at, lake_hash(home)

    with ThreadPoolExecutor(2) as pool:
        outcomes = list(pool.map(crash_and_recover, range(1, calls + 1)))
    assert [at for at, found in outcomes if found != expected] == []


def _write_source(home: Path, text: str) -> None:
    folder = home / "sources" / "shop"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "source.yaml").write_text(text)
