"""A breaker for each destination: one that fails is left alone for a while, the others go on.

    closed ──5 failures in a row──▶ open ──cool-down over──▶ one probe ──▶ closed
                                      ▲                          │
                                      └──────── it failed ───────┘

Kept in the state store, so that every worker and the next run know of it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Literal

import msgspec

from mantissa.errors import Conflict
from mantissa.ports import Put, StateStore

TABLE = "destinations"
FAILURES = 5
COOL_DOWN = timedelta(seconds=30)
LONGEST = timedelta(minutes=15)

Gate = Literal["go", "probe", "blocked"]


@dataclass(frozen=True, slots=True)
class Circuit:
    """How a destination has been doing.

    Args:
        failures: in a row.
        opens: how often in a row it opened; lengthens the cool-down.
        open_until: set while open; afterwards one probe may pass.
        probe_until: set while a worker holds the probe.
        not_before: the destination asked for a pause until then.
        failing_since: the first failure after the last success.
    """

    failures: int = 0
    opens: int = 0
    open_until: datetime | None = None
    probe_until: datetime | None = None
    not_before: datetime | None = None
    failing_since: datetime | None = None
    error: str = ""

    def gate(self, now: datetime) -> Gate:
        """Decide whether a message may go out now."""
        waits = (self.not_before, self.open_until, self.probe_until)
        if any(moment is not None and now < moment for moment in waits):
            return "blocked"
        return "go" if self.open_until is None else "probe"

    def probing(self, until: datetime) -> Circuit:
        """Give the one probe to a worker until then."""
        return replace(self, probe_until=until)

    def failed(self, now: datetime, error: str, *, at_once: bool = False) -> Circuit:
        """Count a failure; opens after enough of them, after a failed probe, or at once."""
        failures = self.failures + 1
        failing = replace(
            self,
            failures=failures,
            probe_until=None,
            failing_since=self.failing_since or now,
            error=error,
        )
        if failures < FAILURES and self.open_until is None and not at_once:
            return failing
        wait = min(LONGEST, COOL_DOWN * 2 ** min(self.opens, 10))
        return replace(failing, opens=self.opens + 1, open_until=now + wait)

    def paused(self, until: datetime, now: datetime, error: str) -> Circuit:
        """Leave the destination alone until then, as it asked; that is no failure."""
        since = self.failing_since or now
        return replace(self, not_before=until, probe_until=None, failing_since=since, error=error)


def load(state: StateStore, name: str) -> tuple[Circuit, int | None]:
    """Read a destination's circuit and its version; a new one is closed."""
    item = state.get(TABLE, name)
    if item is None:
        return Circuit(), None
    return msgspec.convert(item.value, Circuit), item.version


def take_probe(state: StateStore, name: str, now: datetime, until: datetime) -> bool:
    """Try to become the one worker that may probe."""
    circuit, version = load(state, name)
    if circuit.gate(now) != "probe":
        return False
    try:
        _save(state, name, circuit.probing(until), version)
    except Conflict:
        return False
    return True


def change(state: StateStore, name: str, how: Callable[[Circuit], Circuit]) -> None:
    """Apply a change, again if another worker was first; nothing is written if nothing changes."""
    while True:
        circuit, version = load(state, name)
        if (after := how(circuit)) == circuit:
            return
        try:
            _save(state, name, after, version)
        except Conflict:
            continue
        return


def _save(state: StateStore, name: str, circuit: Circuit, version: int | None) -> None:
    state.put(Put(TABLE, name, msgspec.to_builtins(circuit), version))
