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
from functools import lru_cache, partial
from typing import Any

import msgspec
import pyarrow as pa
import pyarrow.compute as pc

from mantissa.sources.columns import Value
from mantissa.sources.definition import FieldSpec, Path, SourceSpec
from mantissa.sources.derive import flags
from mantissa.sources.inside import Branch
from mantissa.sources.record import RecordError
from mantissa.sources.reference import object_text, record_of
from mantissa.sources.schema import ARROW
from mantissa.sources.shape import LEARN_FROM, LOOK_AT, Shape, first_shape, learn

_MISFITS = (msgspec.DecodeError, RecursionError, UnicodeDecodeError)

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
        self.shape = first_shape(spec)

    def read(self, texts: Sequence[bytes]) -> Decoded:
        """Decode records; those that are not plain are only listed in `left`."""
        shape, structs = self.shape, self._structs(texts, self.shape)
        if structs.count(None) >= LEARN_FROM:
            shape, structs = self._learn(texts, structs)
        places = [i for i, struct in enumerate(structs) if struct is not None]
        return self._decoded(texts, shape, [structs[i] for i in places], places)

    def _learn(self, texts: Sequence[bytes], structs: list[Any]) -> tuple[Shape, list[Any]]:
        odd = [text for text, struct in zip(texts, structs, strict=True) if struct is None]
        shape = learn(self.spec, self.shape, odd[:LOOK_AT])
        if shape is self.shape:
            return shape, structs
        self.shape = shape
        return shape, self._structs(texts, shape)

    def _structs(self, texts: Sequence[bytes], shape: Shape) -> list[Any]:
        """Return a Struct for each record that fits, None for the others."""
        try:
            return list(map(shape.decode, texts))
        except _MISFITS:
            return [_struct(shape, text) for text in texts]

    def _decoded(
        self, texts: Sequence[bytes], shape: Shape, structs: list[Any], places: list[int]
    ) -> Decoded:
        tops, extra = _tops(shape, structs, [texts[i] for i in places])
        arrays, odd = self._columns(tops, shape, len(structs))
        arrays["extra"] = extra
        odd |= self._suspects(tops, shape, len(structs))
        if odd:
            keep = [i for i in range(len(structs)) if i not in odd]
            indices = pa.array(keep, pa.int64())
            arrays = {name: array.take(indices) for name, array in arrays.items()}
            places = [places[i] for i in keep]
        taken = set(places)
        return Decoded(arrays, places, [i for i in range(len(texts)) if i not in taken])

    def _columns(
        self, tops: dict[str, pa.Array], shape: Shape, rows: int
    ) -> tuple[dict[str, pa.Array], set[int]]:
        wanted: dict[str, list[tuple[Path, FieldSpec]]] = defaultdict(list)
        found: Found = {}
        for spec in self.spec.fields:
            for path in spec.paths:
                if path[0] not in tops:
                    found[spec.name, path] = pa.nulls(rows, ARROW[spec.type])
                elif len(path) == 1 and (spec.type == "json" or path[0] in shape.native):
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
        return arrays, odd

    def _first(self, spec: FieldSpec, arrays: list[pa.Array], odd: set[int]) -> pa.Array:
        """Return the first value that is set; rows with a second one are for the reference."""
        result = arrays[0]
        for other in arrays[1:]:
            both = pc.and_(result.is_valid(), other.is_valid())
            odd.update(pc.indices_nonzero(both).to_pylist())
            result = pc.coalesce(result, other)
        return result

    def _suspects(self, tops: dict[str, pa.Array], shape: Shape, rows: int) -> set[int]:
        """Return the rows that a filter may want."""
        suspects: set[int] = set()
        for item in self.spec.recognise.filtered:
            names = [*item.fields, *(name for name, _ in item.values)]
            if not all(name in tops for name in names):
                continue
            mask = pa.repeat(True, rows)
            for name in names:
                mask = pc.and_(mask, tops[name].is_valid())
            for name, pattern in item.values:
                if shape.native.get(name) == "string":
                    mask = pc.and_(mask, flags(tops[name], partial(_matches, re.compile(pattern))))
            suspects.update(pc.indices_nonzero(mask).to_pylist())
        return suspects


@lru_cache(maxsize=64)
def struct_reader(spec: SourceSpec) -> StructReader:
    """Return the reader of a source, the same for all its objects."""
    return StructReader(spec)


def _matches(pattern: re.Pattern[str], value: str) -> bool:
    return pattern.fullmatch(value) is not None


def _struct(shape: Shape, text: bytes) -> Any:
    try:
        return shape.decode(text)
    except _MISFITS:
        return None


def _tops(
    shape: Shape, structs: list[Any], texts: Sequence[bytes]
) -> tuple[dict[str, pa.Array], pa.Array]:
    """Return one array per top-level field, typed or its JSON text, and what is for `extra`."""
    width = len(shape.names) + len(shape.learnt)
    rows = map(msgspec.structs.astuple, structs)
    columns = list(zip(*rows, strict=True)) if structs else [()] * width
    tops = {
        name: pa.array(values, ARROW[shape.native[name]])
        if name in shape.native
        else _texts(values)
        for name, values in zip(shape.names, columns, strict=False)
    }
    return tops, _extra(shape.learnt, columns[len(shape.names) :], texts)


def _extra(
    learnt: Sequence[str], columns: Sequence[Sequence[Any]], texts: Sequence[bytes]
) -> pa.Array:
    """Return the members that no column takes, in each record's own order."""
    names = frozenset(learnt)
    odd = {i for values in columns for i, v in enumerate(values) if v is not None}
    extra = [_members(text, names) if i in odd else None for i, text in enumerate(texts)]
    return pa.array(extra, pa.string())


def _members(text: bytes, names: frozenset[str]) -> str | None:
    return object_text((k, v) for k, v in record_of(text).members.items() if k in names)


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
