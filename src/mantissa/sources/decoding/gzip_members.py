"""Gzip, member by member (RFC 1952), keeping all that can be read of a damaged file.

Libraries that read a whole file raise on the first trouble and give nothing; some stop after the
first member. Log shippers produce many-member files, cut files and files padded with zeros.
"""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

from isal import igzip_lib, isal_zlib

from mantissa.model import Reason
from mantissa.sources.decoding.buffer import BLOCK, Buffer
from mantissa.sources.decoding.pieces import KEEP, Fault, fault

MAGIC = b"\x1f\x8b"
_HEADER = 10
_TRAILER = 8
_HCRC, _EXTRA, _NAME, _COMMENT = 2, 4, 8, 16
_OUT = 1 << 17
_DAMAGE: Any = igzip_lib.IsalError
_LONGEST_FIELD = 1 << 16

Inflate = Generator[bytes, None, Fault | None]
"""Yields content; returns what was wrong with the stream, if anything."""


def gunzip(buf: Buffer) -> Inflate:
    """Yield the content of all members."""
    found: Fault | None = None
    number = 0
    while True:
        number += 1
        trouble = _skip_header(buf, number) or (yield from _member(buf, number))
        if trouble is not None and trouble.reason is not Reason.BAD_FORMAT:
            return trouble
        found = found or trouble
        if not _next_member(buf):
            return found or _garbage(buf)


def _skip_header(buf: Buffer, number: int) -> Fault | None:
    if not buf.fill(_HEADER):
        return _cut(number, "in its header")
    head = buf.take(_HEADER)
    if head[:2] != MAGIC or head[2] != 8:
        return fault(Reason.NOT_GZIP, f"gzip member {number} has no valid header", head)
    flags = head[3]
    if flags & _EXTRA and not _skip_extra(buf):
        return _cut(number, "in its header")
    for flag in (_NAME, _COMMENT):
        if flags & flag and not _skip_text(buf):
            return _cut(number, "in its header")
    if flags & _HCRC and not _skip(buf, 2):
        return _cut(number, "in its header")
    return None


def _skip(buf: Buffer, count: int) -> bool:
    return buf.fill(count) and len(buf.take(count)) == count


def _skip_extra(buf: Buffer) -> bool:
    return buf.fill(2) and _skip(buf, int.from_bytes(buf.take(2), "little"))


def _skip_text(buf: Buffer) -> bool:
    while (end := buf.data.find(b"\0", buf.pos)) < 0:
        if buf.size > _LONGEST_FIELD or not buf.grow():
            return False
    buf.pos = end + 1
    return True


def _member(buf: Buffer, number: int) -> Inflate:
    engine = igzip_lib.IgzipDecompressor(flag=igzip_lib.DECOMP_DEFLATE)
    crc = size = 0
    while not engine.eof:
        piece = b""
        if engine.needs_input:
            if not buf.fill(1):
                return _cut(number, f"after {size} bytes of content")
            piece = buf.take(BLOCK)
        try:
            out = engine.decompress(piece, _OUT)
        except _DAMAGE as error:
            return fault(Reason.TRUNCATED_GZIP, _damaged(number, size, error), b"")
        if out:
            crc = isal_zlib.crc32(out, crc)
            size += len(out)
            yield out
    buf.give_back(engine.unused_data)
    return _check_trailer(buf, number, crc, size)


def _damaged(number: int, size: int, error: Exception) -> str:
    return f"gzip member {number} cannot be read on after {size} bytes of content: {error}"


def _check_trailer(buf: Buffer, number: int, crc: int, size: int) -> Fault | None:
    if not buf.fill(_TRAILER):
        return _cut(number, "in its checksum")
    trailer = buf.take(_TRAILER)
    if trailer == crc.to_bytes(4, "little") + (size & 0xFFFFFFFF).to_bytes(4, "little"):
        return None
    detail = f"gzip member {number}: checksum or length differs; some of its records may be wrong"
    return fault(Reason.BAD_FORMAT, detail, trailer)


def _cut(number: int, where: str) -> Fault:
    return fault(Reason.TRUNCATED_GZIP, f"gzip member {number} ends early, {where}", b"")


def _next_member(buf: Buffer) -> bool:
    """Skip padding and say whether another member begins."""
    while buf.fill(1):
        zeros = len(buf.data) - buf.pos - len(buf.data[buf.pos :].lstrip(b"\0"))
        buf.pos += zeros
        if buf.size:
            break
    buf.fill(len(MAGIC))
    return bool(buf.size) and MAGIC.startswith(buf.data[buf.pos : buf.pos + len(MAGIC)])


def _garbage(buf: Buffer) -> Fault | None:
    if not buf.size:
        return None
    buf.fill(KEEP + 1)
    rest = buf.take(KEEP + 1)
    return fault(Reason.NOT_GZIP, "bytes after the last gzip member are not gzip", rest)
