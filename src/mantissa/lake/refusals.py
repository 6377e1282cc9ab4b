"""What reached us and could not be read at all: kept in quarantine, as any bad record is.

A message that nobody understands, an object that is gone before it was read, an object whose
encryption key we may not use: each gets an entry in the ledger under a name made of what was
received, and one line in quarantine. When the object can be read later, the entry is released.
"""

from __future__ import annotations

import hashlib
from dataclasses import asdict, dataclass
from datetime import UTC, datetime

import orjson

from mantissa.lake.books import Outcome
from mantissa.lake.ingest import LakePorts
from mantissa.lake.ledger import DONE, QUARANTINED, Ledger, insist
from mantissa.lake.manifest import encode_manifest, manifest_key
from mantissa.lake.parts import stem
from mantissa.lake.plan import PARSER_VERSION, Plan
from mantissa.lake.quarantine import (
    LEDGER,
    RELEASED,
    encode_entries,
    quarantine_key,
    whole_object_entry,
    whole_object_id,
)
from mantissa.model import Counts, Manifest, Reason
from mantissa.ports import Put

_KEPT_BYTES = 64 << 10
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC).isoformat()


@dataclass(frozen=True, slots=True)
class Refusal:
    """What could not be read, and why.

    Args:
        where: what a person would look for: an object's URI, or the name of a message.
        received: what there is of it.
    """

    where: str
    reason: Reason
    detail: str
    received: bytes

    @property
    def identity(self) -> str:
        """The ledger's name of it: the same when the same is received again."""
        text = orjson.dumps([str(self.reason), self.where])
        return hashlib.sha256(text + self.received).hexdigest()


class Refusals:
    """The use case: keep what could not be read, and let it go when it could."""

    def __init__(self, ports: LakePorts) -> None:
        self._ports = ports
        self._ledger = Ledger(ports.state)

    def keep(self, refusal: Refusal) -> None:
        """Put it in quarantine; the same one a second time changes nothing."""
        identity, plan = refusal.identity, _plan(refusal)
        entry = self._ledger.begin(identity, plan)
        if entry.finished:
            return
        manifest = self._written(refusal, plan)
        key = manifest_key(identity, plan.short)
        self._ports.objects.put_if_absent(key, encode_manifest(manifest))
        now = self._ports.clock.now().isoformat()
        self._ledger.commit(entry, Outcome(QUARANTINED, manifest, key, now))

    def release(self, identity: str) -> None:
        """Take it out of quarantine: what it stood for has been read."""
        state = self._ports.state
        name = whole_object_id(identity, 0)

        def let_go() -> None:
            item = state.get(LEDGER, identity)
            if item is None or state.get(RELEASED, name) is not None:
                return
            value = {**item.value, "state": DONE, "counts": asdict(Counts())}
            released = Put(RELEASED, name, {"by": identity}, None)
            state.transact([Put(LEDGER, identity, value, item.version), released])

        insist(let_go, identity)

    def _written(self, refusal: Refusal, plan: Plan) -> Manifest:
        identity, head = refusal.identity, refusal.received[:_KEPT_BYTES]
        name = whole_object_id(identity, 0)
        line = whole_object_entry(name, refusal.where, refusal.reason, refusal.detail, head)
        file = quarantine_key("", f"{stem(identity, plan)}00000")
        self._ports.objects.put_if_absent(file, encode_entries([line]))
        counts = Counts(records=1, quarantined=1, reasons={str(refusal.reason): 1})
        return Manifest(identity, "", refusal.where, (), counts, (file,), plan.size)


def _plan(refusal: Refusal) -> Plan:
    """Return the plan of what has no content: nothing in it depends on when it was refused."""
    return Plan(
        source="",
        spec="",
        nearest=(),
        parser=PARSER_VERSION,
        split_rows=1,
        split_bytes=1,
        limits={},
        writer="",
        source_object=refusal.where,
        etag="",
        size=len(refusal.received),
        modified=_EPOCH,
    )
