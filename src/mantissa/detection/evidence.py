"""Islands of correlations as findings, and as matches of outer correlations."""

from __future__ import annotations

from collections.abc import Sequence

import orjson
import pyarrow as pa

from mantissa.detection.correlation import Correlation
from mantissa.detection.findings import UNKNOWN, RunStamp, clip, finding_id
from mantissa.detection.islands import Evidence, Island
from mantissa.detection.matched import conformed, key_of
from mantissa.detection.members import inner_places
from mantissa.model import Finding


def correlation_finding(island: Island, evidence: Evidence, stamp: RunStamp) -> Finding:
    """Return what a correlation found; its event is the one at which it fired.

    Its fields are the group's values, what was measured, and the window's first time and events.
    """
    info = island.correlation.info
    object_time, row_time = stamp.arrivals.get(evidence.source_object, UNKNOWN)
    return Finding(
        finding_id=finding_id(info.id, info.version, f"{island.key}\0{island.event_id}"),
        rule_id=info.id,
        rule_title=info.title,
        rule_version=info.version,
        level=info.level,
        tags=info.tags,
        source=evidence.source,
        event_id=island.event_id,
        event_time=island.event_time,
        source_object=evidence.source_object,
        entities={name: clip(value) for name, value in evidence.entities.items()},
        fields={name: clip(value) for name, value in _fields(island, evidence).items()},
        run_id=stamp.run_id,
        detected_at=stamp.detected_at,
        object_time=object_time,
        row_time=row_time,
    )


def _fields(island: Island, evidence: Evidence) -> dict[str, str]:
    correlation = island.correlation
    group = dict(zip(correlation.group_by, orjson.loads(island.key), strict=True))
    measure = {} if island.measure is None else {correlation.kind.value: _number(island.measure)}
    return (
        group
        | measure
        | {
            "first_event": island.first_time.isoformat(),
            "events": str(island.events),
            "event_ids": " ".join(evidence.event_ids),
        }
    )


def _number(value: float) -> str:
    return str(int(value)) if value.is_integer() else str(value)


def inner_match(outer: Correlation, island: Island, finding: Finding) -> pa.Table | None:
    """Return a correlation's finding as a match of an outer one; its identity is the finding's."""
    keys, values = inner_places(outer, island.correlation)
    group = orjson.loads(island.key)
    key = key_of([group[place] for place in keys])
    if key is None:
        return None
    counted = [group[place] for place in values]
    columns: dict[str, Sequence[object]] = {
        "correlation": [outer.info.id],
        "grouping": [outer.grouping],
        "member": [island.correlation.info.id],
        "event_id": [finding.finding_id],
        "event_time": [island.event_time],
        "key": [key],
        "value": [counted[0] if len(counted) == 1 else key_of(counted) if counted else None],
        "source": [finding.source],
        "source_object": [finding.source_object],
        "run_id": [finding.run_id],
    }
    found = columns | {name: [value] for name, value in finding.entities.items()}
    return conformed({name: pa.array(own) for name, own in found.items()}, 1)
