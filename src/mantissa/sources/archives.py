"""Members of zip and tar archives as objects of their own, within limits.

A member that cannot be read (encrypted, damaged, over a limit) is still yielded: its stream says
why, and decoding it gives one `Bad`. So is an archive that cannot be listed at all. Nothing is
written under a member's name; names are only cleaned so that keys stay readable and harmless.
"""

from __future__ import annotations

import io
import re
import tarfile
import tempfile
import zipfile
import zlib
from collections.abc import Iterator
from typing import IO, BinaryIO, NamedTuple, cast

from mantissa.errors import ObjectNotFound
from mantissa.model import Reason
from mantissa.sources.decoding.buffer import Buffer, Plain
from mantissa.sources.decoding.pieces import KEEP, Bounds, Fault, bounds, fault
from mantissa.sources.decoding.unpack import unpack
from mantissa.sources.record import Limits

UNLISTED = "(unreadable archive)"
_ZIP = (b"PK\x03\x04", b"PK\x05\x06")
_TAR_MAGIC, _TAR_AT = b"ustar", 257
_SPOOL = 8 << 20
_BLOCK = 1 << 18
_EOCD = b"PK\x05\x06"
_EOCD_MOST = 22 + 65535
_ENTRY = 46
_ENTRY_MOST = 512
_BAD_CHARACTERS = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")
_NAME_MOST = 512
_ZIP_ERRORS = (
    zipfile.BadZipFile,
    zlib.error,
    EOFError,
    NotImplementedError,
    RuntimeError,
    ValueError,
    UnicodeDecodeError,
)
_TAR_HEADERS = (
    tarfile.XHDTYPE,
    tarfile.XGLTYPE,
    tarfile.SOLARIS_XHDTYPE,
    tarfile.GNUTYPE_LONGNAME,
    tarfile.GNUTYPE_LONGLINK,
)
_TAR_HEADER_MOST = 1 << 20


