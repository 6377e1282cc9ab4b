"""Decompression, detected by content and bounded in bytes and ratio.

A name's suffix says nothing reliable: stores and shippers rename, compress twice and serve plain
text as `.gz`. The suffix is only used to word what is wrong with an object nothing can read.
"""

from __future__ import annotations

import bz2
from typing import BinaryIO

from mantissa.model import Reason
from mantissa.sources.decoding.buffer import BLOCK, Buffer, Plain
from mantissa.sources.decoding.gzip_members import Inflate, gunzip
from mantissa.sources.decoding.pieces import KEEP, Bounds, Fault, fault
from mantissa.sources.decoding.zstd_frames import is_zstd, unzstd

_BZ2_BLOCKS = (b"1AY&SY", b"\x17rE8P\x90")
_LEVELS = 2
_OUT = 1 << 17


class Inflated:
    """The content of a compressed stream, ended where a limit is passed."""

    def __init__(self, buf: Buffer, content: Inflate, limits: Bounds) -> None:
        self._buf = buf
        self._content = content
        self._limits = limits
        self._size = 0
        self.fault: Fault | None = None
        self.complete = True

    def read(self) -> bytes:
        """Return the next bytes of content."""
        if self.fault is not None:
            return b""
        try:
            data = next(self._content)
        except StopIteration as stop:
            self._end(stop.value)
            return b""
        self._size += len(data)
        self.fault = self._over()
        if self.fault is not None:
            self.complete = False
            self._content.close()
        return data

    def _end(self, own: Fault | None) -> None:
        """A stream cut further out explains why this one is cut."""
        outer = self._buf.fault
        self.fault = outer if outer is not None and not self._buf.complete else own or outer
        self.complete = self.fault is None or self.fault.reason in (
            Reason.NOT_GZIP,
            Reason.BAD_FORMAT,
        )

    def _over(self) -> Fault | None:
        limits, read = self._limits, max(1, self._buf.taken)
        if self._size > limits.max_bytes:
            detail = f"more than {limits.max_bytes} bytes after decompression"
            return fault(Reason.BOMB_BYTES, detail, b"")
        if self._size > limits.ratio_after and self._size > limits.max_ratio * read:
            detail = f"{self._size} bytes from {read} compressed ones: over {limits.max_ratio:g}:1"
            return fault(Reason.BOMB_RATIO, detail, b"")
        return None


def unpack(stream: BinaryIO, limits: Bounds) -> Buffer:
    """Return the content of a stream that may be compressed, once or twice."""
    return unpack_buffer(Buffer(Plain(stream)), limits)


def unpack_buffer(buf: Buffer, limits: Bounds) -> Buffer:
    """Return the content of bytes that may be compressed, once or twice."""
    for _ in range(_LEVELS):
        content = inflater(buf)
        if content is None:
            return buf
        buf = Buffer(Inflated(buf, content, limits))
    if inflater(buf) is not None:
        return Buffer(Refused(buf, "compressed more than twice"))
    return buf


def inflater(buf: Buffer) -> Inflate | None:
    """Return the content of a compressed stream, or None if it is not compressed."""
    buf.fill(BLOCK)
    head = buf.data[buf.pos : buf.pos + 10]
    if head.startswith(b"\x1f\x8b\x08"):
        return gunzip(buf)
    if is_zstd(head):
        return unzstd(buf)
    if head.startswith(b"BZh") and head[4:10] in _BZ2_BLOCKS:
        return _bunzip2(buf)
    return None


class Refused:
    """Nothing, and the fault that says why."""

    def __init__(self, buf: Buffer, detail: str) -> None:
        self.fault: Fault | None = fault(Reason.BAD_FORMAT, detail, buf.take(KEEP))
        self.complete = True

    def read(self) -> bytes:
        """Return nothing."""
        return b""


def _bunzip2(buf: Buffer) -> Inflate:
    """Yield the content of all bzip2 streams."""
    number = 0
    while buf.fill(3) and buf.data.startswith(b"BZh", buf.pos):
        number += 1
        trouble = yield from _bz2_stream(buf, number)
        if trouble is not None:
            return trouble
    rest = buf.take(KEEP + 1)
    if not rest.strip(b"\0"):
        return None
    if b"BZh".startswith(rest):
        return _cut(number + 1)
    return fault(Reason.BAD_FORMAT, "bytes after the last bzip2 stream are not bzip2", rest)


def _bz2_stream(buf: Buffer, number: int) -> Inflate:
    engine = bz2.BZ2Decompressor()
    while not engine.eof:
        piece = b""
        if engine.needs_input:
            if not buf.fill(1):
                return _cut(number)
            piece = buf.take(BLOCK)
        try:
            out = engine.decompress(piece, _OUT)
        except OSError as error:
            detail = f"bzip2 stream {number} cannot be read on: {error}"
            return fault(Reason.TRUNCATED_GZIP, detail, b"")
        if out:
            yield out
    buf.give_back(engine.unused_data)
    return None


def _cut(number: int) -> Fault:
    return fault(Reason.TRUNCATED_GZIP, f"bzip2 stream {number} ends early", b"")
