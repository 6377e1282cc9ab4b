"""A log source as data: what `source.yaml` says, checked and frozen.

The file is read by `spec.py`; everything derived from a source (tables, views, Sigma fields, docs)
starts from a `SourceSpec`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal

from mantissa.model import Column, ColumnType, Table
from mantissa.sources.specfile import nearest

Path = tuple[str, ...]
"""A field's place in a record: names, and digits for positions in a list."""

ENVELOPE: tuple[Column, ...] = (
    Column("event_id", "string", "Identity of this row; the same for the same input for ever"),
    Column("event_time", "timestamp", "When the event happened, UTC"),
    Column("ingest_time", "timestamp", "When the input object was last modified, UTC"),
    Column("source_object", "string", "Name of the input object"),
    Column("source_line", "bigint", "Position of the record in the input object, from 1"),
    Column("digest_status", "string", "Result of checking the vendor's integrity digest, if any"),
)

COMMON: tuple[Column, ...] = (
    Column(
        "event_class",
        "string",
        "authentication, api_activity, network_activity, process_activity, file_activity, "
        "registry_activity, account_change, detection_finding or other",
    ),
    Column("activity", "string", "What was done, in the vendor's word"),
    Column("outcome", "string", "success, failure or unknown"),
    Column("severity", "string", "informational, low, medium, high or critical, if the log says"),
    Column("actor_user", "string", "Name of the user or role that acted"),
    Column("actor_id", "string", "Vendor's identifier of the user or role that acted"),
    Column("src_ip", "string", "IP address the activity came from"),
    Column("src_port", "bigint", "Port the activity came from"),
    Column("dst_ip", "string", "IP address the activity went to"),
    Column("dst_port", "bigint", "Port the activity went to"),
    Column("device_host", "string", "Host on which it happened"),
    Column("cloud_account", "string", "Cloud account, subscription, organisation or tenant"),
    Column("cloud_region", "string", "Cloud region"),
    Column("resource", "string", "What was acted on"),
    Column("user_agent", "string", "Client software, as it names itself"),
)

EXTRA = Column("extra", "json", "Fields the source's specification does not know, as JSON")
RAW = Column("raw", "string", "The record as received")

EVENT_CLASSES = (
    "authentication",
    "api_activity",
    "network_activity",
    "process_activity",
    "file_activity",
    "registry_activity",
    "account_change",
    "detection_finding",
    "other",
)
CLOSED_VALUES: Mapping[str, tuple[str, ...]] = {
    "event_class": EVENT_CLASSES,
    "outcome": ("success", "failure", "unknown"),
    "severity": ("informational", "low", "medium", "high", "critical"),
}
"""Common columns whose values come from a closed list."""

CLOCK_SKEW = "clock_skew"
"""Value of `event_date` for rows whose time is out of range."""


@dataclass(frozen=True, slots=True)
class FieldSpec:
    """One column of the source's own: where its value is found and how it is stored.

    Args:
        paths: alternative places, canonical first; the first that is not null is taken.
        open: whether a field that no column has is looked for inside this JSON column, by its name.
    """

    name: str
    type: ColumnType
    paths: tuple[Path, ...]
    comment: str
    open: bool = False


@dataclass(frozen=True, slots=True)
class Alternative:
    """One way to fill a common column from the source's columns; null means "try the next".

    Args:
        column: the column it reads; empty for a constant.
        const: the constant.
        pattern: a regex whose first group is the value.
        values: (glob, value) pairs compared without case; the first that matches is taken.
        otherwise: value when the column is set and no glob matches.
        keep: keeps the value only if it has this form.
        present: value when the column is set at all, otherwise `absent`.
        when: column → globs that must match for this alternative to count.
    """

    column: str = ""
    const: str | None = None
    pattern: str | None = None
    values: tuple[tuple[str, str], ...] = ()
    otherwise: str | None = None
    keep: Literal["", "ip"] = ""
    present: str | None = None
    absent: str | None = None
    when: tuple[tuple[str, tuple[str, ...]], ...] = ()

    @property
    def is_plain(self) -> bool:
        """Whether it passes the column's value on unchanged."""
        transforms = (self.const, self.pattern, self.otherwise, self.present, self.absent)
        return not self.keep and not self.values and all(t is None for t in transforms)


@dataclass(frozen=True, slots=True)
class Signature:
    """What a record of the source looks like.

    Args:
        fields: paths that must all be there and not null.
        values: path → regex that its text must match from start to end.
        line: regex that a text line must match from start to end; then the others are empty.
        strong: whether a match alone claims an object.
    """

    fields: tuple[Path, ...] = ()
    values: tuple[tuple[Path, str], ...] = ()
    line: str = ""
    strong: bool = False


