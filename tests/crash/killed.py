"""Run by the tests here in processes of their own: an ingest or a replay that dies at a port call.

At port call number `at` the process kills itself with SIGKILL; with `at` = 0 it never does, and
the number of calls is returned.
"""

from __future__ import annotations

import os
import signal
from contextlib import closing
from pathlib import Path
from typing import Any

from mantissa.adapters.local.clock import SystemClock
from mantissa.adapters.local.files import FileObjects
from mantissa.adapters.local.inputs import FileInputs
from mantissa.adapters.local.sqlite import SQLiteState
from mantissa.lake.ingest import Ingest, IngestSettings, LakePorts
from mantissa.lake.replay import ReplayQuarantine
from mantissa.sources.record import Limits
from mantissa.sources.registry import load_sources
from support.faults import Faults, Faulty


def main(home: Path, at: int, kind: str, files: list[str]) -> int:
    """Ingest the files; return the number of port calls made."""
    faults = Faults(at=at, kind=kind, die=lambda: os.kill(os.getpid(), signal.SIGKILL))
    with closing(SQLiteState(home / "state.sqlite")) as state:
        ingest, _, _ = _world(home, state, faults)
        for file in files:
            ingest.one(file)
    return faults.calls


def replay(home: Path, at: int, kind: str) -> int:
    """Try everything in quarantine again; return the number of port calls made."""
    faults = Faults(at=at, kind=kind, die=lambda: os.kill(os.getpid(), signal.SIGKILL))
    with closing(SQLiteState(home / "state.sqlite")) as state:
        ingest, inputs, ports = _world(home, state, faults)
        ReplayQuarantine(ingest, inputs, ports, load_sources([home / "sources"])).run()
    return faults.calls


def _world(home: Path, state: SQLiteState, faults: Faults) -> tuple[Ingest, Any, LakePorts]:
    ports = LakePorts(
        Faulty(FileObjects(home), faults, "objects"),
        Faulty(state, faults, "state"),
        SystemClock(),
    )
    inputs = Faulty(FileInputs(Limits()), faults, "inputs")
    sources = load_sources([home / "sources"])
    return Ingest(inputs, ports, sources, IngestSettings(split_rows=3)), inputs, ports
