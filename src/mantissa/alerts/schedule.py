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


_Urgency = tuple[bool, int, float]
_Entry = tuple[_Urgency, int, Turn]
"""How urgent, minus its number (which is never the same twice), and the row."""


def plan(
    state: StateStore, now: datetime, limit: int, done: Collection[tuple[str, str]] = frozenset()
) -> Plan:
    """Choose rows so that each destination gets at most `limit`, with those already `done`.

    One pass over what is owed, holding no more than the chosen rows.

    Args:
        done: (destination, key) of rows that this run is through with.
    """
    spent = Counter(destination for destination, _ in done)
    live: Counter[str] = Counter()
    heaps: dict[str, list[_Entry]] = {}
    for number, turn in enumerate(_turns(_counted(live_rows(state), live))):
        row = turn.held.row
        room = limit - spent[row.destination]
        if room > 0 and row.is_due(now) and (row.destination, row.key) not in done:
            entry = (_urgency(row), -number, turn)
            _keep(heaps.setdefault(row.destination, []), entry, room)
    lanes = {
        name: [turn for *_, turn in sorted(heap, reverse=True)] for name, heap in heaps.items()
    }
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


def _urgency(row: Row) -> _Urgency:
    """Rank a row, higher first; one that already took its worker down goes last."""
    return (row.state is not RowState.INFLIGHT, row.level.rank, -row.created_at.timestamp())


def _keep(heap: list[_Entry], entry: _Entry, room: int) -> None:
    if len(heap) < room:
        heapq.heappush(heap, entry)
    else:
        heapq.heappushpop(heap, entry)
