"""A batch on its way: as JSON objects, then as columns."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import pyarrow as pa

from mantissa.sources.record import Bad, Skipped


@dataclass(frozen=True, slots=True)
class Rows:
    """Records of a batch as columns, in record order, before the final checks.

    Args:
        arrays: the source's own columns by name, and `extra`.
    """

    arrays: Mapping[str, pa.Array]
    raws: list[bytes]
    positions: list[int]

    def take(self, keep: list[int]) -> Rows:
        """Return some of the rows."""
        indices = pa.array(keep, pa.int64())
        return Rows(
            {name: array.take(indices) for name, array in self.arrays.items()},
            [self.raws[i] for i in keep],
            [self.positions[i] for i in keep],
        )


@dataclass(slots=True)
class Records:
    """Records of one batch in order; `texts` is each record as a JSON object."""

    texts: list[bytes]
    raws: list[bytes]
    positions: list[int]
    rejects: list[Bad] = field(default_factory=list)
    skipped: list[Skipped] = field(default_factory=list)

    def rows(self, arrays: Mapping[str, pa.Array], places: list[int]) -> Rows:
        """Return columns with the raws and positions of the records they came from."""
        if len(places) == len(self.raws):
            return Rows(arrays, self.raws, self.positions)
        return Rows(arrays, [self.raws[i] for i in places], [self.positions[i] for i in places])
