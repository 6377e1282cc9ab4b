"""Which rows a run may send: the most urgent first, and an alert's messages in order."""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby

from mantissa.alerts.outbox import Held, Row, RowState, live_rows
from mantissa.ports import StateStore


@dataclass(frozen=True, slots=True)
class Turn:
    """A row whose turn it is.

    Args:
        overtaken: a later message to the same destination tells more; this one need not go.
    """

    held: Held
    overtaken: bool


@dataclass(frozen=True, slots=True)
class Plan:
    """What is owed: the rows to send now by destination, and how many live rows there are."""

    lanes: Mapping[str, list[Turn]]
    live: Mapping[str, int]


def plan(state: StateStore, now: datetime, limit: int, skip: Collection[str] = frozenset()) -> Plan:
    """Choose at most `limit` rows for each destination, leaving out the keys in `skip`.

    One pass over what is owed, holding no more than the chosen rows.
    """
    live: Counter[str] = Counter()
    lanes: dict[str, list[Turn]] = {}
    by_destination: dict[str, list[tuple[tuple[object, ...], int, Turn]]] = {}
    for number, turn in enumerate(_turns(_counted(live_rows(state), live))):
        row = turn.held.row
        if row.is_due(now) and row.key not in skip:
            heap = by_destination.setdefault(row.destination, [])
            _keep(heap, (_urgency(row), -number, turn), limit)
    for name, heap in by_destination.items():
        lanes[name] = [turn for _, _, turn in sorted(heap, reverse=True)]
    return Plan(lanes, live)


def _turns(rows: Iterable[Held]) -> Iterator[Turn]:
    """Yield the first live row of each alert and destination; the later ones wait for it."""
    for _, group in groupby(rows, key=lambda held: (held.row.alert_id, held.row.destination)):
        head, *later = group
        overtaken = any(h.row.kind != "acknowledge" for h in later)
        yield Turn(head, overtaken and head.row.state is not RowState.INFLIGHT)


def _counted(rows: Iterable[Held], live: Counter[str]) -> Iterator[Held]:
    for held in rows:
        live[held.row.destination] += 1
        yield held


def _urgency(row: Row) -> tuple[bool, int, float]:
    """Rank a row, higher first; one that already took its worker down goes last."""
    return (row.state is not RowState.INFLIGHT, row.level.rank, -row.created_at.timestamp())


def _keep(
    heap: list[tuple[tuple[object, ...], int, Turn]],
    entry: tuple[tuple[object, ...], int, Turn],
    limit: int,
) -> None:
    if len(heap) < limit:
        heapq.heappush(heap, entry)
    else:
        heapq.heappushpop(heap, entry)
