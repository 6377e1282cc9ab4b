"""Coverage as a layer for the ATT&CK Navigator (layer file format 4.5)."""

from __future__ import annotations

from typing import Any

from mantissa.detection.coverage import Coverage, State, Technique

LAYER = "4.5"
DOMAIN = "enterprise-attack"
NAMED = 20
"""Rules named in a technique's comment."""

COLORS = {
    State.NONE: "#d9d9d9",
    State.TELEMETRY: "#fdd49e",
    State.ENABLED: "#9ecae1",
    State.VALIDATED: "#41ab5d",
}
LABELS = {
    State.NONE: "a rule is known, but no log source for it",
    State.TELEMETRY: "telemetry present, no rule enabled",
    State.ENABLED: "rule enabled, not validated",
    State.VALIDATED: "rule enabled and validated by its tests",
}


def layer(found: Coverage, titles: dict[str, str], name: str) -> dict[str, Any]:
    """Return the layer's document.

    Args:
        titles: what rules are called, by id.
        name: the layer's own name.
    """
    return {
        "name": name,
        "versions": {"layer": LAYER},
        "domain": DOMAIN,
        "description": "How far the enabled rules cover each technique that a known rule names.",
        "sorting": 3,
        "hideDisabled": False,
        "techniques": [_technique(technique, titles) for technique in found.techniques],
        "gradient": {
            "colors": [COLORS[state] for state in State],
            "minValue": State.NONE.rank,
            "maxValue": State.VALIDATED.rank,
        },
        "legendItems": [{"label": LABELS[s], "color": COLORS[s]} for s in State],
        "showTacticRowBackground": False,
        "selectTechniquesAcrossTactics": True,
        "selectSubtechniquesWithParent": False,
    }


def _technique(technique: Technique, titles: dict[str, str]) -> dict[str, Any]:
    state = technique.state
    facts = {
        "state": state.value,
        "rules enabled": str(len(technique.rules)),
        "rules validated": str(len(technique.validated)),
        "rules not enabled": str(technique.known),
        "log sources": ", ".join(sorted(technique.sources)) or "none",
    }
    if technique.data is not None:
        facts["log sources with data"] = ", ".join(sorted(technique.data)) or "none"
    return {
        "techniqueID": technique.id,
        "score": state.rank,
        "color": COLORS[state],
        "comment": _comment(technique, titles),
        "enabled": True,
        "metadata": [{"name": name, "value": value} for name, value in facts.items()],
        "showSubtechniques": False,
    }


def _comment(technique: Technique, titles: dict[str, str]) -> str:
    named = sorted(titles.get(rule_id, rule_id) for rule_id in technique.rules)
    more = [f"and {len(named) - NAMED} more"] if len(named) > NAMED else []
    return "\n".join([LABELS[technique.state], *named[:NAMED], *more])
