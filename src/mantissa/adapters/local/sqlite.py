"""The state store in one SQLite file: conditional, transactional, durable.

Every write is one `BEGIN IMMEDIATE` transaction with `synchronous=FULL`, so that what was
acknowledged survives a kill and a power cut, and several processes may share the file.
"""

from __future__ import annotations

import contextlib
import sqlite3
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import orjson

from mantissa.errors import Conflict, StoreError, StoreTransient
from mantissa.ports import Delete, Item, Put, Write

_SCHEMA = """
CREATE TABLE IF NOT EXISTS state (
    tbl TEXT NOT NULL,
    key TEXT NOT NULL,
    value BLOB NOT NULL,
    version INTEGER NOT NULL,
    PRIMARY KEY (tbl, key)
) WITHOUT ROWID
"""
_PAGE = 1_000
_PAUSE_SECONDS = 0.01
_FIXES = {
    sqlite3.SQLITE_FULL: "make room on the disk, then run the same command again",
    sqlite3.SQLITE_IOERR: "make room on the disk, then run the same command again",
    sqlite3.SQLITE_READONLY: "check who owns the file and its folder",
    sqlite3.SQLITE_CANTOPEN: "check who owns the file and its folder",
    sqlite3.SQLITE_PERM: "check who owns the file and its folder",
}
_LAST = "\U0010ffff"


class SQLiteState:
    """A state store in a SQLite file."""

    def __init__(self, path: Path, *, busy_seconds: float = 30.0) -> None:
        self._path = path
        self._lock = threading.Lock()
        with self._translated(), contextlib.ExitStack() as unless_ready:
            self._connection = sqlite3.connect(
                path, timeout=busy_seconds, isolation_level=None, check_same_thread=False
            )
            unless_ready.callback(self._connection.close)
            self._connection.execute("PRAGMA synchronous=FULL")
            self._set_up(time.monotonic() + busy_seconds)
            unless_ready.pop_all()

    def _set_up(self, deadline: float) -> None:
        """Make a new file ready; SQLite does not wait for another process that does the same."""
        while True:
            try:
                self._connection.execute("PRAGMA journal_mode=WAL")
                self._connection.execute(_SCHEMA)
            except sqlite3.OperationalError as error:
                if not _is_busy(error) or time.monotonic() > deadline:
                    raise
                time.sleep(_PAUSE_SECONDS)
            else:
                return

    def close(self) -> None:
        """Close the file."""
        self._connection.close()

    @property
    def most_writes(self) -> int | None:
        """There is no limit."""
        return None

    def get(self, table: str, key: str) -> Item | None:
        """Read one record."""
        with self._translated():
            row = self._connection.execute(
                "SELECT value, version FROM state WHERE tbl = ? AND key = ?", (table, key)
            ).fetchone()
        return None if row is None else Item(table, key, orjson.loads(row[0]), row[1])

    def put(self, write: Put) -> None:
        """Write one record if its condition holds."""
        self.transact([write])

    def transact(self, writes: Sequence[Write]) -> None:
        """Carry out all writes or none."""
        with self._translated():
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                for write in writes:
                    self._apply(write)
                self._connection.execute("COMMIT")
            finally:
                # Also after a COMMIT that failed: a full disk leaves the transaction open.
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")

    def query(self, table: str, prefix: str = "", after: str = "") -> Iterator[Item]:
        """Yield a table's records by key, a page at a time."""
        while page := self._page(table, prefix, after):
            for key, value, version in page:
                yield Item(table, key, orjson.loads(value), version)
            after = page[-1][0]

    def _page(self, table: str, prefix: str, after: str) -> list[tuple[str, bytes, int]]:
        with self._translated():
            return self._connection.execute(
                "SELECT key, value, version FROM state"
                " WHERE tbl = ? AND key > ? AND key >= ? AND key < ? ORDER BY key LIMIT ?",
                (table, after, prefix, prefix + _LAST, _PAGE),
            ).fetchall()

    def _apply(self, write: Write) -> None:
        if isinstance(write, Delete):
            changed = self._delete(write)
        elif write.version is None:
            changed = self._insert(write)
        else:
            changed = self._update(write, write.version)
        if changed != 1:
            raise Conflict("another writer was first", where=f"{write.table}/{write.key}")

    def _insert(self, write: Put) -> int:
        return self._connection.execute(
            "INSERT INTO state VALUES (?, ?, ?, 1) ON CONFLICT DO NOTHING",
            (write.table, write.key, orjson.dumps(write.value)),
        ).rowcount

    def _update(self, write: Put, version: int) -> int:
        return self._connection.execute(
            "UPDATE state SET value = ?, version = version + 1"
            " WHERE tbl = ? AND key = ? AND version = ?",
            (orjson.dumps(write.value), write.table, write.key, version),
        ).rowcount

    def _delete(self, write: Delete) -> int:
        return self._connection.execute(
            "DELETE FROM state WHERE tbl = ? AND key = ? AND version = ?",
            (write.table, write.key, write.version),
        ).rowcount

    @contextlib.contextmanager
    def _translated(self) -> Iterator[None]:
        """Hold the connection for one thread and put SQLite's errors in our words."""
        try:
            with self._lock:
                yield
        except sqlite3.OperationalError as error:
            if _is_busy(error):
                raise StoreTransient(
                    "another process holds the state file", where=str(self._path), fix="try again"
                ) from error
            fix = _FIXES.get(error.sqlite_errorcode & 0xFF)
            raise StoreError(str(error), where=str(self._path), fix=fix) from error
        except sqlite3.DatabaseError as error:
            fix = "restore the file from a copy"
            raise StoreError(str(error), where=str(self._path), fix=fix) from error


def _is_busy(error: sqlite3.OperationalError) -> bool:
    return error.sqlite_errorcode & 0xFF in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)
