"""Objects to ingest, read from files, folders, globs and the members of archives.

A member's key is `archive.zip!member/name`. A file that changes while it is read is refused
when its end is reached, so that rows of two versions are never mixed under one identity.
"""

from __future__ import annotations

import glob
import hashlib
import io
import os
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import BinaryIO

from mantissa.adapters.local.files import describe, open_file
from mantissa.errors import ConfigError, Conflict, ObjectNotFound
from mantissa.model import ObjectInfo
from mantissa.sources.decode import is_archive, member, member_names
from mantissa.sources.record import Limits

MEMBER = "!"
_CHUNK = 1 << 20


class FileInputs:
    """The reading half of an object store over this machine's files."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._described: dict[str, tuple[int, int]] = {}

    def head(self, key: str) -> ObjectInfo:
        """Describe one file or archive member by its content."""
        path, name = _split(key)
        if name:
            return self._head_member(path, key, name)
        self._described[key] = _stamp(path)
        return describe(path, key)

    def open(self, key: str) -> BinaryIO:
        """Open one file or archive member for streaming."""
        path, name = _split(key)
        if name:
            return self._open_member(path, key, name)
        stamp = self._described.get(key)
        return io.BufferedReader(_Steady(path, key, stamp), _CHUNK)

    def _open_member(self, path: Path, key: str, name: str) -> BinaryIO:
        with open_file(path, key) as stream:
            return member(stream, path.name, self._limits, name)

    def _head_member(self, path: Path, key: str, name: str) -> ObjectInfo:
        digest, size = hashlib.sha256(), 0
        with self._open_member(path, key, name) as stream:
            while chunk := stream.read(_CHUNK):
                digest.update(chunk)
                size += len(chunk)
        identity = digest.hexdigest()
        return replace(describe(path, key), size=size, etag=identity, identity=identity)


def expand(patterns: Sequence[str], limits: Limits) -> Iterator[str]:
    """Yield the keys that files, folders, globs and archives stand for, in a stable order."""
    for pattern in patterns:
        for path in _paths(pattern):
            key = path.resolve().as_posix()
            if _is_archive(path):
                yield from _member_keys(path, key, limits)
            else:
                yield key


def _paths(pattern: str) -> list[Path]:
    path = Path(pattern).expanduser()
    if path.is_dir():
        return sorted(p for p in path.rglob("*") if p.is_file() and not _hidden(p, path))
    if path.exists():
        return [path]
    found = sorted(Path(p) for p in glob.glob(str(path), recursive=True))  # noqa: PTH207
    if not found:
        raise ConfigError("no such file or folder", where=pattern, fix="check the path")
    return [leaf for p in found for leaf in (_paths(str(p)) if p.is_dir() else [p])]


def _hidden(path: Path, root: Path) -> bool:
    return any(part.startswith(".") for part in path.relative_to(root).parts)


def _is_archive(path: Path) -> bool:
    with open_file(path, str(path)) as stream:
        return is_archive(stream)


def _member_keys(path: Path, key: str, limits: Limits) -> Iterator[str]:
    with open_file(path, key) as stream:
        for name in member_names(stream, path.name, limits):
            yield f"{key}{MEMBER}{name}"


def _split(key: str) -> tuple[Path, str]:
    """Tell an archive's path from its member's name; a plain path that holds `!` stays whole."""
    path = Path(key)
    if path.exists() or MEMBER not in key:
        return path, ""
    archive, _, name = key.partition(MEMBER)
    return Path(archive), name


def _stamp(path: Path) -> tuple[int, int]:
    try:
        status = path.stat()
    except FileNotFoundError:
        raise ObjectNotFound("no such file", where=str(path)) from None
    return status.st_size, status.st_mtime_ns


class _Steady(io.RawIOBase):
    """A file that raises `Conflict` at its end if it changed since it was described."""

    def __init__(self, path: Path, key: str, stamp: tuple[int, int] | None) -> None:
        self._file = open_file(path, key)
        self._key = key
        self._stamp = stamp

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        return self._file.seek(offset, whence)

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        count = self._file.readinto(buffer)  # type: ignore[attr-defined]
        if not count and self._changed():
            raise Conflict("the file changed while it was read", where=self._key)
        return int(count)

    def close(self) -> None:
        self._file.close()
        super().close()

    def _changed(self) -> bool:
        status = os.fstat(self._file.fileno())
        return self._stamp not in (None, (status.st_size, status.st_mtime_ns))
