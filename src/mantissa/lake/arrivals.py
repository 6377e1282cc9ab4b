"""One message of the ingest queue to rows: the work of the ingest function.

A message is done when this returns: all it points to is in rows or in quarantine. When it raises,
the message must come again.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Protocol

from mantissa.errors import KeyDenied, NoticeError, ObjectNotFound, StoreError
from mantissa.lake.ingest import Ingest, Ingested, Inputs
from mantissa.lake.notices import Arrival, arrivals_of
from mantissa.lake.refusals import Refusal, Refusals
from mantissa.lake.seen import Seen
from mantissa.model import ObjectInfo, Reason

MESSAGE = "message:"


@dataclass(frozen=True, slots=True)
class Held:
    """One raw object while it is kept as it is.

    Args:
        info: what it is; `identity` may be empty.
        keys: of what is in it: its own, or its members' if it is an archive; none when complete.
        complete: whether all of it was ingested before.
    """

    info: ObjectInfo
    keys: Sequence[str]
    complete: bool = False


class RawInputs(Inputs, Protocol):
    """Raw objects, of which archives have members."""

    def hold(self, uri: str) -> AbstractContextManager[Held]:
        """Keep one object as it is now, for as long as its keys are ingested."""
        ...


@dataclass(frozen=True, slots=True)
class Taken:
    """What became of one message.

    Args:
        done: what was ingested, in order.
        complete: objects that were ingested before and were not even read.
        refused: what could not be read and went to quarantine.
    """

    done: tuple[Ingested, ...] = ()
    complete: tuple[str, ...] = ()
    refused: tuple[Refusal, ...] = ()

    @property
    def numbers(self) -> dict[str, int]:
        """Return what became of the message in numbers, by the names of their metrics."""
        return {
            "ObjectsIngested": len(self.done),
            "ObjectsComplete": len(self.complete),
            "ObjectsRefused": len(self.refused),
            "RowsWritten": sum(one.counts.rows for one in self.done),
            "RecordsQuarantined": sum(one.counts.quarantined for one in self.done),
        }


class Arrivals:
    """The use case: ingest what a message points to."""

    def __init__(self, inputs: RawInputs, ingest: Ingest, refusals: Refusals, seen: Seen) -> None:
        self._inputs = inputs
        self._ingest = ingest
        self._refusals = refusals
        self._seen = seen

    def take(self, body: str, *, last: bool = False) -> Taken:
        """Ingest what a message points to.

        Args:
            last: whether the message will not come again, so that an object that a policy keeps
                from us is to be told in quarantine now.
        """
        try:
            arrivals = arrivals_of(body)
        except NoticeError as error:
            return Taken(refused=(self._keep_message(body, error),))
        found = [self._take_one(arrival, last=last) for arrival in arrivals]
        return Taken(
            tuple(done for taken in found for done in taken.done),
            tuple(uri for taken in found for uri in taken.complete),
            tuple(refusal for taken in found for refusal in taken.refused),
        )

    def _take_one(self, arrival: Arrival, *, last: bool) -> Taken:
        try:
            with self._inputs.hold(arrival.uri) as held:
                if held.complete:
                    return Taken(complete=(arrival.uri,))
                done = tuple(self._ingest.one(key) for key in held.keys)
        except (ObjectNotFound, KeyDenied) as error:
            if not _is_about(error, arrival) or (isinstance(error, KeyDenied) and not last):
                raise
            return Taken(refused=(self._keep_object(arrival, error),))
        refused = self._seen.complete(held.info)
        if refused:
            self._refusals.release(refused)
        return Taken(done)

    def _keep_message(self, body: str, error: NoticeError) -> Refusal:
        received = body.encode("utf-8", "surrogatepass")
        name = f"{MESSAGE}{hashlib.sha256(received).hexdigest()[:16]}"
        refusal = Refusal(name, Reason.BAD_FORMAT, error.message, received)
        self._refusals.keep(refusal)
        return refusal

    def _keep_object(self, arrival: Arrival, error: StoreError) -> Refusal:
        reason = Reason.KMS_DENIED if isinstance(error, KeyDenied) else Reason.NOT_FOUND
        refusal = Refusal(arrival.uri, reason, error.message, _pointer(arrival))
        self._refusals.keep(refusal)
        self._seen.refuse(arrival.uri, refusal.identity)
        return refusal


def _is_about(error: StoreError, arrival: Arrival) -> bool:
    """Whether it is the raw object that failed, and not something of the lake's own."""
    where = error.where or ""
    return where == arrival.uri or where.startswith(f"{arrival.uri}!")


def _pointer(arrival: Arrival) -> bytes:
    """Return what is known of an object that could not be read: the same for the same content."""
    return f"{arrival.uri} etag={arrival.etag} size={arrival.size}\n".encode()
