"""Each rule's health: when it last ran, when it last succeeded, since when it fails and why."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from mantissa.detection.execute import RuleFailure
from mantissa.detection.journal import HEALTH
from mantissa.detection.prepare import Prepared
from mantissa.ports import Item, Put, StateStore, Write

REFRESH = timedelta(hours=1)
"""A record that says nothing new is written again only after so long."""


def health_writes(
    state: StateStore,
    prepared: Prepared,
    evaluated: Iterable[str],
    failures: Sequence[RuleFailure],
    now: datetime,
) -> Iterator[Write]:
    """Write the health of rules that ran, where it changed or grew old."""
    known = {item.key: item for item in state.query(HEALTH)}
    failed = {failure.rule_id: failure for failure in failures}
    infos = prepared.infos
    for rule_id in sorted(evaluated):
        item = known.get(rule_id)
        value = _health(item, failed.get(rule_id), infos[rule_id].version, now)
        if item is None or _says_more(item.value, value, now):
            yield Put(HEALTH, rule_id, value, item.version if item else None)


def _health(
    item: Item | None, failure: RuleFailure | None, version: str, now: datetime
) -> dict[str, Any]:
    before: Mapping[str, Any] = item.value if item else {}
    stamp = now.isoformat()
    if failure is None:
        return {
            "state": "ok",
            "version": version,
            "last_run": stamp,
            "last_success": stamp,
            "last_error": before.get("last_error"),
            "failing_since": None,
        }
    return {
        "state": "failing",
        "version": version,
        "last_run": stamp,
        "last_success": before.get("last_success"),
        "last_error": f"{failure.code}: {failure.reason}",
        "failing_since": before.get("failing_since") or stamp,
    }


def _says_more(before: Mapping[str, Any], after: Mapping[str, Any], now: datetime) -> bool:
    changed = any(before[name] != after[name] for name in ("state", "version", "last_error"))
    return changed or now - datetime.fromisoformat(before["last_run"]) >= REFRESH
