"""The quick way for text lines: a whole batch through Arrow's CSV reader.

It takes only batches in which every line has the layout at hand and plain values; the rest goes
line by line, as the reference says. The two must come out the same.
"""

from __future__ import annotations

from collections.abc import Sequence

import pyarrow as pa
from pyarrow import csv

from mantissa.sources.definition import SourceSpec
from mantissa.sources.reader import LineReader
from mantissa.sources.record import Batch, Skipped
from mantissa.sources.rows import Rows
from mantissa.sources.schema import ARROW

_ODD = (b"\t", b"\r", b"0x", b"0X", b"\n{", b"\n\n")
"""What Arrow's CSV reader takes in another way than the reference."""
_TYPES = ("string", "bigint")


class LineColumns:
    """Reads batches of lines of one object; shares the header with the line reader."""

    def __init__(self, spec: SourceSpec, reader: LineReader) -> None:
        self.spec = spec
        self.reader = reader
        self._columns = {p[0]: f for f in spec.fields for p in f.paths if len(p) == 1}

    def read(self, batch: Batch) -> tuple[Rows, list[Skipped]] | None:
        """Return a batch's columns, or None when it is not plain."""
        if self.spec.recognise.filtered:
            return None
        raws, positions, skipped = batch.raws, batch.positions, []
        if raws and self.reader.takes_header(raws[0]):
            skipped = [Skipped(positions[0], self.reader.HEADER)]
            raws, positions = raws[1:], positions[1:]
        table = self._table(raws)
        if table is None:
            return None
        arrays = {
            f.name: table.get(f.name, pa.nulls(len(raws), ARROW[f.type])) for f in self.spec.fields
        }
        arrays["extra"] = pa.nulls(len(raws), pa.string())
        return Rows(arrays, raws, positions), skipped

    def _table(self, raws: Sequence[bytes]) -> dict[str, pa.Array] | None:
        blob = b"\n".join(raws)
        names = None if not raws else self._names(raws[0])
        if names is None or any(odd in blob for odd in _ODD) or blob[:1] in b"{\n":
            return None
        if blob.count(b"\n") != len(raws) - 1 or blob[-1:] == b"\n":
            return None
        try:
            return self._parse(blob, names)
        except pa.ArrowInvalid:
            return None

    def _names(self, line: bytes) -> list[str] | None:
        """Return the columns of the layout at hand, or None when it has others than plain ones."""
        count = line.count(self.reader.spec.delimiter.encode()) + 1
        fields = self.reader.layout or self.reader.spec.layouts.get(count, ())
        columns = [self._columns[f] for f in fields if f in self._columns]
        names = [c.name for c in columns]
        is_plain = (
            len(fields) == count == len(columns) == len(set(names))
            and all(c.type in _TYPES for c in columns)
            and any(c.type == "bigint" for c in columns)
        )
        return names if is_plain else None

    def _parse(self, blob: bytes, names: list[str]) -> dict[str, pa.Array]:
        types = {f.name: ARROW[f.type] for f in self.spec.fields}
        table = csv.read_csv(
            pa.py_buffer(blob),
            csv.ReadOptions(column_names=names, block_size=len(blob) + 1, use_threads=False),
            csv.ParseOptions(
                delimiter=self.reader.spec.delimiter,
                quote_char=False,
                escape_char=False,
                ignore_empty_lines=False,
            ),
            csv.ConvertOptions(
                column_types={n: types[n] for n in names},
                null_values=[self.reader.spec.null],
                strings_can_be_null=True,
            ),
        )
        return {n: table[n].combine_chunks() for n in names}
