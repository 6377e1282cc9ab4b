"""Every rule in one line: what becomes of it, and how it does on the lake that is here."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mantissa.bootstrap.local import LocalApp
    from mantissa.detection.correlation import Correlation
    from mantissa.detection.rule import Refusal, Rule

_WORDS = {"ok": "ok", "not_run": "not run yet", "unknown": ""}


def overview(app: LocalApp) -> list[dict[str, Any]]:
    """Return the entries of `rules list`; what needs a lake is unknown where there is none."""
    sources: dict[str, list[str]] = {}
    for predicate in app.prepared.predicates:
        sources.setdefault(predicate.rule.info.id, []).append(predicate.source.name)
    for correlation in app.prepared.correlations:
        members = (sources.get(member.id, ()) for member in correlation.members)
        sources[correlation.info.id] = list(dict.fromkeys(s for own in members for s in own))
    reasons = {refusal.id: refusal.reason for refusal in app.prepared.refused}
    known = [
        *(_entry(app, rule, sources, reasons) for rule in app.rules.rules),
        *(_entry(app, each, sources, reasons) for each in app.rules.correlations),
        *(_refused_entry(app, refusal) for refusal in app.rules.refused),
    ]
    found = health(app)
    return [{**entry, **_health_of(entry, found)} for entry in known]


def health(app: LocalApp) -> Mapping[str, Mapping[str, Any]]:
    """Return the health of the rules that run, by id; nothing without a lake."""
    if not (app.home / "lake").is_dir():
        return {}
    from mantissa.bootstrap.health import books_of
    from mantissa.detection.vitals import vitals

    return {i: found.to_json() for i, found in vitals(app.prepared, books_of(app)).items()}


def told(entry: Mapping[str, Any]) -> str:
    """Say for people what is to be said of a rule's health."""
    if entry["health"] == "failing":
        return f"failing since {entry['failing_since']}: {entry['last_error']}"
    if entry["cannot_fire"]:
        return f"cannot fire: {entry['cannot_fire']}"
    return entry["no_data"] or _WORDS[entry["health"]]


def _health_of(entry: Mapping[str, Any], found: Mapping[str, Any]) -> Mapping[str, Any]:
    from mantissa.detection.vitals import NOTHING_KNOWN

    if entry["state"] != "runs":
        return NOTHING_KNOWN
    known: Mapping[str, Any] = found.get(entry["id"], NOTHING_KNOWN)
    return known


def _entry(
    app: LocalApp,
    rule: Rule | Correlation,
    sources: Mapping[str, list[str]],
    reasons: Mapping[str, str],
) -> dict[str, Any]:
    state = app.prepared.state_of(rule.info.id)
    waits = _waits_for(rule) if state == "waits_for_source" else ""
    return {
        "id": rule.info.id,
        "title": rule.info.title,
        "level": str(rule.info.level),
        "status": rule.status,
        "tags": list(rule.info.tags),
        "sources": sources.get(rule.info.id, []),
        "mode": _mode(app, rule.info.id),
        "state": state,
        "reason": reasons.get(rule.info.id, waits),
        "path": rule.path,
        "exceptions": [exception.to_json() for exception in getattr(rule, "exceptions", ())],
    }


def _waits_for(rule: Rule | Correlation) -> str:
    logsource = getattr(rule, "logsource", None)
    return f"no source carries {logsource}" if logsource else "its members wait for a source"


def _mode(app: LocalApp, rule_id: str) -> str:
    """Return `member`, `immediate` where a commit starts the run that judges, or `scheduled`."""
    if rule_id in app.prepared.silent:
        return "member"
    settings = app.settings
    wakes = settings.detection.immediate and settings.aws.detect_queue
    return "immediate" if wakes else "scheduled"


def _refused_entry(app: LocalApp, refusal: Refusal) -> dict[str, Any]:
    return {
        "id": refusal.id,
        "title": "",
        "level": "",
        "status": "",
        "tags": [],
        "sources": [],
        "mode": _mode(app, refusal.id),
        "state": "refused",
        "reason": refusal.reason,
        "path": refusal.path,
        "exceptions": [],
    }
