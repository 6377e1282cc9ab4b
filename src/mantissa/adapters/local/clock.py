"""The wall clock."""

from __future__ import annotations

from datetime import UTC, datetime


class SystemClock:
    """The time of this machine."""

    def now(self) -> datetime:
        """Return the present time, UTC."""
        return datetime.now(UTC)
