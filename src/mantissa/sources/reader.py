"""Records as received to JSON objects: as they are, through a normaliser, or from text lines."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Protocol

import msgspec

from mantissa.model import Reason
from mantissa.sources import quirks
from mantissa.sources.definition import LineSpec, SourceSpec
from mantissa.sources.record import Batch, RecordError, Skipped, bad
from mantissa.sources.rows import Records

_FIELD_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_.-]*", re.ASCII)


class Reader(Protocol):
    """Reads the batches of one object, in order."""

    def read(self, batch: Batch) -> Records:
        """Return a batch's records as JSON objects."""
        ...


def reader_of(spec: SourceSpec) -> Reader:
    """Return the reader that a source asks for."""
    if spec.lines is not None:
        return LineReader(spec, spec.lines)
    return JsonReader() if spec.normalise is None else NormalisingReader(spec.normalise)


class JsonReader:
    """Takes records as they are."""

    def read(self, batch: Batch) -> Records:
        """Return the batch unchanged."""
        return Records(batch.raws, batch.raws, batch.positions)


class _PerRecord:
    """Reads record by record, rejecting those that raise."""

    def fields(self, raw: bytes) -> Mapping[str, Any] | bytes | str:
        """Return a record's fields, or its JSON text, or why it is skipped."""
        raise NotImplementedError

    def read(self, batch: Batch) -> Records:
        """Return the records that could be read."""
        result = Records([], [], [])
        for raw, position in zip(batch.raws, batch.positions, strict=True):
            try:
                found = self.fields(raw)
                if isinstance(found, str):
                    result.skipped.append(Skipped(position, found))
                    continue
                text = found if isinstance(found, bytes) else encode(found)
            except RecordError as error:
                result.rejects.append(bad(position, error.reason, error.detail, raw))
                continue
            result.texts.append(text)
            result.raws.append(raw)
            result.positions.append(position)
        return result


class NormalisingReader(_PerRecord):
    """Lets a named function of `quirks` turn each record into fields."""

    def __init__(self, name: str) -> None:
        self._normalise = quirks.resolve(name)

    def fields(self, raw: bytes) -> Mapping[str, Any]:
        """Return the record's fields. Raises `RecordError`."""
        return self._normalise(raw)


class LineReader(_PerRecord):
    """Splits lines into fields; a header line sets the order for all lines after it."""

    HEADER = "header line"

    def __init__(self, spec: SourceSpec, lines: LineSpec) -> None:
        self.spec = lines
        self.layout: tuple[str, ...] | None = None
        self._known = {path[0] for f in spec.fields for path in f.paths}

    def fields(self, raw: bytes) -> Mapping[str, Any] | bytes | str:
        """Return a line's fields; JSON passes through, a header line is skipped."""
        if raw[:1] == b"{":
            message = _message(raw)
            return raw if message is None else self.fields(message)
        if self.takes_header(raw):
            return self.HEADER
        try:
            words = raw.decode().rstrip("\r\n").split(self.spec.delimiter)
        except UnicodeDecodeError as error:
            raise RecordError(Reason.BAD_UTF8, f"byte {error.start} is not UTF-8") from error
        names = self.names_for(len(words))
        return {n: w for n, w in zip(names, words, strict=True) if w != self.spec.null}

    def takes_header(self, raw: bytes) -> bool:
        """Whether the line is a header; if so, it sets the layout from here on.

        A header has only field names, each once, at least half of them known ones: AWS and others
        add fields, whose values then go to `extra`.
        """
        if not self.spec.header or not raw[:1].isalpha():
            return False
        words = raw.decode("utf-8", "replace").rstrip("\r\n").split(self.spec.delimiter)
        known = sum(1 for word in words if word in self._known)
        is_header = (
            len(set(words)) == len(words)
            and 2 * known >= max(len(words), 4)
            and all(_FIELD_NAME.fullmatch(word) for word in words)
        )
        if is_header:
            self.layout = tuple(words)
        return is_header

    def names_for(self, count: int) -> tuple[str, ...]:
        """Return the names of a line with that many fields. Raises `RecordError`."""
        if self.layout is not None and len(self.layout) == count:
            return self.layout
        names = self.spec.layouts.get(count) if self.layout is None else None
        if names is None:
            expected = sorted(self.spec.layouts) if self.layout is None else [len(self.layout)]
            wanted = " or ".join(str(n) for n in expected)
            raise RecordError(Reason.BAD_FORMAT, f"the line has {count} fields, expected {wanted}")
        return names


def _message(raw: bytes) -> bytes | None:
    """Return the line inside `{"message": "…"}`, as shippers wrap one."""
    try:
        found = msgspec.json.decode(raw, type=dict[str, msgspec.Raw])
        text = msgspec.json.decode(found["message"], type=str) if len(found) == 1 else ""
    except (msgspec.DecodeError, RecursionError, KeyError, UnicodeDecodeError):
        return None
    return text.encode() if text and not text.startswith("{") else None


def encode(fields: Mapping[str, Any]) -> bytes:
    """Return fields as JSON; text that is no Unicode gets U+FFFD for the odd parts."""
    try:
        return msgspec.json.encode(fields)
    except UnicodeEncodeError:
        return msgspec.json.encode(_cleaned(fields))


def _cleaned(value: Any) -> Any:
    if isinstance(value, str):
        return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    if isinstance(value, Mapping):
        return {_cleaned(k): _cleaned(v) for k, v in value.items()}
    return [_cleaned(v) for v in value] if isinstance(value, (list, tuple)) else value
