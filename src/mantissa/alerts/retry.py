"""When to try again, and when to stop: full jitter under the destination's own wish."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

BASE = 2.0
CAP = 900.0
GIVE_UP = timedelta(hours=24)
RETRY_AFTER_CAP = 3600.0
"""A destination may ask for a pause, but not for one that silences alerts for a day."""


def delay(attempts: int, retry_after: float | None, random: Callable[[], float]) -> float:
    """Choose the seconds to wait after so many attempts.

    Args:
        retry_after: lower bound the destination gave, in seconds, if any.
        random: uniform in [0, 1).
    """
    jitter = random() * min(CAP, BASE * 2.0 ** min(attempts - 1, 20))
    return max(jitter, wish(retry_after))


def wish(retry_after: float | None) -> float:
    """Bound a destination's wish: never negative, never over an hour."""
    return 0.0 if retry_after is None else min(max(retry_after, 0.0), RETRY_AFTER_CAP)
