"""Reading the columns that lie inside a JSON sub-document, one pass over the document's members."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import msgspec

from mantissa.sources.columns import Value, coerce
from mantissa.sources.definition import FieldSpec, Path

_object = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode
_strings = msgspec.json.Decoder(dict[str, str]).decode
_list = msgspec.json.Decoder(list[msgspec.Raw]).decode


class Branch:
    """The wanted fields at one level of a document.

    Args:
        wanted: (path below this level, column, slot of its value).
    """

    def __init__(self, wanted: Iterable[tuple[Path, FieldSpec, int]]) -> None:
        self.here: list[tuple[FieldSpec, int]] = []
        below: dict[str, list[tuple[Path, FieldSpec, int]]] = {}
        for path, spec, slot in wanted:
            if path:
                below.setdefault(path[0], []).append((path[1:], spec, slot))
            else:
                self.here.append((spec, slot))
        self.below = {name: Branch(items) for name, items in below.items()}
        self.is_flat = all(not b.below and b._is_text() for b in self.below.values())
        self._folded: dict[str, list[str]] = {}
        for name in self.below:
            self._folded.setdefault(name.lower(), []).append(name)

    def _is_text(self) -> bool:
        return all(spec.type == "string" for spec, _ in self.here)

    def read(self, text: bytes, out: list[Value]) -> None:
        """Put the values of a document into their slots. Raises `RecordError`."""
        for spec, slot in self.here:
            out[slot] = coerce(text, spec.name, spec.type)
        if not self.below:
            return
        if text[:1] == b"{":
            self._read_object(text, out)
        elif text[:1] == b"[":
            items = {str(i): item for i, item in enumerate(_list(text))}
            self._each(items, lambda branch, raw: branch.take(raw, out))

    def take(self, raw: msgspec.Raw, out: list[Value]) -> None:
        """Read a member of the level above."""
        text = bytes(raw)
        if text != b"null":
            self.read(text, out)

    def _read_object(self, text: bytes, out: list[Value]) -> None:
        if self.is_flat:
            try:
                strings = _strings(text)
            except msgspec.ValidationError:
                pass
            else:
                self._each(strings, lambda branch, value: branch.put(value, out))
                return
        self._each(_object(text), lambda branch, raw: branch.take(raw, out))

    def put(self, value: str, out: list[Value]) -> None:
        """Put one text into this level's columns, which all hold text."""
        for _, slot in self.here:
            out[slot] = value

    def _each(self, members: Mapping[str, Any], visit: Callable[[Branch, Any], None]) -> None:
        """Visit wanted members: by exact name, else the first one equal without case."""
        below, folded = self.below, self._folded
        done: set[str] = set()
        for name, raw in members.items():
            branch = below.get(name)
            if branch is not None:
                visit(branch, raw)
            for other in folded.get(name.lower(), ()):
                if other != name and other not in members and other not in done:
                    done.add(other)
                    visit(below[other], raw)