class Content(io.RawIOBase):
    """A member's bytes, in memory or in a temporary file, which goes with them.

    `fault` says what was wrong at their end; `refused` stands for the whole member.
    """

    def __init__(self) -> None:
        super().__init__()
        self._file = tempfile.SpooledTemporaryFile(max_size=_SPOOL)  # noqa: SIM115 - see close
        self.fault: Fault | None = None
        self.refused: Fault | None = None

    def readable(self) -> bool:
        """Say yes."""
        return True

    def seekable(self) -> bool:
        """Say yes."""
        return True

    def read(self, size: int = -1) -> bytes:
        """Return the next bytes."""
        return self._file.read(size)

    def write(self, data: bytes) -> int:  # type: ignore[override]
        """Append bytes."""
        return self._file.write(data)

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Go to a place."""
        return self._file.seek(offset, whence)

    def tell(self) -> int:
        """Return the place."""
        return self._file.tell()

    def close(self) -> None:
        """Close and forget the bytes."""
        self._file.close()
        super().close()


class Member(NamedTuple):
    """A member's cleaned name and its bytes, which outlive the archive's stream."""

    name: str
    stream: BinaryIO


class _Entry:
    """A member that is read only if somebody wants it."""

    def __init__(self, name: str) -> None:
        self.name = name

    def load(self) -> Content:
        """Return its bytes; to be called before the next entry is asked for."""
        raise NotImplementedError


def is_archive(stream: BinaryIO) -> bool:
    """Say whether a stream holds a zip or a tar archive, compressed or not; goes back after."""
    start = stream.tell() if stream.seekable() else None
    buf = Buffer(Plain(stream))
    buf.fill(4)
    found = buf.data.startswith(_ZIP)
    if not found:
        content = unpack(_peeked(buf, stream), bounds(Limits()))
        content.fill(512)
        found = content.data.startswith(_TAR_MAGIC, content.pos + _TAR_AT)
    if start is not None:
        stream.seek(start)
    return found


def members(stream: BinaryIO, name: str, limits: Limits) -> Iterator[Member]:
    """Yield the files in an archive; nested archives are not opened.

    Args:
        name: the archive's own name, for words about it.
    """
    for entry in _entries(stream, name, bounds(limits)):
        yield Member(entry.name, cast(BinaryIO, entry.load()))


def member_names(stream: BinaryIO, name: str, limits: Limits) -> Iterator[str]:
    """Yield the names that `members` would give, without reading any content."""
    for entry in _entries(stream, name, bounds(limits)):
        yield entry.name


def member(stream: BinaryIO, name: str, limits: Limits, wanted: str) -> BinaryIO:
    """Return one member by its cleaned name, reading no other content of a zip.

    Raises `ObjectNotFound`.
    """
    for entry in _entries(stream, name, bounds(limits)):
        if entry.name == wanted:
            return cast(BinaryIO, entry.load())
    raise ObjectNotFound(f"no member {wanted} in this archive", where=name)


def refusal(stream: object) -> Fault | None:
    """Return why a member can not be read at all."""
    return stream.refused if isinstance(stream, Content) else None


def _entries(stream: BinaryIO, name: str, limits: Bounds) -> Iterator[_Entry]:
    buf = Buffer(Plain(stream))
    buf.fill(4)
    is_zip = buf.data.startswith(_ZIP)
    names = _Names()
    for entry in (_zip if is_zip else _tar)(_peeked(buf, stream), name, limits):
        entry.name = names.clean(entry.name)
        yield entry


class _Names:
    """Cleans member names and keeps them apart."""

    def __init__(self) -> None:
        self._seen: dict[str, int] = {}

    def clean(self, name: str) -> str:
        """Return a relative path without control characters, `..` or backslashes."""
        text = _BAD_CHARACTERS.sub("_", name.encode("utf-8", "replace").decode()).replace("\\", "/")
        parts = [part for part in text.split("/") if part.strip() not in ("", ".", "..")]
        path = "/".join(parts)[-_NAME_MOST:] or "member"
        count = self._seen[path] = self._seen.get(path, 0) + 1
        return path if count == 1 else f"{path}~{count}"


class _Peeked(io.RawIOBase):
    """A stream with the bytes that were read of it put back in front."""

    def __init__(self, head: bytes, stream: BinaryIO) -> None:
        self._head = head
        self._stream = stream

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        if not self._head:
            return self._stream.read(size)
        size = len(self._head) if size < 0 else size
        data, self._head = self._head[:size], self._head[size:]
        return data


def _peeked(buf: Buffer, stream: BinaryIO) -> BinaryIO:
    return cast(BinaryIO, _Peeked(buf.read(), stream))


class _Refused(_Entry):
    """Something in an archive that cannot be read, with the words that stand for its bytes."""

    def __init__(self, name: str, reason: Reason, detail: str) -> None:
        super().__init__(name)
        self._reason = reason
        self._detail = detail

    def load(self) -> Content:
        content = Content()
        content.write(f"{self.name}: {self._detail}\n".encode("utf-8", "replace"))
        content.seek(0)
        content.refused = fault(self._reason, self._detail, content.read(KEEP))
        content.seek(0)
        return content


def _spool(source: IO[bytes], content: Content, limits: Bounds, packed: int) -> int:
    """Copy a member within limits and return its size; `packed` is its size in the archive."""
    size = 0
    while block := source.read(_BLOCK):
        size += len(block)
        content.write(block)
        if size > limits.max_bytes:
            detail = f"more than {limits.max_bytes} bytes after decompression"
            content.fault = fault(Reason.BOMB_BYTES, detail, b"")
            break
        if size > limits.ratio_after and size > limits.max_ratio * max(1, packed):
            detail = f"{size} bytes from {packed} compressed ones: over {limits.max_ratio:g}:1"
            content.fault = fault(Reason.BOMB_RATIO, detail, b"")
            break
    content.seek(0)
    return size


def _zip(stream: BinaryIO, name: str, limits: Bounds) -> Iterator[_Entry]:
    file = Content()
    _spool(stream, file, limits, limits.max_bytes)
    if file.fault is not None:
        yield _Refused(UNLISTED, file.fault.reason, f"{name}: {file.fault.detail}")
        return
    if _directory_size(cast(IO[bytes], file)) > limits.max_members * _ENTRY_MOST:
        yield _Refused(UNLISTED, Reason.BOMB_BYTES, _too_many(name, limits))
        return
    try:
        archive = zipfile.ZipFile(cast(IO[bytes], file))
    except _ZIP_ERRORS as error:
        yield _Refused(UNLISTED, Reason.BAD_FORMAT, f"{name}: not a whole zip archive: {error}")
        return
    files = [info for info in archive.infolist() if not info.is_dir()]
    for info in files[: limits.max_members]:
        yield _ZipEntry(archive, info, limits)
    if len(files) > limits.max_members:
        yield _Refused(UNLISTED, Reason.BOMB_BYTES, _too_many(name, limits))


def _too_many(name: str, limits: Bounds) -> str:
    return f"{name}: more than {limits.max_members} members; the rest was not read"


def _directory_size(file: IO[bytes]) -> int:
    """Return how long the list of members is, so that a list of millions is never built."""
    size = file.seek(0, io.SEEK_END)
    file.seek(max(0, size - _EOCD_MOST))
    end = file.read()
    file.seek(0)
    at = end.rfind(_EOCD)
    if at < 0 or len(end) < at + 22:
        return 0
    offset = int.from_bytes(end[at + 16 : at + 20], "little")
    before = size - len(end) + at
    return before if offset == 0xFFFFFFFF else max(0, before - offset)


class _ZipEntry(_Entry):
    def __init__(self, archive: zipfile.ZipFile, info: zipfile.ZipInfo, limits: Bounds) -> None:
        super().__init__(info.filename)
        self._archive = archive
        self._info = info
        self._limits = limits

    def load(self) -> Content:
        info = self._info
        if info.flag_bits & 1:
            words = f"an encrypted member (CRC {info.CRC:08x}); decrypt it first"
            return _Refused(self.name, Reason.BAD_FORMAT, words).load()
        content = Content()
        try:
            with self._archive.open(info) as source:
                _spool(source, content, self._limits, info.compress_size)
        except _ZIP_ERRORS as error:
            content.seek(0)
            words = f"a damaged member (CRC {info.CRC:08x}): {error}"
            content.fault = fault(Reason.BAD_FORMAT, words, b"")
        return content


class _TarInfo(tarfile.TarInfo):
    """A header that is refused when it is damaged or would be read into memory without limit."""

    @classmethod
    def frombuf(cls, buf: bytes | bytearray, encoding: str, errors: str) -> _TarInfo:
        try:
            info = super().frombuf(buf, encoding, errors)
        except tarfile.InvalidHeaderError as error:  # type: ignore[attr-defined]
            raise tarfile.ReadError(str(error)) from error
        if info.type in _TAR_HEADERS and info.size > _TAR_HEADER_MOST:
            raise tarfile.ReadError(f"an extended header of {info.size} bytes")
        return info


class _TarEntry(_Entry):
    def __init__(self, archive: tarfile.TarFile, info: tarfile.TarInfo, limits: Bounds) -> None:
        super().__init__(info.name)
        self._archive = archive
        self._info = info
        self._limits = limits

    def load(self) -> Content:
        content = Content()
        source = self._archive.extractfile(self._info)
        try:
            if source is not None:
                _spool(source, content, self._limits, self._limits.max_bytes)
        except tarfile.TarError as error:
            content.seek(0)
            content.fault = fault(Reason.BAD_FORMAT, f"a cut member: {error}", b"")
        return content


class _Stream:
    """The reading side that tarfile asks for."""

    def __init__(self, buf: Buffer) -> None:
        self._buf = buf

    def read(self, size: int) -> bytes:
        self._buf.fill(size)
        return self._buf.take(size)


def _tar(stream: BinaryIO, name: str, limits: Bounds) -> Iterator[_Entry]:
    buf = unpack(stream, limits)
    trouble = ""
    try:
        archive = tarfile.open(  # noqa: SIM115 - nothing to close on a stream
            fileobj=cast(IO[bytes], _Stream(buf)), mode="r|", tarinfo=_TarInfo
        )
        yield from _tar_entries(archive, name, limits)
    except tarfile.TarError as error:
        trouble = str(error)
    while buf.fill(1):
        buf.take(buf.size)
    if buf.fault is not None:
        yield _Refused(UNLISTED, buf.fault.reason, f"{name}: {buf.fault.detail}")
    elif trouble:
        yield _Refused(UNLISTED, Reason.BAD_FORMAT, f"{name}: {trouble}")


def _tar_entries(archive: tarfile.TarFile, name: str, limits: Bounds) -> Iterator[_Entry]:
    count = 0
    while (info := archive.next()) is not None:
        archive.members = []  # type: ignore[attr-defined]
        count += 1
        if count > limits.max_members:
            yield _Refused(UNLISTED, Reason.BOMB_BYTES, _too_many(name, limits))
            return
        if info.issparse():
            yield _Refused(info.name, Reason.BAD_FORMAT, "a sparse file")
        elif info.isfile():
            yield _TarEntry(archive, info, limits)
