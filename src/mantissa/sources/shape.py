"""The msgspec Struct for one source's records, and the unknown fields that it learns on the way.

A Struct that refuses unknown fields sends every record with a new field the slow way. So fields
that keep turning up are added to it; what they hold still goes to `extra`.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Annotated, Any

import msgspec

from mantissa.model import ColumnType
from mantissa.sources.definition import SourceSpec

LEARN_FROM = 32
"""Fewest records that did not fit before their fields are looked at."""
LEARN_AT_MOST = 256
"""Most unknown fields of one source that are learnt."""
LOOK_AT = 200
"""Most records looked at in one go."""

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
_object = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode


@dataclass(frozen=True, slots=True)
class Shape:
    """One Struct and what its fields are, in order.

    Args:
        names: top-level fields that columns come from.
        native: those among them that come out typed; the others come as JSON text.
        learnt: unknown fields, after the others.
        decode: JSON text to Struct; refuses any other field.
    """

    names: tuple[str, ...]
    native: dict[str, ColumnType]
    learnt: tuple[str, ...]
    decode: Callable[[bytes], Any]


def first_shape(spec: SourceSpec) -> Shape:
    """Return the Struct of a source as its specification has it."""
    tops = dict.fromkeys(p[0] for f in spec.fields for p in f.paths)
    names = tuple(name for name in tops if not _UNFIT.search(name))
    return _shape(spec.name, names, _native_types(spec, names), ())


def learnable(spec: SourceSpec) -> Callable[[str], bool]:
    """Return whether a field may be learnt: not if it may be a column or a filter in other case."""
    paths = {path for f in spec.fields for path in f.paths}
    filters = spec.recognise.filtered
    taken = {p[0].lower() for p in paths} | {".".join(p).lower() for p in paths}
    taken |= {name.lower() for f in filters for name in f.fields}
    taken |= {name.lower() for f in filters for name, _ in f.values}
    return lambda name: name.lower() not in taken and not _UNFIT.search(name)


def learn(spec: SourceSpec, shape: Shape, texts: Iterable[bytes]) -> Shape:
    """Return a Struct that also knows the unknown fields of these records."""
    may, known = learnable(spec), {*shape.names, *shape.learnt}
    found: dict[str, None] = {}
    for text in texts:
        try:
            members = _object(text)
        except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
            continue
        found.update((name, None) for name in members if name not in known and may(name))
    learnt = (*shape.learnt, *found)[:LEARN_AT_MOST]
    if learnt == shape.learnt:
        return shape
    return _shape(spec.name, shape.names, shape.native, learnt)


def _native_types(spec: SourceSpec, names: Sequence[str]) -> dict[str, ColumnType]:
    """Return the type of the top-level fields that msgspec can read straight into a column."""
    users: dict[str, list[tuple[int, ColumnType]]] = defaultdict(list)
    for item in spec.fields:
        for path in item.paths:
            users[path[0]].append((len(path), item.type))
    plain = {name: uses[0] for name, uses in users.items() if len(uses) == 1 and name in names}
    return {n: kind for n, (depth, kind) in plain.items() if depth == 1 and kind in _NATIVE}


def _shape(
    name: str, names: tuple[str, ...], native: dict[str, ColumnType], learnt: tuple[str, ...]
) -> Shape:
    every = (*names, *learnt)
    attributes = [f"f{i}" for i in range(len(every))]
    kinds = [_NATIVE[native[n]] if n in native else msgspec.Raw for n in every]
    struct = msgspec.defstruct(
        name,
        [(a, kind, None) for a, kind in zip(attributes, kinds, strict=True)],
        rename=dict(zip(attributes, every, strict=True)),
        forbid_unknown_fields=True,
        gc=False,
    )
    return Shape(names, native, learnt, msgspec.json.Decoder(struct).decode)
