"""The source specifications that plans were pinned to, kept beside the rows they made."""

from __future__ import annotations

from mantissa.ports import ObjectStore
from mantissa.sources.registry import Sources
from mantissa.sources.spec import SourceSpec, load_spec


class SpecStore:
    """Specifications by version; today's come from the product, older ones from the lake."""

    def __init__(self, store: ObjectStore, sources: Sources) -> None:
        self._store = store
        self._sources = sources
        self._saved: set[str] = set()

    def save(self, spec: SourceSpec) -> str:
        """Keep a specification's text and return its version."""
        if spec.version not in self._saved:
            self._store.put_if_absent(_key(spec.name, spec.version), spec.text.encode())
            self._saved.add(spec.version)
        return spec.version

    def load(self, name: str, version: str) -> SourceSpec:
        """Return the specification of that version."""
        today = self._sources.get(name)
        if today is not None and today.version == version:
            return today
        key = _key(name, version)
        return load_spec(self._store.get(key).decode(), key)


def _key(name: str, version: str) -> str:
    return f"specs/{name}-{version}.yaml"
