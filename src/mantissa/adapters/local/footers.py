"""What Parquet footers say of a lake's files: the basis of an engine's own estimate.

Files never change, so a footer is read once in the life of the process. Of a great many files
only some are opened and the others are taken to be like them, size for size: reading ten thousand
footers would take longer than the query.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from pathlib import Path

from mantissa.ask.cost import estimate
from mantissa.ask.reads import Read
from mantissa.errors import EngineTransient
from mantissa.model import DataFile

MOST_OPENED = 200
"""Files of one table whose footers are read for one estimate."""


def estimate_bytes(lake: Path, reads: Sequence[Read], partition: str = "event_date") -> int:
    """Return about how many bytes the reads take; exact up to `MOST_OPENED` files a table."""
    tables = {read.table: [r for r in reads if r.table == read.table] for read in reads}
    files = (file for table, own in tables.items() for file in _files(lake, table, own, partition))
    return estimate(reads, files).bytes


def _files(lake: Path, table: str, reads: Sequence[Read], partition: str) -> Iterator[DataFile]:
    chosen = []
    for folder in sorted((lake / table).glob(f"{partition}=*")):
        day = folder.name.partition("=")[2]
        if any(read.days.admits(day) for read in reads):
            chosen += [(path, day) for path in folder.glob("*.parquet")]
    step = -(-len(chosen) // MOST_OPENED) or 1
    opened = {path: _footer(path) for path, _ in chosen[::step]}
    share = _shares(opened)
    for path, day in chosen:
        size = path.stat().st_size
        known = opened.get(path) or {name: round(part * size) for name, part in share.items()}
        yield DataFile(str(path), table, day, 0, size, "", "", known)


def _shares(opened: Mapping[Path, Mapping[str, int]]) -> dict[str, float]:
    """Return the part of a file's bytes that each column takes, on average."""
    whole = sum(path.stat().st_size for path in opened)
    names = {name for sizes in opened.values() for name in sizes}
    return {n: sum(sizes.get(n, 0) for sizes in opened.values()) / whole for n in names}


@lru_cache(maxsize=4096)
def _footer(path: Path) -> Mapping[str, int]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    from mantissa.lake.parquet import column_bytes

    try:
        return column_bytes(pq.read_metadata(path))
    except (OSError, pa.ArrowException) as error:
        raise EngineTransient("the file's footer cannot be read", where=str(path)) from error
