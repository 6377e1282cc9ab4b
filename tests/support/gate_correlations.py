"""Correlations of the gate source in short form, and events for them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from support.detection import IDS, rule

FAILED = rule("s: {kind: fail}\ncondition: s", number=1, head="name: failed\n")
ENTERED = rule("s: {kind: enter}\ncondition: s", number=2, head="name: entered\n")
START = datetime(2026, 3, 4, 5, tzinfo=UTC)


def correlation(
    body: str, *, number: int = 5, kind: str = "event_count", rules: str = "[failed]"
) -> str:
    """Write a correlation; `body` are more lines of its mapping."""
    lines = "".join(f"  {line}\n" for line in body.strip().splitlines())
    return (
        f"title: rule {number}\nid: {IDS[number]}\nname: c{number}\nstatus: test\nlevel: high\n"
        f"correlation:\n  type: {kind}\n  rules: {rules}\n  timespan: 5m\n{lines}"
    )


BURST = correlation("group-by: [name]\ncondition: {gte: 3}")
SEQUENCE = correlation(
    "group-by: [name]", number=6, kind="temporal_ordered", rules="[failed, entered]"
)


def event(seconds: float, kind: str = "fail", name: str = "bob", **more: Any) -> dict[str, Any]:
    """Make an event so many seconds after the start."""
    time = (START + timedelta(seconds=seconds)).isoformat().replace("+00:00", "Z")
    return {"when": time, "name": name, "kind": kind, **more}
