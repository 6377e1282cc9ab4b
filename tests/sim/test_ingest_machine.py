"""A Hypothesis machine delivers, duplicates, reorders, kills and replays; the lake stays right.

The oracle is a dict of the records that were delivered, kept by the test and shared with no
code of the product.
"""

from __future__ import annotations

import contextlib
from dataclasses import replace

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from mantissa.errors import StoreTransient
from mantissa.lake.ledger import Ledger
from mantissa.lake.quarantine import Quarantine
from mantissa.lake.repair import Repair, Repaired
from mantissa.lake.replay import ReplayQuarantine
from support.faults import Faults, Faulty, Killed
from support.lakes import Lake, assert_reconciled, cloudtrail, records, rows_of

KINDS = st.sampled_from(["kill_before", "kill_after", "refuse", "ambiguous"])


class IngestMachine(RuleBasedStateMachine):
    """Objects arrive in any order and number, and every step may die."""

    def __init__(self) -> None:
        super().__init__()
        self.lake = Lake()
        self.delivered: dict[str, list[str]] = {}
        self.bad: dict[str, int] = {}
        self.next = 0

    @rule(good=st.integers(0, 5), bad=st.integers(0, 2))
    def deliver(self, good: int, bad: int) -> None:
        numbers = range(self.next, self.next + good)
        events = [cloudtrail(n) for n in numbers]
        events += [{**cloudtrail(900), "eventTime": f"never {self.next}-{n}"} for n in range(bad)]
        key = f"AWSLogs/111122223333/CloudTrail/eu-west-1/{self.next}-{len(self.delivered)}.json.gz"
        self.lake.deliver(key, records([*events, cloudtrail(500 + len(self.delivered))]))
        tail = cloudtrail(500 + len(self.delivered))["eventID"]
        self.delivered[key] = [*(e["eventID"] for e in events[:good]), tail]
        self.bad[key] = bad
        self.next += good

    @precondition(lambda self: self.delivered)
    @rule(data=st.data(), copies=st.integers(1, 3))
    def ingest(self, data: st.DataObject, copies: int) -> None:
        key = data.draw(st.sampled_from(sorted(self.delivered)))
        for _ in range(copies):
            self.lake.ingest().one(key)

    @precondition(lambda self: self.delivered)
    @rule(data=st.data(), at=st.integers(1, 16), kind=KINDS)
    def die(self, data: st.DataObject, at: int, kind: str) -> None:
        key = data.draw(st.sampled_from(sorted(self.delivered)))
        faults = Faults(at=at, kind=kind)
        lake = replace(
            self.lake,
            objects=Faulty(self.lake.objects, faults, "objects"),
            state=Faulty(self.lake.state, faults, "state"),
        )
        with contextlib.suppress(Killed, StoreTransient):
            lake.ingest().one(key)
        entry = Ledger(self.lake.state).find(self.lake.inputs.head(key).identity)
        if entry is not None and not entry.finished and entry.attempts >= 4:
            self.lake.ingest().one(key)

    @rule()
    def replay(self) -> None:
        lake = self.lake
        ReplayQuarantine(lake.ingest(), lake.inputs, lake.ports, lake.sources).run()

    @rule()
    def repair(self) -> None:
        """Nothing here is beyond finishing, so there is nothing to clear away."""
        done = Repair(self.lake.inputs, self.lake.objects, self.lake.state).run()
        assert done == Repaired((), ())

    @invariant()
    def no_row_twice(self) -> None:
        ids = [row["event_id"] for row in rows_of(self.lake.objects)]
        assert len(ids) == len(set(ids))

    def teardown(self) -> None:
        for key in self.delivered:
            self.lake.ingest().one(key)
        found = sorted(row["eventid"] for row in rows_of(self.lake.objects))
        assert found == sorted(i for ids in self.delivered.values() for i in ids)
        waiting = list(Quarantine(self.lake.objects, self.lake.state).entries())
        assert len(waiting) == sum(self.bad.values())
        assert_reconciled(self.lake.objects, self.lake.state)


TestIngestMachine = IngestMachine.TestCase
TestIngestMachine.settings = settings(max_examples=40, stateful_step_count=12, deadline=None)
