"""How long to wait before asking AWS again: full jitter, doubling, bounded."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator

Pause = Callable[[float], None]
"""Waits that many seconds; tests do not."""
FIRST_SECONDS = 0.05
MOST_SECONDS = 5.0


def wait(seconds: float) -> None:
    """Wait."""
    time.sleep(seconds)


def attempts(most: int, pause: Pause) -> Iterator[int]:
    """Yield the numbers of that many attempts from 0, waiting before each but the first."""
    for number in range(most):
        if number:
            pause(pause_before(number))
        yield number


def pause_before(number: int) -> float:
    """Return the seconds to wait before a retry: anything up to a bound that doubles."""
    bound = min(MOST_SECONDS, FIRST_SECONDS * 2.0 ** min(number, 16))
    return random.uniform(0, bound)
