"""How long a credential that was read is used: the same for every secret store."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from mantissa.model import Secret
from mantissa.ports import Clock

MAX_AGE = timedelta(minutes=5)
"""How long a value is used without looking again."""


class SecretCache:
    """Values that were read a moment ago, by name."""

    def __init__(self, clock: Clock, max_age: timedelta) -> None:
        self._clock = clock
        self._max_age = max_age
        self._read: dict[str, tuple[Secret, datetime]] = {}

    def get(self, name: str, read: Callable[[str], Secret], *, fresh: bool) -> Secret:
        """Return a young value, else what `read` gives; `fresh` reads whatever there is."""
        now = self._clock.now()
        if name in self._read and not fresh:
            secret, read_at = self._read[name]
            # A clock that was set back must not make a value live longer.
            if timedelta(0) <= now - read_at < self._max_age:
                return secret
        self._read.pop(name, None)
        secret = read(name)
        self._read[name] = (secret, now)
        return secret
