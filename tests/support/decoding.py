"""Decode bytes in a test and look at the outcome as a whole."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import cycle
from typing import BinaryIO, cast

from mantissa.sources.decode import decode
from mantissa.sources.decoding.pieces import Bounds
from mantissa.sources.record import Bad, Batch, Skipped


@dataclass
class Outcome:
    """What became of an object; `good` in the order of positions."""

    good: list[bytes] = field(default_factory=list)
    bad: list[Bad] = field(default_factory=list)
    skipped: list[Skipped] = field(default_factory=list)
    batches: list[Batch] = field(default_factory=list)

    @property
    def reasons(self) -> list[str]:
        return [str(bad.reason) for bad in self.bad]

    @property
    def counts(self) -> tuple[int, int, int]:
        return len(self.good), len(self.bad), len(self.skipped)


class Trickle(io.RawIOBase):
    """A stream that gives as many bytes as it likes."""

    def __init__(self, data: bytes, sizes: Sequence[int]) -> None:
        self._data = io.BytesIO(data)
        self._sizes = cycle(sizes)

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        most = next(self._sizes)
        return self._data.read(most if size < 0 else min(size, most))


def outcome(data: bytes | BinaryIO, name: str = "log", **limits: float) -> Outcome:
    """Decode and check that every position from 0 on is given exactly once."""
    stream = io.BytesIO(data) if isinstance(data, bytes) else data
    result = Outcome()
    numbered: dict[int, bytes] = {}
    positions: list[int] = []
    for item in decode(stream, name, Bounds(**cast(dict[str, int], limits))):
        if isinstance(item, Batch):
            result.batches.append(item)
            numbered.update(zip(item.positions, item.raws, strict=True))
            positions += item.positions
        else:
            (result.bad if isinstance(item, Bad) else result.skipped).append(item)  # type: ignore[arg-type]
            positions.append(item.position)
    assert sorted(positions) == list(range(len(positions)))
    result.good = [numbered[position] for position in sorted(numbered)]
    return result
