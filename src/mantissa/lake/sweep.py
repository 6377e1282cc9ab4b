"""Finds raw objects that nobody ingested and tells the ingest queue again.

A notification can be lost: a filter rewritten, a queue purged, an outage. The sweep goes through
a bucket's keys beside what has been seen, in one order, and sends a pointer to each object that is
not covered. Duplicates are harmless; what cannot be read is tried again with every sweep.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice

from mantissa.errors import Conflict
from mantissa.lake.ledger import Ledger
from mantissa.lake.notices import SCHEME, pointer_to
from mantissa.lake.seen import Seen, Sighting, is_shortened, key_of
from mantissa.model import ObjectInfo
from mantissa.ports import Clock, Put, Queue, StateStore

CURSORS = "sweeps"
GRACE = timedelta(hours=1)
"""Age below which an object's own message may still be under way."""
MOST_OBJECTS = 500_000
"""Objects one sweep looks at; the next one goes on from there."""

Listing = Callable[[str, str], Iterator[ObjectInfo]]
"""Bucket and URI → its objects behind that URI, by key; keys are URIs."""


@dataclass(frozen=True, slots=True)
class Swept:
    """What a sweep of one bucket found.

    Args:
        young: too young to be missed.
        ended: whether the end of the bucket was reached; else the next sweep goes on.
    """

    bucket: str
    listed: int = 0
    covered: int = 0
    young: int = 0
    sent: int = 0
    ended: bool = True


class Sweep:
    """The use case: send pointers to what was missed in one bucket."""

    def __init__(self, listing: Listing, state: StateStore, queue: Queue, clock: Clock) -> None:
        self._listing = listing
        self._state = state
        self._queue = queue
        self._clock = clock
        self._seen = Seen(state)
        self._ledger = Ledger(state)

    def run(self, bucket: str, *, grace: timedelta = GRACE, most: int = MOST_OBJECTS) -> Swept:
        """Go through a bucket from where the last sweep stopped."""
        item = self._state.get(CURSORS, bucket)
        after = item.value["after"] if item else ""
        found = _Found(self._clock.now() - grace)
        objects = found.counted(islice(self._listing(bucket, after), most))
        missed = found.missed(self._beside_sightings(objects, bucket, after), self._is_covered)
        self._queue.send_all(pointer_to([info]) for info in missed)
        ended = found.listed < most
        with suppress(Conflict):
            place = {"after": "" if ended else found.last}
            self._state.put(Put(CURSORS, bucket, place, item.version if item else None))
        return Swept(bucket, found.listed, found.covered, found.young, found.sent, ended)

    def _beside_sightings(
        self, objects: Iterable[ObjectInfo], bucket: str, after: str
    ) -> Iterator[tuple[ObjectInfo, Sighting | None]]:
        """Yield each object with what is known of its key; both lists are in the same order."""
        known = self._seen.under(f"{SCHEME}{bucket}/", after)
        key, sighting = next(known, _END)
        for info in objects:
            wanted = key_of(info.key)
            if is_shortened(info.key):
                yield info, self._seen.find(info.key)
                continue
            while key and key < wanted:
                key, sighting = next(known, _END)
            yield info, sighting if key == wanted else None

    def _is_covered(self, info: ObjectInfo, sighting: Sighting | None) -> bool:
        if sighting is None or not sighting.is_of(info):
            return False
        if sighting.complete:
            return True
        # The worker died after the ledger knew and before the sighting did.
        entry = self._ledger.find(sighting.identity) if sighting.identity else None
        return entry is not None and entry.finished


_END: tuple[str, Sighting | None] = ("", None)


@dataclass(slots=True)
class _Found:
    """Counts while objects pass."""

    before: datetime
    listed: int = 0
    covered: int = 0
    young: int = 0
    sent: int = 0
    last: str = ""

    def counted(self, objects: Iterable[ObjectInfo]) -> Iterator[ObjectInfo]:
        """Pass objects on."""
        for info in objects:
            self.listed += 1
            self.last = info.key
            yield info

    def missed(
        self,
        objects: Iterable[tuple[ObjectInfo, Sighting | None]],
        is_covered: Callable[[ObjectInfo, Sighting | None], bool],
    ) -> Iterator[ObjectInfo]:
        """Yield the objects that are not covered and not young."""
        for info, sighting in objects:
            if info.modified > self.before:
                self.young += 1
            elif is_covered(info, sighting):
                self.covered += 1
            else:
                self.sent += 1
                yield info
