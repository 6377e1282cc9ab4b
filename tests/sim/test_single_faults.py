"""Every fault at every port call of a small world, then every pair of faults: nothing is left to luck.

The world: two objects come, one rule fails on them, two runs follow one another. Then it heals.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from itertools import combinations, product

import pytest

from sim.scheduler import KINDS
from sim.stores import QuickState, quick
from sim.universe import DELIVERIES
from sim.world import CASES, World

PAIRED = ("kill_before", "ambiguous", "freeze")
LIMITS = {"one_transaction": None, "in_steps": 5}


@pytest.fixture(autouse=True)
def _quick() -> Iterator[None]:
    with quick():
        yield


def small(
    seed: int, limit: int | None, faults: Mapping[int, str], objects: int = 2, runs: int = 2
) -> World:
    """Live through the small world with faults at these port calls; a rule is slow on two objects."""
    world = World(seed, CASES["in_steps"], calm=True, script=partial(_script, runs=runs))
    world.state, world.page, world.items, world.pids = QuickState(limit), 100, 500, True
    world.deliveries = [DELIVERIES[0], DELIVERIES[4]][:objects]
    world.scheduler.fate = faults
    world.run()
    return world


def _script(world: World, runs: int) -> list[Callable[[], object]]:
    script: list[Callable[[], object]] = [partial(world.ingest, d) for d in world.deliveries]
    trouble = [world._be_slow] if len(script) > 1 else []
    return [*script, *trouble, *[world.detect] * runs]


def calls(limit: int | None, **size: int) -> int:
    world = small(0, limit, {}, **size)
    assert world.problems == []
    return world.lived


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("limit", LIMITS)
def test_one_fault_at_any_port_call(limit: str, kind: str) -> None:
    most = LIMITS[limit]
    for at in range(1, calls(most) + 1):
        for seed in range(3):
            assert (at, small(seed, most, {at: kind}).problems) == (at, [])


@pytest.mark.parametrize("kinds", list(product(PAIRED, PAIRED)), ids="+".join)
def test_any_two_faults(kinds: tuple[str, str]) -> None:
    """The second may hit the recovery from the first."""
    reach = calls(4, objects=1) + 5
    assert 30 <= reach <= 60
    for first, second in combinations(range(1, reach), 2):
        faults = dict(zip((first, second), kinds, strict=True))
        assert (faults, small(first, 4, faults, objects=1, runs=3).problems) == (faults, [])


def test_a_fault_that_is_named_comes() -> None:
    trace = small(0, None, {9: "refuse"}).scheduler.trace
    assert trace[8].endswith("!refuse")
    assert sum("!" in line for line in trace) == 1
