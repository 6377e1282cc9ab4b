"""Where a canary is: in the ledger, judged, found, an alert; and how long each stage took."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta

from mantissa.adapters.aws.checks.canary import RULE, Canary
from mantissa.adapters.aws.checks.look import Flaw, failure
from mantissa.adapters.aws.pauses import Pause
from mantissa.alerts.group import alert_id
from mantissa.alerts.record import TABLE, alert_from
from mantissa.alerts.route import AlertSettings, destinations_for
from mantissa.detection.findings import from_file
from mantissa.errors import MantissaError
from mantissa.lake.books import PENDING
from mantissa.lake.ledger import QUARANTINED, Ledger
from mantissa.model import Alert, Check, Finding, RuleInfo
from mantissa.ports import Clock, ObjectStore, StateStore

EVERY_SECONDS = 2.0
SKEW = timedelta(minutes=15)
"""How far the clock of whoever checks may be from S3's."""


@dataclass(frozen=True, slots=True)
class Lake:
    """What is asked on the way."""

    objects: ObjectStore
    state: StateStore


@dataclass(frozen=True, slots=True)
class Stage:
    """One stage of the way.

    Args:
        passed: returns a few words once the canary is past it, else nothing.
        look_at: what to look at when it does not get there.
    """

    name: str
    passed: Callable[[], str]
    look_at: str


class Track:
    """Follows one canary.

    Args:
        rule: the canary's rule as the deployed functions have it; None when they have none.
        settings: of the deployed alerts.
    """

    def __init__(
        self, canary: Canary, lake: Lake, rule: RuleInfo | None, settings: AlertSettings
    ) -> None:
        self._canary = canary
        self._lake = lake
        self._rule = rule
        self._settings = settings
        self._read: set[str] = set()
        self._finding: Finding | None = None

    def stages(self, name: str) -> list[Stage]:
        """Return the stages in order, as far as the deployment's rules let the canary go.

        Args:
            name: of the deployment, for what to look at.
        """
        logs = f"/aws/lambda/{name}"
        ingest = f"the notification of the raw bucket, {name}-ingest-dlq, and {logs}-ingest"
        detect = f"the schedule detect, {name}-schedule-dlq, and {logs}-detect"
        older = f"whether the functions are older than this mantissa (deploy it), and {logs}-detect"
        stages = [
            Stage("ingested", self._ingested, ingest),
            Stage("judged", self._judged, detect),
            Stage("found", self._found, older),
            Stage("alert", self._alert, f"{logs}-detect"),
        ]
        return stages if self._rule else stages[:2]

    def _ingested(self) -> str:
        entry = Ledger(self._lake.state).find(self._canary.identity)
        if entry is None or not entry.finished:
            return ""
        if entry.state == QUARANTINED or entry.counts.rows != 1:
            reasons = ", ".join(entry.counts.reasons) or "no reason"
            told = f"it did not become a row: {entry.state}, {reasons}"
            fix = f"read {entry.quarantine[0]} in the lake's bucket" if entry.quarantine else None
            raise Flaw(told, where=self._canary.uri, fix=fix)
        return f"a row of {entry.plan.source}"

    def _judged(self) -> str:
        waiting = self._lake.state.get(PENDING, self._canary.identity)
        return "" if waiting else "by detection"

    def _found(self) -> str:
        self._finding = self._finding or next(self._findings(), None)
        return f"finding {self._finding.finding_id[:12]}" if self._finding else ""

    def _findings(self) -> Iterator[Finding]:
        """Yield the canary's findings in files written since it was let go, each file once."""
        since, day = self._canary.released_at - SKEW, self._canary.released_at.date().isoformat()
        for info in self._lake.objects.list(f"lake/findings/event_date={day}/"):
            if info.key in self._read or info.modified < since:
                continue
            found = list(from_file(self._lake.objects.get(info.key)))
            self._read.add(info.key)
            yield from (f for f in found if _is_of(f, self._canary))

    def _alert(self) -> str:
        if self._finding is None or self._rule is None:
            return ""
        item = self._lake.state.get(TABLE, alert_id(self._finding, self._rule, self._settings))
        return _described(alert_from(item.value), self._settings) if item else ""


def follow(
    stages: list[Stage], clock: Clock, seconds: float, pause: Pause
) -> Iterator[tuple[Check, float]]:
    """Yield a check for each stage that was passed, or the one where it ended; with its seconds.

    Args:
        seconds: how long to wait for all stages together.
    """
    begun = last = clock.now()
    end = begun + timedelta(seconds=seconds)
    for stage in stages:
        name = f"canary {stage.name}"
        try:
            while not (told := stage.passed()) and clock.now() < end:
                pause(EVERY_SECONDS)
        except MantissaError as error:
            yield failure(name, error), (clock.now() - last).total_seconds()
            return
        now = clock.now()
        took, last = (now - last).total_seconds(), now
        if not told:
            waited = f"it did not get there within {seconds:.0f} s"
            yield Check(name, False, waited, f"look at {stage.look_at}; or --wait longer"), took
            return
        yield Check(name, True, f"{told}, after {took:.1f} s"), took


def _is_of(finding: Finding, canary: Canary) -> bool:
    return finding.rule_id == RULE and finding.source_object == canary.uri


def _described(alert: Alert, settings: AlertSettings) -> str:
    told = destinations_for(alert, settings, alert.created_at)
    stages = alert.stages
    steps = ""
    if stages and stages.object and stages.row:
        row = (stages.row - stages.object).total_seconds()
        rest = (stages.alert - stages.row).total_seconds()
        steps = f", object to row {row:.1f} s, row to alert {rest:.1f} s"
    return f"alert {alert.id[:12]}, sent to {', '.join(told) or 'nobody'}{steps}"
