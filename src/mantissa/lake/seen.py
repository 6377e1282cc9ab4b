"""Which content lay under which key of a raw bucket: what tells a duplicate without reading it.

The ledger knows contents; a bucket knows keys. A record here joins them, so that a message that
comes twice costs no download, and so that the sweep sees what nobody has ingested.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

from mantissa.lake.ledger import insist
from mantissa.lake.notices import SCHEME
from mantissa.model import ObjectInfo
from mantissa.ports import Item, Put, StateStore

SEEN = "seen"
KEY_BYTES = 1024
"""Of a state store's key, in UTF-8. S3's keys alone may be as long; then a hash stands for the rest."""
_KEPT_BYTES = 900


@dataclass(frozen=True, slots=True)
class Sighting:
    """What is known of one key.

    Args:
        modified: when this content was put there, ISO text.
        identity: of the content; empty when it could not be read.
        complete: whether all that is in it has been ingested or quarantined.
        refused: the ledger's identity of a refusal of this key, while it stands.
    """

    etag: str
    size: int
    modified: str
    identity: str = ""
    complete: bool = False
    refused: str = ""

    def is_of(self, info: ObjectInfo) -> bool:
        """Whether the object is still what was seen."""
        return (self.etag, self.size) == (info.etag, info.size)


NOTHING = Sighting("", 0, "")


class Seen:
    """Reads and conditional writes of the sightings."""

    def __init__(self, state: StateStore) -> None:
        self._state = state

    def find(self, uri: str) -> Sighting | None:
        """Return what is known of a key."""
        item = self._state.get(SEEN, key_of(uri))
        return None if item is None else _sighting(item)

    def under(self, prefix: str, after: str = "") -> Iterator[tuple[str, Sighting]]:
        """Yield what is known by state key, for URIs of that beginning behind another."""
        behind = key_of(after) if after else ""
        for item in self._state.query(SEEN, key_of(prefix), behind):
            yield item.key, _sighting(item)

    def note(self, info: ObjectInfo) -> None:
        """Record which content an object has; `identity` must be given."""
        self._change(info.key, lambda old: _noted(old, info))

    def complete(self, info: ObjectInfo) -> str:
        """Record that nothing is left to do; return the refusal that this ends, if any."""
        before = self._change(
            info.key, lambda old: replace(_noted(old, info), complete=True, refused="")
        )
        return before.refused

    def refuse(self, uri: str, identity: str) -> None:
        """Record that a key could not be read, and under which name the ledger says so."""
        self._change(uri, lambda old: replace(old, complete=False, refused=identity))

    def _change(self, uri: str, how: Any) -> Sighting:
        """Change what is known, and return what was before."""
        key = key_of(uri)

        def change() -> Sighting:
            item = self._state.get(SEEN, key)
            old = NOTHING if item is None else _sighting(item)
            new = how(old)
            if item is None or new != old:
                version = item.version if item else None
                self._state.put(Put(SEEN, key, _value(new), version))
            return old

        return insist(change, uri)


def key_of(uri: str) -> str:
    """Return the state key of an object: `bucket/key`, in the order of the bucket."""
    key = uri.removeprefix(SCHEME)
    data = key.encode()
    if len(data) <= KEY_BYTES:
        return key
    beginning = data[:_KEPT_BYTES].decode(errors="ignore")
    return f"{beginning}~{hashlib.sha256(data).hexdigest()}"


def is_shortened(uri: str) -> bool:
    """Whether an object's state key is not in the order of the bucket."""
    return len(uri.removeprefix(SCHEME).encode()) > KEY_BYTES


def _noted(old: Sighting, info: ObjectInfo) -> Sighting:
    same = old.identity == info.identity and old.is_of(info)
    modified = info.modified.isoformat()
    return Sighting(
        info.etag, info.size, modified, info.identity, same and old.complete, old.refused
    )


def _value(sighting: Sighting) -> Mapping[str, Any]:
    return {name: value for name, value in asdict(sighting).items() if value}


def _sighting(item: Item) -> Sighting:
    known = asdict(NOTHING)
    return Sighting(**{name: item.value.get(name, value) for name, value in known.items()})
