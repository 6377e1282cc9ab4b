"""Lines of text, each a record, and what is done with lines too long to hold."""

from __future__ import annotations

from collections.abc import Iterator

from mantissa.model import Reason
from mantissa.sources.decoding.buffer import Buffer
from mantissa.sources.decoding.check import is_utf8
from mantissa.sources.decoding.pieces import Bounds, Fault, Kept, Piece, Rows, fault


def text_lines(buf: Buffer, limits: Bounds) -> Iterator[Piece]:
    """Yield each line that is not blank."""
    while buf.fill(1):
        size = line_end(buf, limits.window)
        if not size:
            yield from _records([take_line(buf, limits)], buf)
            continue
        window = buf.take(size)
        lines = window.split(b"\n")
        if is_utf8(window):
            yield Rows(_kept(lines), final=True)
        else:
            yield from _records(lines, buf)


def line_end(buf: Buffer, window: int) -> int:
    """Return how many bytes of the next window are whole lines."""
    buf.fill(window)
    return max(0, buf.data.rfind(b"\n", buf.pos, buf.pos + window) + 1 - buf.pos)


def take_line(buf: Buffer, limits: Bounds) -> bytes | Fault:
    """Take one line; a fault stands for one that is too long or that the stream cut."""
    end = -1
    while end < 0:
        end = buf.data.find(b"\n", buf.pos)
        if end < 0 and (buf.size > limits.max_line or not buf.grow()):
            break
    if end - buf.pos > limits.max_line or (end < 0 and buf.size > limits.max_line):
        return skip_line(buf, Kept(), limits)
    if end >= 0:
        return buf.take(end + 1 - buf.pos)
    rest = buf.take(buf.size)
    if buf.complete:
        return rest
    return fault(Reason.BAD_FORMAT, "the stream ends within this line", rest, tail=True)


def skip_line(buf: Buffer, kept: Kept, limits: Bounds) -> Fault:
    """Consume the rest of a line that is too long."""
    while buf.fill(1):
        end = buf.data.find(b"\n", buf.pos)
        kept.add(buf.take(buf.size if end < 0 else end + 1 - buf.pos))
        if end >= 0:
            break
    return too_long(kept, limits)


def too_long(kept: Kept, limits: Bounds) -> Fault:
    """Return the fault of a record over the limit of one record."""
    return kept.fault(Reason.LINE_TOO_LONG, f"longer than {limits.max_line} bytes")


def _records(lines: list[bytes | Fault] | list[bytes], buf: Buffer) -> Iterator[Piece]:
    for line in lines:
        if isinstance(line, Fault):
            yield line
        elif not is_utf8(line):
            yield fault(Reason.BAD_UTF8, "this line is not UTF-8", line.rstrip(b"\r\n"))
        else:
            yield Rows(_kept([line]), final=True)


def _kept(lines: list[bytes]) -> list[bytes]:
    return [line.rstrip(b"\r\n") for line in lines if line and not line.isspace()]
