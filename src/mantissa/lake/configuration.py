"""Puts settings, rules and sources where the deployed functions read them, as a sync.

The functions keep a copy of `config/` and read it at their start, so an object must never be
missing while it is replaced: a rule that is absent for one run would not judge that run's rows.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from mantissa.model import ObjectInfo
from mantissa.ports import ObjectStore

CONFIGURATION = "config/"
PRUNED = ("config/rules/", "config/sources/")
"""Where objects that are here no longer may be deleted; the settings stay whatever happens."""


class ReplaceableObjects(ObjectStore, Protocol):
    """An object store that can also replace: only for what is not immutable by design."""

    def replace(self, key: str, data: bytes) -> None:
        """Write durably in place of what was there; readers see the old or the new."""
        ...


@dataclass(frozen=True, slots=True)
class Difference:
    """What a push does to the bucket, as sorted keys.

    Args:
        stale: there but not here, and left there because nobody asked to prune.
        kept: different there, and left so because nobody asked to replace them.
    """

    new: tuple[str, ...]
    changed: tuple[str, ...]
    unchanged: tuple[str, ...]
    deleted: tuple[str, ...]
    stale: tuple[str, ...]
    kept: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Return the command's JSON."""
        return {
            "uploaded": sorted([*self.new, *self.changed]),
            "new": list(self.new),
            "changed": list(self.changed),
            "unchanged": len(self.unchanged),
            "deleted": list(self.deleted),
            "stale": list(self.stale),
            "kept": list(self.kept),
        }


def compare(
    store: ObjectStore,
    files: Mapping[str, bytes],
    *,
    prune: bool = False,
    keep: Collection[str] = (),
) -> Difference:
    """Say what a push would do; reads the store only.

    Args:
        files: key below the lake's bucket → content.
        prune: whether rules and sources that are not among `files` would be deleted.
        keep: keys that are written where they are not, and never replaced.
    """
    there = {info.key: info for info in store.list(CONFIGURATION) if not info.key.endswith("/")}
    new = sorted(files.keys() - there.keys())
    known = sorted(files.keys() & there.keys())
    same = {key for key in known if _is_same(store, there[key], files[key])}
    gone = sorted(k for k in there.keys() - files.keys() if k.startswith(PRUNED))
    return Difference(
        new=tuple(new),
        changed=tuple(key for key in known if key not in same and key not in keep),
        unchanged=tuple(key for key in known if key in same),
        deleted=tuple(gone) if prune else (),
        stale=() if prune else tuple(gone),
        kept=tuple(key for key in known if key not in same and key in keep),
    )


def push(
    store: ReplaceableObjects,
    files: Mapping[str, bytes],
    *,
    prune: bool = False,
    keep: Collection[str] = (),
) -> Difference:
    """Bring the store up to date and return what was done.

    New and changed objects are written before any is deleted, so a rule that moved to another
    file is never absent; a push that was interrupted is finished by the next.
    """
    difference = compare(store, files, prune=prune, keep=keep)
    for key in _in_order((*difference.new, *difference.changed)):
        store.replace(key, files[key])
    for key in difference.deleted:
        store.delete(key)
    return difference


def _in_order(keys: Iterable[str]) -> list[str]:
    """Return sources first and settings last: what is referred to before what refers."""
    ranks = {"config/sources/": 0, "config/rules/": 1}
    return sorted(keys, key=lambda key: (_rank(key, ranks), key))


def _rank(key: str, ranks: Mapping[str, int]) -> int:
    return next((rank for prefix, rank in ranks.items() if key.startswith(prefix)), len(ranks))


def _is_same(store: ObjectStore, there: ObjectInfo, data: bytes) -> bool:
    """Compare by size, then by SHA-256; an etag is no hash where the bucket's key encrypts."""
    if there.size != len(data):
        return False
    identity = there.identity or store.head(there.key).identity
    return identity == hashlib.sha256(data).hexdigest()
