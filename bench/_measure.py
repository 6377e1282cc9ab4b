"""Runs ways of doing the same work in processes of their own, in turn, and compares them."""

from __future__ import annotations

import json
import os
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Run:
    """One run of one way: processor seconds of its work alone, its peak memory, and what else."""

    cpu: float
    wall: float
    rss_mb: float
    rows: int
    more: dict[str, Any] = field(default_factory=dict)


@dataclass
class Way:
    """One way of doing the work, with its runs."""

    name: str
    argv: Sequence[str]
    runs: list[Run] = field(default_factory=list)

    def median(self, read: Callable[[Run], float]) -> float:
        return statistics.median(read(run) for run in self.runs)


def child(work: Callable[[], int]) -> None:
    """In the child: do the work and print what it took, without imports and warm-up."""
    before, started = _cpu(), time.perf_counter()
    rows = work()
    run = {"cpu": _cpu() - before, "wall": time.perf_counter() - started, "rows": rows}
    print(json.dumps(run | {"rss_mb": _peak_mb()}))


def alternate(ways: Sequence[Way], rounds: int) -> None:
    """Run every way once a round, so that a noisy machine is noisy for all of them."""
    for way in ways:
        _once(way)
    for _ in range(rounds):
        for way in ways:
            way.runs.append(_once(way))


def spread(
    numerator: Way, denominator: Way, read: Callable[[Run], float]
) -> tuple[float, float, float]:
    """Return minimum, median and maximum of the ratio, round by round."""
    pairs = zip(numerator.runs, denominator.runs, strict=True)
    ratios = sorted(read(a) / read(b) for a, b in pairs)
    return ratios[0], statistics.median(ratios), ratios[-1]


def start_up(argv: Sequence[str], rounds: int) -> list[float]:
    """Return the wall milliseconds of whole processes."""
    times = []
    for _ in range(rounds + 1):
        started = time.perf_counter()
        subprocess.run(argv, check=True, capture_output=True)
        times.append((time.perf_counter() - started) * 1000)
    return times[1:]


def _once(way: Way) -> Run:
    done = subprocess.run(
        [sys.executable, *way.argv], check=True, capture_output=True, text=True, env=_single()
    )
    return Run(**json.loads(done.stdout.strip().splitlines()[-1]))


def _single() -> dict[str, str]:
    """One thread per library, so that processor seconds mean one core."""
    return os.environ | {
        "OMP_NUM_THREADS": "1",
        "ARROW_NUM_THREADS": "1",
        "OPENBLAS_NUM_THREADS": "1",
    }


def _peak_mb() -> float:
    """Return this program's own peak; `ru_maxrss` would count its parent's before the exec."""
    status = Path("/proc/self/status").read_text()
    return int(status.split("VmHWM:")[1].split()[0]) / 1024


def _cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime
