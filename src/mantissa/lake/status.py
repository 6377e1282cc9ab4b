"""What the lake holds, table by table, from the ledger and the partition totals."""

from __future__ import annotations

from dataclasses import dataclass, fields

from mantissa.lake.books import Share, shares
from mantissa.lake.ledger import SUPERSEDED, Ledger
from mantissa.lake.quarantine import RELEASED, UNCLAIMED
from mantissa.ports import StateStore
from mantissa.sources.registry import Sources


@dataclass(slots=True)
class TableStatus:
    """One table's totals; times are ISO text, empty when there is nothing yet."""

    rows: int = 0
    objects: int = 0
    quarantined: int = 0
    first_event: str = ""
    last_event: str = ""
    last_ingest: str = ""
    files: int = 0
    bytes: int = 0

    def to_json(self) -> dict[str, int | str]:
        """Return the status as the CLI prints it."""
        return {f.name: getattr(self, f.name) for f in fields(self)}


def lake_status(state: StateStore, sources: Sources) -> dict[str, TableStatus]:
    """Return the totals of every table that has rows or quarantined records."""
    tables: dict[str, TableStatus] = {}
    for share in shares(state):
        _add_share(tables.setdefault(share.table, TableStatus()), share)
    for entry in Ledger(state).entries():
        if entry.finished and entry.state != SUPERSEDED:
            spec = sources.get(entry.plan.source)
            table = spec.table.name if spec else entry.plan.source or UNCLAIMED
            status = tables.setdefault(table, TableStatus())
            status.objects += 1
            status.quarantined += entry.counts.quarantined
            status.last_ingest = max(status.last_ingest, entry.committed_at)
    return dict(sorted(tables.items()))


def released_count(state: StateStore) -> int:
    """Return how many quarantine entries have since become rows."""
    return sum(1 for _ in state.query(RELEASED))


def _add_share(status: TableStatus, share: Share) -> None:
    status.rows += share.rows
    status.files += share.files
    status.bytes += share.bytes
    times = [status.first_event, share.first_event]
    status.first_event = min((t for t in times if t), default="")
    status.last_event = max(status.last_event, share.last_event)
