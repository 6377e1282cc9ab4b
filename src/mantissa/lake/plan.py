"""How one object will be ingested, fixed before the first byte is parsed.

A plan is stored in the ledger before any work, and every later attempt uses the stored one.
That is what makes file names and file contents the same on every attempt, also when a new
version of the product or of a source is deployed between two attempts: without it, a model of
3,000 crash schedules with a deployment in the middle duplicated rows in 1,614 of them.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import UTC, datetime

import orjson

from mantissa.errors import SourceError
from mantissa.ports import JSONValue

PARSER_VERSION = 1
"""Raised when decoding or mapping changes what rows come out of the same bytes, and when a plan
gets a field that decides over them."""


@dataclass(frozen=True, slots=True)
class Plan:
    """Everything that decides which rows and files an object becomes.

    Args:
        source: name of the source, empty when no source claims the object.
        spec: version of the source's specification; its text lies under `specs/`.
        nearest: sources that looked alike, for an unclaimed object.
        split_rows: rows after which a part is written.
        split_bytes: Arrow bytes after which a part is written.
        limits: the `Limits` of decoding, by name.
        writer: the Parquet writer's version, for the record.
        modified: the object's last modification, the `ingest_time` of its rows.
        generation: grows when an object that was quarantined whole is taken up again.
    """

    source: str
    spec: str
    nearest: tuple[str, ...]
    parser: int
    split_rows: int
    split_bytes: int
    limits: Mapping[str, JSONValue]
    writer: str
    source_object: str
    etag: str
    size: int
    modified: str
    generation: int = 0

    @property
    def short(self) -> str:
        """Eight hex digits that name this plan in file names."""
        chosen = {k: v for k, v in _members(self).items() if k not in ("writer", "source_object")}
        return hashlib.sha256(orjson.dumps(chosen, option=orjson.OPT_SORT_KEYS)).hexdigest()[:8]

    @property
    def ingest_time(self) -> datetime:
        """The `ingest_time` of every row."""
        return datetime.fromisoformat(self.modified).astimezone(UTC)

    def to_json(self) -> dict[str, JSONValue]:
        """Return the plan as the ledger stores it."""
        return _members(self) | {"nearest": list(self.nearest)}


def _members(plan: Plan) -> dict[str, JSONValue]:
    """Return the plan's values by name, uncopied: a plan is read often and never changed."""
    return {f.name: getattr(plan, f.name) for f in fields(plan)}


def plan_from_json(value: Mapping[str, JSONValue]) -> Plan:
    """Read a stored plan; what a later version of the product added to it is left out."""
    known = {f.name: value[f.name] for f in fields(Plan) if f.name in value}
    return Plan(**{**known, "nearest": tuple(value["nearest"])})


def require_runnable(plan: Plan) -> Plan:
    """Return the plan if this build can carry it out. Raises `SourceError`."""
    if plan.parser != PARSER_VERSION:
        raise SourceError(
            f"{plan.source_object} is half ingested by parser version {plan.parser}, "
            f"this build has version {PARSER_VERSION}",
            fix="finish it with the version that began it, then upgrade",
        )
    return plan
