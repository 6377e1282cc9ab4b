"""Holds the demo's findings against its story: which rule saw which step, and why."""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import TYPE_CHECKING, Any

from mantissa.entrypoints.cli.findings import newest_findings, who
from mantissa.entrypoints.cli.layout import cut, facts
from mantissa.entrypoints.cli.text import visible

if TYPE_CHECKING:
    from mantissa.bootstrap.local import LocalApp
    from mantissa.entrypoints.cli.scenario import Scenario, Step

_MANY = 10_000
_LONGEST = 60
_INDENT = " " * 17


def explain(app: LocalApp, scenario: Scenario) -> tuple[list[dict[str, Any]], int]:
    """Return the story with what found each step, and the number of findings about other events."""
    from mantissa.model import Severity

    step_of = {e: name for name, ids in scenario.attack_event_ids.items() for e in ids}
    vendor_ids = _vendor_ids(app)
    by_step: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for finding in newest_findings(app, _MANY, {}):
        by_step[step_of.get(vendor_ids.get(finding["event_id"], ""), "")].append(finding)
    often = Counter(f["rule_id"] for found in by_step.values() for f in found)
    for found in by_step.values():
        # The most serious first; of equals the one that says most, which is the one seen least.
        found.sort(key=lambda f: (-Severity(f["level"]).rank, often[f["rule_id"]], f["event_time"]))
    return [_told(step, by_step[step.name]) for step in scenario.story], len(by_step[""])


def story_text(story: list[dict[str, Any]]) -> str:
    """Return the story for people: each step, the rules that saw it, and why."""
    return "\n\n".join(_step_text(step) for step in story)


def _step_text(step: dict[str, Any]) -> str:
    title = visible(f"{step['time'][11:16]}  {step['level'].upper() or '-':<8}  {step['step']}")
    rules = step["rules"] or ["nothing saw it"]
    labelled = [("rule" if n == 0 else "", rule) for n, rule in enumerate(rules)]
    return f"{title}\n{facts([*labelled, ('why', step['why'])], _INDENT)}"


def _told(step: Step, found: list[dict[str, Any]]) -> dict[str, Any]:
    # Of several events together a finding says only what they share: one event's own says more.
    telling = next((f for f in found if "eventName" in f["fields"] and f["src_ip"]), None)
    shown = telling or next(iter(found), None)
    return {
        "time": step.time.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "step": step.title,
        "level": found[0]["level"] if found else "",
        "rules": list(dict.fromkeys(f["rule_title"] for f in found)),
        "why": _why(shown) + _more(shown, found) if shown else "",
        "found_by": list(dict.fromkeys(f["rule_id"] for f in found)),
    }


def _vendor_ids(app: LocalApp) -> dict[str, str]:
    """Return CloudTrail's own event id of every event that a rule found."""
    sql = (
        "SELECT f.event_id, c.eventid FROM findings AS f "
        "JOIN aws_cloudtrail AS c ON c.event_id = f.event_id"
    )
    rows = app.engine.run(sql, limits=app.query_limits).table.to_pylist()
    return {row["event_id"]: row["eventid"] for row in rows}


def _why(finding: dict[str, Any]) -> str:
    """Say what was called, by whom, from where and on what, out of what the rule saw."""
    fields: dict[str, str] = finding["fields"]
    parts = [
        fields.get("eventName", ""),
        _after("by", who(finding)),
        _after("from", finding["src_ip"]),
        _after("on", finding["resource"] or _target(fields)),
    ]
    return " ".join(part for part in parts if part)


def _more(shown: dict[str, Any], found: list[dict[str, Any]]) -> str:
    """Say how many events beside the one shown the same rule saw in this step."""
    others = sum(f["rule_id"] == shown["rule_id"] for f in found) - 1
    return f" and {others} more" if others else ""


def _target(fields: dict[str, str]) -> str:
    """Return the first parameter that the rule shows by its own name."""
    named = (v for k, v in fields.items() if k.startswith("requestParameters."))
    return next((value for value in named if not value.startswith(("{", "["))), "")


def _after(word: str, value: str | None) -> str:
    if not value:
        return ""
    # An ARN says partition, service, region and account before it says what it names.
    name = value.split(":", 5)[5] if value.startswith("arn:") and value.count(":") > 4 else value
    return f"{word} {cut(name, _LONGEST)}"
