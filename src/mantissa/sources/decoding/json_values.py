"""JSON values one after another: lines, documents over many lines, and mixtures of both.

Lines are tried first, each by the parser, because that is what most files hold. The first line
that is not a value by itself is looked at by its brackets: it may begin a value over several
lines, hold several values, begin a list of records of any size, or be damaged. A damaged line
costs itself only.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import msgspec

from mantissa.model import Reason
from mantissa.sources.decoding.buffer import Buffer
from mantissa.sources.decoding.check import decode_raw, diagnose, is_json, vet
from mantissa.sources.decoding.json_list import HEADER, ListReader
from mantissa.sources.decoding.lines import line_end, skip_line, take_line, too_long
from mantissa.sources.decoding.pieces import Bounds, Fault, Kept, Piece, Rows
from mantissa.sources.decoding.scan import Scanner

_ALWAYS_LISTS = (None, b"Records")
_OPENERS = (b"{", b"[")
_BOM = b"\xef\xbb\xbf"
_SPACE = re.compile(rb"[ \t\r\n]*+")
_AFTER = re.compile(rb"[ \t\r]*+,?[ \t\r]*+")
_SMALLEST = 1 << 12
_WASTE = 8


def json_values(buf: Buffer, limits: Bounds) -> Iterator[Piece]:
    """Yield the values of a stream."""
    yield from _Values(buf, limits).pieces()


class _Values:
    """Reads on, remembering how the values are laid out and how much was looked at in vain."""

    def __init__(self, buf: Buffer, limits: Bounds) -> None:
        self._buf = buf
        self._limits = limits
        self._by_line = True
        self._window = limits.window
        self._wasted = 0

    def pieces(self) -> Iterator[Piece]:
        while self._buf.fill(1):
            if self._by_line:
                yield from self._lines()
            if self._skip_space():
                yield from self._value()

    def _lines(self) -> Iterator[Piece]:
        """Take lines up to the first one that has to be looked at together with the next ones."""
        buf = self._buf
        size = line_end(buf, self._window)
        window = buf.data[buf.pos : buf.pos + size]
        good: list[bytes] = []
        done = 0
        for line in window.split(b"\n") if size else ():
            text = line.strip()
            try:
                if text:
                    decode_raw(text)
                    good.append(text)
            except (msgspec.DecodeError, RecursionError):
                bad = self._bad_by_itself(text)
                if bad is None:
                    break
                if good:
                    yield from vet(good, b"\n".join(good), self._limits)
                    good = []
                yield bad
            done += len(line) + 1
        done = min(done, size)
        buf.pos += done
        self._resize(done == size)
        if good:
            yield from vet(good, window, self._limits)

    def _resize(self, enough: bool) -> None:
        if enough:
            self._window = min(2 * self._window, self._limits.window)
        else:
            self._window = max(self._window // 2, min(_SMALLEST, self._limits.window))

    def _bad_by_itself(self, line: bytes) -> Fault | None:
        """Return what is wrong with a line, or None if it has to be looked at by its brackets."""
        if line.startswith(_OPENERS):
            if HEADER.match(line):
                return None
            scanner = Scanner()
            end = scanner.feed(line + b"\n", 0)
            if end is None and not scanner.broken:
                return None
            if end is not None:
                after = _AFTER.match(line, end).end()  # type: ignore[union-attr]
                if line.startswith(_OPENERS, after) or (after == len(line) and is_json(line[:end])):
                    return None
        return None if line.startswith(_BOM) else diagnose(line, self._limits)

    def _skip_space(self) -> bool:
        """Go to the next value; False if there is none."""
        buf = self._buf
        while buf.fill(1):
            buf.pos = _SPACE.match(buf.data, buf.pos).end()  # type: ignore[union-attr]
            if buf.size:
                buf.fill(len(_BOM))
                if not buf.data.startswith(_BOM, buf.pos):
                    return True
                buf.pos += len(_BOM)
        return False

    def _value(self) -> Iterator[Piece]:
        """Take one value, however it is laid out."""
        buf, limits = self._buf, self._limits
        buf.fill(limits.window)
        header = HEADER.match(buf.data, buf.pos)
        if header and header[1] in _ALWAYS_LISTS:
            yield from self._list(header[0])
        elif not buf.data.startswith(_OPENERS, buf.pos):
            yield from self._line()
        else:
            yield from self._document(header[0] if header else b"")

    def _list(self, header: bytes) -> Iterator[Piece]:
        self._buf.pos += len(header)
        delivered = b'"records"' in header
        for piece in ListReader(self._buf, self._limits, header).pieces():
            if delivered and isinstance(piece, Rows):
                yield Rows(piece.raws, delivered=True)
            else:
                yield piece

    def _line(self) -> Iterator[Piece]:
        """Take one line that does not begin with an object or array."""
        line = take_line(self._buf, self._limits)
        self._by_line = True
        if isinstance(line, Fault):
            whole = line.tail and is_json(line.raw) and not line.truncated
            line = line.raw.strip() if whole else line
        if isinstance(line, Fault):
            yield line
        elif is_json(line):
            yield from vet([line.strip()], line, self._limits)
        else:
            yield diagnose(line.strip(), self._limits)

    def _document(self, header: bytes) -> Iterator[Piece]:
        """Take one object; `header` is its beginning if its first key may name a list."""
        buf, limits = self._buf, self._limits
        scanner = Scanner()
        end = scanner.feed(buf.data, buf.pos)
        while end is None and not scanner.broken:
            if buf.size > limits.max_document or not buf.grow():
                break
            end = scanner.feed(buf.data, buf.pos)
        too_large = (len(buf.data) if end is None else end) - buf.pos > limits.max_document
        if end is not None and not too_large:
            yield from self._ended(end)
        elif header:
            yield from self._list(header)
        elif too_large and not scanner.broken:
            yield self._too_large(scanner, end)
        else:
            yield self._unfinished(scanner)

    def _unfinished(self, scanner: Scanner) -> Fault:
        """Take what is left of a value that is damaged or that the stream's end leaves open."""
        self._wasted += scanner.done
        if _WASTE * self._wasted > self._limits.max_document:
            return self._give_up()
        if scanner.broken:
            return self._damaged(self._buf.pos + scanner.done)
        return self._up_to_next_value()

    def _ended(self, end: int) -> Iterator[Piece]:
        """Take a value whose brackets pair."""
        buf = self._buf
        one_line = buf.data.find(b"\n", buf.pos, end) < 0
        after = _AFTER.match(buf.data, end).end()  # type: ignore[union-attr]
        at_end = after == len(buf.data) or buf.data.startswith(b"\n", after)
        if one_line and not at_end and not buf.data.startswith(_OPENERS, after):
            yield self._bad_line()
            return
        self._by_line = one_line and at_end
        raw = buf.take(end - buf.pos)
        buf.pos = after
        if is_json(raw):
            yield from vet([raw], raw, self._limits)
        else:
            yield diagnose(raw, self._limits)

    def _damaged(self, at: int) -> Fault:
        """Take a value that cannot go on at `at`: its first line, or up to the next value."""
        buf = self._buf
        first = buf.data.find(b"\n", buf.pos)
        if first < 0 or first >= at or buf.data.startswith(_OPENERS, first + 1):
            return self._bad_line()
        return self._up_to_next_value()

    def _bad_line(self) -> Fault:
        line = take_line(self._buf, self._limits)
        self._by_line = True
        if isinstance(line, Fault):
            return line
        return diagnose(line.strip(), self._limits)

    def _up_to_next_value(self) -> Fault:
        """Take the lines before the next one that begins with a bracket."""
        buf = self._buf
        starts = [at for b in _OPENERS if (at := buf.data.find(b"\n" + b, buf.pos)) >= 0]
        raw = buf.take(min(starts) + 1 - buf.pos if starts else buf.size)
        self._by_line = True
        return diagnose(raw.strip(), self._limits, tail=not starts and not buf.fill(1))

    def _give_up(self) -> Fault:
        """Consume everything: damage after damage that reaches over many lines."""
        kept = Kept()
        while self._buf.fill(1):
            kept.add(self._buf.take(self._buf.size))
        return kept.fault(Reason.BAD_JSON, "too much is damaged to tell records apart", tail=True)

    def _too_large(self, scanner: Scanner, end: int | None) -> Fault:
        """Consume a value that is too large to hold."""
        buf, kept = self._buf, Kept()
        while end is None and not scanner.broken:
            seen = buf.take(scanner.done)
            scanner.drop(len(seen))
            kept.add(seen)
            if not buf.fill(1):
                break
            end = scanner.feed(buf.data, buf.pos)
        if end is None:
            return skip_line(buf, kept, self._limits)
        kept.add(buf.take(end - buf.pos))
        return too_long(kept, self._limits)
