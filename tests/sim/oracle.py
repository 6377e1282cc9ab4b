"""What must be true at the end of every simulated world, worked out without the product's code.

loss       a rule and an event that belong together have no finding
twice      they have more than one row in the lake
false      a finding that should not be there, or under another id
alerts     not each alert once, under its id, with its count and its message
books      the journal does not add up: records of runs, files of findings, health
"""

from __future__ import annotations

import hashlib
import io
import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

import pyarrow.parquet as pq

from sim import together
from sim.stores import read_rows
from sim.universe import EVENTS, Event, Version, rule_version, table_of

if TYPE_CHECKING:
    from sim.world import World

WINDOW = 3600
Row = Mapping[str, Any]


def wrong(world: World) -> list[str]:
    """Return everything that is wrong, each with its kind first."""
    rows = findings(world)
    return [
        *_verdicts(world, rows),
        *together.wrong(world, rows),
        *_doubles(rows),
        *_names(rows),
        *_alerts(world, rows),
        *_books(world, rows),
    ]


def findings(world: World) -> list[Row]:
    """Return every row that a reader of the table sees."""
    rows: list[Row] = []
    for info in world.objects.list("lake/findings/"):
        rows += _read(world.objects.get(info.key))
    return rows


def _read(data: bytes) -> list[dict[str, Any]]:
    if data[:4] != b"PAR1":
        return read_rows(data)
    return pq.read_table(io.BytesIO(data), partitioning=None).to_pylist()


def _delivered(world: World) -> list[str]:
    return [key for d in world.deliveries for held in d.files.values() for key in held]


def _verdicts(world: World, rows: list[Row]) -> Iterator[str]:
    """Hold each rule's findings on each file against the versions that were ever in force."""
    files = _delivered(world)
    place = {event["id"]: key for key in files for event in EVENTS[key]}
    found: dict[tuple[str, str], set[tuple[str, str]]] = {}
    for row in rows:
        if row["event_id"] not in place:
            yield f"false: a finding on {row['event_id']}, which never was"
            continue
        pair = (row["rule_id"], place[row["event_id"]])
        found.setdefault(pair, set()).add((row["rule_version"], row["event_id"]))
    sets = world.case.rules
    alone = [v for versions in sets for v in versions if v.table != "matches"]
    rule_ids = dict.fromkeys(v.rule_id for v in alone)
    for rule_id in rule_ids:
        of_sets = [[v for v in versions if v.rule_id == rule_id] for versions in sets]
        for key in files:
            seen = found.get((rule_id, key), set())
            allowed = [_expected(versions, key) for versions in of_sets]
            if seen not in allowed:
                yield from _difference(rule_id, key, seen, allowed)


def _expected(versions: list[Version], key: str) -> set[tuple[str, str]]:
    return {
        (rule_version(v), event["id"])
        for v in versions
        for event in EVENTS[key]
        if v.table == table_of(key) and v.matches(event)
    }


def _difference(
    rule_id: str, key: str, seen: set[tuple[str, str]], allowed: list[set[tuple[str, str]]]
) -> Iterator[str]:
    nearest = min(allowed, key=lambda expected: len(expected ^ seen))
    for version, event in sorted(nearest - seen):
        yield f"loss: rule {rule_id[-2:]} ({version}) on event {event} of {key}"
    for version, event in sorted(seen - nearest):
        yield f"false: rule {rule_id[-2:]} ({version}) on event {event} of {key}"


def _doubles(rows: list[Row]) -> Iterator[str]:
    for name in ("finding_id", "pair"):
        counts = Counter(
            r["finding_id"] if name == "finding_id" else (r["rule_id"], r["event_id"]) for r in rows
        )
        for key, count in sorted(counts.items()):
            if count > 1:
                yield f"twice: {count} rows of {name} {key}"


def _names(rows: list[Row]) -> Iterator[str]:
    for row in rows:
        said = (row["rule_id"], row["rule_version"], *together.group(row), row["event_id"])
        parts = "\0".join(said)
        if row["finding_id"] != hashlib.sha256(parts.encode()).hexdigest():
            yield f"false: {row['finding_id']} is not the id of rule {row['rule_id'][-2:]}"


def _alerts(world: World, rows: list[Row]) -> Iterator[str]:
    """Group the findings anew and hold them against the alerts and the messages owed."""
    by_version = {rule_version(v): v for versions in world.case.rules for v in versions}
    by_event = {event["id"]: event for key in _delivered(world) for event in EVENTS[key]}
    expected: Counter[str] = Counter()
    for row in rows:
        version, event = by_version.get(row["rule_version"]), by_event.get(row["event_id"])
        if version is not None and event is not None:
            expected[_alert_id(version, event)] += 1
    records = {item.key: item.value for item in world.state.query("alerts")}
    counts = {key: value["count"] for key, value in records.items()}
    for key in sorted(expected.keys() | counts.keys()):
        if expected[key] != counts.get(key, 0):
            yield f"alerts: {key[:12]} counts {counts.get(key, 0)} of {expected[key]} findings"
    if any(key != value["id"] for key, value in records.items()):
        yield "alerts: a record under another alert's name"
    owed = [item.key for item in world.state.query("outbox")]
    if owed != [f"{key}/soc/000001" for key in sorted(records)]:
        yield f"alerts: {len(owed)} messages are owed for {len(records)} alerts"


def _alert_id(version: Version, event: Event) -> str:
    names = version.group_by or ("actor_user", "cloud_account", "device_host")
    values = {"actor_user": event["name"], "src_ip": event["ip"], "name": event["name"]}
    moment = event["when"]
    hour = f"{moment[:13]}:00:00+00:00"
    group = [[name, values.get(name, "")] for name in names]
    parts = ["local", version.rule_id, version.major, group, hour]
    return hashlib.sha256(json.dumps(parts, separators=(",", ":")).encode()).hexdigest()


def _books(world: World, rows: list[Row]) -> Iterator[str]:
    runs = [item.value for item in world.state.query("runs") if item.key != "active"]
    judged = sum(run["report"]["objects_judged"] for run in runs)
    if judged != len(world.deliveries):
        yield f"books: runs judged {judged} objects of {len(world.deliveries)}"
    said = sum(run["report"]["findings"] for run in runs)
    if said != len(rows):
        yield f"books: runs said {said} findings, the lake has {len(rows)}"
    named = sorted(key for run in runs for key in run["files"])
    there = sorted(info.key for info in world.objects.list("lake/findings/"))
    if named != there:
        yield f"books: runs named {_list(named)}, the lake has {_list(there)}"
    days = {key.split("event_date=")[1][:10] for key in there}
    if unknown := sorted(day for day in days if ("findings", day) not in world.days):
        yield f"books: the catalogue does not know {unknown}"
    force = {v.rule_id for v in world.case.rules[world.force]}
    for item in world.state.query("rule_health"):
        value = item.value
        if item.key in force and (value["state"] != "ok" or value["failing_since"]):
            yield f"books: rule {item.key[-2:]} is {value['state']} and is well"


def _list(keys: Iterable[str]) -> list[str]:
    return [key.rpartition("/")[2] for key in keys]
