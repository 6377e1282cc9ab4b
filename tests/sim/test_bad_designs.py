"""The checker is checked: it catches each design that is known to be wrong, for the right reason."""

from __future__ import annotations

import pytest

from sim.bad_designs import BAD, Bad
from sim.stores import quick
from sim.world import live


@pytest.mark.parametrize("bad", BAD, ids=lambda bad: bad.title)
def test_a_wrong_design_is_caught(bad: Bad, monkeypatch: pytest.MonkeyPatch) -> None:
    for place, name, value in bad.parts:
        monkeypatch.setattr(place, name, value)
    with quick():
        for seed in range(bad.seeds):
            _, problems = live(seed, bad.case, build=bad.build)
            if {problem.partition(":")[0] for problem in problems} & set(bad.shows):
                return
    pytest.fail(f"{bad.title}: nothing of {bad.shows} within {bad.seeds} seeds")
