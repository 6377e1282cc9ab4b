"""Bytes in order, with what was wrong at their end."""

from __future__ import annotations

import codecs
from typing import BinaryIO, Protocol

from mantissa.sources.decoding.pieces import Fault

BLOCK = 1 << 16


class Chunks(Protocol):
    """A stream of bytes that never raises for its content.

    `fault` says, once `read` has returned nothing, why the bytes end here; `complete` says
    whether all content was delivered in spite of the fault.
    """

    @property
    def fault(self) -> Fault | None:
        """What was wrong at the end of the stream."""
        ...

    @property
    def complete(self) -> bool:
        """Whether all content was delivered."""
        ...

    def read(self) -> bytes:
        """Return the next bytes, or nothing at the end."""
        ...


class Plain:
    """The bytes of a stream as they are, in blocks that do not depend on its read sizes."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self.fault: Fault | None = None
        self.complete = True

    def read(self) -> bytes:
        """Return the next block; only the last one is shorter."""
        data = self._stream.read(BLOCK)
        while data and len(data) < BLOCK and (more := self._stream.read(BLOCK - len(data))):
            data += more
        if not data:
            self.fault = getattr(self._stream, "fault", None)
            self.complete = self.fault is None
        return data


class Memory:
    """Bytes already at hand."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self.fault: Fault | None = None
        self.complete = True

    def read(self) -> bytes:
        """Return everything once."""
        data, self._data = self._data, b""
        return data


class Buffer:
    """The unread part of a stream: `data[pos:]`, grown on demand."""

    def __init__(self, source: Chunks) -> None:
        self._source = source
        self.data = b""
        self.pos = 0
        self.ended = False
        self.taken = 0

    @property
    def fault(self) -> Fault | None:
        """What was wrong at the end of the stream."""
        return self._source.fault

    @property
    def complete(self) -> bool:
        """Whether all content was delivered."""
        return self._source.complete

    @property
    def size(self) -> int:
        """Bytes at hand."""
        return len(self.data) - self.pos

    def fill(self, need: int) -> bool:
        """Get at least `need` unread bytes, if there are so many; may move `pos` to 0.

        Reads half as much again, so that taking little by little does not copy the rest each time.
        """
        size = self.size
        if size >= need or self.ended:
            return size >= need
        parts = [self.data[self.pos :]]
        while size < need + need // 2:
            part = self._source.read()
            if not part:
                self.ended = True
                break
            parts.append(part)
            size += len(part)
            self.taken += len(part)
        self.data, self.pos = b"".join(parts), 0
        return size >= need

    def grow(self) -> bool:
        """Get about twice as many unread bytes; False if there are no more."""
        before = self.size
        self.fill(max(2 * before, BLOCK))
        return self.size > before

    def take(self, count: int) -> bytes:
        """Return and consume up to `count` bytes at hand."""
        data = self.data[self.pos : self.pos + count]
        self.pos += len(data)
        return data

    def read(self) -> bytes:
        """Return all bytes at hand, or the next ones: a buffer is a stream itself."""
        self.fill(1)
        return self.take(self.size)

    def give_back(self, data: bytes) -> None:
        """Put bytes in front of the unread ones."""
        self.data, self.pos = data + self.data[self.pos :], 0


_BOMS = ((codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))


class Utf16:
    """UTF-16 as UTF-8.

    What is not UTF-16 becomes bytes that are not UTF-8 either, so that the check of each record
    finds it where it is and spares its neighbours.
    """

    def __init__(self, source: Chunks, encoding: str) -> None:
        self._source = source
        self._decoder = codecs.getincrementaldecoder(encoding)("surrogatepass")
        self.fault: Fault | None = None
        self.complete = True

    def read(self) -> bytes:
        """Return the next characters as UTF-8."""
        while part := self._source.read():
            if text := self._decoder.decode(part):
                return text.encode("utf-8", "surrogatepass")
        self.fault, self.complete = self._source.fault, self._source.complete
        half = bool(self._decoder.getstate()[0])
        self._decoder.reset()
        return b"\xff" if half else b""


def as_utf8(buffer: Buffer) -> Chunks:
    """Return the same text without byte order mark, in UTF-8."""
    if buffer.data.startswith(codecs.BOM_UTF8, buffer.pos):
        buffer.take(3)
    for mark, encoding in _BOMS:
        if buffer.data.startswith(mark, buffer.pos):
            buffer.take(2)
            return Utf16(buffer, encoding)
    return buffer
