"""The last step of a batch, the same for every way of reading it: columns to table rows.

Here a row gets its identity, its time and its partition, and here rows without a required field or
a readable time are turned away.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache

import pyarrow as pa
import pyarrow.compute as pc

from mantissa.model import Reason
from mantissa.sources.definition import CLOCK_SKEW, SourceSpec
from mantissa.sources.derive import deriver_of
from mantissa.sources.record import Bad, bad
from mantissa.sources.rows import Rows
from mantissa.sources.schema import arrow_schema
from mantissa.sources.times import TimeSyntaxError, believable, parse_time
from mantissa.sources.times_uniform import parse_uniform

SKEW_NOTE = '"_mantissa":{"flag":"clock_skew"}}'


@lru_cache(maxsize=256)
def row_schema(spec: SourceSpec) -> pa.Schema:
    """Return the schema of a source's finished rows, the partition column last."""
    return arrow_schema(spec.table).append(pa.field("event_date", pa.string()))


@dataclass(frozen=True, slots=True)
class Envelope:
    """What the rows of one object share.

    Args:
        identity: 64 hex digits of the object's content identity.
        ingest_time: the object's last modification, UTC.
    """

    identity: str
    source_object: str
    ingest_time: datetime


class Assembler:
    """Makes finished tables for one source and one object."""

    def __init__(self, spec: SourceSpec, envelope: Envelope) -> None:
        self.spec = spec
        self.envelope = envelope
        self.derive = deriver_of(spec)
        self.schema = row_schema(spec)
        self.window = believable(envelope.ingest_time)

    def finish(self, rows: Rows) -> tuple[pa.Table, list[Bad]]:
        """Return the rows that stand as a table, and the rejected ones."""
        rows, missing = self._drop_missing(rows)
        rows, times, untimely = self._drop_untimed(rows)
        return self._table(rows, times), missing + untimely

    def _drop_missing(self, rows: Rows) -> tuple[Rows, list[Bad]]:
        lacking: dict[int, str] = {}
        for group in (*self.spec.required, self.spec.time):
            present = pc.coalesce(*(rows.arrays[c].cast(pa.string()) for c in group))
            if present.null_count:
                for i in pc.indices_nonzero(present.is_null()).to_pylist():
                    lacking.setdefault(i, " or ".join(self._vendor_name(c) for c in group))
        return self._drop(rows, lacking, Reason.MISSING_REQUIRED, "no value for {}")

    def _drop_untimed(self, rows: Rows) -> tuple[Rows, pa.Array, list[Bad]]:
        texts = pc.coalesce(*(rows.arrays[c].cast(pa.string()) for c in self.spec.time))
        times, faults = self._parse(texts)
        rows, rejected = self._drop(rows, faults, Reason.BAD_TIME, "{}")
        return rows, times.drop_null() if faults else times, rejected

    def _parse(self, texts: pa.Array) -> tuple[pa.Array, dict[int, str]]:
        """Return milliseconds, null where a text is no time, and what is wrong there."""
        encoded = texts.dictionary_encode()
        uniform = parse_uniform(encoded.dictionary)
        if uniform is not None:
            return uniform.take(encoded.indices), {}
        parsed: list[int | None] = []
        wrong: dict[int, str] = {}
        for code, text in enumerate(encoded.dictionary.to_pylist()):
            try:
                parsed.append(parse_time(text))
            except TimeSyntaxError as error:
                parsed.append(None)
                wrong[code] = str(error)
        times = pa.array(parsed, pa.int64()).take(encoded.indices)
        codes = encoded.indices.to_pylist() if wrong else []
        return times, {i: wrong[code] for i, code in enumerate(codes) if code in wrong}

    def _drop(
        self, rows: Rows, faults: Mapping[int, str], reason: Reason, words: str
    ) -> tuple[Rows, list[Bad]]:
        if not faults:
            return rows, []
        rejected = [
            bad(rows.positions[i], reason, words.format(faults[i]), rows.raws[i])
            for i in sorted(faults)
        ]
        return rows.take([i for i in range(len(rows.raws)) if i not in faults]), rejected

    def _vendor_name(self, column: str) -> str:
        return next(".".join(f.paths[0]) for f in self.spec.fields if f.name == column)

    def _table(self, rows: Rows, times: pa.Array) -> pa.Table:
        count = len(rows.raws)
        skewed = pc.or_(pc.less(times, self.window[0]), pc.greater(times, self.window[1]))
        columns = {
            **self._identity(rows, times),
            **self.derive.fill(rows.arrays, count),
            **rows.arrays,
            "extra": _flag_skew(rows.arrays["extra"], skewed),
            "raw": pa.array(rows.raws, pa.binary()).cast(pa.string()),
            "event_date": pc.if_else(skewed, CLOCK_SKEW, _dates(times)),
        }
        return pa.Table.from_arrays(
            [_typed(columns[field.name], field.type) for field in self.schema], schema=self.schema
        )

    def _identity(self, rows: Rows, times: pa.Array) -> dict[str, pa.Array]:
        count, prefix = len(rows.raws), self.envelope.identity[:32]
        stamp = pa.scalar(self.envelope.ingest_time, pa.timestamp("ms", "UTC"))
        return {
            "event_id": pa.array([f"{prefix}{p:08x}" for p in rows.positions], pa.string()),
            "event_time": times.cast(pa.timestamp("ms", "UTC")),
            "ingest_time": pa.repeat(stamp, count),
            "source_object": pa.repeat(pa.scalar(self.envelope.source_object), count),
            "source_line": pc.add(pa.array(rows.positions, pa.int64()), 1),
            "digest_status": pa.nulls(count, pa.string()),
        }


def _typed(array: pa.Array, kind: pa.DataType) -> pa.Array:
    return array if array.type == kind else array.cast(kind)


def _dates(times: pa.Array) -> pa.Array:
    return times.cast(pa.timestamp("ms")).cast(pa.date32()).cast(pa.string())


def _flag_skew(extra: pa.Array, skewed: pa.Array) -> pa.Array:
    """Note in `extra` which rows have a time out of range."""
    if not pc.any(skewed).as_py():
        return extra
    flags = skewed.to_pylist()
    noted = [
        (text[:-1] + "," if text else "{") + SKEW_NOTE if flag else text
        for text, flag in zip(extra.to_pylist(), flags, strict=True)
    ]
    return pa.array(noted, pa.string())
