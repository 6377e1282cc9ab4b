"""The quick way for JSON records: one msgspec Struct per source, made from its specification.

The Struct refuses unknown fields and unexpected types, so whatever is not plain goes to the
reference, record by record. What remains must come out exactly as the reference would give it:
`tests/unit/sources/test_fast.py` holds the two against each other.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Annotated, Any

import msgspec
import pyarrow as pa
import pyarrow.compute as pc

from mantissa.model import ColumnType
from mantissa.sources.columns import Value
from mantissa.sources.definition import FieldSpec, Path, SourceSpec
from mantissa.sources.inside import Branch
from mantissa.sources.record import RecordError
from mantissa.sources.schema import ARROW

_INT64 = Annotated[int, msgspec.Meta(ge=-(1 << 63), le=(1 << 63) - 1)]
_EXACT = Annotated[float, msgspec.Meta(ge=-float(1 << 53), le=float(1 << 53))]
_NATIVE: dict[ColumnType, Any] = {
    "string": str | None,
    "bigint": _INT64 | None,
    "double": _EXACT | None,
    "boolean": bool | None,
}
_UNFIT = re.compile(r'["\\\x00-\x1f]')
"""Characters that msgspec allows in no field name; records that use them go to the reference."""

Found = dict[tuple[str, Path], pa.Array]
"""Values by column name and the path they were found at."""


@dataclass(slots=True)
class Decoded:
    """What the quick way made of some records.

    Args:
        arrays: the source's columns for the records in `places`.
        places: which records they are.
        left: records for the reference.
    """

    arrays: dict[str, pa.Array]
    places: list[int]
    left: list[int] = field(default_factory=list)


class StructReader:
    """Decodes compact JSON records of one source into columns."""

    def __init__(self, spec: SourceSpec) -> None:
        self.spec = spec
        tops = dict.fromkeys(p[0] for f in spec.fields for p in f.paths)
        self._names = [name for name in tops if not _UNFIT.search(name)]
        self._native = _native_types(spec, self._names)
        self._decode = msgspec.json.Decoder(_struct(spec.name, self._names, self._native)).decode
        self._filters = [f for f in spec.recognise.filtered if self._may_match(f.fields)]

    def _may_match(self, names: Sequence[str]) -> bool:
        return all(name in self._names for name in names)

    def read(self, texts: Sequence[bytes]) -> Decoded:
        """Decode records; those that are not plain are only listed in `left`."""
        structs, places, left = self._structs(texts)
        tops = self._tops(structs)
        arrays, odd = self._columns(tops, len(structs))
        odd |= self._suspects(tops, len(structs))
        if odd:
            left = sorted([*left, *(places[i] for i in odd)])
            keep = [i for i in range(len(structs)) if i not in odd]
            indices = pa.array(keep, pa.int64())
            arrays = {name: array.take(indices) for name, array in arrays.items()}
            places = [places[i] for i in keep]
        return Decoded(arrays, places, left)

    def _structs(self, texts: Sequence[bytes]) -> tuple[list[Any], list[int], list[int]]:
        try:
            return list(map(self._decode, texts)), list(range(len(texts))), []
        except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
            return self._structs_singly(texts)

    def _structs_singly(self, texts: Sequence[bytes]) -> tuple[list[Any], list[int], list[int]]:
        structs: list[Any] = []
        places: list[int] = []
        left: list[int] = []
        for i, text in enumerate(texts):
            try:
                structs.append(self._decode(text))
                places.append(i)
            except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
                left.append(i)
        return structs, places, left

    def _tops(self, structs: list[Any]) -> dict[str, pa.Array]:
        """Return one array per top-level field: typed, or its JSON text."""
        rows = map(msgspec.structs.astuple, structs)
        columns = zip(*rows, strict=True) if structs else ((),) * len(self._names)
        return {
            name: pa.array(values, ARROW[kind]) if kind else _texts(values)
            for name, kind, values in zip(
                self._names, map(self._native.get, self._names), columns, strict=True
            )
        }

    def _columns(
        self, tops: dict[str, pa.Array], rows: int
    ) -> tuple[dict[str, pa.Array], set[int]]:
        wanted: dict[str, list[tuple[Path, FieldSpec]]] = defaultdict(list)
        found: Found = {}
        for spec in self.spec.fields:
            for path in spec.paths:
                if path[0] not in tops:
                    found[spec.name, path] = pa.nulls(rows, ARROW[spec.type])
                elif len(path) == 1 and (spec.type == "json" or path[0] in self._native):
                    found[spec.name, path] = tops[path[0]]
                else:
                    wanted[path[0]].append((path, spec))
        odd: set[int] = set()
        for name, items in wanted.items():
            odd |= _inside(tops[name], items, found)
        arrays = {
            spec.name: self._first(spec, [found[spec.name, p] for p in spec.paths], odd)
            for spec in self.spec.fields
        }
        return {**arrays, "extra": pa.nulls(rows, pa.string())}, odd

    def _first(self, spec: FieldSpec, arrays: list[pa.Array], odd: set[int]) -> pa.Array:
        """Return the first value that is set; rows with a second one are for the reference."""
        result = arrays[0]
        for other in arrays[1:]:
            both = pc.and_(result.is_valid(), other.is_valid())
            odd.update(pc.indices_nonzero(both).to_pylist())
            result = pc.coalesce(result, other)
        return result

    def _suspects(self, tops: dict[str, pa.Array], rows: int) -> set[int]:
        """Return the rows that a filter may want."""
        suspects: set[int] = set()
        for item in self._filters:
            names = [*item.fields, *(name for name, _ in item.values)]
            if not self._may_match(names):
                continue
            mask = pa.repeat(True, rows)
            for name in names:
                mask = pc.and_(mask, tops[name].is_valid())
            for name, pattern in item.values:
                if self._native.get(name) == "string":
                    matches = pc.match_substring_regex(tops[name], f"^(?:{pattern})$")
                    mask = pc.and_(mask, pc.fill_null(matches, False))
            suspects.update(pc.indices_nonzero(mask).to_pylist())
        return suspects


def _native_types(spec: SourceSpec, names: list[str]) -> dict[str, ColumnType]:
    """Return the type of the top-level fields that msgspec can read straight into a column."""
    users: dict[str, list[tuple[int, ColumnType]]] = defaultdict(list)
    for item in spec.fields:
        for path in item.paths:
            users[path[0]].append((len(path), item.type))
    return {
        name: uses[0][1]
        for name, uses in users.items()
        if name in names and len(uses) == 1 and uses[0][0] == 1 and uses[0][1] in _NATIVE
    }


def _struct(name: str, names: list[str], native: dict[str, ColumnType]) -> type[msgspec.Struct]:
    attributes = [f"f{i}" for i in range(len(names))]
    kinds = [_NATIVE[native[n]] if n in native else msgspec.Raw for n in names]
    return msgspec.defstruct(
        name,
        [(a, kind, None) for a, kind in zip(attributes, kinds, strict=True)],
        rename=dict(zip(attributes, names, strict=True)),
        forbid_unknown_fields=True,
        gc=False,
    )


def _texts(values: Sequence[Any]) -> pa.Array:
    """Return the JSON texts of a field as an array; JSON null is null."""
    texts = [None if v is None else bytes(v) for v in values]
    array = pa.array(texts, pa.binary()).cast(pa.string())
    return pc.if_else(pc.equal(array, "null"), pa.scalar(None, pa.string()), array)


def _inside(documents: pa.Array, items: list[tuple[Path, FieldSpec]], found: Found) -> set[int]:
    """Read values inside each distinct document; return rows whose document does not fit."""
    encoded = documents.dictionary_encode()
    branch = Branch((path[1:], spec, slot) for slot, (path, spec) in enumerate(items))
    rows: list[list[Value]] = []
    wrong: set[int] = set()
    for code, text in enumerate(encoded.dictionary.to_pylist()):
        values: list[Value] = [None] * len(items)
        try:
            branch.read(text.encode(), values)
        except RecordError:
            wrong.add(code)
        rows.append(values)
    columns: Sequence[Sequence[Value]] = list(zip(*rows, strict=True)) or [()] * len(items)
    for (path, spec), column in zip(items, columns, strict=True):
        found[spec.name, path] = pa.array(column, ARROW[spec.type]).take(encoded.indices)
    if not wrong:
        return set()
    return {i for i, code in enumerate(encoded.indices.to_pylist()) if code in wrong}
