"""The pieces that the stages of decoding hand on, and the limits all of them keep.

Stages are generators: bytes → framed values → unwrapped records → numbered results. Between the
stages a record has no position yet, so that each stage may turn one piece into several.
"""

from __future__ import annotations

import hashlib
from dataclasses import asdict, dataclass

from mantissa.model import Reason
from mantissa.sources.record import RAW_LIMIT, Limits

KEEP = RAW_LIMIT


@dataclass(frozen=True, slots=True)
class Bounds(Limits):
    """The limits, with what only tests have reason to change.

    Args:
        ratio_after: bytes after decompression that are harmless whatever their ratio. Real logs
            that repeat themselves pass 200:1 too, so a small object is never a bomb.
        window: bytes looked at together; results do not depend on it.
    """

    ratio_after: int = 64 << 20
    window: int = 1 << 20


def bounds(limits: Limits) -> Bounds:
    """Return the limits with the internal ones added."""
    return limits if isinstance(limits, Bounds) else Bounds(**asdict(limits))


@dataclass(frozen=True, slots=True)
class Rows:
    """Framed values.

    Args:
        raws: one text each.
        final: they are records as they stand and are not looked into for an envelope.
        delivered: they are elements of a list called `records`, as Firehose sends it.
    """

    raws: list[bytes]
    final: bool = False
    delivered: bool = False


@dataclass(frozen=True, slots=True)
class Fault:
    """A `Bad` that has no position yet.

    Args:
        tail: it is what was left when the stream ended in the middle of a record.
    """

    reason: Reason
    detail: str
    raw: bytes
    sha256: str
    truncated: bool
    tail: bool = False


@dataclass(frozen=True, slots=True)
class Skip:
    """A `Skipped` that has no position yet."""

    reason: str


Piece = Rows | Fault | Skip


class Kept:
    """A bounded copy and the hash of something too large to hold."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []
        self._held = 0
        self._seen = 0
        self._hash = hashlib.sha256()

    def add(self, data: bytes) -> None:
        """Take the next bytes."""
        self._hash.update(data)
        self._seen += len(data)
        if self._held < KEEP:
            part = data[: KEEP - self._held]
            self._parts.append(part)
            self._held += len(part)

    def fault(self, reason: Reason, detail: str, *, tail: bool = False) -> Fault:
        """Return what was taken as a fault."""
        cut = self._seen > self._held
        raw = b"".join(self._parts)
        return Fault(reason, detail, raw, self._hash.hexdigest(), cut, tail)


def fault(reason: Reason, detail: str, raw: bytes, *, tail: bool = False) -> Fault:
    """Return bytes at hand as a fault."""
    digest = hashlib.sha256(raw).hexdigest()
    return Fault(reason, detail, raw[:KEEP], digest, len(raw) > KEEP, tail)