@dataclass(frozen=True, slots=True)
class Filter:
    """Records that are recognised and are no events.

    Args:
        fields: top-level names that must all be there and not null.
        values: top-level name → regex.
    """

    fields: tuple[str, ...]
    values: tuple[tuple[str, str], ...]
    reason: str


@dataclass(frozen=True, slots=True)
class Recognise:
    """How objects and records of the source are known.

    Args:
        keys: regexes searched in the object's key.
    """

    keys: tuple[str, ...] = ()
    signatures: tuple[Signature, ...] = ()
    filtered: tuple[Filter, ...] = ()


@dataclass(frozen=True, slots=True)
class LineSpec:
    """How a text line falls into fields.

    Args:
        delimiter: one character.
        null: the word that stands for no value.
        header: whether a line of field names sets the order for the lines after it.
        layouts: number of fields → their names, for lines without a header.
    """

    delimiter: str
    null: str
    header: bool
    layouts: Mapping[int, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class SigmaLogsource:
    """A Sigma log source that this source serves.

    Args:
        when: column → values: the condition under which a row belongs to it.
    """

    product: str | None
    service: str | None
    category: str | None
    when: Mapping[str, tuple[str | int, ...]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Binding:
    """Where a Sigma field lives.

    Args:
        path: empty for the column itself, otherwise the path inside that JSON column.
        type: type of the column.
    """

    column: str
    path: tuple[str, ...]
    type: ColumnType


@dataclass(frozen=True, eq=False)
class SourceSpec:
    """One log source; compared by identity, so that what is compiled from it can be kept.

    Args:
        version: first 12 hex digits of the SHA-256 of `text`.
        time: columns tried in order for the event's time.
        required: groups of columns of which at least one must be set.
        derive: common column → the alternatives that fill it.
        formats: what its files are written in, packed or not: json, text, xml, evtx.
    """

    name: str
    title: str
    description: str
    vendor: str
    docs: str
    version: str
    text: str
    file: str
    fields: tuple[FieldSpec, ...]
    time: tuple[str, ...]
    required: tuple[tuple[str, ...], ...]
    derive: Mapping[str, tuple[Alternative, ...]]
    recognise: Recognise
    sigma: tuple[SigmaLogsource, ...]
    normalise: str | None = None
    lines: LineSpec | None = None
    formats: tuple[str, ...] = ("json",)

    @cached_property
    def table(self) -> Table:
        """The source's table, in storage order."""
        scalars = [_column(f) for f in self.fields if f.type != "json"]
        documents = [_column(f) for f in self.fields if f.type == "json"]
        columns = (*ENVELOPE, *COMMON, *scalars, *documents, EXTRA, RAW)
        return Table(self.name, columns, self.description)

    @cached_property
    def _exact(self) -> dict[str, FieldSpec]:
        return {".".join(p): f for f in reversed(self.fields) for p in reversed(f.paths)}

    @cached_property
    def _folded(self) -> dict[str, FieldSpec]:
        return {path.lower(): f for path, f in self._exact.items()}

    def bind(self, field: str) -> Binding | None:
        """Find the column of a field named as the vendor, Sigma or the table names it."""
        spec = self._exact.get(field) or self._folded.get(field.lower())
        if spec is not None:
            return Binding(spec.name, (), spec.type)
        column = self.table.column(field.lower())
        if column is not None:
            return Binding(column.name, (), column.type)
        return self._bind_inside(field.split(".")) or self._bind_open(field)

    def _bind_open(self, field: str) -> Binding | None:
        spec = next((f for f in self.fields if f.open), None)
        return None if spec is None else Binding(spec.name, (field,), spec.type)

    def _bind_inside(self, parts: list[str]) -> Binding | None:
        for cut in range(len(parts) - 1, 0, -1):
            head = ".".join(parts[:cut])
            spec = self._exact.get(head) or self._folded.get(head.lower())
            if spec is not None and spec.type == "json":
                return Binding(spec.name, tuple(parts[cut:]), "json")
        return None

    def nearest_fields(self, field: str, limit: int = 3) -> list[str]:
        """Return the vendor's field names most like `field`."""
        return nearest(field, self._exact, limit)


def _column(spec: FieldSpec) -> Column:
    return Column(spec.name, spec.type, spec.comment, ".".join(spec.paths[0]))
