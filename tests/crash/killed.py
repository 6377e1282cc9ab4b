"""Run by `test_sigkill.py` in a process of its own: one ingest whose port calls are counted.

    python killed.py HOME AT KIND FILE...

At call number AT the process kills itself with SIGKILL; with AT = 0 it prints how many calls
a whole run makes.
"""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

from mantissa.adapters.local.clock import SystemClock
from mantissa.adapters.local.files import FileObjects
from mantissa.adapters.local.inputs import FileInputs
from mantissa.adapters.local.sqlite import SQLiteState
from mantissa.lake.ingest import Ingest, IngestSettings, LakePorts
from mantissa.sources.record import Limits
from mantissa.sources.registry import load_sources
from support.faults import Faults, Faulty


def main(home: Path, at: int, kind: str, files: list[str]) -> int:
    """Ingest the files; return the number of port calls made."""
    faults = Faults(at=at, kind=kind, die=lambda: os.kill(os.getpid(), signal.SIGKILL))
    ports = LakePorts(
        Faulty(FileObjects(home), faults, "objects"),
        Faulty(SQLiteState(home / "state.sqlite"), faults, "state"),
        SystemClock(),
    )
    inputs = Faulty(FileInputs(Limits()), faults, "inputs")
    ingest = Ingest(inputs, ports, load_sources(), IngestSettings(split_rows=3))
    for file in files:
        ingest.one(file)
    return faults.calls


if __name__ == "__main__":
    print(main(Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3], sys.argv[4:]))
