"""Detection under everything at once: the real use case over 20,000 seeded schedules.

MANTISSA_SIM_SEED=… MANTISSA_SIM_CASE=… make test PYTEST="-k replayed"    one world again
make soak MINUTES=30                                                       fresh seeds
"""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from sim.stores import quick
from sim.world import CASES, live, replay_line
from support.requirements import ROOT

SEEDS = 20_000
AT_ONCE = 250
NAMES = ("one_transaction", "in_steps", "rules_change")
TOGETHER = 600
REGRESSIONS = Path(__file__).with_name("regressions.txt")


@pytest.fixture(autouse=True)
def _quick(request: pytest.FixtureRequest) -> Iterator[None]:
    if "slow" in request.fixturenames:
        yield
        return
    with quick():
        yield


def well(seed: int, case: str) -> None:
    """Live through a world, and tell how to see it again if anything is wrong at its end."""
    world, problems = live(seed, case)
    lines = [replay_line(world), *problems]
    assert not problems, "\n".join(lines)


def regressions() -> list[tuple[int, str]]:
    lines = [line.split("#")[0].split() for line in REGRESSIONS.read_text().splitlines()]
    return [(int(seed), case) for seed, case in filter(None, lines)]


@pytest.mark.parametrize(("seed", "case"), regressions())
def test_a_schedule_that_failed_once_never_fails_again(seed: int, case: str) -> None:
    well(seed, case)


def test_a_seed_is_replayed() -> None:
    """Whatever the environment names; else the first world of each case."""
    named = os.environ.get("MANTISSA_SIM_SEED")
    for case in [os.environ["MANTISSA_SIM_CASE"]] if named else CASES:
        well(int(named or 0), case)


@pytest.mark.parametrize("first", range(0, SEEDS, AT_ONCE))
def test_nothing_is_missed_doubled_or_left_in_any_schedule(first: int) -> None:
    for seed in range(first, first + AT_ONCE):
        well(seed, NAMES[seed % len(NAMES)])


@pytest.mark.parametrize("first", range(0, TOGETHER, 50))
def test_no_island_is_missed_or_told_twice_in_any_schedule(first: int) -> None:
    """Correlations: what arrives late in windows, after runs that died, slept or failed."""
    for seed in range(first, first + 50):
        well(seed, "together")


def digest(seeds: range) -> str:
    """Name everything that happens in some worlds."""
    traces = [live(seed, case)[0].scheduler.trace for seed in seeds for case in CASES]
    return hashlib.sha256(repr(traces).encode()).hexdigest()


def test_a_seed_says_everything_that_happens() -> None:
    """The same in another process, whose sets and dicts are ordered by other hashes."""
    code = (
        "import sys; sys.path[:0] = ['tests', 'tools']\n"
        "from sim.stores import quick\nfrom sim.test_detection_sim import digest\n"
        "with quick(): print(digest(range(4)))"
    )
    said = {
        subprocess.run(
            [sys.executable, "-c", code],
            cwd=ROOT,
            env={**os.environ, "PYTHONHASHSEED": number},
            capture_output=True,
            check=True,
            text=True,
        ).stdout.strip()
        for number in ("1", "2")
    }
    assert said == {digest(range(4))}


@pytest.fixture
def slow() -> None:
    """Keep real Parquet and make every SQL text anew."""


@pytest.mark.parametrize("case", CASES)
def test_what_is_left_out_for_speed_changes_nothing(case: str, slow: None) -> None:
    for seed in range(3):
        world, problems = live(seed, case)
        with quick():
            again, _ = live(seed, case)
        assert problems == []
        assert world.scheduler.trace == again.scheduler.trace


def test_schedules_reach_what_they_are_for() -> None:
    """Each kind of trouble comes, and detection meets it at its work."""
    seen: Counter[str] = Counter()
    for seed in range(150):
        world, _ = live(seed, NAMES[seed % len(NAMES)])
        for line in world.scheduler.trace:
            who, _, what = line.partition(" ")
            seen["fenced"] += what.startswith("fenced")
            seen[what.rpartition("!")[2] if "!" in what else what] += 1
            seen["at work"] += who.startswith("detect") and "!" in what
        seen["busy"] += sum("Busy" in repr(p.error) for p in world.scheduler.processes)
        seen["settled"] += sum(info.key.endswith(".json") for info in world.objects.list("runs/"))
        seen["missed"] += "missed" in world.state.tables_written
    kinds = ("kill_before", "kill_after", "refuse", "ambiguous", "twice", "freeze", "clock", "late")
    rare = [k for k in (*kinds, "fenced", "busy", "settled", "missed", "at work") if seen[k] < 15]
    assert rare == [], seen
