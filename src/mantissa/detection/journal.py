"""What detection remembers between runs, as records of the state store.

`runs/active` pins the run at work: which pending input it judges, with which rules, and until
when its owner may be trusted to be alive. Whoever changes that record fences everyone else.

    idle ──pin──▶ running ──one transaction──────────────────▶ idle
                     └─────decide──▶ settling ──step by step──▶ idle
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from mantissa.detection.execute import RuleFailure
from mantissa.ports import Item

RUNS = "runs"
ACTIVE = "active"
MISSED = "missed"
HEALTH = "rule_health"


@dataclass(frozen=True, slots=True)
class Pin:
    """The run at work.

    Args:
        pending: key of each pending record it judges → the record's version.
        missed: key of each missed record it makes good → the record's version.
        rules: version of the prepared rules.
        version: version of the `runs/active` record that holds this pin.
        settlement: key of the document that says what the run found; empty until it is decided.
    """

    run_id: str
    pending: Mapping[str, int]
    missed: Mapping[str, int]
    rules: str
    started_at: datetime
    owner: str
    lease_until: datetime
    version: int = 0
    settlement: str = ""

    def to_json(self, state: str = "running") -> dict[str, Any]:
        """Return the record's value."""
        return {
            "state": state,
            "run": self.run_id,
            "pending": dict(self.pending),
            "missed": dict(self.missed),
            "rules": self.rules,
            "started_at": self.started_at.isoformat(),
            "owner": self.owner,
            "lease_until": self.lease_until.isoformat(),
            "settlement": self.settlement,
        }


def pin_from(item: Item) -> Pin:
    """Read a pin from its record."""
    value = item.value
    return Pin(
        run_id=value["run"],
        pending=value["pending"],
        missed=value["missed"],
        rules=value["rules"],
        started_at=datetime.fromisoformat(value["started_at"]),
        owner=value["owner"],
        lease_until=datetime.fromisoformat(value["lease_until"]),
        version=item.version,
        settlement=value.get("settlement", ""),
    )


@dataclass(frozen=True, slots=True)
class Missed:
    """Files that a rule has not judged, because it failed on them.

    Args:
        sql: digest of the SQL that failed; what was refused is tried again when it changes.
        next_try: before that time, what timed out is left alone.
    """

    rule_id: str
    code: str
    reason: str
    files: Mapping[str, tuple[str, ...]]
    sql: str
    attempts: int
    since: datetime
    next_try: datetime

    def to_json(self) -> dict[str, Any]:
        """Return the record's value."""
        return {
            "rule": self.rule_id,
            "code": self.code,
            "reason": self.reason,
            "files": {table: list(keys) for table, keys in self.files.items()},
            "sql": self.sql,
            "attempts": self.attempts,
            "since": self.since.isoformat(),
            "next_try": self.next_try.isoformat(),
        }


def missed_from(item: Item) -> Missed:
    """Read a missed record."""
    value = item.value
    return Missed(
        rule_id=value["rule"],
        code=value["code"],
        reason=value["reason"],
        files={table: tuple(keys) for table, keys in value["files"].items()},
        sql=value["sql"],
        attempts=value["attempts"],
        since=datetime.fromisoformat(value["since"]),
        next_try=datetime.fromisoformat(value["next_try"]),
    )


def files_of(failures: list[RuleFailure]) -> dict[str, tuple[str, ...]]:
    """Collect one rule's unjudged files by table."""
    return {failure.table: failure.files for failure in failures}


@dataclass(frozen=True, slots=True)
class Report:
    """What runs did, ready for the `detect` command.

    Args:
        run: id of the last run; empty when there was nothing to judge.
        evaluated: rules that judged at least one file or tried to.
        pending: input records left.
        seconds: from the start of the first run to the end of the last.
        engines: names of the engines that judged, sorted.
    """

    run: str = ""
    objects_judged: int = 0
    evaluated: int = 0
    failed: tuple[RuleFailure, ...] = ()
    findings: int = 0
    alerts: int = 0
    pending: int = 0
    bytes_scanned: int = 0
    seconds: float = 0.0
    engines: tuple[str, ...] = ()
    files: tuple[str, ...] = field(default=(), repr=False)

    def to_json(self) -> dict[str, Any]:
        """Return the `detect` command's JSON."""
        reasons = {failure.rule_id: failure.reason for failure in self.failed}
        return {
            "run": self.run,
            "objects_judged": self.objects_judged,
            "rules": {
                "evaluated": self.evaluated,
                "failed": [{"id": i, "reason": r} for i, r in sorted(reasons.items())],
            },
            "findings": self.findings,
            "alerts": self.alerts,
            "pending": self.pending,
            "bytes_scanned": self.bytes_scanned,
            "seconds": self.seconds,
            "engines": list(self.engines),
        }
