"""Windows events: `.evtx` files, chunk by chunk, and texts of `<Event>` elements.

An evtx file is a 4 KiB header and chunks of 64 KiB that stand for themselves ([MS-EVEN6],
libevtx's format description). Handing the parser one chunk at a time bounds memory and shows what
a chunk said it holds and did not give; on a whole file the parser leaves out damaged and cut
chunks without a word.
"""

from __future__ import annotations

import io
import re
import zlib
from collections.abc import Iterator
from typing import Any

from evtx import PyEvtxParser

from mantissa.model import Reason
from mantissa.sources.decoding.buffer import Buffer
from mantissa.sources.decoding.check import is_utf8
from mantissa.sources.decoding.lines import too_long
from mantissa.sources.decoding.pieces import Bounds, Kept, Piece, Rows, fault

EVTX_MAGIC = b"ElfFile\0"
_CHUNK_MAGIC = b"ElfChnk\0"
_HEADER = 4096
_CHUNK = 65536
_CHUNK_HEADER = 512
_FIRST, _LAST = 8, 16
_FREE, _CRC = 48, 52
_RECORD_MAGIC = b"**\0\0"
_RECORD_LEAST = 28

_START = re.compile(rb"<Event(?=[\s>])")
_END = b"</Event>"
_BETWEEN = re.compile(
    rb"(?:\s++|\xef\xbb\xbf|<\?[^>]*+>|<!--(?:[^-]|-(?!->))*+-->|</?Events\b[^>]*+>)*+"
)


def evtx_records(buf: Buffer, limits: Bounds) -> Iterator[Piece]:
    """Yield each event as JSON text."""
    if not buf.fill(_HEADER):
        yield fault(Reason.BAD_FORMAT, "the evtx header is cut", buf.take(buf.size), tail=True)
        return
    header = buf.take(_HEADER)
    number = 0
    while buf.fill(1):
        number += 1
        buf.fill(_CHUNK)
        yield from _chunk(header, buf.take(_CHUNK), number)


def _chunk(header: bytes, chunk: bytes, number: int) -> Iterator[Piece]:
    cut = len(chunk) < _CHUNK
    if not chunk.strip(b"\0"):
        return
    if not chunk.startswith(_CHUNK_MAGIC) or len(chunk) < _CHUNK_HEADER:
        detail = f"evtx chunk {number} has no valid header"
        yield fault(Reason.BAD_FORMAT, detail, chunk, tail=cut)
        return
    whole = _whole_records(chunk) if cut else chunk
    seen = 0
    for piece in _parse(header + whole.ljust(_CHUNK, b"\0"), number):
        yield piece
        seen += 1
    said = _events_said(chunk)
    if seen < said:
        detail = f"evtx chunk {number} should hold {said} events and gave {seen}"
        yield fault(Reason.BAD_FORMAT, detail, chunk, tail=cut)
    elif not cut and not _is_as_written(chunk):
        detail = f"evtx chunk {number}: checksum differs; some of its events may be wrong"
        yield fault(Reason.BAD_FORMAT, detail, chunk)


def _is_as_written(chunk: bytes) -> bool:
    """Check the events' checksum."""
    free = int.from_bytes(chunk[_FREE : _FREE + 4], "little")
    return zlib.crc32(chunk[_CHUNK_HEADER:free]) == int.from_bytes(chunk[_CRC : _CRC + 4], "little")


def _events_said(chunk: bytes) -> int:
    """Return how many events a chunk's header promises, at most what fits."""
    first = int.from_bytes(chunk[_FIRST : _FIRST + 8], "little")
    last = int.from_bytes(chunk[_LAST : _LAST + 8], "little")
    count = last - first + 1
    if 0 < count < _CHUNK // 24:
        return count
    return 1 if chunk[_CHUNK_HEADER:].strip(b"\0") else 0


def _whole_records(chunk: bytes) -> bytes:
    """Return a cut chunk up to the last record that is there to its end.

    The parser reads what is missing as zeros and makes an event of it. A record begins with a mark
    and its size, and ends with its size again.
    """
    end = _CHUNK_HEADER
    while chunk.startswith(_RECORD_MAGIC, end):
        size = int.from_bytes(chunk[end + 4 : end + 8], "little")
        if size < _RECORD_LEAST or chunk[end + size - 4 : end + size] != chunk[end + 4 : end + 8]:
            break
        end += size
    return chunk[:end]


def _parse(file: bytes, number: int) -> Iterator[Piece]:
    try:
        records = iter(PyEvtxParser(io.BytesIO(file), number_of_threads=1).records_json())
    except (OSError, RuntimeError, ValueError):
        return
    while True:
        try:
            record: Any = next(records)
        except StopIteration:
            return
        except (OSError, RuntimeError, ValueError) as error:
            detail = f"evtx chunk {number}: {error}"
            yield fault(Reason.BAD_FORMAT, detail[:500], b"")
            continue
        yield Rows([record["data"].encode("utf-8", "replace")], final=True)


def xml_events(buf: Buffer, limits: Bounds) -> Iterator[Piece]:
    """Yield each `<Event>` element as it stands."""
    while buf.fill(1):
        start = _next_start(buf, limits)
        yield from _between(buf.take(start))
        if not buf.fill(1):
            return
        if not _START.match(buf.data, buf.pos):
            continue
        yield _element(buf, limits)


def _next_start(buf: Buffer, limits: Bounds) -> int:
    """Return how many bytes lead up to the next element, or all there are."""
    while (match := _START.search(buf.data, buf.pos)) is None:
        if buf.size > limits.max_line or not buf.grow():
            return buf.size
    return match.start() - buf.pos


def _between(text: bytes) -> Iterator[Piece]:
    if not _BETWEEN.fullmatch(text):
        yield fault(Reason.BAD_FORMAT, "text that is not part of a Windows event", text)


def _element(buf: Buffer, limits: Bounds) -> Piece:
    end = -1
    while (end := buf.data.find(_END, buf.pos)) < 0:
        if buf.size > limits.max_line:
            return _skip_element(buf, limits)
        if not buf.grow():
            detail = "the stream ends within an event"
            return fault(Reason.BAD_FORMAT, detail, buf.take(buf.size), tail=True)
    raw = buf.take(end + len(_END) - buf.pos)
    if len(raw) > limits.max_line:
        kept = Kept()
        kept.add(raw)
        return too_long(kept, limits)
    if not is_utf8(raw):
        return fault(Reason.BAD_UTF8, "this event is not UTF-8", raw)
    return Rows([raw], final=True)


def _skip_element(buf: Buffer, limits: Bounds) -> Piece:
    kept = Kept()
    while (end := buf.data.find(_END, buf.pos)) < 0:
        kept.add(buf.take(max(0, buf.size - len(_END))))
        if not buf.grow():
            kept.add(buf.take(buf.size))
            return too_long(kept, limits)
    kept.add(buf.take(end + len(_END) - buf.pos))
    return too_long(kept, limits)
