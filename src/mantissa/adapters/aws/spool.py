"""A temporary copy of the object that is being ingested, hashed while it is written.

A function has 512 MB to 10 GB of disk. What would take more than half of what is free is hashed and
not kept: decoding and archives need room too.
"""

from __future__ import annotations

import hashlib
import shutil
import tempfile
import weakref
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from mantissa.adapters.local.files import open_file, translated
from mantissa.model import ObjectInfo

_CHUNK = 1 << 20
_NAME_BYTES = 255
_SHARE = 2


@dataclass(frozen=True, slots=True)
class Copy:
    """An object as it was read.

    Args:
        path: where it lies; None when there was no room.
    """

    uri: str
    etag: str
    identity: str
    path: Path | None

    def open(self) -> BinaryIO:
        """Open what was kept."""
        assert self.path is not None
        return open_file(self.path, self.uri)


class Spool:
    """Keeps one object at a time, under its own name, which words about an archive repeat.

    Args:
        folder: where temporary files go; the system's place for them when not given.
        room: returns the bytes that are free there.
    """

    def __init__(
        self, folder: Path | None = None, *, room: Callable[[], int] | None = None
    ) -> None:
        self._place = folder or Path(tempfile.gettempdir())
        self._room = room or self._free
        self._folder = ExitStack()
        self._copy: Copy | None = None
        weakref.finalize(self, self._folder.close)

    def copy_of(self, uri: str, etag: str) -> Copy | None:
        """Return the copy of an object, if it is the one that is kept."""
        copy = self._copy
        return copy if copy and (copy.uri, copy.etag) == (uri, etag) else None

    def take(self, stream: BinaryIO, info: ObjectInfo) -> Copy:
        """Read a stream to its end and keep what it gives, in place of what was kept before."""
        self.clear()
        if info.size * _SHARE > self._room():
            self._copy = Copy(info.key, info.etag, _hashed(stream), None)
            return self._copy
        with translated(info.key):
            folder = tempfile.mkdtemp(prefix="mantissa-", dir=self._place)
            self._folder.callback(shutil.rmtree, folder, ignore_errors=True)
            path = Path(folder, file_name(info.key))
            with path.open("wb") as file:
                identity = _hashed(stream, file)
        self._copy = Copy(info.key, info.etag, identity, path)
        return self._copy

    def clear(self) -> None:
        """Delete what is kept; streams that are open stay readable."""
        self._copy = None
        self._folder.close()

    def _free(self) -> int:
        return shutil.disk_usage(self._place).free


def file_name(uri: str) -> str:
    """Return the last part of a key, as a file may be called."""
    name = uri.rpartition("/")[2].replace("\0", "_")
    data = name.encode()[-_NAME_BYTES:]
    name = data.decode(errors="ignore")
    return name if name not in ("", ".", "..") else "object"


def _hashed(stream: BinaryIO, file: BinaryIO | None = None) -> str:
    """Read a stream to its end and return the SHA-256 of what it gave."""
    digest = hashlib.sha256()
    while chunk := stream.read(_CHUNK):
        digest.update(chunk)
        if file is not None:
            file.write(chunk)
    return digest.hexdigest()
