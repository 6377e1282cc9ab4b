"""What rules cover of ATT&CK: a state for each technique that any known rule names.

Which techniques there are, and which tactics they serve, is taken from the rules' own tags: ATT&CK's
own catalogue is not part of the product and is never fetched. So what no known rule names is not
listed, and a technique counts for a tactic when one rule carries both tags.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from mantissa.detection.correlation import Correlation
from mantissa.detection.pipeline import FieldBinder, find_targets
from mantissa.detection.prepare import Prepared
from mantissa.detection.rule import Rule, RuleSet

TACTICS = (
    "reconnaissance",
    "resource-development",
    "initial-access",
    "execution",
    "persistence",
    "privilege-escalation",
    "stealth",
    "defense-evasion",
    "defense-impairment",
    "credential-access",
    "discovery",
    "lateral-movement",
    "collection",
    "command-and-control",
    "exfiltration",
    "impact",
)
"""Tactics of the enterprise matrix, in its order, with the names that Sigma's tags use."""
_TECHNIQUE = re.compile(r"attack\.(t\d{4}(?:\.\d{3})?)", re.IGNORECASE)


class State(StrEnum):
    """How far a technique is covered, least first."""

    NONE = "none"
    TELEMETRY = "telemetry"
    ENABLED = "enabled"
    VALIDATED = "validated"

    @property
    def rank(self) -> int:
        """Position from 0 (none) to 3 (validated)."""
        return _RANKS[self]


_RANKS = {state: rank for rank, state in enumerate(State)}


@dataclass(slots=True)
class Technique:
    """What is known of one technique.

    Args:
        id: as ATT&CK writes it, `T1098.001`.
        rules: ids of the rules that name it, run, and report what they match.
        validated: those of them whose own tests pass.
        known: how many more rules name it.
        sources: the log sources that any of the rules reads, here or once it is enabled.
        data: those of them that hold rows; None where there is no lake.
        fed: ids of `rules` of which some source holds rows.
    """

    id: str
    tactics: set[str] = field(default_factory=set)
    rules: set[str] = field(default_factory=set)
    validated: set[str] = field(default_factory=set)
    known: int = 0
    sources: set[str] = field(default_factory=set)
    data: set[str] | None = None
    fed: set[str] = field(default_factory=set)

    @property
    def state(self) -> State:
        """The best that is true of it."""
        if self.validated:
            return State.VALIDATED
        if self.rules:
            return State.ENABLED
        present = self.sources if self.data is None else self.data
        return State.TELEMETRY if present else State.NONE

    @property
    def has_data(self) -> bool | None:
        """Whether what is claimed of it reads rows; None where there is no lake."""
        if self.data is None:
            return None
        return bool(self.fed if self.rules else self.data)

    def to_json(self) -> dict[str, Any]:
        """Return the technique's part of the command's JSON."""
        return {
            "id": self.id,
            "state": self.state.value,
            "rules": sorted(self.rules),
            "validated_rules": sorted(self.validated),
            "other_rules": self.known,
            "tactics": [t for t in (*TACTICS, *sorted(self.tactics)) if t in self.tactics],
            "sources": sorted(self.sources),
            "sources_with_data": None if self.data is None else sorted(self.data),
            "has_data": self.has_data,
        }


@dataclass(frozen=True, slots=True)
class Coverage:
    """The techniques, by id."""

    techniques: tuple[Technique, ...]

    def to_json(self) -> dict[str, Any]:
        """Return the command's JSON."""
        return {
            "techniques": [technique.to_json() for technique in self.techniques],
            "tactics": self.tactics(),
            "totals": _counts(self.techniques),
        }

    def tactics(self) -> list[dict[str, Any]]:
        """Count techniques by tactic and state, in the matrix's order.

        `without_data` counts those with a rule that runs of which no source holds rows.
        """
        named = {tactic for technique in self.techniques for tactic in technique.tactics}
        order = [t for t in TACTICS if t in named] + sorted(named.difference(TACTICS))
        return [
            {"id": tactic, **_counts([t for t in self.techniques if tactic in t.tactics])}
            for tactic in order
        ]


