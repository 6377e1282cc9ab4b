"""The common columns, computed from the source's own columns a batch at a time.

Each distinct value of a column is looked at once: logs repeat themselves.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from fnmatch import translate
from functools import lru_cache, partial
from ipaddress import ip_address

import pyarrow as pa
import pyarrow.compute as pc

from mantissa.sources.definition import COMMON, Alternative, SourceSpec

Arrays = Mapping[str, pa.Array]
Mapper = Callable[[str], str | None]

_ARROW = {"string": pa.string(), "bigint": pa.int64()}


@lru_cache(maxsize=256)
def deriver_of(spec: SourceSpec) -> Deriver:
    """Return what fills the common columns of a source, the same for all its objects."""
    return Deriver(spec.derive)


class Deriver:
    """Fills the common columns of one source."""

    def __init__(self, derive: Mapping[str, tuple[Alternative, ...]]) -> None:
        self._columns = {
            name: [(item, _mapper(item), _conditions(item)) for item in items]
            for name, items in derive.items()
        }

    def fill(self, arrays: Arrays, rows: int) -> dict[str, pa.Array]:
        """Return every common column, typed, in table order."""
        return {c.name: self._fill_one(c.name, _ARROW[c.type], arrays, rows) for c in COMMON}

    def _fill_one(self, name: str, kind: pa.DataType, arrays: Arrays, rows: int) -> pa.Array:
        result: pa.Array | None = None
        for item, mapper, conditions in self._columns.get(name, ()):
            if result is not None and result.null_count == 0:
                break
            value = _evaluate(item, mapper, arrays, rows)
            for column, wanted in conditions:
                mask = flags(arrays[column], wanted)
                value = pc.if_else(mask, value, pa.scalar(None, value.type))
            value = value if value.type == kind else value.cast(kind)
            result = value if result is None else pc.coalesce(result, value)
        return pa.nulls(rows, kind) if result is None else result


def _evaluate(item: Alternative, mapper: Mapper | None, arrays: Arrays, rows: int) -> pa.Array:
    if item.const is not None:
        return pa.repeat(pa.scalar(item.const), rows)
    array = arrays[item.column]
    if item.present is not None or item.absent is not None:
        present, absent = (pa.scalar(v, pa.string()) for v in (item.present, item.absent))
        return pc.if_else(array.is_valid(), present, absent)
    return array if mapper is None else map_distinct(array, mapper)


def map_distinct(array: pa.Array, mapper: Mapper) -> pa.Array:
    """Apply a function to each distinct value of a column, as text; nulls stay null."""
    encoded = array.cast(pa.string()).dictionary_encode()
    mapped = [mapper(value) for value in encoded.dictionary.to_pylist()]
    return pa.array(mapped, pa.string()).take(encoded.indices)


def flags(array: pa.Array, wanted: Callable[[str], bool]) -> pa.Array:
    """Return for each value whether it is wanted; null is not."""
    encoded = array.cast(pa.string()).dictionary_encode()
    flags = pa.array([wanted(v) for v in encoded.dictionary.to_pylist()], pa.bool_())
    return pc.fill_null(flags.take(encoded.indices), False)


def _conditions(item: Alternative) -> list[tuple[str, Callable[[str], bool]]]:
    return [(column, partial(_matches_any, _globs(globs))) for column, globs in item.when]


def _globs(globs: tuple[str, ...]) -> list[re.Pattern[str]]:
    return [_glob(glob) for glob in globs]


@lru_cache(maxsize=256)
def _glob(glob: str) -> re.Pattern[str]:
    return re.compile(translate(glob.replace("[", "[[]")), re.IGNORECASE)


def _matches_any(patterns: list[re.Pattern[str]], value: str) -> bool:
    return any(p.fullmatch(value) for p in patterns)


def _mapper(item: Alternative) -> Mapper | None:
    if item.is_plain or item.present is not None or item.absent is not None:
        return None
    pattern = None if item.pattern is None else re.compile(item.pattern)
    values = [(_glob(glob), value) for glob, value in item.values]
    has_values = bool(values) or item.otherwise is not None

    def mapper(text: str) -> str | None:
        if pattern is not None:
            found = pattern.search(text)
            if found is None or found.group(1) is None:
                return item.otherwise
            text = found.group(1)
        if item.keep == "ip" and not is_ip(text):
            return None
        if has_values:
            return next((v for glob, v in values if glob.fullmatch(text)), item.otherwise)
        return text

    return mapper


def is_ip(text: str) -> bool:
    """Whether the text is one IPv4 or IPv6 address."""
    try:
        ip_address(text)
    except ValueError:
        return False
    return "%" not in text
