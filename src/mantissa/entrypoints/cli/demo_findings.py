"""Holds the demo's findings against its story: which rule saw which step, and why."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any

from mantissa.entrypoints.cli.findings import newest_findings

if TYPE_CHECKING:
    from mantissa.bootstrap import App
    from mantissa.entrypoints.cli.scenario import Scenario, Step

_MANY = 10_000
_WHY_FIELDS = 3


def explain(app: App, scenario: Scenario) -> tuple[list[dict[str, Any]], int]:
    """Return the story with what found each step, and the number of findings about other events."""
    from mantissa.model import Severity

    step_of = {e: name for name, ids in scenario.attack_event_ids.items() for e in ids}
    vendor_ids = _vendor_ids(app)
    by_step: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for finding in newest_findings(app, _MANY, {}):
        by_step[step_of.get(vendor_ids.get(finding["event_id"], ""), "")].append(finding)
    for found in by_step.values():
        found.sort(key=lambda finding: -Severity(finding["level"]).rank)
    return [_told(step, by_step[step.name]) for step in scenario.story], len(by_step[""])


def _told(step: Step, found: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "time": step.time.strftime("%H:%M"),
        "step": step.title,
        "level": found[0]["level"] if found else "",
        "found": ", ".join(dict.fromkeys(f["rule_title"] for f in found)) or "nothing",
        "why": _why(found[0]) if found else "",
        "found_by": sorted({f["rule_id"] for f in found}),
    }


def _vendor_ids(app: App) -> dict[str, str]:
    """Return CloudTrail's own event id of every event that a rule found."""
    sql = (
        "SELECT f.event_id, c.eventid FROM findings AS f "
        "JOIN aws_cloudtrail AS c ON c.event_id = f.event_id"
    )
    rows = app.engine.run(sql, limits=app.query_limits).table.to_pylist()
    return {row["event_id"]: row["eventid"] for row in rows}


def _why(finding: dict[str, Any]) -> str:
    """Return the fields that the rule names, with this event's values."""
    shown = list(finding["fields"].items())[:_WHY_FIELDS]
    return ", ".join(f"{name} = {value}" for name, value in shown if value)
