"""One row for every message that a destination is owed, and what became of it.

    PENDING ──claim──▶ INFLIGHT(lease) ──▶ SENT
                          │   ▲       ├──▶ RETRY(next_at) ──claim──▶ INFLIGHT
                          └───┘       ├──▶ DEAD
                     lease ran out    └──▶ WITHDRAWN  (no longer true, never sent)

Live rows are in the table `outbox`, finished ones in `deliveries`, under the same key
`<alert>/<destination>/<sequence>`: what a run has to look through is what is still owed. A
worker that dies after the destination took a message and before `SENT` leaves an INFLIGHT row
whose lease runs out, so the message is sent again: delivery is at least once.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Literal

import msgspec

from mantissa.errors import StoreError
from mantissa.model import Alert, Severity
from mantissa.ports import Delete, Item, Put, StateStore, Write

LIVE = "outbox"
DONE = "deliveries"
LEASE = timedelta(minutes=2)
"""Longer than any adapter's total deadline, so that a lease ends only when its worker is gone."""

Kind = Literal["trigger", "acknowledge", "resolve"]


class RowState(StrEnum):
    """The life of an outbox row."""

    PENDING = "pending"
    INFLIGHT = "inflight"
    RETRY = "retry"
    SENT = "sent"
    DEAD = "dead"
    WITHDRAWN = "withdrawn"


@dataclass(frozen=True, slots=True)
class Row:
    """One message owed to one destination.

    Args:
        sequence: the alert's sequence when it was written; orders an alert's messages.
        next_at: not to be tried before; None for at once.
        lease_until: while in flight, until when its worker alone may finish it.
        status: the last HTTP status, 0 when there was none.
        body_hash: SHA-256 of the neutral message that was last sent.
    """

    alert_id: str
    destination: str
    sequence: int
    kind: Kind
    level: Severity
    created_at: datetime
    updated_at: datetime
    state: RowState = RowState.PENDING
    attempts: int = 0
    next_at: datetime | None = None
    lease_until: datetime | None = None
    first_attempt_at: datetime | None = None
    status: int = 0
    error: str = ""
    provider_id: str = ""
    body_hash: str = ""

    @property
    def key(self) -> str:
        """Where the row is kept; sorts by alert, destination, sequence."""
        return f"{self.alert_id}/{self.destination}/{self.sequence:06d}"

    def is_due(self, now: datetime) -> bool:
        """Tell whether a worker may claim it now."""
        if self.state is RowState.INFLIGHT:
            return self.lease_until is None or self.lease_until <= now
        return self.next_at is None or self.next_at <= now


@dataclass(frozen=True, slots=True)
class Held:
    """A live row together with the version that fences every change of it."""

    row: Row
    version: int


def enqueue(alert: Alert, destination: str, kind: Kind, now: datetime) -> Put:
    """Write that a destination is owed a message about the alert as of its present sequence."""
    row = Row(alert.id, destination, alert.sequence, kind, alert.level, now, now)
    return Put(LIVE, row.key, _value(row), None)


def live_rows(state: StateStore, alert_id: str = "") -> Iterator[Held]:
    """Yield rows that are still owed, by key; of one alert or of all."""
    prefix = f"{alert_id}/" if alert_id else ""
    return (Held(_read(item), item.version) for item in state.query(LIVE, prefix))


def all_rows(state: StateStore, alert_id: str) -> list[Row]:
    """List every row of an alert, finished ones included, by key."""
    items = [*state.query(DONE, f"{alert_id}/"), *state.query(LIVE, f"{alert_id}/")]
    return sorted((_read(item) for item in items), key=lambda row: row.key)


def finished_rows(state: StateStore) -> Iterator[Row]:
    """Yield every finished row, by key."""
    return (_read(item) for item in state.query(DONE))


def claim(state: StateStore, held: Held, now: datetime) -> Held:
    """Take a row for this worker and count the attempt. Raises `Conflict` if another was first."""
    row = replace(
        held.row,
        state=RowState.INFLIGHT,
        attempts=held.row.attempts + 1,
        lease_until=now + LEASE,
        first_attempt_at=held.row.first_attempt_at or now,
        updated_at=now,
    )
    state.put(Put(LIVE, row.key, _value(row), held.version))
    return Held(row, held.version + 1)


def postpone(held: Held, **changes: Any) -> list[Write]:
    """Write that a row is to be tried again; `changes` name at least `next_at`."""
    row = replace(held.row, state=RowState.RETRY, lease_until=None, **changes)
    return [Put(LIVE, row.key, _value(row), held.version)]


def finish(held: Held, state: RowState, **changes: Any) -> list[Write]:
    """Write that a row has come to its end, moving it out of what is owed."""
    row = replace(held.row, state=state, lease_until=None, next_at=None, **changes)
    return [Delete(LIVE, row.key, held.version), Put(DONE, row.key, _value(row), None)]


def _value(row: Row) -> dict[str, Any]:
    value: dict[str, Any] = msgspec.to_builtins(row)
    return value


def _read(item: Item) -> Row:
    return row_from(item.value, f"{item.table}/{item.key}")


def row_from(value: Mapping[str, Any], where: str) -> Row:
    """Read a row's record; keys of a newer version are ignored."""
    try:
        return msgspec.convert(value, Row)
    except msgspec.ValidationError as error:
        raise StoreError(
            f"an outbox row cannot be read: {error}",
            where=where,
            fix="another version of the product wrote it: run the newer of the two",
        ) from error
