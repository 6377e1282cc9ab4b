"""The pin of the run at work: who holds it, what it covers, and how it passes to another."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from hashlib import sha256

import orjson

from mantissa.detection.journal import (
    ACTIVE,
    MISSED,
    RUNS,
    Missed,
    Pin,
    missed_from,
    pin_from,
)
from mantissa.errors import Busy, Conflict
from mantissa.lake.books import PENDING
from mantissa.ports import Clock, Item, Put, StateStore


class Pins:
    """Reads and changes `runs/active`; every change raises `Conflict` when somebody was first.

    Args:
        lease: how long the pin is honoured after its last renewal.
    """

    def __init__(self, state: StateStore, clock: Clock, owner: str, lease: timedelta) -> None:
        self._state, self._clock, self._owner, self._lease = state, clock, owner, lease

    def take_over(self, is_alive: Callable[[str], bool], rules: str) -> Pin | None:
        """Take the pin of a run that died, or None if no run is open.

        Raises `Busy` while its owner holds the lease.
        """
        pin = _open(self._state.get(RUNS, ACTIVE))
        if pin is None:
            return None
        others = pin.owner != self._owner and is_alive(pin.owner)
        if others and pin.lease_until > self._clock.now():
            raise _busy(pin)
        return self.renew(replace(pin, owner=self._owner, rules=rules))

    def begin(self, rules: str, pending: Sequence[Item], missed: Sequence[Item]) -> Pin | None:
        """Pin a new run over these records; None when there are none.

        Raises `Busy` when another worker was first, at this very moment too.
        """
        if not pending and not missed:
            return None
        now = self._clock.now()
        covered = {i.key: i.version for i in pending}, {i.key: i.version for i in missed}
        item = self._state.get(RUNS, ACTIVE)
        # Since no open run was found another may have begun: its pin must not be written over.
        if (begun := _open(item)) is not None:
            raise _busy(begun)
        version = item.version if item else 0
        name = sha256(orjson.dumps([*map(sorted, map(dict.items, covered)), version]))
        pin = Pin(
            name.hexdigest()[:16], *covered, rules, now, self._owner, now + self._lease, version
        )
        try:
            return self._put(pin, "running")
        except Conflict as error:
            raise _busy(pin) from error

    def contents(self, pin: Pin) -> tuple[list[Item], list[tuple[Item, Missed]]]:
        """Read the records a pin covers, without those that another run judged before the pin."""
        missed = self._covered(MISSED, pin.missed)
        return self._covered(PENDING, pin.pending), [(item, missed_from(item)) for item in missed]

    def _covered(self, table: str, versions: Mapping[str, int]) -> list[Item]:
        found = ((self._state.get(table, key), version) for key, version in versions.items())
        return [item for item, version in found if item is not None and item.version == version]

    def renew(self, pin: Pin) -> Pin:
        """Extend the lease, and thereby make sure that nobody took over."""
        return self._put(self._extended(pin), _state(pin))

    def renewal(self, pin: Pin) -> tuple[Put, Pin]:
        """Return the write that extends the lease, for a transaction, and the pin after it."""
        after = replace(self._extended(pin), version=pin.version + 1)
        return Put(RUNS, ACTIVE, after.to_json(_state(pin)), pin.version), after

    def decide(self, pin: Pin, settlement: str) -> Pin:
        """Say that the run has come to its answer: from here on it is only carried out."""
        return self._put(replace(self._extended(pin), settlement=settlement), "settling")

    def _extended(self, pin: Pin) -> Pin:
        return replace(pin, lease_until=self._clock.now() + self._lease)

    def release(self, pin: Pin) -> Pin:
        """Let the next run take over at once."""
        return self._put(replace(pin, lease_until=self._clock.now()), _state(pin))

    def holds(self, pin: Pin) -> bool:
        """Whether nobody changed the pin since."""
        item = self._state.get(RUNS, ACTIVE)
        return item is not None and item.version == pin.version

    def _put(self, pin: Pin, state: str) -> Pin:
        self._state.put(Put(RUNS, ACTIVE, pin.to_json(state), pin.version or None))
        return replace(pin, version=pin.version + 1)


def _open(item: Item | None) -> Pin | None:
    """Return the pin of the run that has begun and not ended, if there is one."""
    is_open = item is not None and item.value["state"] in ("running", "settling")
    return pin_from(item) if item is not None and is_open else None


def _busy(pin: Pin) -> Busy:
    return Busy(
        f"detection run {pin.run_id} is at work, and may be until {pin.lease_until:%H:%M:%S}Z",
        where=f"{RUNS}/{ACTIVE}",
        fix="wait for it, or run again after that time",
    )


def _state(pin: Pin) -> str:
    return "settling" if pin.settlement else "running"
