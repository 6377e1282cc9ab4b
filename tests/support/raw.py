"""Raw objects in memory, for the use cases that read a queue: honest, with members and doors."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import BinaryIO

from mantissa.adapters.memory import ManualClock, MemoryObjects
from mantissa.errors import MantissaError
from mantissa.lake.arrivals import Arrivals, Held
from mantissa.lake.refusals import Refusals
from mantissa.lake.seen import Seen
from mantissa.model import ObjectInfo
from support.lakes import NOW, Lake


@dataclass
class MemoryRaw:
    """Raw buckets in a dict; `closed` says which object raises what."""

    seen: Seen
    objects: MemoryObjects = field(default_factory=lambda: MemoryObjects(ManualClock(NOW)))
    closed: dict[str, MantissaError] = field(default_factory=dict)
    reads: list[str] = field(default_factory=list)

    @contextmanager
    def hold(self, uri: str) -> Iterator[Held]:
        info = self.head(uri)
        sighting = self.seen.find(uri)
        if sighting is not None and sighting.complete and sighting.is_of(info):
            yield Held(info, (), complete=True)
            return
        self.seen.note(info)
        yield Held(info, [uri])

    def head(self, key: str) -> ObjectInfo:
        if key in self.closed:
            raise self.closed[key]
        return self.objects.head(key)

    def open(self, key: str) -> BinaryIO:
        self.reads.append(key)
        if key in self.closed:
            raise self.closed[key]
        return self.objects.open(key)

    def put(self, uri: str, data: bytes) -> None:
        self.objects.delete(uri)
        self.objects.put_if_absent(uri, data)

    def listing(self, bucket: str, after: str = "") -> Iterator[ObjectInfo]:
        for info in self.objects.list(f"s3://{bucket}/"):
            if info.key > after:
                yield replace(info, identity="")


@dataclass
class RawLake:
    """A lake in memory that is fed by messages."""

    lake: Lake = field(default_factory=Lake)

    def __post_init__(self) -> None:
        self.seen = Seen(self.lake.state)
        self.raw = MemoryRaw(self.seen)
        self.lake.inputs = self.raw  # type: ignore[assignment]

    def arrivals(self) -> Arrivals:
        return Arrivals(self.raw, self.lake.ingest(), Refusals(self.lake.ports), self.seen)
