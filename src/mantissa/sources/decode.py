"""Bytes to records: decompress, split, unwrap, number; for any source, deterministic, bounded.

Nothing about the content raises: what cannot be read is a `Bad` record with a reason, and the
records before and after it are kept. Errors of the stream itself pass through.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator
from itertools import accumulate
from typing import BinaryIO

from mantissa.model import Reason
from mantissa.sources.archives import is_archive, member, member_names, members, refusal
from mantissa.sources.decoding.envelopes import Unwrapper
from mantissa.sources.decoding.framing import framed
from mantissa.sources.decoding.pieces import Bounds, Fault, Piece, Rows, Skip, bounds, fault
from mantissa.sources.decoding.unpack import unpack
from mantissa.sources.record import Bad, Batch, Limits, Skipped

__all__ = ["Decoded", "decode", "is_archive", "member", "member_names", "members"]

Decoded = Batch | Bad | Skipped


def decode(stream: BinaryIO, name: str, limits: Limits) -> Iterator[Decoded]:
    """Yield the records of one object, each with its ordinal.

    Batches hold as many records as `limits` allow, so what lies between two good records may be
    yielded before them: positions, not the order of the results, tell the order of records.

    Args:
        name: only used to word what is wrong with content that nothing can read.
    """
    yield from _numbered(_pieces(stream, name, bounds(limits)), limits)


def _pieces(stream: BinaryIO, name: str, limits: Bounds) -> Iterator[Piece]:
    refused = refusal(stream)
    if refused is not None:
        yield refused
        return
    unwrapper = Unwrapper(limits)
    for piece in framed(unpack(stream, limits), name, limits):
        if isinstance(piece, Rows):
            for found in unwrapper.unwrap(piece):
                yield from _within_limit(found, limits)
        else:
            yield piece


def _within_limit(piece: Piece, limits: Bounds) -> Iterator[Piece]:
    """Only now is it known what is a record: an envelope may be larger than one."""
    if not isinstance(piece, Rows) or max(map(len, piece.raws), default=0) <= limits.max_line:
        yield piece
        return
    for raw in piece.raws:
        if len(raw) > limits.max_line:
            yield fault(Reason.LINE_TOO_LONG, f"longer than {limits.max_line} bytes", raw)
        else:
            yield Rows([raw], final=True)


def _numbered(pieces: Iterator[Piece], limits: Limits) -> Iterator[Decoded]:
    """Number the records and pack the good ones into batches."""
    packer = _Packer(limits)
    for piece in pieces:
        if isinstance(piece, Rows):
            yield from packer.add(piece.raws)
        else:
            yield packer.apart(piece)
    if packer.batch.raws:
        yield packer.batch


class _Packer:
    """Cuts batches where the records say, never where a window or a read happened to end."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._position = 0
        self._size = 0
        self.batch = Batch([], [])

    def apart(self, piece: Fault | Skip) -> Bad | Skipped:
        """Number a record that is not for a batch."""
        position = self._position
        self._position += 1
        if isinstance(piece, Skip):
            return Skipped(position, piece.reason)
        return Bad(position, piece.reason, piece.detail, piece.raw, piece.sha256, piece.truncated)

    def add(self, raws: list[bytes]) -> Iterator[Batch]:
        """Number good records and yield the batches that they fill."""
        start = 0
        while start < len(raws):
            part = self._fitting(raws, start)
            self.batch.raws += part
            self.batch.positions += range(self._position, self._position + len(part))
            self._position += len(part)
            start += len(part)
            limits = self._limits
            full = len(self.batch.raws) >= limits.batch_records or self._size >= limits.batch_bytes
            if full:
                yield self.batch
                self.batch, self._size = Batch([], []), 0

    def _fitting(self, raws: list[bytes], start: int) -> list[bytes]:
        """Return the records up to the one that fills the batch."""
        part = raws[start : start + self._limits.batch_records - len(self.batch.raws)]
        sizes = list(accumulate(map(len, part), initial=self._size))
        fits = bisect_left(sizes, self._limits.batch_bytes, lo=1)
        self._size = sizes[min(fits, len(part))]
        return part[:fits]
