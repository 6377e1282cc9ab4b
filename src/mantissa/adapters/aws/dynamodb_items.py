"""How one record of the state store lies in DynamoDB.

`pk`, `sk`: its place. `value`: JSON as text, or compressed as bytes. `version`: counts its writes.
`token`: whose write it was, for when the answer to it got lost.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson
import zstandard

from mantissa.errors import StoreError
from mantissa.ports import Item, Put

Attributes = Mapping[str, Mapping[str, Any]]
"""An item as the low-level API has it: name → {type: value}."""

TOKEN = "token"
SORT_KEY_BYTES = 1024
ITEM_BYTES = 400 * 1024
COMPRESS_FROM = 4 * 1024
_REST = 2048
"""Room for keys, names, version and token."""
_LEVEL = 3


def attributes_of(write: Put, token: str) -> dict[str, dict[str, Any]]:
    """Return all of a record but its place. Raises `StoreError` when it is too large."""
    text = orjson.dumps(write.value)
    size = len(text)
    value: dict[str, Any] = {"S": text.decode()}
    if size >= COMPRESS_FROM:
        packed = zstandard.ZstdCompressor(level=_LEVEL).compress(text)
        size, value = len(packed), {"B": packed}
    if size > ITEM_BYTES - _REST:
        raise StoreError(
            f"a record of {len(text)} bytes, {size} compressed; DynamoDB holds {ITEM_BYTES}",
            where=f"{write.table}/{write.key}",
        )
    attributes = {"value": value, "version": {"N": str((write.version or 0) + 1)}}
    return attributes | ({TOKEN: {"S": token}} if token else {})


def item_of(table: str, found: Attributes) -> Item:
    """Read a record. Raises `StoreError` when it is damaged."""
    key, value = str(found["sk"]["S"]), found["value"]
    try:
        text = value["S"] if "S" in value else _unpacked(bytes(value["B"]))
        return Item(table, key, orjson.loads(text), version_of(found))
    except (KeyError, ValueError, zstandard.ZstdError) as error:
        raise StoreError(f"a damaged record: {error}", where=f"{table}/{key}") from error


def version_of(found: Attributes) -> int:
    """Return how often a record was written."""
    return int(found["version"]["N"])


def _unpacked(data: bytes) -> bytes:
    return zstandard.ZstdDecompressor().decompress(data)
