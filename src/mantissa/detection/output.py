"""What a run writes into the lake before it is true, under names that the run's pin determines."""

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
        if not ports.objects.put_if_absent(key, data) and ports.objects.get(key) != data:
            ports.objects.delete(key)
            ports.objects.put_if_absent(key, data)
        keys.append(key)
    if keys:
        ports.register(table, sorted({day_of(key) for key in keys}))
    return keys


def day_of(key: str) -> str:
    """Return the day in a lake key."""
    return key.partition(f"/{PARTITION}=")[2].partition("/")[0]
