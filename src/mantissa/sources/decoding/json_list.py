"""The elements of a JSON array, split in windows, so that its size does not matter.

A window is cut where an element seems to end and is handed to the parser in brackets. Only a cut
between two elements of this very array makes valid JSON: a cut in a string or in a deeper value
leaves it open. So a guess is never wrong, only useless, and the parser splits at its own speed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

import msgspec

from mantissa.model import Reason
from mantissa.sources.decoding.buffer import Buffer, Memory
from mantissa.sources.decoding.check import decode_list, diagnose, is_json, vet
from mantissa.sources.decoding.lines import too_long
from mantissa.sources.decoding.pieces import Bounds, Fault, Kept, Piece
from mantissa.sources.decoding.scan import Scanner

HEADER = re.compile(
    rb'\s*+(?:\[|\{\s*+"(Records|records|events|Events|logEvents|value)"\s*+:\s*+\[)'
)
"""The beginning of an array, or of an object whose first key is a name for lists of records."""

_BETWEEN = re.compile(rb"[\s,]*+")
_SCALAR = re.compile(rb'(?:"(?:[^"\\\n]|\\[^\n])*+"|[^\s,\[\]{}"]++)', re.DOTALL)
_COMMA = re.compile(rb"\s*+,\s*+")
_SMALLEST = 1 << 12
_KEY_BYTES = 12
_LOOK_AHEAD = 64


class ListReader:
    """Reads the rest of an array, from behind its opening bracket on.

    Args:
        header: what led up to the array; of an object around it the rest is consumed too.
    """

    def __init__(self, buf: Buffer, limits: Bounds, header: bytes) -> None:
        self._buf = buf
        self._limits = limits
        self._wrapped = header.lstrip().startswith(b"{")
        self._size = limits.window
        self._ends: list[tuple[bytes, int]] = []
        self._one_line = b"\n" not in header.lstrip()
        self._broken = False
        self._begun = False

    def pieces(self) -> Iterator[Piece]:
        """Yield the elements; where the array is damaged, one fault for its rest."""
        while True:
            at_end = self._skip_between()
            if at_end is None:
                yield self._rest("the array does not go on as an array does")
                return
            if at_end:
                break
            found = self._many()
            if found is not None:
                yield from vet(*found, self._limits)
                continue
            piece = self._one()
            if isinstance(piece, bytes):
                yield from vet([piece], piece, self._limits)
                continue
            yield piece
            if piece.tail or self._broken:
                return
        if self._wrapped and not self._leave_object():
            yield self._rest("the object around the list does not end")

    def _skip_between(self) -> bool | None:
        """Go to the next element; True at the closing bracket, None where neither follows."""
        buf = self._buf
        apart = not self._begun
        self._begun = True
        while buf.fill(1):
            end = _BETWEEN.match(buf.data, buf.pos).end()  # type: ignore[union-attr]
            self._note(buf.data, buf.pos, end)
            apart = apart or end > buf.pos
            buf.pos = end
            if buf.size and buf.data[end] == ord("]"):
                buf.pos += 1
                return True
            if buf.size:
                return False if apart else None
        return None

    def _many(self) -> tuple[list[bytes], bytes] | None:
        """Take the elements of a window, or None if they cannot be told apart so."""
        buf = self._buf
        buf.fill(self._size)
        for cut in self._cuts():
            window = b"[" + buf.data[buf.pos : cut] + b"]"
            try:
                raws = list(map(bytes, decode_list(window)))
            except (msgspec.DecodeError, RecursionError):
                continue
            self._note(buf.data, buf.pos, cut)
            buf.pos = cut
            self._size = min(2 * self._size, self._limits.window)
            return (raws, window) if raws else None
        self._size = max(self._size // 2, min(_SMALLEST, self._limits.window))
        return None

    def _cuts(self) -> Iterator[int]:
        """Yield where an element may end in the window, the likeliest place first."""
        buf = self._buf
        end = buf.pos + self._size
        if buf.ended and buf.size <= self._size:
            cut = buf.data.rfind(b"]")
            if cut > buf.pos:
                yield cut
        for separator, before in self._ends:
            cut = buf.data.rfind(separator, buf.pos, end)
            if cut > buf.pos:
                yield cut + before

    def _one(self) -> bytes | Fault:
        """Take one element by its brackets."""
        buf = self._buf
        if buf.data[buf.pos] not in b"{[":
            return self._scalar()
        scanner = Scanner()
        while (end := scanner.feed(buf.data, buf.pos)) is None and not scanner.broken:
            if buf.size > self._limits.max_line:
                return self._too_long(scanner)
            if not buf.grow():
                return self._rest("the stream ends within a record")
        if end is None and scanner.depth > self._limits.max_depth:
            detail = f"nested deeper than {self._limits.max_depth} levels"
            return replace(self._rest(detail), reason=Reason.DEPTH)
        if end is None:
            return self._rest("a record is damaged; what follows it cannot be told apart")
        length = end - buf.pos
        self._learn(length)
        raw = buf.take(length)
        self._note(raw, 0, len(raw))
        if len(raw) > self._limits.max_line:
            kept = Kept()
            kept.add(raw)
            return too_long(kept, self._limits)
        return raw if is_json(raw) else diagnose(raw, self._limits)

    def _scalar(self) -> bytes | Fault:
        buf = self._buf
        while (match := _SCALAR.match(buf.data, buf.pos)) is None or match.end() == len(buf.data):
            if buf.size > self._limits.max_line or not buf.grow():
                return self._rest("the stream ends within a value")
        raw = buf.take(match.end() - buf.pos)
        self._ends = [(b",", 0)]
        return raw if is_json(raw) else diagnose(raw, self._limits)

    def _too_long(self, scanner: Scanner) -> Fault:
        """Consume an element that is too large to hold."""
        buf, kept, end = self._buf, Kept(), None
        while end is None and not scanner.broken:
            seen = buf.take(scanner.done)
            scanner.drop(len(seen))
            kept.add(seen)
            self._note(seen, 0, len(seen))
            if not buf.fill(1):
                break
            end = scanner.feed(buf.data, buf.pos)
        if end is None:
            return self._rest("a record is longer than the limit and does not end", kept)
        kept.add(buf.take(end - buf.pos))
        return too_long(kept, self._limits)

    def _learn(self, length: int) -> None:
        """Note what stands between two objects here, with and without the next one's first key."""
        buf = self._buf
        buf.fill(length + _LOOK_AHEAD)
        end = buf.pos + length
        comma = _COMMA.match(buf.data, end)
        if comma is None or buf.data[comma.end() : comma.end() + 1] != b"{":
            return
        between = buf.data[end - 1 : end] + comma[0]
        key = buf.data[comma.end() : comma.end() + _KEY_BYTES]
        self._ends = [(between + key, 1), (between + b'{"', 1)]

    def _leave_object(self) -> bool:
        """Consume the keys after the list."""
        scanner = Scanner(strict=False)
        scanner.feed(b"{", 0)
        scanner.drop(1)
        buf = self._buf
        while buf.fill(1):
            end = scanner.feed(buf.data, buf.pos)
            if end is not None:
                buf.pos = end
                return True
            buf.take(scanner.done)
            scanner.drop(scanner.done)
            if scanner.broken:
                return False
        return False

    def _note(self, data: bytes, start: int, end: int) -> None:
        self._one_line = self._one_line and data.find(b"\n", start, end) < 0

    def _rest(self, detail: str, kept: Kept | None = None) -> Fault:
        """Consume what cannot be told apart: the line if all was on one line, else everything."""
        buf, kept = self._buf, kept or Kept()
        self._broken = True
        while buf.fill(1):
            end = buf.data.find(b"\n", buf.pos) if self._one_line else -1
            kept.add(buf.take(buf.size if end < 0 else end + 1 - buf.pos))
            if end >= 0:
                return kept.fault(Reason.BAD_JSON, detail)
        return kept.fault(Reason.BAD_JSON, detail, tail=True)


def elements(raw: bytes, limits: Bounds) -> Iterator[Piece]:
    """Yield the elements of an array at hand, which is valid JSON."""
    buf = Buffer(Memory(raw))
    buf.fill(len(raw) + 1)
    buf.pos = raw.index(b"[") + 1
    yield from ListReader(buf, limits, b"[").pieces()
