"""The meaning of a mapping, record by record: slow, plain, and what every fast path must equal.

A record is one JSON object. Names are matched exactly, and without case where the exact name is
absent; nothing of a record is lost, for top-level fields that no column took go to `extra`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence

import msgspec

from mantissa.model import Reason
from mantissa.sources.columns import Value, coerce
from mantissa.sources.definition import FieldSpec, Filter, Path, SourceSpec
from mantissa.sources.record import RecordError

Row = tuple[Value, ...]
"""Values of `spec.fields` in order, then `extra`."""

_object = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode
_list = msgspec.json.Decoder(list[msgspec.Raw]).decode
_string = msgspec.json.Decoder(str).decode
_LONE_SURROGATE = re.compile(
    rb"(?<!\\)((?:\\\\)*)(?:"
    rb"(\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2})"
    rb"|\\u[dD][89a-fA-F][0-9a-fA-F]{2})"
)


def compact(raw: bytes) -> bytes:
    """Return a record's JSON text without blanks between its tokens.

    Lone surrogates, which no column can hold, become U+FFFD; `raw` keeps them.
    Raises `RecordError` with `bad_json`, `bad_utf8` or `depth`.
    """
    try:
        raw.decode()
        return msgspec.json.format(raw, indent=-1)
    except UnicodeDecodeError as error:
        raise RecordError(Reason.BAD_UTF8, f"byte {error.start} is not UTF-8") from error
    except RecursionError as error:
        raise RecordError(Reason.DEPTH, "nested too deeply") from error
    except msgspec.DecodeError as error:
        return _without_surrogates(raw, error)


def _without_surrogates(raw: bytes, cause: msgspec.DecodeError) -> bytes:
    cleaned = _LONE_SURROGATE.sub(
        lambda m: m.group(0) if m.group(2) else m.group(1) + rb"\ufffd", raw
    )
    try:
        return msgspec.json.format(cleaned, indent=-1)
    except (msgspec.DecodeError, RecursionError):
        raise RecordError(Reason.BAD_JSON, str(cause)) from cause


class Node:
    """A JSON object or list whose members are looked up one at a time."""

    def __init__(self, members: Mapping[str, msgspec.Raw]) -> None:
        self.members = members
        self._folded: dict[str, str] | None = None
        self._children: dict[str, Node | None] = {}

    def key(self, name: str) -> str | None:
        """Return the member's real name: exact, else the first one equal without case."""
        if name in self.members:
            return name
        if self._folded is None:
            self._folded = {}
            for real in self.members:
                self._folded.setdefault(real.lower(), real)
        return self._folded.get(name.lower())

    def child(self, name: str) -> Node | None:
        """Return the object or list under a member's real name, if it is one."""
        if name not in self._children:
            self._children[name] = node_of(bytes(self.members[name]))
        return self._children[name]

    def find(self, path: Path) -> tuple[str, bytes] | None:
        """Return the top-level name used and the JSON text at a path; None if absent or null."""
        found = self._walk(path)
        if found is None and len(path) > 1 and (flat := self.key(".".join(path))) is not None:
            found = flat, bytes(self.members[flat])
        return None if found is None or found[1] == b"null" else found

    def _walk(self, path: Path) -> tuple[str, bytes] | None:
        node: Node | None = self
        names: list[str] = []
        for depth, part in enumerate(path):
            name = None if node is None else node.key(part)
            if node is None or name is None:
                return None
            names.append(name)
            if depth == len(path) - 1:
                return names[0], bytes(node.members[name])
            node = node.child(name)
        return None


def node_of(text: bytes) -> Node | None:
    """Return the object or list that a JSON text holds, or None for a scalar."""
    if text[:1] == b"{":
        return Node(_object(text))
    if text[:1] == b"[":
        return Node({str(i): item for i, item in enumerate(_list(text))})
    return None


def record_of(text: bytes) -> Node:
    """Read one compact record. Raises `RecordError` with `bad_format` if it is no object."""
    if text[:1] != b"{":
        raise RecordError(Reason.BAD_FORMAT, "the record is no JSON object")
    return Node(_object(text))


def plain_text(raw: bytes) -> str:
    """Return a JSON value as text: strings bare, everything else as written."""
    return _string(raw) if raw[:1] == b'"' else raw.decode()


def filter_reason(record: Node, filters: Sequence[Filter]) -> str | None:
    """Return why a record is recognised but no event, or None if it is one."""
    for item in filters:
        fields = (*item.fields, *(name for name, _ in item.values))
        found = {name: record.find((name,)) for name in fields}
        if all(found.values()) and all(
            re.fullmatch(pattern, plain_text(found[name][1]))  # type: ignore[index]
            for name, pattern in item.values
        ):
            return item.reason
    return None


def field_value(record: Node, spec: FieldSpec, used: set[str]) -> Value:
    """Return a column's value and note which top-level field it took."""
    for path in spec.paths:
        found = record.find(path)
        if found is not None:
            used.add(found[0])
            return coerce(found[1], spec.name, spec.type)
        name = record.key(path[0])
        if name is not None and bytes(record.members[name]) == b"null":
            used.add(name)
    return None


def extra_of(record: Node, used: set[str]) -> str | None:
    """Return the members that no column took as JSON text, in their order."""
    return object_text((k, v) for k, v in record.members.items() if k not in used)


def object_text(members: Iterable[tuple[str, msgspec.Raw]]) -> str | None:
    """Return members as the text of a JSON object; None when there are none."""
    parts = [msgspec.json.encode(name) + b":" + bytes(value) for name, value in members]
    return (b"{" + b",".join(parts) + b"}").decode() if parts else None


def read_row(record: Node, spec: SourceSpec) -> Row:
    """Return one record's values. Raises `RecordError` with `wrong_type`."""
    used: set[str] = set()
    values = [field_value(record, field, used) for field in spec.fields]
    return (*values, extra_of(record, used))
