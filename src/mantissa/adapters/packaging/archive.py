"""A zip of which every byte follows from its entries: sorted, one date, one mode."""

from __future__ import annotations

import hashlib
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

_DATE = (1980, 1, 1, 0, 0, 0)
"""The earliest that a zip can say."""
_REGULAR_FILE = 0o100644 << 16
_UNIX = 3
_CHUNK = 1 << 20


@dataclass(frozen=True, slots=True)
class Archive:
    """A zip that was written.

    Args:
        sha256: of the file, in hexadecimal.
        size: of the file, in bytes.
        unzipped: bytes of all entries.
        content: SHA-256 over names and contents, which no other zlib changes.
    """

    sha256: str
    size: int
    unzipped: int
    content: str


def write_archive(path: Path, entries: Mapping[str, bytes]) -> Archive:
    """Write the entries as a zip under a temporary name, then move it into place."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.tmp")
    content = hashlib.sha256()
    with zipfile.ZipFile(temporary, "w") as out:
        for name in sorted(entries):
            data = entries[name]
            content.update(f"{name}\0{hashlib.sha256(data).hexdigest()}\n".encode())
            out.writestr(_info(name), data, zipfile.ZIP_DEFLATED, 6)
    temporary.replace(path)
    unzipped = sum(map(len, entries.values()))
    return Archive(file_sha256(path), path.stat().st_size, unzipped, content.hexdigest())


def file_sha256(path: Path) -> str:
    """Return the SHA-256 of a file, in hexadecimal."""
    digest = hashlib.sha256()
    with path.open("rb") as stream:
        while chunk := stream.read(_CHUNK):
            digest.update(chunk)
    return digest.hexdigest()


def _info(name: str) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo(name, _DATE)
    info.external_attr = _REGULAR_FILE
    info.create_system = _UNIX
    return info
