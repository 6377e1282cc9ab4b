"""Taking records out of what they were shipped in, layer by layer.

A row of the table says which shape is opened how. A shape is only tried on objects whose first
key it knows, and that is decided once for each different beginning: most records are not
envelopes and must not pay for the few that are. The one key not looked at is `eventVersion`:
CloudTrail's records begin with it, and no carrier puts it in front.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable, Iterator
from typing import Any

import msgspec
from msgspec import UNSET, Raw, Struct, UnsetType

from mantissa.model import Reason
from mantissa.sources.decoding import shapes
from mantissa.sources.decoding.buffer import Buffer, Memory
from mantissa.sources.decoding.check import diagnose, is_json, vet
from mantissa.sources.decoding.framing import framed
from mantissa.sources.decoding.json_list import elements
from mantissa.sources.decoding.pieces import Bounds, Piece, Rows, Skip, fault
from mantissa.sources.decoding.unpack import unpack_buffer

_PREFIX = 24
_MOST_PREFIXES = 4096
_LAYERS = 8
_FIRST_KEY = re.compile(rb'\{\s*+"([^"\\]*+)("?)')
_OBJECTS = re.compile(rb"\[\s*+[{\]]")
_NEVER_FIRST = b"eventVersion"

Opener = Callable[["Unwrapper", Any, int], Iterator[Piece] | None]
"""Opens an envelope; None if the values of its keys say that it is none."""


class Unwrapper:
    """Opens envelopes; one for each object, since it remembers the beginnings it has seen."""

    def __init__(self, limits: Bounds) -> None:
        self._limits = limits
        self._plain: dict[bytes, bool] = {}

    def unwrap(self, rows: Rows, layer: int = 0) -> Iterator[Piece]:
        """Yield the records in framed values."""
        if rows.final:
            yield rows
            return
        plain = self._plain
        prefixes = {raw[:_PREFIX] for raw in rows.raws}
        if all(plain.get(prefix) for prefix in prefixes):
            yield Rows(rows.raws, final=True)
            return
        kept: list[bytes] = []
        for raw in rows.raws:
            if self._is_plain(raw):
                kept.append(raw)
                continue
            if kept:
                yield Rows(kept, final=True)
                kept = []
            yield from self._open(raw, rows.delivered, layer)
        if kept:
            yield Rows(kept, final=True)

    def _is_plain(self, raw: bytes) -> bool:
        """Say whether no envelope begins like this object; remembered for each beginning."""
        prefix = raw[:_PREFIX]
        known = self._plain.get(prefix)
        if known is None:
            if len(self._plain) >= _MOST_PREFIXES:
                self._plain.clear()
            known = self._plain[prefix] = _begins_plainly(prefix)
        return known

    def _open(self, raw: bytes, delivered: bool, layer: int) -> Iterator[Piece]:
        if layer >= _LAYERS:
            yield fault(Reason.BAD_FORMAT, f"more than {_LAYERS} envelopes in each other", raw)
            return
        if raw.startswith(b"["):
            yield from self.listed(raw, layer + 1)
            return
        if not raw.startswith(b"{"):
            yield fault(Reason.WRONG_TYPE, "a JSON value that is not an object", raw)
            return
        for decode, keys, opener in _DELIVERED if delivered else _OPENERS:
            if not _may_begin(raw, keys):
                continue
            try:
                envelope = decode(raw)
            except msgspec.DecodeError:
                continue
            found = opener(self, envelope, layer + 1)
            if found is not None:
                yield from found
                return
        yield Rows([raw], final=True)

    def listed(self, array: bytes, layer: int, *, delivered: bool = False) -> Iterator[Piece]:
        """Yield the records in the elements of an array."""
        for piece in elements(array, self._limits):
            if isinstance(piece, Rows):
                yield from self.unwrap(Rows(piece.raws, delivered=delivered), layer)
            else:
                yield piece

    def one(self, raw: bytes, layer: int) -> Iterator[Piece]:
        """Yield the record or records in a value."""
        return self.unwrap(Rows([raw]), layer)

    def messages(self, array: bytes, layer: int) -> Iterator[Piece]:
        """Yield the records in the events of a log group."""
        for piece in elements(array, self._limits):
            if not isinstance(piece, Rows):
                yield piece
                continue
            for raw in piece.raws:
                try:
                    event = _log_event(raw)
                except msgspec.DecodeError as error:
                    yield fault(Reason.BAD_FORMAT, f"not an event of a log group: {error}", raw)
                else:
                    yield from self.text(event.message, layer)

    def text(self, text: str, layer: int) -> Iterator[Piece]:
        """Yield the record or records in a string: JSON, or a line."""
        try:
            raw = text.strip("\r\n").encode()
        except UnicodeEncodeError:
            bytes_ = text.encode("utf-8", "surrogatepass")
            yield fault(Reason.BAD_UTF8, "half of a surrogate pair in a message", bytes_)
            return
        if not raw or raw.isspace():
            yield Skip("an envelope with an empty message")
        elif not raw.lstrip().startswith((b'{"', b"{\n", b"{ ", b"[{")):
            yield Rows([raw], final=True)
        elif is_json(raw):
            for piece in vet([raw.strip()], raw, self._limits):
                yield from self.unwrap(piece, layer) if isinstance(piece, Rows) else (piece,)
        else:
            yield diagnose(raw, self._limits)

    def content(self, encoded: str, layer: int) -> Iterator[Piece]:
        """Yield the records in base64: an object of its own, compressed or not."""
        try:
            data = base64.b64decode(encoded, validate=True)
        except (binascii.Error, ValueError) as error:
            yield fault(Reason.BAD_FORMAT, f"data is not base64: {error}", encoded.encode())
            return
        if not data.strip():
            yield Skip("an envelope with empty data")
            return
        for piece in framed(unpack_buffer(Buffer(Memory(data)), self._limits), "", self._limits):
            yield from self.unwrap(piece, layer) if isinstance(piece, Rows) else (piece,)


def _begins_plainly(prefix: bytes) -> bool:
    """Say whether an object begins with a key that no envelope has."""
    match = _FIRST_KEY.match(prefix)
    if match is None:
        return prefix == b"{}"
    key, closed = match[1], match[2]
    if closed:
        return key not in _KEYS
    return not any(known.startswith(key) for known in _KEYS)


def _may_begin(raw: bytes, keys: frozenset[bytes]) -> bool:
    match = _FIRST_KEY.match(raw)
    return match is not None and match[1] in keys


def _array(raw: Raw | UnsetType) -> bytes:
    """Return a list of objects, or nothing if a value is something else."""
    text = b"" if isinstance(raw, UnsetType) else bytes(raw)
    return text if _OBJECTS.match(text) else b""


def _listed(name: str, *, delivered: bool = False) -> Opener:
    def opener(self: Unwrapper, envelope: Any, layer: int) -> Iterator[Piece] | None:
        array = _array(getattr(envelope, name))
        return self.listed(array, layer, delivered=delivered) if array else None

    return opener


def _open_event_bridge(
    self: Unwrapper, envelope: shapes.EventBridge, layer: int
) -> Iterator[Piece] | None:
    detail = bytes(envelope.detail)
    named = envelope.source is not UNSET or envelope.detail_type is not UNSET
    return self.one(detail, layer) if named and detail.startswith(b"{") else None


def _open_subscription(
    self: Unwrapper, envelope: shapes.LogsSubscription, layer: int
) -> Iterator[Piece] | None:
    if envelope.messageType == "CONTROL_MESSAGE":
        return iter([Skip("a control message of CloudWatch Logs")])
    array = _array(envelope.logEvents)
    is_data = envelope.messageType == "DATA_MESSAGE" and array
    return self.messages(array, layer) if is_data else None


def _open_notification(
    self: Unwrapper, envelope: shapes.SnsNotification, layer: int
) -> Iterator[Piece] | None:
    if envelope.Type == "Notification":
        return self.text(envelope.Message, layer)
    if envelope.Type.endswith("Confirmation"):
        return iter([Skip("an SNS subscription message")])
    return None


def _open_rule_test(self: Unwrapper, envelope: shapes.RuleTest, layer: int) -> Iterator[Piece]:
    log = bytes(envelope.log)
    if log.startswith(b'"'):
        return self.text(msgspec.json.decode(log, type=str), layer)
    return self.one(log, layer)


def _row(
    shape: type[Struct], opener: Opener
) -> tuple[Callable[[bytes], Any], frozenset[bytes], Opener]:
    names = (f.encode_name.encode() for f in msgspec.structs.fields(shape))
    keys = frozenset(name for name in names if name != _NEVER_FIRST)
    return msgspec.json.Decoder(shape).decode, keys, opener


_log_event = msgspec.json.Decoder(shapes.LogEvent).decode

_DELIVERED_FIRST = _row(
    shapes.FirehoseRecord, lambda self, envelope, layer: self.content(envelope.data, layer)
)
_OPENERS = (
    _row(shapes.RecordsList, _listed("Records")),
    _row(shapes.AzureRecords, _listed("records", delivered=True)),
    _row(shapes.EventsList, _listed("events")),
    _row(shapes.LookupEvents, _listed("Events")),
    _row(shapes.GraphPage, _listed("value")),
    _row(
        shapes.LogEvents,
        lambda self, envelope, layer: self.messages(_array(envelope.logEvents) or b"[]", layer),
    ),
    _row(shapes.EventBridge, _open_event_bridge),
    _row(shapes.LogsSubscription, _open_subscription),
    _row(
        shapes.KinesisRecord,
        lambda self, envelope, layer: self.content(envelope.kinesis.data, layer),
    ),
    _row(shapes.SnsNotification, _open_notification),
    _row(shapes.SnsRecord, lambda self, envelope, layer: self.one(bytes(envelope.Sns), layer)),
    _row(shapes.SqsRecord, lambda self, envelope, layer: self.text(envelope.body, layer)),
    _row(
        shapes.LookupEvent,
        lambda self, envelope, layer: self.text(envelope.CloudTrailEvent, layer),
    ),
    _row(shapes.RuleTest, _open_rule_test),
    _row(shapes.ShippedLine, lambda self, envelope, layer: self.text(envelope.message, layer)),
    _row(shapes.DockerLine, lambda self, envelope, layer: self.text(envelope.log, layer)),
)
_DELIVERED = (_DELIVERED_FIRST, *_OPENERS)
_KEYS = frozenset().union(*(keys for _, keys, _ in _DELIVERED))
