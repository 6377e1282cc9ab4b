"""Which crossings of correlations were told, so that none is told twice however late data come."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any

from mantissa.detection.islands import Island
from mantissa.ports import Put, StateStore

CROSSINGS = "crossings"
KEPT = 500
"""Latest crossings that are remembered of one correlation and group."""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(slots=True)
class _Group:
    version: int | None
    told: list[int]
    changed: bool = False


@dataclass(slots=True)
class Crossings:
    """What was told, with what this run adds."""

    state: StateStore
    groups: dict[str, _Group] = field(default_factory=dict)

    def tell(self, island: Island) -> bool:
        """Remember where an island begins; False if one of its events was told as a crossing before.

        What begins earlier than it was told is remembered too: later matches may part the two, and
        the part that begins here is no news. So the beginning of every island is remembered, and an
        island that grows towards one reaches it within what is looked at: the windows that new
        matches change end a timespan after them, and the next hit is no further than another.
        """
        group = self._group(island)
        first, last = _millis(island.event_time), _millis(island.last_time)
        known = any(first <= told <= last for told in group.told)
        if first not in group.told:
            group.told = sorted([*group.told, first])[-KEPT:]
            group.changed = True
        return not known

    def writes(self) -> Iterator[Put]:
        """Yield the records to be written with the run's commit."""
        for key, group in sorted(self.groups.items()):
            if group.changed:
                yield Put(CROSSINGS, key, {"told": group.told}, group.version)

    def _group(self, island: Island) -> _Group:
        name = sha256(island.key.encode("utf-8", "surrogatepass")).hexdigest()[:32]
        key = f"{island.correlation.info.id}/{name}"
        if key not in self.groups:
            item = self.state.get(CROSSINGS, key)
            told: Any = item.value["told"] if item else []
            self.groups[key] = _Group(item.version if item else None, list(told))
        return self.groups[key]


def crossings_json(writes: Iterable[Put]) -> list[dict[str, Any]]:
    """Return records to be written, for a settlement."""
    return [{"key": w.key, "value": dict(w.value), "version": w.version} for w in writes]


def crossings_from(said: Iterable[Mapping[str, Any]]) -> list[Put]:
    """Read what `crossings_json` wrote."""
    return [Put(CROSSINGS, entry["key"], entry["value"], entry["version"]) for entry in said]


def _millis(time: datetime) -> int:
    return (time - _EPOCH) // timedelta(milliseconds=1)
