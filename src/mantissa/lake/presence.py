"""What came into each table of late: days, the newest rows, and columns that nobody fills.

All from the totals of the partitions: no file is opened, and only the days asked for are read.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from mantissa.lake.books import Share, holds_rows, recent_shares
from mantissa.model import Table
from mantissa.ports import StateStore


@dataclass(frozen=True, slots=True)
class Presence:
    """What the books say of one table's last days.

    Args:
        rows: in the days that were looked at.
        ever: whether the table has rows at all, in earlier days too.
        arrived: when rows last came; None when that is not known.
        unfilled: columns that held no value on any of these days; None when that is not known.
    """

    rows: int
    ever: bool
    arrived: datetime | None = None
    unfilled: frozenset[str] | None = None

    def silent_for(self, now: datetime) -> timedelta | None:
        """Return how long no rows have come; None when that is not known."""
        return None if self.arrived is None else now - self.arrived


def presence(state: StateStore, tables: Iterable[Table], first_day: str) -> dict[str, Presence]:
    """Look at tables' partitions from a day on.

    Args:
        first_day: as partitions are named, `2026-11-01`.
    """
    return {t.name: _of(state, t, list(recent_shares(state, t.name, first_day))) for t in tables}


def _of(state: StateStore, table: Table, found: list[Share]) -> Presence:
    if not found:
        return Presence(0, holds_rows(state, table.name))
    arrived = max(share.committed_at or share.last_event for share in found)
    return Presence(
        rows=sum(share.rows for share in found),
        ever=True,
        arrived=_time(arrived),
        unfilled=_unfilled(table, found),
    )


def _unfilled(table: Table, found: list[Share]) -> frozenset[str] | None:
    if any(share.empty is None for share in found):
        return None
    filled = {name for share in found for name in share.columns.keys() - (share.empty or ())}
    return frozenset(column.name for column in table.columns) - filled


def _time(text: str) -> datetime | None:
    if not text:
        return None
    found = datetime.fromisoformat(text)
    return found if found.tzinfo else found.replace(tzinfo=UTC)
