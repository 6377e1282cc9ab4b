"""Manifests, data files and counts as JSON: what the ledger and `manifest/` hold."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields

import orjson

from mantissa.model import Counts, DataFile, Manifest
from mantissa.ports import JSONValue

MANIFESTS = "manifest/"


def manifest_key(identity: str, plan: str) -> str:
    """Return the store key of a manifest."""
    return f"{MANIFESTS}{identity[:32]}-{plan}.json"


def encode_manifest(manifest: Manifest) -> bytes:
    """Return a manifest's bytes, the same for the same manifest."""
    value = members(manifest) | {
        "files": [members(file) for file in manifest.files],
        "counts": members(manifest.counts),
    }
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS)


def members(value: DataFile | Manifest | Counts) -> dict[str, JSONValue]:
    """Return the members of a frozen value by name, uncopied: `asdict` copies every leaf."""
    return {f.name: getattr(value, f.name) for f in fields(value)}


def decode_manifest(data: bytes) -> Manifest:
    """Read a manifest back."""
    value = orjson.loads(data)
    return Manifest(
        identity=value["identity"],
        source=value["source"],
        source_object=value["source_object"],
        files=tuple(file_from_json(f) for f in value["files"]),
        counts=counts_from_json(value["counts"]),
        quarantine=tuple(value["quarantine"]),
        bytes_in=value["bytes_in"],
    )


def file_from_json(value: Mapping[str, JSONValue]) -> DataFile:
    """Read a data file's description."""
    empty = value.get("empty")
    return DataFile(**{**value, "empty": None if empty is None else tuple(empty)})


def file_summary(file: DataFile) -> dict[str, JSONValue]:
    """Return what the ledger keeps of a data file: all but what is known of its columns."""
    return {k: v for k, v in members(file).items() if k not in ("column_bytes", "empty")}


def counts_from_json(value: Mapping[str, JSONValue]) -> Counts:
    """Read counts back."""
    return Counts(**value)


def add_counts(left: Counts, right: Counts) -> Counts:
    """Add two counts, reason by reason."""
    return Counts(
        records=left.records + right.records,
        rows=left.rows + right.rows,
        quarantined=left.quarantined + right.quarantined,
        filtered=left.filtered + right.filtered,
        reasons=_added(left.reasons, right.reasons),
        filtered_by=_added(left.filtered_by, right.filtered_by),
    )


def _added(left: Mapping[str, int], right: Mapping[str, int]) -> dict[str, int]:
    total = {key: left.get(key, 0) + right.get(key, 0) for key in sorted({*left, *right})}
    return {key: number for key, number in total.items() if number}
