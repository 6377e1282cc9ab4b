"""Sources whose records are not flat JSON: the named function that turns one into a dict.

A source names one with `normalise:` in its `source.yaml`. Such a function takes one record's bytes
and returns its fields, vendor names as keys, nested dicts where the vendor nests; it raises
`RecordError(reason, detail)` when the record cannot be read. It must be pure: the same bytes give
the same fields.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any, cast

Normaliser = Callable[[bytes], Mapping[str, Any]]
"""Raw bytes of one record to its fields; raises `RecordError`."""

REGISTRY: dict[str, str] = {
    "windows": "mantissa.sources.windows.normalise:normalise",
}
"""Name in `source.yaml` → `module:function`, imported on first use."""


def resolve(name: str) -> Normaliser:
    """Import the normaliser of that name. Raises `KeyError` when no such name is registered."""
    module, _, function = REGISTRY[name].partition(":")
    return cast(Normaliser, getattr(import_module(module), function))
