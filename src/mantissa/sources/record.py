"""What passes between decoding and mapping: records as bytes, and why some are not rows.

Every record of an object has exactly one position, counted from 0 over all its records, bad ones
included, so that `records = rows + quarantined + filtered` can be checked.
"""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256

from mantissa.model import Reason

RAW_LIMIT = 1 << 20
"""Most bytes of a bad record that are kept in quarantine."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What one object may cost.

    Args:
        max_bytes: decompressed bytes of one object.
        max_ratio: decompressed / compressed bytes, looked at after the first 64 MiB.
        max_line: bytes of one line.
        max_depth: nesting of one JSON value.
        max_document: bytes of one document that has to be held whole.
        max_members: members of one compressed file.
        batch_records: most records in one batch.
        batch_bytes: bytes after which a batch is closed.
    """

    max_bytes: int = 4 << 30
    max_ratio: float = 200.0
    max_line: int = 16 << 20
    max_depth: int = 64
    max_document: int = 64 << 20
    max_members: int = 10_000
    batch_records: int = 8192
    batch_bytes: int = 8 << 20


@dataclass(slots=True)
class Batch:
    """Records of one object in order.

    Args:
        raws: one record's text as received, UTF-8.
        positions: ordinal of each record in the object, from 0, ascending.
    """

    raws: list[bytes]
    positions: list[int]


@dataclass(frozen=True, slots=True)
class Bad:
    """A record that cannot be a row.

    Args:
        detail: what is wrong, in words, naming the column where there is one.
        raw: the record, cut to 1 MiB.
        sha256: hex digest of the whole record.
        truncated: whether `raw` was cut.
    """

    position: int
    reason: Reason
    detail: str
    raw: bytes
    sha256: str
    truncated: bool


@dataclass(frozen=True, slots=True)
class Skipped:
    """A record that was recognised and is, on purpose, not an event; counted as filtered."""

    position: int
    reason: str


class RecordError(Exception):
    """One record cannot be a row; never leaves `sources`, where it becomes a `Bad`.

    Args:
        reason: the quarantine reason.
        detail: what is wrong, in words.
    """

    def __init__(self, reason: Reason, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason
        self.detail = detail


def bad(position: int, reason: Reason, detail: str, raw: bytes) -> Bad:
    """Make the quarantine entry of one record, its text bounded to 1 MiB."""
    return Bad(
        position=position,
        reason=reason,
        detail=detail,
        raw=raw[:RAW_LIMIT],
        sha256=sha256(raw).hexdigest(),
        truncated=len(raw) > RAW_LIMIT,
    )
