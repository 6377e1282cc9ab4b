"""What becomes of somebody else's rules: each runs, waits for a source, or is refused with a reason.

A rule that no source carries, or whose source lacks one of its fields, is also compiled against a
table that has every field as text: so it is known whether a dialect can say it at all.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from mantissa.detection.anysource import AnySource
from mantissa.detection.correlation import Correlation
from mantissa.detection.dialects import DUCKDB, TRINO, Dialect
from mantissa.detection.pipeline import FieldBinder, Target
from mantissa.detection.prepare import compile_rule, prepare
from mantissa.detection.rule import LogSource, Refusal, Rule, RuleSet
from mantissa.detection.show import whole_correlation_sql
from mantissa.detection.yamlsafe import read_documents
from mantissa.errors import RuleError

RUNS, WAITS, DISABLED, REFUSED = "runs", "waits_for_source", "disabled", "refused"
CONTRACT_NAMES = {DUCKDB.name: "duckdb", TRINO.name: "athena"}
_ANY = Target(AnySource(), ())
_RULE_KEYS = {"detection", "correlation", "filter", "action"}
_RULE_KEY = re.compile(
    rb"""(?:^|[{,]\s*)["']?(?:detection|correlation|filter|action)["']?\s*:""", re.MULTILINE
)


@dataclass(frozen=True, slots=True)
class Judged:
    """What becomes of one rule.

    Args:
        state: runs, waits_for_source, disabled or refused.
        compiled: the dialects that can say it.
        reason: why it is refused; else empty.
    """

    id: str
    path: str
    line: int | None
    state: str
    compiled: frozenset[str] = frozenset()
    reason: str = ""
    status: str = ""
    logsource: LogSource | None = None


@dataclass(slots=True)
class Intake:
    """What becomes of a collection of rules.

    Args:
        dialects: names of the dialects that every rule was compiled for.
    """

    judged: list[Judged] = field(default_factory=list)
    dialects: tuple[str, ...] = ()

    def count(self, state: str) -> int:
        """Return how many rules are in a state."""
        return sum(1 for rule in self.judged if rule.state == state)

    @property
    def refused(self) -> list[Judged]:
        """The rules that cannot run."""
        return [rule for rule in self.judged if rule.state == REFUSED]

    def awaited(self) -> list[tuple[LogSource, int]]:
        """Return the log sources that rules wait for, with how many, most first."""
        counts = Counter(rule.logsource for rule in self.judged if rule.state == WAITS)
        known = [(logsource, n) for logsource, n in counts.items() if logsource is not None]
        return sorted(known, key=lambda pair: (-pair[1], str(pair[0])))

    def to_json(self) -> dict[str, Any]:
        """Return the `rules import` command's JSON."""
        return {
            "rules": len(self.judged),
            "runs": self.count(RUNS),
            "waits_for_source": self.count(WAITS),
            "disabled": self.count(DISABLED),
            "refused": [
                {"id": r.id, "path": r.path, "line": r.line, "reason": r.reason}
                for r in self.refused
            ],
            "compiled": {
                name: sum(1 for rule in self.judged if name in rule.compiled)
                for name in self.dialects
            },
            "waiting_for": [
                {
                    "product": source.product,
                    "service": source.service,
                    "category": source.category,
                    "rules": count,
                }
                for source, count in self.awaited()
            ],
        }


def judge_rules(
    rules: RuleSet,
    sources: Iterable[FieldBinder],
    dialects: Sequence[Dialect] = (DUCKDB, TRINO),
    judged: Callable[[], None] = lambda: None,
) -> Intake:
    """Compile every rule for every dialect; `judged` is called after each rule."""
    known = tuple(sources)
    intake = Intake(dialects=tuple(CONTRACT_NAMES[dialect.name] for dialect in dialects))
    intake.judged += [Judged(r.id, r.path, r.line, REFUSED, reason=r.reason) for r in rules.refused]
    for rule in rules.rules:
        intake.judged.append(_judge(rule, known, dialects))
        judged()
    if rules.correlations:
        intake.judged += _judge_correlations(rules, known, dialects)
    return intake


def _judge(rule: Rule, known: Sequence[FieldBinder], dialects: Sequence[Dialect]) -> Judged:
    said: set[str] = set()
    states: list[str] = []
    refusals: list[Refusal] = []
    for dialect in dialects:
        made = prepare(RuleSet((rule,)), known, dialect)
        states.append(made.state_of(rule.info.id))
        refusals += made.refused
        if states[-1] == RUNS or _can_be_said(rule, dialect):
            said.add(CONTRACT_NAMES[dialect.name])
    refusal = refusals[0] if refusals else _unsaid(rule, dialects, said)
    return Judged(
        id=rule.info.id,
        path=rule.path,
        line=refusal.line if refusal else rule.line,
        state=REFUSED if refusal else states[0],
        compiled=frozenset(said),
        reason=refusal.reason if refusal else "",
        status=rule.status,
        logsource=rule.logsource,
    )


def _judge_correlations(
    rules: RuleSet, known: Sequence[FieldBinder], dialects: Sequence[Dialect]
) -> list[Judged]:
    """Judge correlations, which run if their members do."""
    members = {member.id for correlation in rules.correlations for member in correlation.members}
    own = replace(rules, rules=tuple(r for r in rules.rules if r.info.id in members), refused=())
    made = [prepare(own, known, dialect) for dialect in dialects]
    reasons = {r.id: r for prepared in reversed(made) for r in prepared.refused}
    judged = []
    for correlation in rules.correlations:
        rule_id = correlation.info.id
        states = [prepared.state_of(rule_id) for prepared in made]
        refusal = reasons.get(rule_id) if REFUSED in states else None
        judged.append(
            Judged(
                id=rule_id,
                path=correlation.path,
                line=refusal.line if refusal else correlation.line,
                state=REFUSED if refusal else states[0],
                compiled=frozenset(
                    CONTRACT_NAMES[d.name] for d in dialects if _sql(correlation, d)
                ),
                reason=refusal.reason if refusal else "",
                status=correlation.status,
            )
        )
    return judged


def _sql(correlation: Correlation, dialect: Dialect) -> str:
    """Return a correlation's SQL, which needs none of its members' sources; empty if it has none."""
    try:
        return whole_correlation_sql(correlation, dialect)
    except RuleError:
        return ""


def _can_be_said(rule: Rule, dialect: Dialect) -> bool:
    try:
        compile_rule(rule, _ANY, dialect)
    except RuleError:
        return False
    return True


def _unsaid(rule: Rule, dialects: Sequence[Dialect], said: set[str]) -> Refusal | None:
    """Return why a rule would be refused even if its source came."""
    for dialect in dialects:
        if CONTRACT_NAMES[dialect.name] in said:
            continue
        try:
            compile_rule(rule, _ANY, dialect)
        except RuleError as error:
            return Refusal(rule.info.id, rule.path, error.line, error.message)
    return None


def is_about_rules(data: bytes) -> bool:
    """Tell whether a YAML file holds rules at all; a checkout holds other YAML as well.

    What cannot be read counts as a rule, so that it is refused and not passed over.
    """
    if _RULE_KEY.search(data):
        return True
    try:
        documents = read_documents(data, "")
    except RuleError:
        return True
    return any(isinstance(d.value, dict) and _RULE_KEYS & d.value.keys() for d in documents)
