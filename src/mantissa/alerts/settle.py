"""Write down what became of a message: sent, to be tried again, dead, or no longer true."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from mantissa.alerts import circuit, retry
from mantissa.alerts.message import body_hash
from mantissa.alerts.outbox import LIVE, Held, Row, RowState, finish, postpone
from mantissa.alerts.route import AlertSettings
from mantissa.alerts.undelivered import RULE, undelivered_writes
from mantissa.errors import Conflict, DeliveryTransient, DeliveryUnauthorised
from mantissa.model import Alert, Message, Receipt
from mantissa.ports import Clock, StateStore, Write

_TRIES = 5


@dataclass(slots=True)
class Tally:
    """What one run has done so far.

    Args:
        done: (destination, key) of the rows it is through with.
    """

    counts: dict[str, Counter[str]] = field(default_factory=dict)
    done: set[tuple[str, str]] = field(default_factory=set)

    def count(self, row: Row, outcome: str) -> None:
        """Count a row's outcome."""
        self.counts.setdefault(row.destination, Counter())[outcome] += 1
        self.leave(row)

    def leave(self, row: Row) -> None:
        """Do not look at the row again in this run."""
        self.done.add((row.destination, row.key))


@dataclass(frozen=True, slots=True)
class Settlement:
    """Ends or postpones rows, and keeps each destination's circuit.

    Every change is conditional on the version that was claimed: a worker whose lease ran out
    changes nothing any more.
    """

    state: StateStore
    clock: Clock
    settings: AlertSettings
    random: Callable[[], float]
    tally: Tally

    def sent(self, held: Held, message: Message, receipt: Receipt) -> None:
        """The destination took it."""
        self.recovered(held.row.destination)
        writes = finish(
            held,
            RowState.SENT,
            updated_at=self.clock.now(),
            status=receipt.status,
            provider_id=receipt.provider_id,
            body_hash=body_hash(message),
            error="",
        )
        self._write(held, writes, "sent")

    def withdrawn(self, held: Held) -> None:
        """What it would say is no longer true."""
        writes = finish(held, RowState.WITHDRAWN, updated_at=self.clock.now())
        self._write(held, writes, "withdrawn")

    def failed(self, held: Held, alert: Alert, error: DeliveryTransient) -> None:
        """The destination may take it later; after a day of that it is dead."""
        now = self.clock.now()
        self._strain(held.row.destination, error)
        if now - (held.row.first_attempt_at or now) >= retry.GIVE_UP:
            self.dead(held, alert, f"gave up after a day: {error}", error.status)
            return
        wait = retry.delay(held.row.attempts, error.retry_after, self.random)
        writes = postpone(
            held,
            next_at=now + timedelta(seconds=wait),
            updated_at=now,
            status=error.status,
            error=str(error),
        )
        self._write(held, writes, "retry")

    def dead(self, held: Held, alert: Alert | None, error: str, status: int = 0) -> None:
        """It will never be taken; in the same transaction the system alert is raised."""
        now = self.clock.now()
        end = finish(held, RowState.DEAD, updated_at=now, status=status, error=error)
        quiet = alert is not None and alert.rule.id == RULE.id
        for _ in range(_TRIES):
            raised = () if quiet else self._raised(held.row, error, status)
            try:
                self.state.transact([*end, *raised])
            except Conflict:
                if self._is_lost(held):
                    return self.tally.leave(held.row)
            else:
                return self.tally.count(held.row, "dead")
        return self._write(held, end, "dead")

    def recovered(self, destination: str) -> None:
        """The destination answered as it should: close its circuit."""
        circuit.change(self.state, destination, lambda _: circuit.Circuit())

    def _strain(self, destination: str, error: DeliveryTransient) -> None:
        now = self.clock.now()
        pause = retry.wish(error.retry_after)

        def strained(before: circuit.Circuit) -> circuit.Circuit:
            if pause:
                return before.paused(now + timedelta(seconds=pause), now, str(error))
            return before.failed(now, str(error), at_once=isinstance(error, DeliveryUnauthorised))

        circuit.change(self.state, destination, strained)

    def _raised(self, row: Row, error: str, status: int) -> Sequence[Write]:
        told = f"{status} {error}" if status else error
        return undelivered_writes(self.state, row, told, self.settings, self.clock.now()).writes

    def _write(self, held: Held, writes: Sequence[Write], outcome: str) -> None:
        try:
            self.state.transact(writes)
        except Conflict:
            self.tally.leave(held.row)
        else:
            self.tally.count(held.row, outcome)

    def _is_lost(self, held: Held) -> bool:
        item = self.state.get(LIVE, held.row.key)
        return item is None or item.version != held.version


def totals(tally: Tally, live: Mapping[str, int]) -> dict[str, dict[str, int]]:
    """Sum up by destination; `live` are the rows there were at the start of the run."""
    names = sorted({*tally.counts, *live})
    return {n: _with_waiting(tally.counts.get(n, Counter()), live.get(n, 0)) for n in names}


def _with_waiting(counts: Counter[str], live: int) -> dict[str, int]:
    outcomes = {name: counts[name] for name in ("sent", "retry", "dead", "withdrawn")}
    return {**outcomes, "waiting": max(0, live - sum(outcomes.values()))}