@dataclass(frozen=True, slots=True)
class Evidence:
    """What is known besides the rules.

    Args:
        passing: ids of rules that have tests, all of which pass.
        tables: tables that hold rows; None where there is no lake.
    """

    passing: Collection[str]
    tables: Collection[str] | None


def coverage(
    rules: RuleSet,
    prepared: Prepared,
    sources: Iterable[FieldBinder],
    evidence: Evidence,
    library: RuleSet | None = None,
) -> Coverage:
    """Say how far each technique is covered.

    Args:
        library: more rules, of which none is enabled.
    """
    known = tuple(sources)
    found: dict[str, Technique] = {}
    enabled = set(prepared.infos) - prepared.silent
    reads = _sources_of(rules, known)
    for rule in every_rule(rules):
        _count(rule, enabled, reads.get(rule.info.id, ()), evidence, found)
    ids = {rule.info.id for rule in every_rule(rules)}
    if library is not None:
        reads = _sources_of(library, known)
        for rule in every_rule(library):
            if rule.info.id not in ids:
                _count(rule, (), reads.get(rule.info.id, ()), evidence, found)
    return Coverage(tuple(found[name] for name in sorted(found)))


def every_rule(rules: RuleSet) -> list[Rule | Correlation]:
    """Return rules and correlations alike."""
    return [*rules.rules, *rules.correlations]


def _sources_of(rules: RuleSet, known: Sequence[FieldBinder]) -> dict[str, tuple[FieldBinder, ...]]:
    """Return the sources that each rule would read, a correlation those of its members."""
    reads: dict[str, tuple[FieldBinder, ...]] = {}
    for rule in rules.rules:
        reads[rule.info.id] = tuple(t.source for t in find_targets(rule.logsource, known))
    for correlation in rules.correlations:
        own = (reads.get(member.id, ()) for member in correlation.members)
        reads[correlation.info.id] = tuple({s.name: s for each in own for s in each}.values())
    return reads


def _count(
    rule: Rule | Correlation,
    enabled: Collection[str],
    reads: Sequence[FieldBinder],
    evidence: Evidence,
    found: dict[str, Technique],
) -> None:
    tactics, own = tactics_of(rule.info.tags), {rule.info.id}
    tables = evidence.tables
    data = None if tables is None else {s.name for s in reads if s.table.name in tables}
    for name in techniques_of(rule.info.tags):
        technique = found.setdefault(name, Technique(name))
        technique.tactics |= tactics
        technique.sources |= {source.name for source in reads}
        if data is not None:
            technique.data = (technique.data or set()) | data
        if rule.info.id not in enabled:
            technique.known += 1
            continue
        technique.rules |= own
        technique.validated |= own & set(evidence.passing)
        technique.fed |= own if data else set()


def techniques_of(tags: Iterable[str]) -> list[str]:
    """Return the techniques that tags name, as ATT&CK writes them."""
    named = (_TECHNIQUE.fullmatch(tag) for tag in tags)
    return list(dict.fromkeys(match[1].upper() for match in named if match))


def tactics_of(tags: Iterable[str]) -> set[str]:
    """Return the tactics that tags name; older rules join their words with underscores."""
    words = {tag.lower().removeprefix("attack.").replace("_", "-") for tag in tags}
    return words & set(TACTICS)


def _counts(techniques: Iterable[Technique]) -> Mapping[str, int]:
    counts = dict.fromkeys((state.value for state in State), 0)
    without = 0
    for technique in techniques:
        counts[technique.state.value] += 1
        without += technique.has_data is False and bool(technique.rules)
    return {"techniques": sum(counts.values()), **counts, "without_data": without}
