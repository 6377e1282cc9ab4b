"""What runs write into the lake, under names that no two of their workers share.

    lake/<table>/event_date=<day>/<run>-<taken>-<rules and number>.parquet

`taken` is the version of the pin with which the worker took up the run, so it grows from worker to
worker: whoever takes over can tell what is left of others, and never what comes after itself.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Protocol

from mantissa.lake.parquet import PARTITION
from mantissa.ports import ObjectStore


class OutputPorts(Protocol):
    """What writing needs of the world."""

    @property
    def objects(self) -> ObjectStore:
        """Where the lake's files are."""
        ...

    @property
    def register(self) -> Callable[[str, Iterable[str]], None]:
        """Makes days of a table known to the engines."""
        ...


def write_files(ports: OutputPorts, table: str, files: Iterable[tuple[str, bytes]]) -> list[str]:
    """Write a table's files, make their days known and return their keys."""
    keys = []
    for key, data in files:
        ports.objects.put_if_absent(key, data)
        keys.append(key)
    if keys:
        ports.register(table, sorted({day_of(key) for key in keys}))
    return keys


def stem(run_id: str, taken: int, rest: str) -> str:
    """Return what the names of a worker's files begin with."""
    return f"{run_id}-{taken:08d}-{rest}"


def written_before(key: str, run_id: str, taken: int) -> bool:
    """Tell whether a file is of a run's worker that took it up before that version of the pin."""
    run, _, rest = key.rpartition("/")[2].partition("-")
    version = rest.partition("-")[0]
    return run == run_id and not (version.isdecimal() and int(version) >= taken)


def day_of(key: str) -> str:
    """Return the day in a lake key."""
    return key.partition(f"/{PARTITION}=")[2].partition("/")[0]
