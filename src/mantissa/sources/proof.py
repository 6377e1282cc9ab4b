"""The proof of a source: its sample, read by this build, against the rows expected beside it.

`expected.jsonl` has one line per record of the sample, in order: `{"row": {column: value}}` with the
columns that are not null, `{"quarantined": reason, "detail": …}` or `{"skipped": reason}`.
"""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from importlib.resources.abc import Traversable
from typing import Any

import orjson

from mantissa.errors import SourceError
from mantissa.sources.decode import decode
from mantissa.sources.mapping import Envelope, Extractor
from mantissa.sources.record import Bad, Batch, Limits, Skipped
from mantissa.sources.spec import SourceSpec

EXPECTED = "expected.jsonl"
_LEFT_OUT = frozenset({"event_id", "ingest_time", "source_object", "digest_status", "raw"})
"""Columns that say nothing about the mapping."""
_FIRST_GUESS = datetime(2026, 1, 1, tzinfo=UTC)
_DAY = timedelta(days=1)

Line = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Difference:
    """One value that is not as expected.

    Args:
        record: which record of the sample, from 1.
        column: the column; empty when the whole record became something else.
    """

    record: int
    column: str
    expected: Any
    found: Any

    def __str__(self) -> str:
        place = f"record {self.record}" + (f", column {self.column}" if self.column else "")
        return f"{place}: expected {_shown(self.expected)}, found {_shown(self.found)}"


def sample_of(folder: Traversable) -> Traversable:
    """Return a source folder's sample. Raises `SourceError` when there is not exactly one."""
    found = [f for f in folder.iterdir() if f.is_file() and f.name.startswith("sample.")]
    if len(found) != 1:
        count = "no" if not found else "more than one"
        raise SourceError(
            f"{count} sample beside source.yaml", file=str(folder), fix="keep one file sample.*"
        )
    return found[0]


def prove(spec: SourceSpec, folder: Traversable) -> list[Difference]:
    """Compare a source's sample with its expected rows. Raises `SourceError` for missing files."""
    file = folder.joinpath(EXPECTED)
    if not file.is_file():
        raise SourceError(
            "no expected rows",
            file=str(file),
            fix='write one line per record of the sample, such as {"row": {"activity": "login"}}',
        )
    expected = [_line(text, str(file), i) for i, text in enumerate(_lines(file.read_bytes()), 1)]
    sample = sample_of(folder)
    return list(_differences(expected, read_sample(spec, sample.name, sample.read_bytes())))


def expected_text(spec: SourceSpec, folder: Traversable) -> str:
    """Return the text of `expected.jsonl` as this build reads the sample."""
    sample = sample_of(folder)
    lines = read_sample(spec, sample.name, sample.read_bytes())
    return "".join(orjson.dumps(line).decode() + "\n" for line in lines)


def read_sample(spec: SourceSpec, name: str, content: bytes) -> list[Line]:
    """Decode and map a sample; one entry per record, in order.

    The object's age is taken from its events, so that the outcome does not depend on today.
    """
    modified = _FIRST_GUESS
    times = _times(spec, name, content, modified)
    if times:
        modified = sorted(times)[len(times) // 2] + _DAY / 2
    lines = sorted(_read(spec, name, content, modified), key=lambda item: item[0])
    return [line for _, line in lines]


def sample_rows(spec: SourceSpec, folder: Traversable) -> list[dict[str, Any]]:
    """Return the rows of a source's sample whole, in order, with the records as received."""
    sample = sample_of(folder)
    content = sample.read_bytes()
    envelope = Envelope(sha256(content).hexdigest(), sample.name, _FIRST_GUESS)
    extractor = Extractor(spec)
    rows: list[dict[str, Any]] = []
    for item in decode(io.BytesIO(content), sample.name, Limits()):
        if isinstance(item, Batch):
            rows += extractor.extract(item, envelope).table.to_pylist()
    return rows


def _times(spec: SourceSpec, name: str, content: bytes, modified: datetime) -> list[datetime]:
    found = (
        line.get("row", {}).get("event_time") for _, line in _read(spec, name, content, modified)
    )
    return [datetime.fromisoformat(text) for text in found if text is not None]


def _read(
    spec: SourceSpec, name: str, content: bytes, modified: datetime
) -> Iterator[tuple[int, Line]]:
    envelope = Envelope(sha256(content).hexdigest(), name, modified)
    extractor = Extractor(spec)
    for item in decode(io.BytesIO(content), name, Limits()):
        if not isinstance(item, Batch):
            yield _odd(item)
            continue
        extracted = extractor.extract(item, envelope)
        yield from map(_odd, extracted.rejects)
        yield from map(_odd, extracted.skipped)
        for row in extracted.table.to_pylist():
            yield row["source_line"] - 1, {"row": _row(row)}


def _odd(item: Bad | Skipped) -> tuple[int, Line]:
    if isinstance(item, Bad):
        return item.position, {"quarantined": str(item.reason), "detail": item.detail}
    return item.position, {"skipped": item.reason}


def _row(row: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: value.isoformat() if isinstance(value, datetime) else value
        for name, value in row.items()
        if value is not None and name not in _LEFT_OUT
    }


def _differences(expected: list[Line], found: list[Line]) -> Iterator[Difference]:
    for i in range(max(len(expected), len(found))):
        wanted = expected[i] if i < len(expected) else {}
        got = found[i] if i < len(found) else {}
        if "row" not in wanted or "row" not in got:
            if wanted != got:
                yield Difference(i + 1, "", wanted or None, got or None)
            continue
        for name in {**wanted["row"], **got["row"]}:
            one, other = wanted["row"].get(name), got["row"].get(name)
            if one != other or type(one) is not type(other):
                yield Difference(i + 1, name, one, other)


def _lines(content: bytes) -> list[bytes]:
    return [line for line in content.split(b"\n") if line.strip()]


def _line(text: bytes, file: str, number: int) -> Line:
    try:
        line = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise SourceError(f"not JSON: {error}", file=file, line=number) from error
    if not isinstance(line, dict):
        raise SourceError("expected one JSON object a line", file=file, line=number)
    return line


def _shown(value: Any) -> str:
    text = orjson.dumps(value, default=str).decode()
    return text if len(text) <= 200 else text[:200] + "…"
