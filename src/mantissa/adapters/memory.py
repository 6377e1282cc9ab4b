"""An honest in-memory version of every storage port, for tests and simulation.

Honest means that it keeps each port's promises (conditions, order, isolation of values) and
is held to them by the same contract suites as the real adapters.
"""

from __future__ import annotations

import copy
import hashlib
import io
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import BinaryIO

from mantissa.errors import ConfigError, Conflict, ObjectNotFound, StoreError
from mantissa.model import Message, ObjectInfo, Receipt, Secret
from mantissa.ports import Clock, Delete, Item, JSONValue, Put, Write


class ManualClock:
    """A clock that moves only when told."""

    def __init__(self, start: datetime) -> None:
        self._now = start

    def now(self) -> datetime:
        """Return the time it was last set to."""
        return self._now

    def advance(self, seconds: float) -> None:
        """Move forward by that many seconds."""
        self._now += timedelta(seconds=seconds)


class MemoryObjects:
    """An object store in a dict."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._objects: dict[str, tuple[bytes, datetime]] = {}

    def head(self, key: str) -> ObjectInfo:
        """Describe one object."""
        data, modified = self._find(key)
        digest = hashlib.sha256(data).hexdigest()
        return ObjectInfo(key, len(data), digest, modified, digest)

    def open(self, key: str) -> BinaryIO:
        """Open one object for reading."""
        return io.BytesIO(self._find(key)[0])

    def get(self, key: str) -> bytes:
        """Read one object whole."""
        return self._find(key)[0]

    def put_if_absent(self, key: str, data: bytes) -> bool:
        """Write unless the key exists; True if this call wrote it."""
        written = (bytes(data), self._clock.now())
        return self._objects.setdefault(key, written) is written

    def list(self, prefix: str) -> Iterator[ObjectInfo]:
        """List objects by key."""
        for key in sorted(k for k in self._objects if k.startswith(prefix)):
            yield self.head(key)

    def delete(self, key: str) -> None:
        """Delete one object; absent is fine."""
        self._objects.pop(key, None)

    def _find(self, key: str) -> tuple[bytes, datetime]:
        try:
            return self._objects[key]
        except KeyError:
            raise ObjectNotFound("no such object", where=key) from None


Items = dict[tuple[str, str], tuple[Mapping[str, JSONValue], int]]


class MemoryState:
    """A state store in a dict; values are copied in and out.

    Args:
        most_writes: how many writes one transaction may hold; more are refused.
    """

    def __init__(self, most_writes: int | None = None) -> None:
        self.most_writes = most_writes
        self._items: Items = {}
        self._lock = threading.Lock()

    def get(self, table: str, key: str) -> Item | None:
        """Read one record."""
        found = self._items.get((table, key))
        return None if found is None else Item(table, key, copy.deepcopy(found[0]), found[1])

    def put(self, write: Put) -> None:
        """Write one record if its condition holds."""
        self.transact([write])

    def transact(self, writes: Sequence[Write]) -> None:
        """Carry out all writes or none."""
        if self.most_writes is not None and len(writes) > self.most_writes:
            raise StoreError(f"{len(writes)} writes are too many for one transaction")
        with self._lock:
            items = dict(self._items)
            for write in writes:
                _apply(items, write)
            self._items = items

    def query(self, table: str, prefix: str = "", after: str = "") -> Iterator[Item]:
        """Yield a table's records by key."""
        items = self._items
        for place in sorted(p for p in items if p[0] == table and p[1].startswith(prefix)):
            if place[1] > after:
                value, version = items[place]
                yield Item(*place, copy.deepcopy(value), version)


def _apply(items: Items, write: Write) -> None:
    place = (write.table, write.key)
    found = items.get(place)
    if (found[1] if found else None) != write.version:
        raise Conflict("another writer was first", where=f"{write.table}/{write.key}")
    if isinstance(write, Delete):
        del items[place]
    else:
        items[place] = (copy.deepcopy(write.value), (write.version or 0) + 1)


class MemoryQueue:
    """A queue that keeps what it was sent."""

    def __init__(self) -> None:
        self.bodies: list[str] = []

    def send(self, body: str) -> None:
        """Keep one message."""
        self.bodies.append(body)

    def send_all(self, bodies: Iterable[str]) -> None:
        """Keep messages."""
        self.bodies.extend(bodies)


class MemorySecrets:
    """Secrets in a dict that a test may rotate."""

    def __init__(self, secrets: Mapping[str, str] | None = None) -> None:
        self.secrets = dict(secrets or {})
        self.fresh_reads = 0

    def get(self, name: str, *, fresh: bool = False) -> Secret:
        """Return a secret."""
        self.fresh_reads += fresh
        if name not in self.secrets:
            raise ConfigError(f"no secret named {name!r}", fix="add it to the secret store")
        return Secret(self.secrets[name])


class MemoryDestination:
    """A destination that keeps what it was sent."""

    def __init__(self) -> None:
        self.messages: list[Message] = []

    def send(self, message: Message, secret: Secret | None) -> Receipt:
        """Keep the message."""
        self.messages.append(message)
        return Receipt(200, provider_id=str(len(self.messages)))
