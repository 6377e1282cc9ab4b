"""From content to framed values: what kind of text or file this is, and who splits it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from mantissa.model import Reason
from mantissa.sources.decoding.buffer import Buffer, as_utf8
from mantissa.sources.decoding.json_values import json_values
from mantissa.sources.decoding.lines import text_lines
from mantissa.sources.decoding.pieces import KEEP, Bounds, Fault, Kept, Piece
from mantissa.sources.decoding.windows_events import EVTX_MAGIC, evtx_records, xml_events

_SNIFF = 1 << 16
_FORMATS = (
    (b"PK\x03\x04", "a zip archive where a log was expected"),
    (b"PK\x05\x06", "an empty zip archive"),
    (b"PAR1", "Parquet is not read as a log"),
    (b"ORC\0", "ORC is not read as a log"),
    (b"Obj\x01", "Avro is not read as a log"),
    (b"\xfd7zXZ\0", "xz compression is not supported"),
    (b"\x04\x22\x4d\x18", "lz4 compression is not supported"),
    (b"7z\xbc\xaf\x27\x1c", "7-Zip archives are not supported"),
    (b"SQLite format 3\0", "a SQLite database"),
    (b"%PDF-", "a PDF document"),
)
_JSON = re.compile(rb'\s*+(?:\{\s*+["}]|\[\s*+["{\[\]]|[{\[]\s*+\Z)')
_JSON_LINE = re.compile(rb'[ \t]*+\{[ \t]*+"')
_XML = re.compile(rb"\s*+<(?:\?xml\b|Events?[\s>]|!--)")
_CONTROLS = bytes(b for b in range(32) if b not in b"\t\n\r\f\b\x1b")
_CONTROLS_IN = 50


def framed(raw: Buffer, name: str, limits: Bounds) -> Iterator[Piece]:
    """Yield the values of decompressed content, and last what was wrong with the stream."""
    tail: Fault | None = None
    for piece in _values(raw, name, limits):
        if isinstance(piece, Fault) and piece.tail:
            tail = piece
        else:
            yield piece
    trouble = raw.fault
    if trouble is None or raw.complete:
        yield from (t for t in (tail, trouble) if t is not None)
    elif tail is not None and tail.raw:
        yield replace(tail, reason=trouble.reason, detail=trouble.detail, truncated=True)
    else:
        yield replace(trouble, truncated=True)


def _values(raw: Buffer, name: str, limits: Bounds) -> Iterator[Piece]:
    if not raw.fill(1):
        return
    raw.fill(_SNIFF)
    head = raw.data[raw.pos : raw.pos + _SNIFF]
    if head.startswith(EVTX_MAGIC):
        yield from evtx_records(raw, limits)
        return
    named = next((words for magic, words in _FORMATS if head.startswith(magic)), None)
    if named:
        yield _whole(raw, Reason.BAD_FORMAT, named)
        return
    text = Buffer(as_utf8(raw))
    text.fill(_SNIFF)
    head = text.data[:_SNIFF]
    if _is_binary(head):
        is_gz = name.lower().endswith((".gz", ".gzip"))
        reason = Reason.NOT_GZIP if is_gz else Reason.BAD_FORMAT
        yield _whole(text, reason, f"neither text nor a known format; begins {head[:8].hex(' ')}")
    elif _XML.match(head) and b"<Event" in head:
        yield from xml_events(text, limits)
    elif _is_json(head):
        yield from json_values(text, limits)
    else:
        yield from text_lines(text, limits)


def _whole(buf: Buffer, reason: Reason, detail: str) -> Fault:
    """Return the beginning of an object nothing can read; the rest is not worth reading."""
    buf.fill(KEEP)
    kept = Kept()
    kept.add(buf.take(KEEP))
    return replace(kept.fault(reason, detail), truncated=buf.fill(1))


def _is_binary(head: bytes) -> bool:
    """Text may hold a few bytes that are not UTF-8, or a few controls; binary is full of both."""
    try:
        head[:-3].decode()
    except UnicodeDecodeError:
        controls = len(head) - len(head.translate(None, _CONTROLS))
        return controls * _CONTROLS_IN > len(head)
    return False


def _is_json(head: bytes) -> bool:
    """The first value tells; where it does not, most of the first lines do."""
    if _JSON.match(head):
        return True
    lines = [line for line in head.split(b"\n") if line and not line.isspace()]
    return 2 * sum(1 for line in lines if _JSON_LINE.match(line)) > len(lines)
