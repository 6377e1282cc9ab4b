"""What one person may use: so many queries at once, so many a day.

The count stands in one record of the state store for each person and changes in the transaction
that writes the query, so that requests at once cannot pass together.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

import msgspec

from mantissa.errors import QuotaExceeded, StoreError
from mantissa.ports import Put, StateStore

TABLE = "query_quota"


@dataclass(frozen=True, slots=True)
class Quota:
    """How much one person may use.

    Args:
        at_once: queries that may run at the same time.
        per_day: queries that may begin on one day, UTC.
    """

    at_once: int = 5
    per_day: int = 1_000


@dataclass(frozen=True, slots=True)
class Usage:
    """What one person uses.

    Args:
        day: the day that `begun` counts, YYYY-MM-DD.
        running: query → when it counts no longer, should nobody ever look at it again.
    """

    day: str = ""
    begun: int = 0
    running: Mapping[str, datetime] = field(default_factory=dict)


def owner_key(owner: str) -> str:
    """Return a person's part of a key: no name can reach into another's."""
    return hashlib.sha256(owner.encode()).hexdigest()[:32]


def load(state: StateStore, owner: str) -> tuple[Usage, int | None]:
    """Return what a person uses, and the version of its record."""
    item = state.get(TABLE, owner_key(owner))
    if item is None:
        return Usage(), None
    try:
        return msgspec.convert(item.value, Usage), item.version
    except msgspec.ValidationError as error:
        raise StoreError(
            f"a record of usage cannot be read: {error}", where=f"{TABLE}/{item.key}"
        ) from error


def begin(usage: Usage, quota: Quota, query: str, now: datetime, until: datetime) -> Usage:
    """Count one more query. Raises `QuotaExceeded`."""
    today = now.date().isoformat()
    begun = usage.begun if usage.day == today else 0
    running = {name: end for name, end in usage.running.items() if end > now}
    if len(running) >= quota.at_once:
        raise QuotaExceeded(
            f"{quota.at_once} of your queries are running already",
            code="too_many_at_once",
            retry_after=5.0,
            fix="wait for one to end, or cancel it",
        )
    if begun >= quota.per_day:
        raise QuotaExceeded(
            f"you have asked {quota.per_day} queries today (UTC)",
            code="too_many_today",
            retry_after=(_midnight(now) - now).total_seconds(),
            fix="ask again tomorrow, or have the limit raised",
        )
    return Usage(today, begun + 1, {**running, query: until})


def end(usage: Usage, query: str) -> Usage:
    """Count a query as running no longer."""
    return replace(usage, running={n: t for n, t in usage.running.items() if n != query})


def write(owner: str, usage: Usage, version: int | None) -> Put:
    """Return the write that keeps what a person uses."""
    return Put(TABLE, owner_key(owner), msgspec.to_builtins(usage), version)


def _midnight(now: datetime) -> datetime:
    return now.replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)
