"""Small log sources and batches for the tests of `mantissa.sources`."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from mantissa.sources.mapping import Envelope, Extracted, Extractor
from mantissa.sources.record import Batch
from mantissa.sources.registry import load_folder
from mantissa.sources.spec import SourceSpec, load_spec

BUILTIN = Path(__file__).resolve().parents[2] / "src" / "mantissa" / "sources" / "builtin"
MODIFIED = datetime(2026, 3, 5, 12, tzinfo=UTC)
ENVELOPE = Envelope("ab" * 32, "logs/object.json", MODIFIED)

SHOP = """
name: shop
title: Shop
description: Events of a shop.
vendor: Example
docs: https://example.com/docs
recognise:
  keys: ['(?:^|/)shop/']
  signatures:
    - {fields: [what, when, who.name], strength: strong}
    - {fields: [what], strength: weak}
  filtered:
    - {values: {what: 'heartbeat|ping'}, reason: heartbeat}
    - {fields: [checksum], reason: checksum file}
time: [when]
required: [what]
common:
  event_class:
    - {path: what, values: {'sign*': authentication}}
    - const: other
  activity: [what]
  outcome:
    - {path: error, present: failure}
    - {path: ok, values: {'true': success, 'false': failure}}
    - const: unknown
  actor_user:
    - who.name
    - {path: who.arn, pattern: ':user/(?:.*/)?([^/]+)$'}
  src_ip:
    - {path: address, keep: ip}
  src_port: [port]
columns:
  - {path: what, comment: What happened}
  - {path: when, comment: When it happened}
  - {path: [address, addr], comment: Where it came from}
  - {path: port, type: bigint, comment: Port}
  - {path: price, type: double, comment: Price}
  - {path: ok, type: boolean, comment: Whether it worked}
  - {path: error, comment: What went wrong}
  - {path: delivered, type: timestamp, comment: When it was delivered}
  - {path: who.name, comment: Name}
  - {path: who.arn, comment: ARN}
  - {path: who.age, type: bigint, comment: Age}
  - {path: who.home.city, comment: City}
  - {path: goods.0.sku, comment: First article}
  - {path: who, type: json, comment: Who}
  - {path: goods, type: json, comment: Articles}
  - {path: note, type: json, comment: Anything}
sigma:
  - {product: shop, service: till}
  - {product: shop, category: sale, when: {what: [sold, returned], port: [443]}}
"""

LINES = """
name: gate
title: Gate
description: Lines of a gate.
vendor: Example
docs: https://example.com/docs
lines:
  delimiter: ' '
  null: '-'
  header: true
  layouts:
    - at who door
    - at who door badge
time: [at]
columns:
  - {path: at, type: bigint, comment: Time}
  - {path: who, comment: Person}
  - {path: door, type: bigint, comment: Door}
  - {path: badge, comment: Badge}
"""


def shop() -> SourceSpec:
    """A JSON source with every kind of column."""
    return load_spec(SHOP, "shop/source.yaml")


def gate() -> SourceSpec:
    """A source of text lines."""
    return load_spec(LINES, "gate/source.yaml")


def builtin(name: str) -> SourceSpec:
    """One built-in source, whatever state the others are in."""
    return load_folder(BUILTIN / name)


def batch(records: Sequence[Any], start: int = 0) -> Batch:
    """Records as a batch: bytes as they are, anything else as JSON."""
    raws = [r if isinstance(r, bytes) else json.dumps(r).encode() for r in records]
    return Batch(raws, list(range(start, start + len(raws))))


def extract(spec: SourceSpec, records: Sequence[Any], *, fast: bool = True) -> Extracted:
    """Map records of one object in one batch."""
    return Extractor(spec, fast=fast).extract(batch(records), ENVELOPE)


def row(spec: SourceSpec, record: Any, *, fast: bool = True) -> dict[str, Any]:
    """Map one record that must become a row; return its columns."""
    found = extract(spec, [record], fast=fast)
    assert found.rejects == []
    assert found.skipped == []
    rows: list[dict[str, Any]] = found.table.to_pylist()
    assert len(rows) == 1
    return rows[0]


def same(one: Extracted, other: Extracted) -> bool:
    """Whether two extractions are the same to the last value."""
    return (
        one.table.equals(other.table)
        and one.rejects == other.rejects
        and one.skipped == other.skipped
    )
