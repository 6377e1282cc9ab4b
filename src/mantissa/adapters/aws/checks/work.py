"""What the functions did last: the runs of detection, the rules that fail, what waits too long."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from functools import partial
from itertools import islice

from mantissa.adapters.aws.checks.look import Flaw, look
from mantissa.detection.journal import ACTIVE, HEALTH, RUNS
from mantissa.lake.books import PENDING
from mantissa.model import Check
from mantissa.ports import Item, StateStore

PATIENCE = timedelta(minutes=30)
"""Age at which an object that was not judged is late, whatever the schedule."""
COUNTED = 1_000
"""Records of a kind that are looked at."""


def checks(state: StateStore, now: datetime, detect_logs: str) -> Iterator[Check]:
    """Look at detection's journal.

    Args:
        detect_logs: the log group of the function that detects.
    """
    yield from look("detection", partial(_last_run, state))
    yield from look("pending", partial(_nothing_late, state, now, detect_logs))
    yield from look("rule health", partial(_rules_work, state, detect_logs))


def _last_run(state: StateStore) -> str:
    pin = state.get(RUNS, ACTIVE)
    if pin is None:
        return "nothing was judged yet"
    record = state.get(RUNS, pin.value["run"])
    if record is None:
        return f"a run is at work since {pin.value['started_at']}"
    report = record.value["report"]
    failed = len(report["rules"]["failed"])
    return (
        f"last run that had something to judge ended {record.value['finished_at']}: "
        f"{report['objects_judged']} objects, {report['findings']} findings, {failed} rules failed"
    )


def _nothing_late(state: StateStore, now: datetime, detect_logs: str) -> str:
    waiting = list(islice(state.query(PENDING), COUNTED))
    times = [t for t in map(_since, waiting) if t is not None]
    number = f"{len(waiting)}{' or more' if len(waiting) == COUNTED else ''}"
    if times and now - min(times) > PATIENCE:
        told = f"{number} objects are not judged, one of them since {min(times).isoformat()}"
        raise Flaw(told, fix=f"see the schedule detect, its dead letters, and {detect_logs}")
    return f"{number} objects are not judged yet"


def _since(item: Item) -> datetime | None:
    text = item.value.get("committed_at")
    return datetime.fromisoformat(text) if text else None


def _rules_work(state: StateStore, detect_logs: str) -> str:
    records = list(islice(state.query(HEALTH), COUNTED * 10))
    failing = [item for item in records if item.value.get("failing_since")]
    if failing:
        first = failing[0]
        told = (
            f"{len(failing)} rules failed at their last run, {first.key} since "
            f"{first.value['failing_since']}: {first.value.get('last_error')}"
        )
        fix = f"mend and push them; what they missed is judged later. All of them: {detect_logs}"
        raise Flaw(told, fix=fix)
    return f"{len(records)} rules ran, none failed at its last run"
