"""What a query will read, before it runs: bytes of column chunks from the manifests.

The estimate is the compressed size of the referenced columns, and of the footers, in the files
whose day can be in the answer, once for every place in the query that reads the table. A row group
that an engine can skip is in it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from mantissa.ask.reads import Read
from mantissa.model import DataFile

ATHENA_DOLLARS_PER_TERABYTE = 5.0
"""List price of Athena SQL in most regions (aws.amazon.com/athena/pricing)."""

ATHENA_LEAST_BYTES = 10_000_000
"""Athena charges at least 10 MB for a query (same page)."""

_UNITS = ("B", "kB", "MB", "GB", "TB", "PB")


@dataclass(frozen=True, slots=True)
class Estimate:
    """What a query will read; `files` counts a file once for each time it is read."""

    bytes: int
    files: int


def estimate(reads: Iterable[Read], files: Iterable[DataFile]) -> Estimate:
    """Add up the referenced columns of every file that the reads touch."""
    by_table: dict[str, list[Read]] = defaultdict(list)
    for read in reads:
        by_table[read.table].append(read)
    size = count = 0
    for file in files:
        for read in by_table.get(file.table, ()):
            if read.days.admits(file.event_date):
                size += read_bytes(read, file)
                count += 1
    return Estimate(size, count)


def read_bytes(read: Read, file: DataFile) -> int:
    """Return what one read takes from one file; the whole file if its columns are unknown."""
    if not file.column_bytes:
        return file.bytes
    footer = max(0, file.bytes - sum(file.column_bytes.values()))
    return footer + sum(file.column_bytes.get(column, 0) for column in read.columns)


def dollars(size: int, per_terabyte: float = ATHENA_DOLLARS_PER_TERABYTE) -> float:
    """Return Athena's price for scanning so many bytes."""
    return max(size, ATHENA_LEAST_BYTES) / 1e12 * per_terabyte if size else 0.0


def format_bytes(size: int) -> str:
    """Return bytes for people, in powers of 1000: `1.2 GB`."""
    value, unit = float(size), 0
    while value >= 999.5 and unit < len(_UNITS) - 1:
        value, unit = value / 1000, unit + 1
    digits = 0 if unit == 0 or value >= 99.95 else 1
    return f"{value:.{digits}f} {_UNITS[unit]}"


def format_cost(size: int, per_terabyte: float | None = None) -> str:
    """Return `≈ 1.2 GB`, with `, $0.006` where scanning costs money."""
    text = f"≈ {format_bytes(size)}"
    if per_terabyte is None:
        return text
    price = dollars(size, per_terabyte)
    return f"{text}, ${price:.2f}" if price >= 0.1 else f"{text}, ${price:.2g}"
