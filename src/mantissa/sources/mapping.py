"""Batches of records to Arrow tables: picks the fast way where it applies, else record by record."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import msgspec
import pyarrow as pa

from mantissa.sources.assemble import Assembler, Envelope
from mantissa.sources.definition import SourceSpec
from mantissa.sources.fast import struct_reader
from mantissa.sources.fast_lines import LineColumns
from mantissa.sources.reader import LineReader, Reader, reader_of
from mantissa.sources.record import Bad, Batch, RecordError, Skipped, bad
from mantissa.sources.reference import Row, compact, filter_reason, read_row, record_of
from mantissa.sources.rows import Records, Rows
from mantissa.sources.schema import ARROW

__all__ = ["Envelope", "Extracted", "Extractor"]


@dataclass(frozen=True, slots=True)
class Extracted:
    """What became of one batch: every record is a row, a reject or skipped.

    Args:
        table: columns of the source's table, then `event_date`.
    """

    table: pa.Table
    rejects: list[Bad]
    skipped: list[Skipped]


class Extractor:
    """Maps the batches of one object, in order; it remembers what a header line said.

    Args:
        fast: whether shortcuts are allowed; without them the reference reads every record.
    """

    def __init__(self, spec: SourceSpec, *, fast: bool = True) -> None:
        self.spec = spec
        self._reader: Reader = reader_of(spec)
        self._mapper = RecordMapper(spec, fast=fast)
        self._assembler: Assembler | None = None
        self._lines: LineColumns | None = None
        if fast and isinstance(self._reader, LineReader):
            self._lines = LineColumns(spec, self._reader)

    def extract(self, batch: Batch, envelope: Envelope) -> Extracted:
        """Map one batch. Never raises for what a record contains."""
        with _gc_paused():
            rows, rejects, skipped = self._rows(batch)
            table, refused = self._finisher(envelope).finish(rows)
        return Extracted(
            table,
            sorted([*rejects, *refused], key=lambda b: b.position),
            sorted(skipped, key=lambda s: s.position),
        )

    def _rows(self, batch: Batch) -> tuple[Rows, list[Bad], list[Skipped]]:
        plain = None if self._lines is None else self._lines.read(batch)
        if plain is not None:
            return plain[0], [], plain[1]
        records = self._reader.read(batch)
        rows, rejects, skipped = self._mapper.map(records)
        return rows, [*records.rejects, *rejects], [*records.skipped, *skipped]

    def _finisher(self, envelope: Envelope) -> Assembler:
        if self._assembler is None or self._assembler.envelope != envelope:
            self._assembler = Assembler(self.spec, envelope)
        return self._assembler


class RecordMapper:
    """Maps records to columns, quickly where it can.

    Args:
        fast: whether the quick way may be taken.
    """

    def __init__(self, spec: SourceSpec, *, fast: bool) -> None:
        self.spec = spec
        self._quick = struct_reader(spec) if fast else None

    def map(self, records: Records) -> tuple[Rows, list[Bad], list[Skipped]]:
        """Return the records that fit as columns, and those that are bad or no events."""
        places = list(range(len(records.texts)))
        if self._quick is None or not is_utf8(records.texts):
            return read_records(self.spec, records, places)
        decoded = self._quick.read(compacted(records.texts))
        quick = records.rows(decoded.arrays, decoded.places)
        if not decoded.left:
            return quick, [], []
        rows, rejects, skipped = read_records(self.spec, records, decoded.left)
        return merge(quick, rows), rejects, skipped


def is_utf8(texts: list[bytes]) -> bool:
    """Whether every text is UTF-8."""
    joined = b"\n".join(texts)
    if joined.isascii():
        return True
    try:
        joined.decode()
    except UnicodeDecodeError:
        return False
    return True


def compacted(texts: list[bytes]) -> list[bytes]:
    """Return each JSON text without blanks between tokens; what is no JSON stays as it is."""
    try:
        return [msgspec.json.format(text, indent=-1) for text in texts]
    except (msgspec.DecodeError, RecursionError):
        return [_compacted(text) for text in texts]


def _compacted(text: bytes) -> bytes:
    try:
        return msgspec.json.format(text, indent=-1)
    except (msgspec.DecodeError, RecursionError):
        return text


def merge(first: Rows, second: Rows) -> Rows:
    """Put two sets of rows of one batch into record order."""
    positions = first.positions + second.positions
    order = sorted(range(len(positions)), key=positions.__getitem__)
    both = Rows(
        {n: pa.concat_arrays([a, second.arrays[n]]) for n, a in first.arrays.items()},
        first.raws + second.raws,
        positions,
    )
    return both.take(order)


def read_records(
    spec: SourceSpec, records: Records, places: list[int]
) -> tuple[Rows, list[Bad], list[Skipped]]:
    """Map the records at these places one at a time, as the reference says."""
    rows: list[Row] = []
    kept: list[int] = []
    rejects: list[Bad] = []
    skipped: list[Skipped] = []
    for i in places:
        try:
            record = record_of(compact(records.texts[i]))
            reason = filter_reason(record, spec.recognise.filtered)
            if reason is None:
                rows.append(read_row(record, spec))
                kept.append(i)
            else:
                skipped.append(Skipped(records.positions[i], reason))
        except RecordError as error:
            rejects.append(bad(records.positions[i], error.reason, error.detail, records.raws[i]))
    return rows_of(spec, rows, records, kept), rejects, skipped


def rows_of(spec: SourceSpec, rows: list[Row], records: Records, kept: list[int]) -> Rows:
    """Turn rows of values into columns; `kept` are their places among the records."""
    columns = list(zip(*rows, strict=True)) or [()] * (len(spec.fields) + 1)
    arrays = {
        field.name: pa.array(values, ARROW[field.type])
        for field, values in zip(spec.fields, columns, strict=False)
    }
    arrays["extra"] = pa.array(columns[-1], pa.string())
    return records.rows(arrays, kept)


@contextmanager
def _gc_paused() -> Iterator[None]:
    """Keep the cycle collector from walking a batch's many short-lived values."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()
