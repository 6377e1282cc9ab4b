"""A first `source.yaml` from a sample of records: a start for a person, not an answer."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

import msgspec

from mantissa.errors import SourceError
from mantissa.model import ColumnType
from mantissa.sources.columns import coerce
from mantissa.sources.definition import COMMON, ENVELOPE
from mantissa.sources.derive import is_ip
from mantissa.sources.record import RecordError
from mantissa.sources.reference import Node, compact, node_of, plain_text, record_of
from mantissa.sources.spec import SourceSpec, column_name, load_spec

MAX_DEPTH = 3
MAX_COLUMNS = 150
SIGNATURE_FIELDS = 6
_TIME_NAME = re.compile(
    r"(?i)(^|[._@-])(@?timestamp|time|ts|date|datetime|created|published|occurred|eventtime"
    r"|event_time|created_at|createdat|starttime|start_time|start)$|time$|timestamp$"
)
_GUESSES: tuple[tuple[str, str, str], ...] = (
    ("activity", r"(?i)^(.*\.)?(event_?name|event_?type|action|operation|activity|verb)$", ""),
    ("actor_user", r"(?i)^(.*\.)?(user_?name|user|actor|login|email|user_?email)$", ""),
    ("actor_id", r"(?i)^(.*\.)?(user_?id|actor_?id|principal_?id)$", ""),
    ("src_ip", r"(?i)^(.*\.)?((src|source|client|remote)?_?ip(_?addr(ess)?)?|srcaddr)$", "ip"),
    ("dst_ip", r"(?i)^(.*\.)?((dst|dest|destination|server)_?ip(_?addr(ess)?)?|dstaddr)$", "ip"),
    ("device_host", r"(?i)^(.*\.)?(host|host_?name|computer|device_?name)$", ""),
    ("cloud_region", r"(?i)^(.*\.)?(aws_?)?region$", ""),
    ("user_agent", r"(?i)^(.*\.)?(raw_?)?user_?agent$", ""),
)


@dataclass(slots=True)
class Seen:
    """What a sample shows of one field."""

    path: tuple[str, ...]
    values: list[bytes] = field(default_factory=list)
    count: int = 0

    @property
    def name(self) -> str:
        """The path as it is written."""
        return ".".join(self.path)

    def type(self) -> ColumnType:
        """Return the narrowest type that holds every value."""
        if any(v[:1] in b"{[" for v in self.values):
            return "json"
        if self.values and all(v in (b"true", b"false") for v in self.values):
            return "boolean"
        numbers = bool(self.values) and all(v[:1] in b"-0123456789" for v in self.values)
        kinds: tuple[ColumnType, ...] = ("bigint", "double") if numbers else ()
        return next((kind for kind in kinds if self._fits(kind)), "string")

    def _fits(self, kind: ColumnType) -> bool:
        try:
            for value in self.values:
                coerce(value, self.name, kind)
        except RecordError:
            return False
        return True


def draft(name: str, sample: Sequence[bytes]) -> str:
    """Return the text of a `source.yaml` that loads. Raises `SourceError` if the sample is no use."""
    records = list(_records(sample))
    if not records:
        raise SourceError(
            f"no JSON object among the {len(sample)} records of the sample",
            fix="give JSON records; text lines need a specification by hand",
        )
    seen = survey(records)
    time = _time_field(seen, len(records))
    if time is None:
        raise SourceError(
            "no field of the sample holds a time in every record",
            fix="name the field under `time:` in a specification by hand",
        )
    text = "\n".join([*_head(name, seen, len(records), time), *_columns(seen, len(records)), ""])
    load_spec(text, f"{name}/source.yaml")
    return text


def propose_columns(spec: SourceSpec, extras: Iterable[str]) -> str:
    """Return column lines for the fields that landed in `extra`, to be added to the specification."""
    records = [node for text in extras if (node := node_of(text.encode())) is not None]
    seen = [s for s in survey(records) if s.path[0] != "_mantissa"]
    taken = {f.name for f in spec.fields}
    return "\n".join(_columns(seen, len(records), taken))


def survey(records: Sequence[Node]) -> list[Seen]:
    """Return the fields of the records in the order they first appear.

    A name that cannot be printed is left out: nobody can write it down, and `extra` keeps it.
    """
    found: dict[tuple[str, ...], Seen] = {}
    for record in records:
        for path, value in _walk(record, ()):
            if not all(name.isprintable() for name in path):
                continue
            entry = found.setdefault(path, Seen(path))
            entry.count += 1
            if len(entry.values) < 50:
                entry.values.append(value)
    return list(found.values())[:MAX_COLUMNS]


def _records(sample: Sequence[bytes]) -> Iterator[Node]:
    for raw in sample:
        try:
            yield record_of(compact(raw))
        except RecordError:
            continue


def _walk(node: Node, above: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], bytes]]:
    for name, raw in node.members.items():
        text = bytes(raw)
        path = (*above, name)
        if text == b"null" or not name or "." in name:
            continue
        child = node.child(name) if text[:1] == b"{" else None
        if child is None or not above:
            yield path, text
        if child is not None and len(path) < MAX_DEPTH:
            yield from _walk(child, path)


def _time_field(seen: Sequence[Seen], total: int) -> str | None:
    always = [s for s in seen if s.count == total and s._fits("timestamp")]
    named = [s.name for s in always if _TIME_NAME.search(s.name)]
    texts = [s.name for s in always if all(v[:1] == b'"' and b"-" in v for v in s.values)]
    return next(iter([*named, *texts]), None)


def _head(name: str, seen: Sequence[Seen], total: int, time: str) -> Iterator[str]:
    always = [s for s in seen if s.count == total and len(s.path) == 1]
    fields = ", ".join(_quoted(s.name) for s in always[:SIGNATURE_FIELDS])
    strength = "strong" if len(always) >= 4 else "weak"
    yield f"name: {name}"
    yield f"title: {_quoted(name.replace('_', ' '))}"
    yield "description: Say in one line what these events are."
    yield "vendor: unknown"
    yield "docs: https://example.com/where-the-fields-are-described"
    yield ""
    yield "recognise:"
    yield "  keys:"
    yield f"    - '(?:^|/){name}/'"
    if fields:
        yield "  signatures:"
        yield f"    - {{fields: [{fields}], strength: {strength}}}"
    yield ""
    yield f"time: [{_quoted(time)}]"
    yield ""
    yield from _common(seen)
    yield "columns:"


def _common(seen: Sequence[Seen]) -> Iterator[str]:
    yield "common:"
    yield "  event_class:"
    yield "    - const: other"
    for column, pattern, keep in _GUESSES:
        found = [s for s in seen if re.match(pattern, s.name) and s.type() == "string"]
        if keep:
            found = [s for s in found if any(is_ip(plain_text(v)) for v in s.values)]
        for item in found[:1]:
            suffix = f", keep: {keep}" if keep else ""
            yield f"  {column}:"
            yield f"    - {{path: {_quoted(item.name)}{suffix}}}"
    yield ""


def _columns(seen: Sequence[Seen], total: int, taken: Iterable[str] = ()) -> Iterator[str]:
    """Yield one line per column; a name that is taken gets `field_` in front or a number behind."""
    used = {c.name for c in (*ENVELOPE, *COMMON)} | {"extra", "raw", "event_date"} | set(taken)
    for item in seen:
        natural = column_name(item.name) or "field"
        name = natural if natural not in used else f"field_{natural}"
        while name in used:
            name += "_2"
        used.add(name)
        renamed = "" if name == column_name(item.name) else f", name: {name}"
        kind = "" if item.type() == "string" else f", type: {item.type()}"
        comment = _quoted(_remark(item, total))
        yield f"  - {{path: {_quoted(item.name)}{renamed}{kind}, comment: {comment}}}"


def _remark(item: Seen, total: int) -> str:
    """Say what the sample shows without quoting it: comments go into prompts."""
    return f"Describe me; set in {item.count} of {total} sample records"


def _quoted(text: str) -> str:
    """Return text as a JSON string, which is a YAML scalar too."""
    shown = "".join(c if c.isprintable() else " " for c in text)
    return msgspec.json.encode(shown).decode()
