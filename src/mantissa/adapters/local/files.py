"""Objects as files: put-if-absent is `link()`, durable by `fsync` of the file and its folder.

A key is a relative path with forward slashes. A writer that is killed leaves at most a
`.tmp-…` file, which no reader lists and `sweep_temporary` removes.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO

from mantissa.errors import ConfigError, ObjectNotFound, StoreError
from mantissa.model import ObjectInfo

TEMPORARY = ".tmp-"
_FIXES = {
    errno.ENOSPC: "make room on the disk, then run the same command again",
    errno.EDQUOT: "make room in your quota, then run the same command again",
    errno.EFBIG: "raise the limit on the size of files, then run the same command again",
    errno.EROFS: "the lake must be on a disk that can be written to",
}
_CHUNK = 1 << 20


class FileObjects:
    """An object store below one folder."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def head(self, key: str) -> ObjectInfo:
        """Describe one object; its identity is the SHA-256 of its content."""
        path = self._path(key)
        return describe(path, key)

    def open(self, key: str) -> BinaryIO:
        """Open one object for reading."""
        return open_file(self._path(key), key)

    def get(self, key: str) -> bytes:
        """Read one object whole."""
        with self.open(key) as stream:
            return stream.read()

    def put_if_absent(self, key: str, data: bytes) -> bool:
        """Write durably unless the key exists; True if this call wrote it."""
        path = self._path(key)
        if path.exists():
            return False
        with translated(key):
            _make_folder(path.parent)
            temporary = _write_temporary(path, data)
            try:
                os.link(temporary, path)
            except FileExistsError:
                return False
            finally:
                temporary.unlink(missing_ok=True)
            _sync_folder(path.parent)
        return True

    def list(self, prefix: str) -> Iterator[ObjectInfo]:
        """List objects by key, without reading their content (`identity` stays empty)."""
        start = self._root / prefix.rpartition("/")[0]
        found = sorted(_walk(start))
        for path in found:
            key = path.relative_to(self._root).as_posix()
            if key.startswith(prefix):
                status = path.stat()
                yield ObjectInfo(key, status.st_size, "", _modified(status), "")

    def delete(self, key: str) -> None:
        """Delete one object; absent is fine."""
        with translated(key):
            self._path(key).unlink(missing_ok=True)

    def sweep_temporary(self, older_than_seconds: float = 3600.0) -> int:
        """Remove what killed writers left behind; return how many files that was."""
        limit = time.time() - older_than_seconds
        left = [p for p in self._root.rglob(f"*{TEMPORARY}*") if p.stat().st_mtime <= limit]
        for path in left:
            path.unlink(missing_ok=True)
        return len(left)

    def _path(self, key: str) -> Path:
        parts = key.split("/")
        if not key or "\0" in key or any(part in ("", ".", "..") for part in parts):
            raise StoreError("not a valid object key", where=repr(key))
        return self._root.joinpath(*parts)


Stamp = tuple[int, int]
"""A file's size and time of modification in nanoseconds: changes when somebody writes to it."""


def stamp_of(path: Path, key: str) -> Stamp:
    """Return what tells whether a file was written to since."""
    with translated(key):
        status = path.stat()
    return status.st_size, status.st_mtime_ns


def modified_of(path: Path, key: str) -> datetime:
    """Return when a file was last written to, in whole seconds."""
    with translated(key):
        return _modified(path.stat())


def describe(path: Path, key: str) -> ObjectInfo:
    """Describe a file as an object whose identity is the SHA-256 of its content."""
    digest = hashlib.sha256()
    with open_file(path, key) as stream:
        status = os.fstat(stream.fileno())
        while chunk := read_of(stream, key, _CHUNK):
            digest.update(chunk)
    name = digest.hexdigest()
    return ObjectInfo(key, status.st_size, name, _modified(status), name)


def open_file(path: Path, key: str) -> BinaryIO:
    """Open a file for reading, in the words of the error tree."""
    with translated(key):
        return path.open("rb")


def read_of(stream: BinaryIO, key: str, size: int) -> bytes:
    """Read from an open file, in the words of the error tree."""
    with translated(key):
        return stream.read(size)


@contextlib.contextmanager
def translated(key: str) -> Iterator[None]:
    """Put the system's errors about a file in the words of the error tree."""
    try:
        yield
    except (FileNotFoundError, IsADirectoryError):
        raise ObjectNotFound("no such object", where=key) from None
    except PermissionError as error:
        raise ConfigError(
            "permission denied", where=str(error.filename or key), fix="check who owns the file"
        ) from error
    except OSError as error:
        where = str(error.filename or key)
        raise StoreError(
            str(error.strerror), where=where, fix=_FIXES.get(error.errno or 0)
        ) from error


def _write_temporary(path: Path, data: bytes) -> Path:
    temporary = path.with_name(f"{TEMPORARY}{os.getpid()}-{threading.get_ident()}-{path.name}")
    with temporary.open("wb") as stream:
        stream.write(data)
        stream.flush()
        os.fsync(stream.fileno())
    return temporary


def _make_folder(folder: Path) -> None:
    missing = []
    while not folder.exists():
        missing.append(folder)
        folder = folder.parent
    for new in reversed(missing):
        new.mkdir(exist_ok=True)
        _sync_folder(new.parent)


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _walk(start: Path) -> Iterator[Path]:
    for folder, _, names in os.walk(start):
        for name in names:
            if TEMPORARY not in name:
                yield Path(folder, name)


def _modified(status: os.stat_result) -> datetime:
    return datetime.fromtimestamp(int(status.st_mtime), UTC)
