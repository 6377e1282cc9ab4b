"""Zstandard, frame by frame and block by block (RFC 8878).

The library's own stream readers end quietly in the middle of a frame, and one call may return
gigabytes for a few kilobytes of run-length blocks. Walking the block headers shows where a frame
ends and bounds what a call returns.
"""

from __future__ import annotations

from typing import Any

import zstandard

from mantissa.model import Reason
from mantissa.sources.decoding.buffer import Buffer
from mantissa.sources.decoding.gzip_members import Inflate
from mantissa.sources.decoding.pieces import KEEP, Fault, fault

MAGIC = b"\x28\xb5\x2f\xfd"
_SKIPPABLE = b"\x2a\x4d\x18"
_BLOCKS_AT_ONCE = 8
_MAX_WINDOW = 1 << 27
_RLE = 1


def is_zstd(head: bytes) -> bool:
    """Say whether bytes begin a frame, a skippable one included."""
    return head.startswith(MAGIC) or (head[1:4] == _SKIPPABLE and 0x50 <= head[0] <= 0x5F)


def unzstd(buf: Buffer) -> Inflate:
    """Yield the content of all frames."""
    number = 0
    while buf.fill(4):
        head = buf.data[buf.pos : buf.pos + 4]
        number += 1
        if head == MAGIC:
            trouble = yield from _frame(buf, number)
        elif is_zstd(head):
            trouble = _skip_frame(buf, number)
        else:
            break
        if trouble is not None:
            return trouble
    rest = buf.take(KEEP + 1)
    if not rest.strip(b"\0"):
        return None
    if MAGIC.startswith(rest):
        return _cut(number + 1)
    return fault(Reason.BAD_FORMAT, "bytes after the last zstd frame are not zstd", rest)


def _skip_frame(buf: Buffer, number: int) -> Fault | None:
    if not buf.fill(8):
        return _cut(number)
    left = int.from_bytes(buf.take(8)[4:], "little")
    while left:
        if not buf.fill(1):
            return _cut(number)
        left -= len(buf.take(left))
    return None


def _frame(buf: Buffer, number: int) -> Inflate:
    header = _frame_header(buf)
    if header is None:
        return _cut(number)
    engine = zstandard.ZstdDecompressor(max_window_size=_MAX_WINDOW).decompressobj()
    checksum = 4 if header[4] & 4 else 0
    waiting, blocks, last = header, 0, False
    while not last:
        block = _block(buf)
        if block is None:
            break
        waiting += block
        blocks += 1
        last = bool(block[0] & 1)
        if last and checksum and buf.fill(checksum):
            waiting += buf.take(checksum)
            checksum = 0
        if last or blocks == _BLOCKS_AT_ONCE:
            trouble = yield from _feed(engine, waiting, number)
            if trouble is not None:
                return trouble
            waiting, blocks = b"", 0
    trouble = (yield from _feed(engine, waiting, number)) if waiting else None
    return trouble or (None if last and not checksum else _cut(number))


def _feed(engine: Any, data: bytes, number: int) -> Inflate:
    try:
        out: bytes = engine.decompress(data)
    except zstandard.ZstdError as error:
        detail = f"zstd frame {number} cannot be read on: {error}"
        return fault(Reason.TRUNCATED_GZIP, detail, b"")
    if out:
        yield out
    return None


def _frame_header(buf: Buffer) -> bytes | None:
    """Take a frame header: 4 magic, 1 descriptor, then window, dictionary id, content size."""
    if not buf.fill(5):
        return None
    descriptor = buf.data[buf.pos + 4]
    single = bool(descriptor & 0x20)
    dictionary = (0, 1, 2, 4)[descriptor & 3]
    content = (1 if single else 0, 2, 4, 8)[descriptor >> 6]
    length = 5 + (0 if single else 1) + dictionary + content
    return buf.take(length) if buf.fill(length) else None


def _block(buf: Buffer) -> bytes | None:
    if not buf.fill(3):
        return None
    word = int.from_bytes(buf.data[buf.pos : buf.pos + 3], "little")
    length = 1 if (word >> 1) & 3 == _RLE else word >> 3
    return buf.take(3 + length) if buf.fill(3 + length) else None


def _cut(number: int) -> Fault:
    return fault(Reason.TRUNCATED_GZIP, f"zstd frame {number} ends early", b"")
