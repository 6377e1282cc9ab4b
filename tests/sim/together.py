"""What correlations must have found: islands of hits, worked out by counting on one's fingers.

Objects come in any order, so an island may grow, move its beginning or join another after it was
told. What must hold at the end whatever the order was:

    loss       an island of the complete data in which nothing was told
    false      something told that no part of the data ever said
    twice      two told in one island that no part of the data ever held apart
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from functools import lru_cache
from itertools import combinations
from typing import TYPE_CHECKING, Any

from sim.universe import BURST, CHAIN, EVENTS, SEQUENCE, Delivery, Event

if TYPE_CHECKING:
    from sim.world import World

SPAN = timedelta(minutes=5)
Row = Mapping[str, Any]
Island = tuple[str, ...]
"""Ids of an island's events; the first is the crossing."""


def _burst(window: Sequence[Event]) -> bool:
    return sum(event["cmd"] == "fail" for event in window) >= 3


def _sequence(window: Sequence[Event]) -> bool:
    return any(
        first["cmd"] == "fail" and second["cmd"] == "enter"
        for first, second in combinations(window, 2)
    )


RULES: Mapping[str, tuple[Callable[[Sequence[Event]], bool], tuple[str, ...]]] = {
    BURST.rule_id: (_burst, ("fail",)),
    SEQUENCE.rule_id: (_sequence, ("fail", "enter")),
}


def group(row: Row) -> tuple[str, ...]:
    """Return what a correlation's finding carries in its name beside rule and event."""
    if row["rule_id"] not in RULES:
        return ()
    return (json.dumps([_name(row["event_id"])]),)


def _name(event_id: str) -> str:
    return next(e["name"] for held in EVENTS.values() for e in held if e["id"] == event_id)


@lru_cache(maxsize=50_000)
def islands(rule_id: str, name: str, objects: tuple[int, ...]) -> tuple[Island, ...]:
    """Return a group's islands over the events of these objects."""
    holds, counted = RULES[rule_id]
    events = sorted(
        (e for d in CHAIN if d.number in objects for e in _events(d)),
        key=lambda e: (e["when"], e["id"]),
    )
    mine = [e for e in events if e["name"] == name and e["cmd"] in counted]
    found: list[list[str]] = []
    before: Event | None = None
    for event in mine:
        window = [e for e in mine if _time(event) - SPAN <= _time(e) <= _time(event)]
        if not holds(window):
            before = None
            continue
        if before is None or _time(event) - _time(before) > SPAN:
            found.append([])
        found[-1].append(event["id"])
        before = event
    return tuple(map(tuple, found))


def _events(delivery: Delivery) -> Iterator[Event]:
    return (e for held in delivery.files.values() for key in held for e in EVENTS[key])


def _time(event: Event) -> datetime:
    return datetime.fromisoformat(event["when"])


def wrong(world: World, rows: Iterable[Row]) -> Iterator[str]:
    """Hold what was told against the islands of all data and of every part of it."""
    if not any(v.rule_id in RULES for versions in world.case.rules for v in versions):
        return
    numbers = tuple(sorted(d.number for d in world.deliveries))
    told = [
        (r["rule_id"], _name(r["event_id"]), r["event_id"]) for r in rows if r["rule_id"] in RULES
    ]
    for rule_id in RULES:
        for name in ("bob", "eve"):
            mine = [event for rule, who, event in told if (rule, who) == (rule_id, name)]
            for problem in _group_wrong(rule_id, name, numbers, mine):
                yield f"{problem} (correlation {rule_id[-2:]} of {name}, told {mine})"


def _group_wrong(
    rule_id: str, name: str, numbers: tuple[int, ...], told: Sequence[str]
) -> Iterator[str]:
    parts = [part for n in range(len(numbers) + 1) for part in combinations(numbers, n)]
    views = [islands(rule_id, name, part) for part in parts]
    final = islands(rule_id, name, numbers)
    for island in final:
        mine = [event for event in told if event in island]
        if not mine:
            yield f"loss: nothing was told of {island}"
        for one, other in combinations(mine, 2):
            if not any({one, other} <= {i[0] for i in view} for view in views):
                yield f"twice: {one} and {other} were never apart"
    crossings = {island[0] for view in views for island in view}
    for event in told:
        if event not in crossings:
            yield f"false: {event} never was a crossing"
