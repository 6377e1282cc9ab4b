"""Objects to ingest, read from files, folders, globs and the members of archives.

A member's key is `archive.zip!member/name`. What changes between the moment it is described and
the moment it has been read is refused as a `Conflict`, so that rows of two versions are never
mixed under one identity. A key is UTF-8 always: bytes of a file's name that are not become `%FF`.
"""

from __future__ import annotations

import glob
import io
import os
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import BinaryIO
from urllib.parse import unquote_to_bytes

from mantissa.adapters.local.files import (
    Stamp,
    describe,
    modified_of,
    open_file,
    stamp_of,
    translated,
)
from mantissa.adapters.local.members import MemberReader
from mantissa.errors import ConfigError, Conflict, MantissaError
from mantissa.model import ObjectInfo
from mantissa.sources.decode import is_archive, member_names
from mantissa.sources.record import Limits

MEMBER = "!"
_CHUNK = 1 << 20


class FileInputs:
    """The reading half of an object store over this machine's files."""

    def __init__(self, limits: Limits) -> None:
        self._members = MemberReader(limits)
        self._stamps: dict[str, Stamp] = {}

    def head(self, key: str) -> ObjectInfo:
        """Describe one file or archive member by its content."""
        path, name = _split(key)
        if name:
            identity, size = self._members.describe(path, name)
            return ObjectInfo(key, size, identity, modified_of(path, key), identity)
        self._stamps[key] = stamp_of(path, key)
        return describe(path, key)

    def open(self, key: str) -> BinaryIO:
        """Open one file or archive member for streaming."""
        path, name = _split(key)
        if name:
            return self._members.open(path, name)
        steady = _Steady(open_file(path, key), key, self._stamps.get(key))
        return io.BufferedReader(steady, _CHUNK)


def expand(patterns: Sequence[str], limits: Limits) -> Iterator[str]:
    """Yield the keys that files, folders, globs and archives stand for, each once, in order."""
    seen: set[Path] = set()
    for pattern in patterns:
        for path in _paths(pattern):
            place = path.resolve()
            if place not in seen:
                seen.add(place)
                yield from _keys(place, limits)


def _keys(path: Path, limits: Limits) -> Iterator[str]:
    key = os.fsencode(path).decode("utf-8", "surrogateescape")
    key = "".join(f"%{ord(c) - 0xDC00:02X}" if "\udc80" <= c <= "\udcff" else c for c in key)
    if not _is_archive(path, key):
        yield key
        return
    with open_file(path, key) as stream:
        for name in member_names(stream, path.name, limits):
            yield f"{key}{MEMBER}{name}"


def _is_archive(path: Path, key: str) -> bool:
    try:
        with open_file(path, key) as stream, translated(key):
            return is_archive(stream)
    except MantissaError:
        # Whoever opens it as an object is told why that cannot be done.
        return False


def _paths(pattern: str) -> Iterable[Path]:
    path = Path(pattern).expanduser()
    if _exists(path):
        return _files_below(path) if path.is_dir() else [_regular(path)]
    found = sorted(Path(p) for p in glob.glob(str(path), recursive=True))  # noqa: PTH207
    if not found:
        raise ConfigError("no such file or folder", where=pattern, fix="check the path")
    return (leaf for p in found for leaf in (_files_below(p) if p.is_dir() else [_regular(p)]))


def _regular(path: Path) -> Path:
    """Refuse a pipe or a device: an object is read twice, and they give their bytes once."""
    if not path.is_file():
        fix = "save what it gives to a file, and ingest that"
        raise ConfigError("neither a file nor a folder", where=str(path), fix=fix)
    return path


def _files_below(root: Path) -> Iterator[Path]:
    """Yield a folder's files by path, without hidden ones; links to folders are not followed."""
    for folder, folders, names in os.walk(root, onerror=_refuse):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(name for name in names if not name.startswith(".")):
            path = Path(folder, name)
            # A link that leads nowhere is yielded: whoever opens it is told.
            if path.is_file() or not _exists(path):
                yield path


def _refuse(error: OSError) -> None:
    """Stop at a folder that cannot be listed: nothing in it may go missing in silence."""
    with translated(str(error.filename)):
        raise error


def _split(key: str) -> tuple[Path, str]:
    """Tell an archive's path from its member's name; a plain path that holds `!` stays whole."""
    path = _path_of(key)
    if _exists(path):
        return path, ""
    at = key.find(MEMBER)
    while at >= 0:
        archive = _path_of(key[:at])
        if _exists(archive) and archive.is_file():
            return archive, key[at + 1 :]
        at = key.find(MEMBER, at + 1)
    return path, ""


def _path_of(key: str) -> Path:
    """Return the path of a key; the inverse of how `expand` makes keys."""
    path = Path(key)
    if "%" in key and not _exists(path):
        named = Path(os.fsdecode(unquote_to_bytes(key)))
        return named if _exists(named) else path
    return path


def _exists(path: Path) -> bool:
    """Whether something has that name; a name that no file can have is no error."""
    return os.path.exists(path)  # noqa: PTH110


class _Steady(io.RawIOBase):
    """A file that raises `Conflict` at its end if it changed since it was described."""

    def __init__(self, file: BinaryIO, key: str, stamp: Stamp | None) -> None:
        super().__init__()
        self._file = file
        self._key = key
        self._stamp = stamp

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        return self._file.seek(offset, whence)

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        with translated(self._key):
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
