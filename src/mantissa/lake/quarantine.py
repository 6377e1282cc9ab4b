"""Records that could not become rows, each with its reason, kept so that it can be replayed.

An entry is one line of `quarantine/<source>/<identity32>-<plan8>-<part05>.jsonl.zst`. Its id is
`<identity32><position>`, the id the row would have had. `released` in the state store says
which entries have since become rows.
"""

from __future__ import annotations

import base64
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass

import orjson
import zstandard

from mantissa.errors import ObjectNotFound, StoreError
from mantissa.model import Reason
from mantissa.ports import JSONValue, ObjectStore, StateStore
from mantissa.sources.record import Bad

LEDGER = "ledger"
RELEASED = "released"
UNCLAIMED = "_unclaimed"
_LEVEL = 3


@dataclass(frozen=True, slots=True)
class Entry:
    """One quarantined record.

    Args:
        id: `<identity32><position as 8 hex digits>`.
        line: 1-based number of the record in its object; 0 for the object as a whole.
        raw: the record as received, as text; base64 when it is not UTF-8.
        encoding: `utf-8` or `base64`.
        truncated: whether `raw` was cut, so that a replay must read the object again.
        sha256: of what was read of the whole record.
    """

    id: str
    source: str
    source_object: str
    line: int
    reason: str
    detail: str
    raw: str
    encoding: str
    truncated: bool
    sha256: str

    @property
    def position(self) -> int:
        """The record's 0-based number in its object."""
        return self.line - 1

    def data(self) -> bytes:
        """Return the record's bytes."""
        return base64.b64decode(self.raw) if self.encoding == "base64" else self.raw.encode()


def entry_id(identity: str, position: int) -> str:
    """Return the id of a record's entry, which is the id its row would have."""
    return f"{identity[:32]}{position:08x}"


def entry_of(identity: str, source: str, source_object: str, bad: Bad) -> Entry:
    """Make the entry of a record that was refused."""
    raw, encoding = _as_text(bad.raw)
    return Entry(
        id=entry_id(identity, bad.position),
        source=source or UNCLAIMED,
        source_object=source_object,
        line=bad.position + 1,
        reason=str(bad.reason),
        detail=bad.detail,
        raw=raw,
        encoding=encoding,
        truncated=bad.truncated,
        sha256=bad.sha256,
    )


def whole_object_id(identity: str, generation: int) -> str:
    """Return the id of the entry that stands for a whole object."""
    return f"{identity[:32]}-object-{generation}"


def whole_object_entry(
    name: str, source_object: str, reason: Reason, detail: str, head: bytes
) -> Entry:
    """Make the entry of an object that is quarantined whole; `head` is its beginning."""
    raw, encoding = _as_text(head)
    return Entry(
        id=name,
        source=UNCLAIMED,
        source_object=source_object,
        line=0,
        reason=str(reason),
        detail=detail,
        raw=raw,
        encoding=encoding,
        truncated=True,
        sha256="",
    )


def quarantine_key(source: str, stem: str) -> str:
    """Return the store key of a quarantine file."""
    return f"quarantine/{source or UNCLAIMED}/{stem}.jsonl.zst"


def encode_entries(entries: Iterable[Entry]) -> bytes:
    """Return entries as compressed JSON lines, the same bytes for the same entries."""
    lines = b"".join(orjson.dumps(asdict(entry)) + b"\n" for entry in entries)
    return zstandard.ZstdCompressor(level=_LEVEL).compress(lines)


def decode_entries(data: bytes, key: str) -> list[Entry]:
    """Read a quarantine file. Raises `StoreError` if it is damaged."""
    try:
        # In one go, not as a stream: a stream that is cut short ends without a word.
        text = zstandard.ZstdDecompressor().decompress(data)
        return [Entry(**orjson.loads(line)) for line in text.splitlines()]
    except (zstandard.ZstdError, ValueError, TypeError) as error:
        raise StoreError(
            f"a damaged quarantine file: {error}", where=key, fix="restore it from a copy"
        ) from error


class Quarantine:
    """What is in quarantine now."""

    def __init__(self, store: ObjectStore, state: StateStore) -> None:
        self._store = store
        self._state = state

    def entries(self, *, reason: str | None = None, identity: str = "") -> Iterator[Entry]:
        """Yield the entries that have not been released, by object and position."""
        released = {item.key for item in self._state.query(RELEASED, identity[:32])}
        for item in self._state.query(LEDGER, identity):
            for entry in self._of(item.value.get("quarantine", [])):
                if entry.id not in released and reason in (None, entry.reason):
                    yield entry

    def show(self, name: str) -> Entry:
        """Return one entry by its id."""
        for entry in self.entries(identity=name[:32]):
            if entry.id == name:
                return entry
        raise ObjectNotFound(f"no quarantine entry {name!r}", fix="see: mantissa quarantine list")

    def _of(self, keys: Sequence[JSONValue]) -> Iterator[Entry]:
        for key in keys:
            yield from decode_entries(self._store.get(key), key)


def _as_text(data: bytes) -> tuple[str, str]:
    try:
        return data.decode(), "utf-8"
    except UnicodeDecodeError:
        return base64.b64encode(data).decode(), "base64"
