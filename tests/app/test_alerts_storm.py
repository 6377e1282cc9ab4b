"""One rule gone wild: 100,000 findings over 50,000 groups (F-26).

What holds now: it is bounded, nothing is lost, each run sends no more than it is told to, and a
critical alert of another rule goes first. The digest that replaces 50,000 messages by one is
part of storm control.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from mantissa.adapters.local.sqlite import SQLiteState
from mantissa.adapters.memory import ManualClock, MemoryDestination, MemorySecrets
from mantissa.alerts.deliver import Delivery, Target
from mantissa.alerts.listing import every_alert
from mantissa.model import Finding, RuleInfo, Severity
from support.findings import NOW, RULE, commit, config, finding, settings

GROUPS = 50_000
FINDINGS = 100_000


def storm() -> Iterator[Finding]:
    for number in range(FINDINGS):
        yield finding(number, entities={"actor_user": f"user{number % GROUPS}"})


def test_a_storm_breaks_nothing_and_delays_no_critical_alert(tmp_path: Path) -> None:
    state, chosen = SQLiteState(tmp_path / "state.sqlite"), settings("soc")
    writes = commit(state, storm(), chosen)
    assert (writes.touched, writes.opened) == (GROUPS, GROUPS)
    assert sum(alert.count for alert in every_alert(state)) == FINDINGS

    other = RuleInfo("other", "Root key used", Severity.CRITICAL)
    commit(state, [finding(rule=other)], chosen, rules={other.id: other})
    sink = MemoryDestination()
    delivery = Delivery(
        state=state,
        secrets=MemorySecrets({"soc-secret": "x"}),
        clock=ManualClock(NOW),
        settings=chosen,
        targets={"soc": Target(config("soc"), sink, follows=False)},
        random=lambda: 0.5,
        mask_key=b"key",
    )
    report = delivery.run_due(limit=20)
    assert (report.sent, report.waiting) == (20, GROUPS - 19)
    assert [m.title for m in sink.messages[:2]] == ["Root key used", RULE.title]
    state.close()
