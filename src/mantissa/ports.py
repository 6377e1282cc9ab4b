"""What the cores need from the world: few methods each, every side effect behind one of them.

Adapters translate vendor errors into the tree of `errors.py`; a port never returns `None`
for a failure. `tests/contracts/` holds one suite per port and runs every adapter through it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, BinaryIO, Protocol

from mantissa.model import Message, ObjectInfo, QueryLimits, QueryResult, Receipt, Secret, Table

JSONValue = Any
"""A value made of dict, list, str, int, float, bool and None."""


class Clock(Protocol):
    """The only source of the present time."""

    def now(self) -> datetime:
        """Return the present time, aware, UTC."""
        ...


class ObjectStore(Protocol):
    """Named immutable byte objects. Raises `ObjectNotFound`, `StoreTransient`, `StoreError`."""

    def head(self, key: str) -> ObjectInfo:
        """Describe one object."""
        ...

    def open(self, key: str) -> BinaryIO:
        """Open one object for streaming; the caller closes it."""
        ...

    def get(self, key: str) -> bytes:
        """Read one small object whole."""
        ...

    def put_if_absent(self, key: str, data: bytes) -> bool:
        """Write durably unless the key exists; True if this call wrote it."""
        ...

    def list(self, prefix: str) -> Iterator[ObjectInfo]:
        """List objects whose key starts with prefix, by key. `identity` may be empty here."""
        ...

    def delete(self, key: str) -> None:
        """Delete one object; absent is fine."""
        ...


@dataclass(frozen=True, slots=True)
class Item:
    """One record of a state store; `version` grows by one with every write."""

    table: str
    key: str
    value: Mapping[str, JSONValue]
    version: int


@dataclass(frozen=True, slots=True)
class Put:
    """Write one record. `version` is the one read before; None means it must not exist yet."""

    table: str
    key: str
    value: Mapping[str, JSONValue]
    version: int | None


@dataclass(frozen=True, slots=True)
class Delete:
    """Delete one record that must exist at that version."""

    table: str
    key: str
    version: int


Write = Put | Delete


class StateStore(Protocol):
    """Small JSON records with conditional, consistent writes. Lost conditions raise `Conflict`."""

    @property
    def most_writes(self) -> int | None:
        """How many writes one transaction may hold; None when there is no limit."""
        ...

    def get(self, table: str, key: str) -> Item | None:
        """Read one record consistently."""
        ...

    def put(self, write: Put) -> None:
        """Write one record if its condition holds."""
        ...

    def transact(self, writes: Sequence[Write]) -> None:
        """Carry out all writes or none."""
        ...

    def query(self, table: str, prefix: str = "", after: str = "") -> Iterator[Item]:
        """Yield a table's records whose key starts with prefix and is behind after, by key."""
        ...


class QueryEngine(Protocol):
    """Something that runs SQL over the lake's tables.

    Raises `EngineRejected`, `EngineTimedOut`, `EngineTransient`; an answer is always complete.
    """

    @property
    def dialect(self) -> str:
        """The sqlglot name of the SQL it takes."""
        ...

    def run(
        self,
        sql: str,
        *,
        limits: QueryLimits,
        files: Mapping[str, Sequence[str]] | None = None,
    ) -> QueryResult:
        """Run one SELECT. `files` maps a table to the only lake keys that may be read for it."""
        ...

    def estimate(self, sql: str) -> int:
        """Upper estimate of the bytes that `run` would scan."""
        ...


class QueryJobs(Protocol):
    """Queries that outlive the call that starts them.

    Raises what `QueryEngine` raises; a job that is not known is `EngineRejected`.
    """

    def start(self, sql: str, *, limits: QueryLimits, token: str) -> str:
        """Start one SELECT and return the job's id; the same SQL and token give the same job."""
        ...

    def result(self, job: str, *, limits: QueryLimits) -> QueryResult | None:
        """Return a job's answer, or None while it runs; one over its time limit is stopped."""
        ...

    def cancel(self, job: str) -> None:
        """Stop a job; one that has ended stays as it is."""
        ...


class Catalog(Protocol):
    """The names under which an engine knows the lake's tables.

    Raises `StoreTransient`, `StoreError`, and `ConfigError` for a table that cannot become this.
    """

    def ensure(self, table: Table) -> None:
        """Create the table or add its new columns; running it again changes nothing."""
        ...

    def register(self, table: str, event_dates: Iterable[str]) -> None:
        """Make days of a table known, so that their files are read; known ones stay as they are."""
        ...

    def tables(self) -> Iterable[str]:
        """Return the known table names, sorted."""
        ...


class Queue(Protocol):
    """Messages for another part of the product: each arrives once or more, in any order."""

    def send(self, body: str) -> None:
        """Send one message, durably. Raises `StoreTransient`, `StoreError`."""
        ...

    def send_all(self, bodies: Iterable[str]) -> None:
        """Send messages; when it raises, any number of them may have been sent."""
        ...


class SecretStore(Protocol):
    """Named credentials."""

    def get(self, name: str, *, fresh: bool = False) -> Secret:
        """Return a secret; `fresh` bypasses any cache. Raises `ConfigError` naming the secret."""
        ...


class Destination(Protocol):
    """Somewhere an alert goes. Raises `DeliveryTransient` or `DeliveryPermanent`."""

    def send(self, message: Message, secret: Secret | None) -> Receipt:
        """Translate and send one message with the credential the caller fetched."""
        ...
